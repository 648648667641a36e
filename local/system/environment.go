package system

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// Names of the programs, and of their logs.
const (
	MariaDB        = "mariadb"
	NSQD           = "nsqd"
	FaceServer     = "face-server"
	FaceServerNext = "face-server-next" // with NEXT_MODELS
	Process        = "process"
	ProcessTwo     = "process-2" // if there are two
	Bridge         = "bridge"
	Receive        = "receive"
	View           = "view"
)

// Addresses is where everything is.
type Addresses struct {
	Receive, View, Process, Bridge string   // URLs
	Face                           string   // host:port
	NSQD, NSQDHTTP                 []string // of each nsqd; one, unless the user has others
	DSN                            string   // of the database
	Network                        []Outside
}

// Outside is where other machines find receive and view: URLs.
type Outside struct{ Receive, View string }

// environment is what a program is told, on top of the user's own environment.
func (s *System) environment(program string) []string {
	var (
		database = func() string { return "MYSQL_DSN=" + s.routedDSN(program) }
		nsqd     = func() string { return "NSQD_ADDRESS=" + s.routes(program, NSQD, s.At.NSQD) }
		images   = "IMAGES_URL=" + s.settings.ImagesURL
		people   = "KNOWN_PEOPLE=" + s.settings.KnownPeople
		channel  = "CHANNEL=process"
	)
	listening := func(host string, port int, more ...string) []string {
		return append([]string{"HOST=" + host, "PORT=" + strconv.Itoa(port), "GRACE=" + grace.String()}, more...)
	}
	inside := func(port int, more ...string) []string { return listening(loopback, port, more...) }
	// A relative path would mean another file in DATA, where the programs run.
	outside := func(port int, more ...string) []string {
		if s.settings.APIKeysFile != "" {
			more = append(more, "API_KEYS_FILE="+s.settings.APIKeysFile)
		}
		return listening(s.settings.Host, port, more...)
	}
	var next []string
	if s.settings.NextModels != "" {
		next = []string{"NEXT_MODEL=" + s.settings.nextModel, "NEXT_FACE_ADDRESS=" + local(s.settings.NextFacePort)}
	}
	switch program {
	case NSQD:
		return inside(s.settings.NSQDPort, "HTTP_PORT="+strconv.Itoa(s.httpPort), "NSQD_DATA="+filepath.Join(s.settings.Data, "nsqd"))
	case FaceServer:
		return inside(s.settings.FacePort, database(), images, people, "MODELS="+s.models)
	case FaceServerNext:
		return inside(s.settings.NextFacePort, database(), images, people, "MODELS="+s.settings.NextModels)
	case Process:
		return append(inside(s.settings.ProcessPort, database(), images, "FACE_ADDRESS="+s.route(Process, FaceServer, s.At.Face)), next...)
	case ProcessTwo:
		return append(inside(s.settings.processTwoPort, database(), images, "FACE_ADDRESS="+s.route(Process, FaceServer, s.At.Face)), next...)
	case Bridge:
		processes := []string{local(s.settings.ProcessPort)}
		if s.settings.TwoProcesses {
			processes = append(processes, local(s.settings.processTwoPort))
		}
		environment := inside(s.settings.BridgePort, "K_SINK=http://"+s.route(Bridge, Process, processes...), nsqd(), "TOPIC=images,photos,rematches", channel,
			"NSQD_HTTP_ADDRESS="+strings.Join(s.At.NSQDHTTP, ",")) // only `bridge dead` talks to it
		if len(s.settings.NSQDAddress) == 0 {
			environment = append(environment, "OUTPUT_BUFFER_TIMEOUT=1ms") // which only an nsqd of ours is sure to allow
		}
		return environment
	case Receive:
		return outside(s.settings.ReceivePort, append(next, database(), nsqd(), "NSQD_HTTP_ADDRESS="+s.routes(Receive, NSQD+" (HTTP)", s.At.NSQDHTTP), "TOPIC=images", "PHOTO_TOPIC=photos", "REMATCH_TOPIC=rematches", channel, images, people)...)
	case View:
		return outside(s.settings.ViewPort, append([]string{database(), images}, s.handOn()...)...)
	}
	panic("no program is called " + program)
}

// handOn tells view where receive is, for itself and for whoever opens its page, and
// whether everybody may write: only where nobody else reaches it.
func (s *System) handOn() []string {
	told := []string{"RECEIVE_URL=" + s.At.Receive}
	if len(s.At.Network) > 0 {
		told = append(told, "RECEIVE_PUBLIC_URL="+s.At.Network[0].Receive)
	}
	if s.settings.listensHere() {
		told = append(told, "WRITES=on")
	}
	return told
}

// routes gives the addresses, separated by commas, by which a program reaches several that are not instances of one.
func (s *System) routes(from, to string, at []string) string {
	reached := make([]string, len(at))
	for i, address := range at {
		reached[i] = s.route(from, to, address)
	}
	return strings.Join(reached, ",")
}

// route gives the address by which a program reaches another.
func (s *System) route(from, to string, at ...string) string {
	if s.settings.Route == nil {
		return at[0]
	}
	if from == ProcessTwo {
		from = Process
	}
	return s.settings.Route(from, to, at...)
}

// routedDSN gives the DSN by which a program reaches the database.
func (s *System) routedDSN(from string) string {
	config, err := mysql.ParseDSN(s.At.DSN)
	if err != nil || config.Net != "tcp" {
		return s.At.DSN // the programs say what is wrong with it
	}
	routed := s.route(from, MariaDB, config.Addr)
	if routed == config.Addr {
		return s.At.DSN
	}
	config.Addr = routed
	return config.FormatDSN()
}
