package machines

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nsqio/nsq/nsqlookupd"

	"lineup.dev/lineup/local/child"
	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/local/testkit"
)

// The addresses of the machines: the first has the database and nsqlookupd, each of the others an nsqd and every program.
const (
	shared = "10.231.7.1"
	subnet = "10.231.7.%"
)

func addressOf(machine int) string { return fmt.Sprintf("10.231.7.%d", 10+machine) }

// TestOneOfTwoMachinesIsCutOffAndComesBack posts to two machines, cuts one off while pictures wait and are looked at
// there, and expects that the other one brings all of them to their end, each with one result, before and after the cut
// ends.
func TestOneOfTwoMachinesIsCutOffAndComesBack(t *testing.T) {
	n := newNetwork(t, 2)
	n.startShared()
	for machine := range n.machines {
		n.startPrograms(machine)
	}
	n.post(0, 20)
	n.post(1, 20)
	n.awaitFinal(40)
	for machine := range n.machines {
		if got := n.get(machine, 4151, "/stats?topic=images"); !strings.Contains(got, "[process") {
			t.Errorf("nobody reads the messages of machine %d's nsqd:\n%s", machine, got)
		}
	}

	n.post(1, 40)
	n.cut(1)
	if n.count("status IN ('pending', 'processing')") == 0 {
		t.Fatal("nothing waited any more when the machine was cut off")
	}
	n.post(0, 20)
	n.awaitFinal(100) // also those whose hints and claims are on the machine that is away

	n.connect(1)
	n.awaitReady(1)
	n.post(1, 20)
	n.post(0, 20)
	n.awaitFinal(140)
	n.nothingDoubled()
}

// network is the machines, what they share, and the switch.
type network struct {
	t        *testing.T
	prefix   string // of the names
	machines []string
	dir      string
	programs string
	picture  []byte
	posted   int
	db       parts.Database
	dsn      string
	admin    *sql.DB
}

// newNetwork makes a namespace for each machine, connected by a bridge to this one.
func newNetwork(t *testing.T, machines int) *network {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to make network namespaces")
	}
	n := &network{t: t, prefix: fmt.Sprintf("ln%d", os.Getpid()%100000), dir: testkit.Must(os.MkdirTemp("/tmp", "lineup-machines-"))(t)} // a socket's path must be short
	t.Cleanup(func() { os.RemoveAll(n.dir) })
	n.picture = testkit.Must(os.ReadFile(filepath.Join(deptest.Samples(t), "pictures", "dana.jpg")))(t)
	deptest.Models(t)
	root := testkit.Must(parts.ModuleRoot())(t)
	n.programs = filepath.Join(root, "bin")
	testkit.Succeed(t, system.Build(t.Context(), root, n.programs))

	if out, err := exec.Command("ip", "link", "add", n.prefix, "type", "bridge").CombinedOutput(); err != nil {
		t.Skipf("needs network namespaces: ip: %v %s", err, out)
	}
	t.Cleanup(func() { exec.Command("ip", "link", "del", n.prefix).Run() })
	n.ip("addr", "add", shared+"/24", "dev", n.prefix)
	n.ip("link", "set", n.prefix, "up")
	for machine := range machines {
		name := fmt.Sprintf("%sm%d", n.prefix, machine)
		n.machines = append(n.machines, name)
		n.ip("netns", "add", name)
		t.Cleanup(func() { exec.Command("ip", "netns", "del", name).Run() })
		n.ip("link", "add", n.port(machine), "type", "veth", "peer", "name", "eth0", "netns", name)
		n.ip("link", "set", n.port(machine), "master", n.prefix, "up")
		n.ip("-n", name, "addr", "add", addressOf(machine)+"/24", "dev", "eth0")
		n.ip("-n", name, "link", "set", "eth0", "up")
		n.ip("-n", name, "link", "set", "lo", "up")
	}
	for _, folder := range []string{"images", "known_people"} {
		testkit.Succeed(t, os.Mkdir(filepath.Join(n.dir, folder), 0o755))
	}
	return n
}

func (n *network) port(machine int) string { return fmt.Sprintf("%sp%d", n.prefix, machine) }

