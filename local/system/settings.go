// Package system runs all of Lineup on one machine: MariaDB, nsqd, the face server, the functions and the bridge, each a
// process, all listening on 127.0.0.1.
package system

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/store"
)

// Settings say where the system keeps its data, where it listens and what it uses of the user's own. Every port may be
// 0, for any free one.
type Settings struct {
	Data    string `envconfig:"DATA" default:".lineup" form:"any" desc:"folder for everything that is kept"`
	Samples string `envconfig:"SAMPLES" default:"on" oneof:"on off" desc:"on: the first run brings sample people and pictures; off: it does not"`

	Host        string `envconfig:"HOST" default:"127.0.0.1" desc:"IP address where receive and view listen; 0.0.0.0 lets other machines, a phone say, open the page and post; all else stays on 127.0.0.1"`
	APIKeysFile string `envconfig:"API_KEYS_FILE" desc:"file of the API keys that receive and view accept, as docs/operations.md tells; not set: no key is needed"`
	APIKey      string `envconfig:"API_KEY" secret:"true" form:"any" desc:"one of these keys, by which the samples are brought"`

	ReceivePort int `envconfig:"RECEIVE_PORT" default:"8000" min:"0" max:"65535" desc:"port where pictures are posted"`
	ViewPort    int `envconfig:"VIEW_PORT" default:"8080" min:"0" max:"65535" desc:"port of the page"`
	ProcessPort int `envconfig:"PROCESS_PORT" default:"8082" min:"0" max:"65535" desc:"port of the function that asks the face server"`
	BridgePort  int `envconfig:"BRIDGE_PORT" default:"8083" min:"0" max:"65535" desc:"port where the bridge tells its health"`
	FacePort    int `envconfig:"FACE_PORT" default:"50051" min:"0" max:"65535" desc:"port of the face server"`
	NSQDPort    int `envconfig:"NSQD_PORT" default:"4150" min:"0" max:"65534" desc:"port of nsqd; its HTTP interface is on the next"`
	MySQLPort   int `envconfig:"MYSQL_PORT" default:"3307" min:"0" max:"65535" desc:"port of MariaDB"`

	// What the user has stands in for the system's own: unlike the programs', these have no default.
	MySQLDSN        string   `envconfig:"MYSQL_DSN" secret:"true" desc:"a database of your own instead: user:password@tcp(host:3306)/name"`
	NSQDAddress     []string `envconfig:"NSQD_ADDRESS" form:"address" desc:"nsqds of your own instead, host:port, comma-separated"`
	NSQDHTTPAddress []string `envconfig:"NSQD_HTTP_ADDRESS" form:"address" desc:"their HTTP addresses in the same order; not set: the next port of each"`
	ImagesURL       string   `envconfig:"IMAGES_URL" desc:"where pictures lie, uploads in the first: folders or bucket URLs, separated by commas; not set: DATA/images and the home folder"`
	KnownPeople     string   `envconfig:"KNOWN_PEOPLE" desc:"where photos of known people lie; not set: DATA/known_people"`

	Models       string `envconfig:"MODELS" form:"any" desc:"folder of models.json and of all that it names, for the face server; not set: face-server/kodata, which is completed first"`
	NextModels   string `envconfig:"NEXT_MODELS" form:"any" desc:"folder of models.json and the models that are to be the next ones: a second face server describes with them what is there, and then answers; see docs/operations.md"`
	NextFacePort int    `envconfig:"NEXT_FACE_PORT" default:"50052" min:"0" max:"65535" desc:"with NEXT_MODELS: port of that face server"`

	PingEvery time.Duration `envconfig:"PING_EVERY" default:"1m" min:"0" max:"24h" desc:"pause between two pings, on which receive gives lost hints again; 0: no ping"`
	StartTime time.Duration `envconfig:"START_TIME" default:"2m" min:"0" max:"24h" desc:"how long the programs may take to be ready once everything is fetched and built; 0: as long as they need"`

	// Programs is the folder of programs made by Build; empty: they are built into bin of the module.
	Programs string `ignored:"true"`
	// TwoProcesses runs a second instance of process, ProcessTwo.
	TwoProcesses bool `ignored:"true"`
	// Route gives the address, host:port, by which a program reaches another that listens at one or more addresses, one
	// for each instance; nil: the first. It is asked for Process on behalf of each instance.
	Route func(from, to string, at ...string) string `ignored:"true"`
	// Environment is more to tell the programs than their environment does, each as NAME=value.
	Environment []string `ignored:"true"`

	processTwoPort int
	nextModel      string // its name in NextModels
}

