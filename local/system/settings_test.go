package system

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/serve"
)

func TestEverySetting(t *testing.T) {
	testkit.Settings(t, func() any {
		return &Settings{Data: ".lineup", Samples: "on", ReceivePort: 8000, StartTime: time.Minute}
	})
}

func TestSettingsAreCompletedOrRefused(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("HOME", "/home/ada")
	for name, test := range map[string]struct {
		change func(*Settings)
		check  func(Settings) bool
		error  string
	}{
		"pictures and people lie in DATA, pictures in the home folder too": {func(s *Settings) { s.Data = "d" }, func(s Settings) bool {
			return s.ImagesURL == "file://"+dir+"/d/images,file:///home/ada" && s.KnownPeople == dir+"/d/known_people"
		}, ""},
		"folders of one's own stay": {func(s *Settings) { s.ImagesURL, s.KnownPeople = "s3://a", "s3://b" }, func(s Settings) bool {
			return s.ImagesURL == "s3://a" && s.KnownPeople == "s3://b"
		}, ""},
		"the HTTP interface of an nsqd of one's own is on the next port": {func(s *Settings) { s.NSQDAddress = []string{"q:4150", "r:1"} }, func(s Settings) bool {
			return slices.Equal(s.NSQDHTTPAddress, []string{"q:4151", "r:2"})
		}, ""},
		"two nsqds and one HTTP interface": {func(s *Settings) { s.NSQDAddress, s.NSQDHTTPAddress = []string{"q:1", "r:1"}, []string{"q:2"} }, nil, "NSQD_HTTP_ADDRESS"},
		"unless it is said where": {func(s *Settings) { s.NSQDAddress, s.NSQDHTTPAddress = []string{"q:4150"}, []string{"q:80"} }, func(s Settings) bool {
			return slices.Equal(s.NSQDHTTPAddress, []string{"q:80"})
		}, ""},
		"an nsqd without a port":      {func(s *Settings) { s.NSQDAddress = []string{"q"} }, nil, `NSQD_ADDRESS=`},
		"an nsqd with a named port":   {func(s *Settings) { s.NSQDAddress = []string{"r:1", "q:nsq"} }, nil, `NSQD_ADDRESS=`},
		"samples neither on nor off":  {func(s *Settings) { s.Samples = "yes" }, nil, `SAMPLES="yes"`},
		"no samples":                  {func(s *Settings) { s.Samples = "off" }, func(s Settings) bool { return !s.wantsSamples() }, ""},
		"other machines are kept out": {func(*Settings) {}, func(s Settings) bool { return s.Host == "127.0.0.1" }, ""},
		"a host that is none":         {func(s *Settings) { s.Host = "everywhere" }, nil, "HOST=everywhere"},
		"a file of keys is found from DATA": {func(s *Settings) {
			s.APIKeysFile = "keys"
			testkit.Succeed(t, os.WriteFile("keys", []byte("phone "+strings.Repeat("0a", 32)), 0o600))
		}, func(s Settings) bool { return s.APIKeysFile == dir+"/keys" }, ""},
		"a file of keys that is not there": {func(s *Settings) { s.APIKeysFile = "none" }, nil, "API_KEYS_FILE"},
		"models of one's own are found from DATA": {func(s *Settings) {
			s.Models = "mine"
			testkit.Succeed(t, os.MkdirAll("mine", 0o700))
			testkit.Succeed(t, os.WriteFile("mine/models.json", []byte(`{"name": "mine"}`), 0o600))
		}, func(s Settings) bool { return s.Models == dir+"/mine" }, ""},
		"models that are not there": {func(s *Settings) { s.Models = "none" }, nil, "MODELS: open " + dir + "/none/models.json"},
		"no DATA":                   {func(s *Settings) { s.Data = "" }, nil, "DATA is empty"},
		"a comma in DATA":           {func(s *Settings) { s.Data = "a,b" }, nil, "a comma"},
	} {
		t.Run(name, func(t *testing.T) {
			s := Settings{Data: ".lineup", Samples: "on"}
			test.change(&s)
			err := serve.Check(&s)
			var got Settings
			if err == nil {
				got, err = s.complete()
			}
			switch {
			case test.error != "":
				if err == nil || !strings.Contains(err.Error(), test.error) {
					t.Errorf("the error is %v, want %s", err, test.error)
				}
			case err != nil || !test.check(got):
				t.Errorf("it is %+v, %v", got, err)
			}
		})
	}
}

func TestPortsThatAreTakenAreAllNamedWithWhatMovesThem(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	number := taken.Addr().(*net.TCPAddr).Port
	s := Settings{ViewPort: number, FacePort: number, NSQDPort: number - 1, BridgePort: 70000}
	_, err = s.choosePorts()
	for _, want := range []string{"set VIEW_PORT", "set FACE_PORT", "set BRIDGE_PORT", "set NSQD_PORT, whose next"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error %v lacks %q", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), "RECEIVE_PORT") {
		t.Errorf("the error %v names a port that was free", err)
	}
}

