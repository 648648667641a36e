package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver that MySQL's DSN is for
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	"lineup.dev/lineup/local/child"
	"lineup.dev/lineup/local/parts"
)

// lab is the machine's MariaDB, an nsqd, and programs, all for one run.
type lab struct {
	settings Settings
	say      func(format string, args ...any)
	dir      string // of the run, removed at its end
	root     string // of the module
	cache    parts.Cache
	db       parts.Database
	version  string // of MariaDB
	admin    *sql.DB
	nsqd     *program
	builds   []build // this checkout's, then REF's

	databases int
	queues    int // of nsqd
	ended     costs
	filled    tables
	programs  []*program
	mariadb   *child.Process
}

// build is the programs of one commit.
type build struct{ name, commit, dir string }

// openLab starts MariaDB and nsqd and builds the programs.
func openLab(ctx context.Context, settings Settings, say func(string, ...any)) (_ *lab, err error) {
	l := &lab{settings: settings, say: say, ended: make(costs)}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if l.root, err = parts.ModuleRoot(); err != nil {
		return nil, err
	}
	if l.cache, err = parts.OpenCache(say); err != nil {
		return nil, err
	}
	if l.dir, err = os.MkdirTemp("/tmp", "lineup-bench-"); err != nil { // a socket's path must be short
		return nil, fmt.Errorf("make a folder for the run: %w", err)
	}
	if err := os.Mkdir(filepath.Join(l.dir, "pictures"), 0o755); err != nil {
		return nil, fmt.Errorf("make a folder for the run: %w", err)
	}
	if err := os.Mkdir(filepath.Join(l.dir, "known_people"), 0o755); err != nil {
		return nil, fmt.Errorf("make a folder for the run: %w", err)
	}
	if err := l.buildAll(ctx); err != nil {
		return nil, err
	}
	if err := l.startMariaDB(ctx); err != nil {
		return nil, err
	}
	l.nsqd, err = l.startNSQD(ctx)
	return l, err
}

// serverOptions make MariaDB one as it is run, with its defaults but for room: what a commit promises is on disk.
var serverOptions = []string{"--innodb-buffer-pool-size=1G", "--innodb-log-file-size=256M", "--max-connections=1000"}

func (l *lab) startMariaDB(ctx context.Context) error {
	server, err := l.cache.MariaDB(ctx)
	if err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	l.db = parts.Database{Data: filepath.Join(l.dir, "mariadb"), Port: port, Password: "bench", Options: serverOptions}
	if l.mariadb, err = server.Start(ctx, l.db); err != nil {
		return err
	}
	if l.admin, err = sql.Open("mysql", parts.Database{Data: l.db.Data}.DSN("")); err != nil {
		return fmt.Errorf("connect to MariaDB: %w", err)
	}
	if err := l.admin.QueryRowContext(ctx, "SELECT VERSION()").Scan(&l.version); err != nil {
		return fmt.Errorf("ask MariaDB for its version: %w", err)
	}
	return nil
}

// database makes an empty one, and gives its DSN over TCP.
func (l *lab) database(ctx context.Context) (name, dsn string, err error) {
	l.databases++
	name = fmt.Sprintf("bench_%d", l.databases)
	for _, statement := range []string{"CREATE DATABASE " + name, fmt.Sprintf("GRANT ALL ON %s.* TO %s@'127.0.0.1'", name, parts.Account)} {
		if _, err := l.admin.ExecContext(ctx, statement); err != nil {
			return "", "", fmt.Errorf("make a database: %w", err)
		}
	}
	return name, l.db.DSN(name), nil
}

// execute runs statements in a database, with no check of foreign keys.
func (l *lab) execute(ctx context.Context, database string, statements ...string) error {
	connection, err := l.admin.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to MariaDB: %w", err)
	}
	defer connection.Close()
	for _, statement := range slices.Concat([]string{"USE " + database, "SET SESSION foreign_key_checks = 0"}, statements) {
		if _, err := connection.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%.60s: %w", statement, err)
		}
	}
	return nil
}

// program is one that runs.
type program struct {
	name, address, second string // host:port
	process               *child.Process
	log                   string
}

// startNSQD starts one with messages of its own.
func (l *lab) startNSQD(ctx context.Context) (*program, error) {
	l.queues++
	return l.start(ctx, l.builds[0], "nsqd", "NSQD_DATA="+filepath.Join(l.dir, fmt.Sprintf("nsqd-%d", l.queues)), "HTTP_PORT={second}")
}

// start starts a build's program on a port of its own and waits until it is ready. In the environment {second} becomes
// the number of another free port.
func (l *lab) start(ctx context.Context, b build, name string, environment ...string) (*program, error) {
	first, err := freePort()
	if err != nil {
		return nil, err
	}
	second, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &program{name: name, address: local(first), second: local(second), log: filepath.Join(l.dir, fmt.Sprintf("%d-%s-%s.log", len(l.programs), b.name, name))}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(b.dir, name))
	cmd.Dir, cmd.Stdout, cmd.Stderr = l.dir, log, log
	cmd.Env = append(clean(os.Environ()), fmt.Sprintf("HOST=%s", loopback), fmt.Sprintf("PORT=%d", first))
	for _, setting := range environment {
		cmd.Env = append(cmd.Env, replaceSecond(setting, second))
	}
	if p.process, err = child.Start(cmd); err != nil {
		return nil, err
	}
	l.programs = append(l.programs, p)
	return p, p.await(ctx)
}

// await waits until the program is ready: one that tells its health says so, others listen.
func (p *program) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		ready := p.ready(ctx)
		if ready == nil {
			return nil
		}
		select {
		case <-p.process.Done():
			content, _ := os.ReadFile(p.log)
			return fmt.Errorf("%s ended: %w\n%s", p.name, errors.Join(p.process.Err(), errors.New("it should go on")), content[max(0, len(content)-2000):])
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w; see %s", p.name, ready, p.log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *program) ready(ctx context.Context) error {
	if p.name == "face-server" {
		return serving(ctx, p.address)
	}
	if slices.Contains([]string{"nsqd", "fixture"}, p.name) {
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", p.address)
		if err == nil {
			connection.Close()
		}
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

// serving asks a face server, which listens before it has read the gallery.
func serving(ctx context.Context, address string) error {
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("reach the face server: %w", err)
	}
	defer connection.Close()
	answer, err := grpc_health_v1.NewHealthClient(connection).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		return err
	}
	if answer.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		return errors.New(answer.Status.String())
	}
	return nil
}

// stop ends a program.
func (l *lab) stop(programs ...*program) {
	for _, p := range programs {
		if p == nil {
			continue
		}
		if spent, err := processorTime(p.process.PID); err == nil {
			l.ended[p.name] += spent
		}
		if err := p.process.Stop(10 * time.Second); err != nil {
			l.say("%v", err)
		}
		l.programs = slices.DeleteFunc(l.programs, func(other *program) bool { return other == p })
	}
}

// close ends everything and removes the run's folder.
func (l *lab) close() {
	for _, p := range slices.Backward(slices.Clone(l.programs)) {
		l.stop(p)
	}
	if l.admin != nil {
		l.admin.Close()
	}
	if l.mariadb != nil {
		l.mariadb.Kill() // nothing of it is kept
	}
	if err := os.RemoveAll(l.dir); err != nil {
		l.say("%v", err)
	}
}