// Check refuses what no tag can.
func (s Settings) Check() error {
	var errs []error
	if _, err := s.dataFolder(); err != nil {
		errs = append(errs, err)
	}
	if s.Host != "" && s.Host != "localhost" && net.ParseIP(s.Host) == nil {
		errs = append(errs, fmt.Errorf("HOST=%s is no IP address: set it to 127.0.0.1, or to 0.0.0.0 so that other machines reach the page", s.Host))
	}
	if len(s.NSQDHTTPAddress) > 0 && len(s.NSQDHTTPAddress) != len(s.NSQDAddress) {
		errs = append(errs, fmt.Errorf("NSQD_ADDRESS=%v names %d nsqds and NSQD_HTTP_ADDRESS=%v %d: name each nsqd in both, in the same order, or set no NSQD_HTTP_ADDRESS",
			s.NSQDAddress, len(s.NSQDAddress), s.NSQDHTTPAddress, len(s.NSQDHTTPAddress)))
	}
	errs = append(errs, auth.Settings{KeysFile: s.APIKeysFile}.Check())
	if s.MySQLDSN != "" {
		errs = append(errs, store.Database{DSN: s.MySQLDSN, CAFile: os.Getenv("MYSQL_CA_FILE")}.Check())
	}
	if s.ImagesURL != "" {
		errs = append(errs, photo.RootsSettings{ImagesURL: s.ImagesURL}.Check())
	}
	if s.KnownPeople != "" {
		errs = append(errs, photo.GallerySettings{KnownPeople: s.KnownPeople}.Check())
	}
	return errors.Join(errs...)
}

// complete fills in what follows from the rest.
func (s Settings) complete() (Settings, error) {
	var err error
	if s.Data, err = s.dataFolder(); err != nil {
		return s, err
	}
	if s.Host == "" {
		s.Host = loopback
	}
	if s.APIKeysFile != "" { // the programs run in DATA
		if s.APIKeysFile, err = filepath.Abs(s.APIKeysFile); err != nil {
			return s, fmt.Errorf("find API_KEYS_FILE: %w", err)
		}
	}
	if s.ImagesURL == "" {
		s.ImagesURL = "file://" + filepath.Join(s.Data, "images")
		if home, err := os.UserHomeDir(); err == nil && filepath.IsAbs(home) && !strings.Contains(home, ",") {
			s.ImagesURL += ",file://" + home
		}
	}
	if s.KnownPeople == "" {
		s.KnownPeople = filepath.Join(s.Data, "known_people")
	}
	if err := s.findModels(); err != nil {
		return s, err
	}
	if len(s.NSQDHTTPAddress) == 0 {
		for _, address := range s.NSQDAddress {
			next, err := nextPort(address)
			if err != nil {
				return s, fmt.Errorf("find nsqd's HTTP address: %w", err)
			}
			s.NSQDHTTPAddress = append(s.NSQDHTTPAddress, next)
		}
	}
	return s, nil
}

// findModels finds the folders of models from DATA, where the programs run.
func (s *Settings) findModels() (err error) {
	if s.Models != "" {
		if s.Models, _, err = readModel(s.Models); err != nil {
			return fmt.Errorf("MODELS: %w", err)
		}
	}
	if s.NextModels != "" {
		if s.NextModels, s.nextModel, err = readModel(s.NextModels); err != nil {
			return fmt.Errorf("NEXT_MODELS: %w", err)
		}
	}
	return nil
}