func TestTwoSettingsCannotNameTheSamePort(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	number := free.Addr().(*net.TCPAddr).Port
	free.Close()
	s := Settings{ViewPort: number, FacePort: number}
	if _, err := s.choosePorts(); err == nil || !strings.Contains(err.Error(), "is taken") {
		t.Errorf("the error is %v", err)
	}
}

func TestPortsOfOnesOwnServersAreNotLookedAt(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	number := taken.Addr().(*net.TCPAddr).Port
	s := Settings{MySQLDSN: "dsn", MySQLPort: number, NSQDAddress: []string{"q:1", "r:1"}, NSQDHTTPAddress: []string{"q:2", "r:2"}, NSQDPort: number}
	http, err := s.choosePorts()
	if err != nil {
		t.Fatal(err)
	}
	if a := s.addresses(http); !slices.Equal(a.NSQD, s.NSQDAddress) || !slices.Equal(a.NSQDHTTP, s.NSQDHTTPAddress) || a.DSN != "dsn" {
		t.Errorf("the addresses are %+v", a)
	}
}

func TestEachProgramIsToldWhatItNeeds(t *testing.T) {
	t.Parallel()
	settings := Settings{
		Data: "/d", ImagesURL: "file:///i", KnownPeople: "/p", Host: "127.0.0.1",
		ReceivePort: 1, ViewPort: 2, ProcessPort: 3, BridgePort: 4, FacePort: 5, NSQDPort: 6,
	}
	s := &System{settings: settings, httpPort: 7, models: "/m", At: settings.addresses(7)}
	s.At.DSN = "dsn"
	for program, want := range map[string]string{
		NSQD:       "HOST=127.0.0.1 PORT=6 GRACE=5s HTTP_PORT=7 NSQD_DATA=/d/nsqd",
		FaceServer: "HOST=127.0.0.1 PORT=5 GRACE=5s MYSQL_DSN=dsn IMAGES_URL=file:///i KNOWN_PEOPLE=/p MODELS=/m",
		Process:    "HOST=127.0.0.1 PORT=3 GRACE=5s MYSQL_DSN=dsn IMAGES_URL=file:///i FACE_ADDRESS=127.0.0.1:5",
		Bridge:     "HOST=127.0.0.1 PORT=4 GRACE=5s K_SINK=http://127.0.0.1:3 NSQD_ADDRESS=127.0.0.1:6 TOPIC=images,photos,rematches CHANNEL=process NSQD_HTTP_ADDRESS=127.0.0.1:7 OUTPUT_BUFFER_TIMEOUT=1ms",
		Receive: "HOST=127.0.0.1 PORT=1 GRACE=5s MYSQL_DSN=dsn NSQD_ADDRESS=127.0.0.1:6 NSQD_HTTP_ADDRESS=127.0.0.1:7 TOPIC=images PHOTO_TOPIC=photos REMATCH_TOPIC=rematches CHANNEL=process " +
			"IMAGES_URL=file:///i KNOWN_PEOPLE=/p",
		View: "HOST=127.0.0.1 PORT=2 GRACE=5s MYSQL_DSN=dsn IMAGES_URL=file:///i RECEIVE_URL=http://127.0.0.1:1 WRITES=on",
	} {
		if got := strings.Join(s.environment(program), " "); got != want {
			t.Errorf("%s is told\n%s, not\n%s", program, got, want)
		}
	}
	s.settings.NSQDAddress = []string{"q:1", "r:1"}
	s.At = s.settings.addresses(0)
	if got := strings.Join(s.environment(Bridge), " "); strings.Contains(got, "OUTPUT_BUFFER_TIMEOUT") || !strings.Contains(got, "NSQD_ADDRESS=q:1,r:1 ") {
		t.Errorf("with nsqds of the user's the bridge is told %s", got)
	}
}

