package system

import (
	"net"
	"path/filepath"
	"strconv"
)

// Names of the programs, and of their logs.
const (
	MariaDB    = "mariadb"
	NSQD       = "nsqd"
	FaceServer = "face-server"
	Process    = "process"
	Bridge     = "bridge"
	Receive    = "receive"
	View       = "view"
)

// Addresses is where everything is.
type Addresses struct {
	Receive, View, Process, Bridge string // URLs
	Face, NSQD, NSQDHTTP           string // host:port
	DSN                            string // of the database
}

// environment is what a program is told, on top of the user's own environment.
func (s *System) environment(program string) []string {
	var (
		database = "MYSQL_DSN=" + s.At.DSN
		images   = "IMAGES_URL=" + s.settings.ImagesURL
		people   = "KNOWN_PEOPLE=" + s.settings.KnownPeople
		nsqd     = "NSQD_ADDRESS=" + s.At.NSQD
		topic    = "TOPIC=images"
		channel  = "CHANNEL=process"
	)
	at := func(port int, more ...string) []string {
		return append([]string{"HOST=127.0.0.1", "PORT=" + strconv.Itoa(port), "GRACE=" + graceful.String()}, more...)
	}
	switch program {
	case NSQD:
		return at(s.settings.NSQDPort, "HTTP_PORT="+strconv.Itoa(s.httpPort), "NSQD_DATA="+filepath.Join(s.settings.Data, "nsqd"))
	case FaceServer:
		return at(s.settings.FacePort, images, people, "MODELS="+s.models)
	case Process:
		return at(s.settings.ProcessPort, database, "FACE_ADDRESS="+s.At.Face)
	case Bridge:
		told := at(s.settings.BridgePort, "K_SINK="+s.At.Process, nsqd, topic, channel)
		if s.settings.NSQDAddress == "" {
			told = append(told, "OUTPUT_BUFFER_TIMEOUT=1ms") // which only an nsqd of ours is sure to allow
		}
		return told
	case Receive:
		return at(s.settings.ReceivePort, database, nsqd, "NSQD_HTTP_ADDRESS="+s.At.NSQDHTTP, topic, channel, images, people)
	case View:
		return at(s.settings.ViewPort, database, images, "RECEIVE_URL="+s.At.Receive)
	}
	panic("no program is called " + program)
}

// local is an address of this machine.
func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
