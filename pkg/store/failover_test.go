package store_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

// failoverTime is the longest that nothing can be written once the name stands for the new primary.
const failoverTime = 5 * time.Second

// TestAFailoverByNameLosesNothing has pictures submitted, claimed and finished by many at once, through a name that
// then stands for another server, while the old one turned read-only, hangs, or is gone.
func TestAFailoverByNameLosesNothing(t *testing.T) {
	for name, fail := range map[string]func(*testing.T, *deptest.Server){
		"read-only": func(t *testing.T, s *deptest.Server) {
			if _, err := s.Admin.ExecContext(t.Context(), "SET GLOBAL read_only=ON"); err != nil {
				t.Fatal(err)
			}
		},
		"hangs": func(_ *testing.T, s *deptest.Server) { s.Process.Pause() },
		"gone":  func(_ *testing.T, s *deptest.Server) { s.Process.Kill() },
	} {
		t.Run(name, func(t *testing.T) {
			pair := deptest.MySQLPair(t)
			host := newHost(t, pair.Primary.IP)
			dsn := pair.DSN(host.name)
			if err := store.Migrate(t.Context(), dsn); err != nil {
				t.Fatal(err)
			}
			db := open(t, store.Settings{Database: store.Database{DSN: dsn}, Connections: 10})
			load := startLoad(t, db)
			load.awaitEach(t, patience)

			fail(t, pair.Primary)
			pair.Promote(t)
			host.set(t, pair.Replica.IP)
			began := time.Now()
			load.awaitEach(t, failoverTime)
			t.Logf("%s: everybody could write again after %v; %d pictures, %d errors", name, time.Since(began), load.written.Load(), load.errors.Load())
			load.stop()
			for path, id := range load.ids {
				image, err := db.Image(t.Context(), id)
				if err != nil || image.Path != path || !image.Status.Final() {
					t.Errorf("%s was accepted as image %d, and is now %q %s: %v", path, id, image.Path, image.Status, err)
				}
			}
		})
	}
}

// TestAServerThatTheNameLeftIsAskedNoMore has the old one go on as if nothing had happened.
func TestAServerThatTheNameLeftIsAskedNoMore(t *testing.T) {
	pair := deptest.MySQLPair(t)
	host := newHost(t, pair.Primary.IP)
	dsn := pair.DSN(host.name)
	if err := store.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	db := open(t, store.Settings{Database: store.Database{DSN: dsn}, Connections: 10})
	atOnce := func() (found int64) {
		var all sync.WaitGroup
		var images atomic.Int64
		for range 10 {
			all.Go(func() {
				if _, err := db.Image(t.Context(), 1000); err == nil {
					images.Add(1)
				}
			})
		}
		all.Wait()
		return images.Load()
	}
	if found := atOnce(); found != 0 {
		t.Fatalf("%d found a picture that is not there", found)
	}
	pair.Promote(t)
	if _, err := pair.Replica.Admin.ExecContext(t.Context(), "INSERT INTO lineup.images (id, path, created_at, updated_at) VALUES (1000, 'new.jpg', NOW(), NOW())"); err != nil {
		t.Fatal(err)
	}
	host.set(t, pair.Replica.IP)
	testkit.Eventually(t, failoverTime, "a picture that only the new one has is found", func() bool { return atOnce() > 0 })
	if found := atOnce(); found != 10 {
		t.Errorf("of 10 only %d asked the new one", found)
	}
}

// load is several programs' worth of requests.
type load struct {
	stop            func()
	written, errors atomic.Int64
	each            [8]atomic.Int64 // written by each worker

	mu  sync.Mutex
	ids map[string]int64 // of what was submitted, by path
}