func TestProgramsReachEachOtherByTheRoute(t *testing.T) {
	t.Parallel()
	settings := Settings{
		Data: "/d", Host: "127.0.0.1", ReceivePort: 1, ViewPort: 2, ProcessPort: 3, processTwoPort: 33, BridgePort: 4, FacePort: 5, NSQDPort: 6, TwoProcesses: true,
		Route: func(from, to string, at ...string) string { return from + "-" + to + "-" + strings.Join(at, "+") },
	}
	s := &System{settings: settings, httpPort: 7, models: "/m", At: settings.addresses(7)}
	s.At.DSN = "user:word@tcp(127.0.0.1:8)/name"
	for program, wants := range map[string][]string{
		FaceServer: {"PORT=5"},
		Process:    {"PORT=3", "MYSQL_DSN=user:word@tcp(process-mariadb-127.0.0.1:8)/name", "FACE_ADDRESS=process-face-server-127.0.0.1:5"},
		ProcessTwo: {"PORT=33", "MYSQL_DSN=user:word@tcp(process-mariadb-127.0.0.1:8)/name", "FACE_ADDRESS=process-face-server-127.0.0.1:5"},
		Bridge:     {"K_SINK=http://bridge-process-127.0.0.1:3+127.0.0.1:33", "NSQD_ADDRESS=bridge-nsqd-127.0.0.1:6"},
		Receive: {"MYSQL_DSN=user:word@tcp(receive-mariadb-127.0.0.1:8)/name", "NSQD_ADDRESS=receive-nsqd-127.0.0.1:6",
			"NSQD_HTTP_ADDRESS=receive-nsqd (HTTP)-127.0.0.1:7"},
		View: {"MYSQL_DSN=user:word@tcp(view-mariadb-127.0.0.1:8)/name"},
	} {
		told := s.environment(program)
		for _, want := range wants {
			if !slices.Contains(told, want) {
				t.Errorf("%s is not told %s but %q", program, want, told)
			}
		}
	}
	s.At.DSN = "user:word@unix(/socket)/name"
	if told := s.environment(View); !slices.Contains(told, "MYSQL_DSN="+s.At.DSN) {
		t.Errorf("a database behind a socket has a route: %q", told)
	}
}

func TestPortsThatAreGivenLieBelowThoseOfOutgoingConnections(t *testing.T) {
	t.Parallel()
	for range 20 {
		var number int
		if err := checkPorts([]port{{"PORT", &number, "127.0.0.1"}}); err != nil || number < lowest || number > highest {
			t.Fatalf("port %d, %v, want one of %d to %d", number, err, lowest, highest)
		}
	}
}

func TestOneDataFolderServesOneSystem(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	first, err := lock(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(data); err == nil || !strings.Contains(err.Error(), "already runs on "+data) {
		t.Errorf("the error is %v", err)
	}
	first.Close()
	again, err := lock(data)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
	if _, err := lock(filepath.Join(data, "none")); err == nil || !strings.Contains(err.Error(), "set DATA") {
		t.Errorf("the error is %v", err)
	}
}

func TestOtherMachinesFindOnlyReceiveAndView(t *testing.T) {
	t.Parallel()
	settings := Settings{Data: "/d", Host: "203.0.113.7", APIKeysFile: "/keys", ReceivePort: 1, ViewPort: 2, ProcessPort: 3, BridgePort: 4, FacePort: 5, NSQDPort: 6}
	s := &System{settings: settings, At: settings.addresses(7)}
	if want := []Outside{{"http://203.0.113.7:1", "http://203.0.113.7:2"}}; !slices.Equal(s.At.Network, want) || s.At.Receive != want[0].Receive {
		t.Errorf("the addresses are %+v", s.At)
	}
	for _, program := range []string{NSQD, FaceServer, Process, ProcessTwo, Bridge, Receive, View} {
		told := s.environment(program)
		outside := program == Receive || program == View
		if slices.Contains(told, "HOST=203.0.113.7") != outside || slices.Contains(told, "HOST=127.0.0.1") == outside || slices.Contains(told, "API_KEYS_FILE=/keys") != outside {
			t.Errorf("%s is told %q", program, told)
		}
	}
	if told := s.environment(View); !slices.Contains(told, "RECEIVE_URL=http://203.0.113.7:1") || !slices.Contains(told, "RECEIVE_PUBLIC_URL=http://203.0.113.7:1") || slices.Contains(told, "WRITES=on") {
		t.Errorf("view is told %q", told)
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		host, reach string
		others      []string
	}{
		{"127.0.0.1", "127.0.0.1", nil},
		{"localhost", "localhost", nil},
		{"::1", "::1", nil},
		{"203.0.113.7", "203.0.113.7", []string{"203.0.113.7"}},
	} {
		if got := others(test.host); reach(test.host) != test.reach || !slices.Equal(got, test.others) {
			t.Errorf("%s is reached at %s, by others at %q", test.host, reach(test.host), got)
		}
	}
	for _, every := range []string{"0.0.0.0", "::"} {
		if reach(every) != loopback || slices.Contains(others(every), loopback) {
			t.Errorf("%s is reached at %s, by others at %q", every, reach(every), others(every))
		}
	}
}

func TestAnAddressThatThisMachineLacksIsTold(t *testing.T) {
	t.Parallel()
	number := 0
	err := checkPorts([]port{{"VIEW_PORT", &number, "203.0.113.7"}}) // for documentation: nobody has it
	if err == nil || !strings.Contains(err.Error(), "set HOST") {
		t.Errorf("the error is %v", err)
	}
}