// readModel gives the folder's absolute path and its model's name.
func readModel(dir string) (folder, name string, err error) {
	if folder, err = filepath.Abs(dir); err != nil {
		return "", "", err
	}
	manifest, err := os.ReadFile(filepath.Join(folder, "models.json"))
	if err != nil {
		return "", "", fmt.Errorf("%w; next: name the folder that has models.json", err)
	}
	var named struct{ Name string }
	if err := json.Unmarshal(manifest, &named); err != nil {
		return "", "", fmt.Errorf("models.json: %w", err)
	}
	if named.Name == "" {
		return "", "", errors.New("models.json names no model: set name")
	}
	return folder, named.Name, nil
}

// listensHere tells whether only this machine reaches receive and view.
func (s Settings) listensHere() bool {
	ip := net.ParseIP(s.Host)
	return s.Host == "localhost" || ip != nil && ip.IsLoopback()
}

// dataFolder is DATA as an absolute path.
func (s Settings) dataFolder() (string, error) {
	if s.Data == "" {
		return "", errors.New("DATA is empty: set it to a folder")
	}
	dir, err := filepath.Abs(s.Data)
	switch {
	case err != nil:
		return "", fmt.Errorf("find DATA: %w", err)
	case strings.Contains(dir, ","):
		return "", fmt.Errorf("DATA=%s: a comma separates picture folders, so it cannot be in this path", dir)
	}
	return dir, nil
}

// choosePorts checks the ports of everything that the system itself runs, and gives that of nsqd's HTTP interface.
func (s *Settings) choosePorts() (http int, err error) {
	ports := []port{
		{"RECEIVE_PORT", &s.ReceivePort, s.Host}, {"VIEW_PORT", &s.ViewPort, s.Host}, {"PROCESS_PORT", &s.ProcessPort, loopback},
		{"BRIDGE_PORT", &s.BridgePort, loopback}, {"FACE_PORT", &s.FacePort, loopback},
	}
	if s.TwoProcesses {
		ports = append(ports, port{"PROCESS_PORT", &s.processTwoPort, loopback})
	}
	if s.NextModels != "" {
		ports = append(ports, port{"NEXT_FACE_PORT", &s.NextFacePort, loopback})
	}
	if s.MySQLDSN == "" {
		ports = append(ports, port{"MYSQL_PORT", &s.MySQLPort, loopback})
	}
	if len(s.NSQDAddress) == 0 {
		if s.NSQDPort != 0 {
			http = s.NSQDPort + 1
		}
		ports = append(ports, port{"NSQD_PORT", &s.NSQDPort, loopback}, port{"NSQD_PORT, whose next is nsqd's HTTP port,", &http, loopback})
	}
	return http, checkPorts(ports)
}

// addresses tells where everything is, MariaDB aside, once the ports are chosen.
func (s Settings) addresses(nsqdHTTP int) Addresses {
	url := func(port int) string { return "http://" + local(port) }
	here := func(port int) string { return "http://" + hostPort(reach(s.Host), port) }
	a := Addresses{
		Receive: here(s.ReceivePort), View: here(s.ViewPort), Process: url(s.ProcessPort), Bridge: url(s.BridgePort),
		Face: local(s.FacePort), NSQD: s.NSQDAddress, NSQDHTTP: s.NSQDHTTPAddress, DSN: s.MySQLDSN,
	}
	for _, host := range others(s.Host) {
		a.Network = append(a.Network, Outside{Receive: "http://" + hostPort(host, s.ReceivePort), View: "http://" + hostPort(host, s.ViewPort)})
	}
	if len(s.NSQDAddress) == 0 {
		a.NSQD, a.NSQDHTTP = []string{local(s.NSQDPort)}, []string{local(nsqdHTTP)}
	}
	return a
}

func nextPort(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(host, strconv.Itoa(number+1)), nil
}