func startLoad(t *testing.T, db *store.Store) *load {
	ctx, cancel := context.WithCancel(t.Context())
	l := &load{ids: make(map[string]int64)}
	var workers sync.WaitGroup
	l.stop = sync.OnceFunc(func() { cancel(); workers.Wait() })
	t.Cleanup(l.stop)
	for worker := range l.each {
		workers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				l.write(ctx, db, fmt.Sprintf("%d/%d.jpg", worker, n))
				l.each[worker].Add(1)
				l.written.Add(1)
			}
		})
	}
	return l
}

// write brings a picture to its end, as patient as receive's clients and the bridge are.
func (l *load) write(ctx context.Context, db *store.Store, path string) {
	var id int64
	l.insist(ctx, func(ctx context.Context) error {
		submissions, err := db.Submit(ctx, store.Paths(path))
		if err == nil {
			id = submissions[0].ID
		}
		return err
	})
	if ctx.Err() != nil {
		return
	}
	l.mu.Lock()
	l.ids[path] = id
	l.mu.Unlock()
	// Even when the test ends meanwhile: what was submitted is brought to its end.
	l.insist(context.WithoutCancel(ctx), func(ctx context.Context) error {
		claim, err := db.Claim(ctx, id, time.Millisecond) // so that one whose answer was lost is soon free
		if err != nil || claim.Outcome == store.Done {
			return err
		}
		if claim.Outcome != store.Won {
			return errors.New("another has it")
		}
		_, err = db.Finish(ctx, claim, store.Result{}, true)
		return err
	})
}

func (l *load) insist(ctx context.Context, do func(context.Context) error) {
	for ctx.Err() == nil {
		attempt, cancel := context.WithTimeout(ctx, 9*time.Second) // process's WRITE_TIMEOUT
		err := do(attempt)
		cancel()
		if err == nil {
			return
		}
		l.errors.Add(1)
		time.Sleep(20 * time.Millisecond)
	}
}

// awaitEach waits until each worker has written something more.
func (l *load) awaitEach(t *testing.T, limit time.Duration) {
	t.Helper()
	var before [len(l.each)]int64
	for i := range before {
		before[i] = l.each[i].Load() + 1 // that which is under way may be older
	}
	testkit.Eventually(t, limit, "every worker has written", func() bool {
		for i := range before {
			if l.each[i].Load() <= before[i] {
				return false
			}
		}
		return true
	})
}

// host is a host name of the test's own, which the standard resolver asks for. As that is one for the whole process, no
// test runs beside its user.
type host struct {
	name string
	mu   sync.Mutex
	ip   netip.Addr
}

func newHost(t *testing.T, ip string) *host {
	t.Helper()
	h := &host{name: "db.lineup.test"}
	h.set(t, ip)
	server := testkit.Must(net.ListenPacket("udp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { server.Close() })
	go h.serve(server)
	was := net.DefaultResolver.Dial
	net.DefaultResolver.PreferGo = true
	net.DefaultResolver.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}
	t.Cleanup(func() { net.DefaultResolver.PreferGo, net.DefaultResolver.Dial = false, was })
	return h
}

func (h *host) set(t *testing.T, ip string) {
	t.Helper()
	address := testkit.Must(netip.ParseAddr(ip))(t)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ip = address
}

// serve answers every question for an address by the one, and for any other record by none.
func (h *host) serve(server net.PacketConn) {
	packet := make([]byte, 4096)
	for {
		n, from, err := server.ReadFrom(packet)
		if err != nil {
			return
		}
		var message dnsmessage.Message
		if message.Unpack(packet[:n]) != nil || len(message.Questions) != 1 {
			continue
		}
		question := message.Questions[0]
		message.Header.Response, message.Header.Authoritative, message.Additionals = true, true, nil
		if question.Type == dnsmessage.TypeA {
			h.mu.Lock()
			body := &dnsmessage.AResource{A: h.ip.As4()}
			h.mu.Unlock()
			message.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: question.Name, Class: question.Class}, Body: body}}
		}
		if answer, err := message.Pack(); err == nil {
			server.WriteTo(answer, from)
		}
	}
}