func (n *network) ip(args ...string) {
	n.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		n.t.Fatalf("ip %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// cut takes a machine's cable out of the switch.
func (n *network) cut(machine int) {
	n.t.Helper()
	n.ip("link", "set", n.port(machine), "down")
}

func (n *network) connect(machine int) {
	n.t.Helper()
	n.ip("link", "set", n.port(machine), "up")
}

// startShared starts the database and nsqlookupd.
func (n *network) startShared() {
	t := n.t
	server := testkit.Must(testkit.Must(parts.OpenCache(t.Logf))(t).MariaDB(t.Context()))(t)
	listener := testkit.Must(net.Listen("tcp", shared+":0"))(t)
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	n.db = parts.Database{Data: filepath.Join(n.dir, "mariadb"), Port: port, Password: "secret", Options: []string{"--bind-address=" + shared + ",127.0.0.1"}}
	process := testkit.Must(server.Start(t.Context(), n.db))(t)
	t.Cleanup(process.Kill)
	n.admin = deptest.SQL(t, parts.Database{Data: n.db.Data}.DSN(parts.Account))
	for _, statement := range []string{
		fmt.Sprintf("CREATE USER %s@'%s' IDENTIFIED BY 'secret'", parts.Account, subnet),
		fmt.Sprintf("GRANT ALL ON %[1]s.* TO %[1]s@'%[2]s'", parts.Account, subnet),
	} {
		_, err := n.admin.ExecContext(t.Context(), statement)
		testkit.Succeed(t, err)
	}
	n.dsn = fmt.Sprintf("%[1]s:secret@tcp(%[2]s:%[3]d)/%[1]s", parts.Account, shared, port)
	migrate := exec.Command("go", "run", "lineup.dev/lineup/pkg/store/migrate")
	migrate.Env = append(os.Environ(), "MYSQL_DSN="+n.db.DSN(parts.Account))
	testkit.Succeed(t, child.Run(t.Context(), migrate))

	options := nsqlookupd.NewOptions()
	options.TCPAddress, options.HTTPAddress, options.BroadcastAddress = shared+":4160", shared+":4161", shared
	options.Logger = log.New(io.Discard, "", 0)
	options.InactiveProducerTimeout = 5 * time.Second // usually 5 minutes: how long one that is away is named
	lookupd := testkit.Must(nsqlookupd.New(options))(t)
	go lookupd.Main()
	t.Cleanup(lookupd.Exit)
}

// startPrograms starts an nsqd and every program on a machine. Leases and the like are as short as make chaos has them.
func (n *network) startPrograms(machine int) {
	at, images := addressOf(machine), filepath.Join(n.dir, "images")
	database := []string{"MYSQL_DSN=" + n.dsn, "IMAGES_URL=" + images, "KNOWN_PEOPLE=" + filepath.Join(n.dir, "known_people")}
	// Its own first: the other one only when that is away.
	queue := []string{fmt.Sprintf("NSQD_ADDRESS=%s:4150,%s:4150", at, addressOf(1-machine)), fmt.Sprintf("NSQD_HTTP_ADDRESS=%s:4151,%s:4151", at, addressOf(1-machine))}
	short := []string{"LEASE=12s", "FACE_TIMEOUT=6s", "HEALTH_TIMEOUT=3s", "WRITE_TIMEOUT=1s", "READ_TIMEOUT=3s", "RETRY_MOST=8s", "BREAKER_OPEN=3s",
		"HINT_AGE=10s", "SWEEP_INTERVAL=2s", "RETRY_MAX=8s", "SINK_TIMEOUT=15s", "GRACE=1s", "NSQD_TIMEOUT=1s"}
	n.start(machine, "nsqd", 4150, append(short, "HTTP_PORT=4151", "NSQD_DATA="+filepath.Join(n.dir, fmt.Sprintf("nsqd%d", machine)), "NSQLOOKUPD_TCP_ADDRESSES="+shared+":4160", "BROADCAST_ADDRESS="+at)...)
	n.start(machine, "face-server", 50051, append(append(short, database...), "MODELS="+filepath.Join(filepath.Dir(n.programs), "face-server", "kodata"))...)
	n.start(machine, "process", 8082, append(append(short, database...), "FACE_ADDRESS="+at+":50051")...)
	n.start(machine, "bridge", 8083, append(append(short, queue...), "K_SINK=http://"+at+":8082", "NSQLOOKUPD_ADDRESSES="+shared+":4161", "TOPIC=images", "CHANNEL=process")...)
	n.start(machine, "receive", 8000, append(append(append(short, database...), queue...), "TOPIC=images", "CHANNEL=process", "HOSTS="+at)...)
	n.awaitReady(machine)
}

func (n *network) start(machine int, program string, port int, environment ...string) {
	t := n.t
	name := filepath.Join(n.dir, fmt.Sprintf("%s%d.log", program, machine))
	file := testkit.Must(os.Create(name))(t)
	defer file.Close()
	cmd := exec.Command("ip", "netns", "exec", n.machines[machine], filepath.Join(n.programs, program))
	cmd.Env = append(os.Environ(), append(environment, "HOST="+addressOf(machine), fmt.Sprintf("PORT=%d", port))...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = n.dir, file, file
	process := testkit.Must(child.Start(cmd))(t)
	t.Cleanup(func() {
		process.Kill()
		if content, _ := os.ReadFile(name); t.Failed() {
			t.Logf("%s of machine %d:\n%s", program, machine, content[max(0, len(content)-3000):])
		}
	})
}

// awaitReady waits until a machine's programs say that they are ready.
func (n *network) awaitReady(machine int) {
	n.t.Helper()
	for _, port := range []int{8082, 8083, 8000} {
		testkit.Retry(n.t, time.Minute, func() error { _, err := n.try(machine, port, "/readyz"); return err })
	}
}

// try asks a machine something by HTTP.
func (n *network) try(machine, port int, path string) (string, error) {
	ctx, cancel := context.WithTimeout(n.t.Context(), 5*time.Second)
	defer cancel()
	request := testkit.Must(http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s:%d%s", addressOf(machine), port, path), nil))(n.t)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return string(body), err
}

func (n *network) get(machine, port int, path string) string {
	n.t.Helper()
	return testkit.Must(n.try(machine, port, path))(n.t)
}

// post writes new pictures and posts their paths to a machine's receive, in one request.
func (n *network) post(machine, pictures int) {
	n.t.Helper()
	var paths []string
	for range pictures {
		n.posted++
		path := filepath.Join(n.dir, "images", fmt.Sprintf("%d.jpg", n.posted))
		testkit.Succeed(n.t, os.WriteFile(path, n.picture, 0o644))
		paths = append(paths, fmt.Sprintf(`{"path":%q}`, path))
	}
	body := strings.NewReader(`{"paths":[` + strings.Join(paths, ",") + `]}`)
	response := testkit.Must(http.Post(fmt.Sprintf("http://%s:8000/images/post", addressOf(machine)), "application/json", body))(n.t)
	defer response.Body.Close()
	answer := testkit.Must(io.ReadAll(response.Body))(n.t)
	if response.StatusCode/100 != 2 || bytes.Count(answer, []byte("image saved")) != pictures {
		n.t.Fatalf("machine %d answers %s %s", machine, response.Status, answer)
	}
}

// awaitFinal waits until so many pictures have their result, and pings the first machine's receive meanwhile.
func (n *network) awaitFinal(pictures int) {
	n.t.Helper()
	testkit.Poll(n.t, 2*time.Minute, time.Second, fmt.Sprintf("%d pictures are final", pictures), func() bool {
		request := testkit.Must(http.NewRequestWithContext(n.t.Context(), http.MethodPost, fmt.Sprintf("http://%s:8000/", addressOf(0)), nil))(n.t)
		for name, value := range map[string]string{"Ce-Id": "1", "Ce-Source": "/test", "Ce-Specversion": "1.0", "Ce-Type": "dev.knative.sources.ping"} {
			request.Header.Set(name, value)
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
		}
		return n.count("status IN ('identified', 'unknown')") == pictures
	})
}

func (n *network) count(condition string) (rows int) {
	n.t.Helper()
	testkit.Succeed(n.t, n.admin.QueryRowContext(n.t.Context(), "SELECT COUNT(*) FROM images WHERE "+condition).Scan(&rows))
	return rows
}

// nothingDoubled checks that every picture has one row, in its first round, with the one face that it shows.
func (n *network) nothingDoubled() {
	n.t.Helper()
	if rows, first := n.count("1"), n.count("round = 1 AND claim IS NULL"); rows != n.posted || first != n.posted {
		n.t.Errorf("%d rows, %d in their first round and free, want %d", rows, first, n.posted)
	}
	var faces, pictures int
	testkit.Succeed(n.t, n.admin.QueryRowContext(n.t.Context(), "SELECT COUNT(*), COUNT(DISTINCT image_id) FROM faces").Scan(&faces, &pictures))
	if faces != n.posted || pictures != n.posted {
		n.t.Errorf("%d faces of %d pictures, want one of each of %d", faces, pictures, n.posted)
	}
}
