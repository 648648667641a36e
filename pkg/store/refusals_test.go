package store_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

// TestWhatAServerRefusedIsDoneByTheNext has a statement answered by each error that says that nothing was done of it, in
// the words of the server that gives it.
func TestWhatAServerRefusedIsDoneByTheNext(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number  uint16
		message string
		leaves  bool // the connection is used no more
	}{
		{1205, "Lock wait timeout exceeded; try restarting transaction", false},
		{1213, "Deadlock found when trying to get lock; try restarting transaction", false},
		{3101, "Plugin instructed the server to rollback the current transaction.", false},
		{1203, "User lineup already has more than 'max_user_connections' active connections", false},
		{1226, "User 'lineup' has exceeded the 'max_queries_per_hour' resource (current value: 1)", false},
		{1047, "WSREP has not yet prepared node for application use", true},
		{1053, "Server shutdown in progress", true},
		{1290, "The MySQL server is running with the --super-read-only option so it cannot execute this statement", true},
		{1792, "Cannot execute statement in a READ ONLY transaction.", true},
		{1836, "Running in read-only mode", true},
		{3032, "The server is currently in offline mode", true},
		{3100, "Error on observer while running replication hook 'before_commit'.", true},
		{3168, "Server isn't available", true},
		{9001, "Max connect timeout reached while reaching hostgroup 0 after 10000ms", true},
		{9002, "Max connect failure while reaching hostgroup 0", true},
		{1105, "target: lineup.0.primary: primary is not serving, there is a reparent operation in progress", true},
	} {
		t.Run(fmt.Sprint(c.number), func(t *testing.T) {
			t.Parallel()
			db := newDatabase(t)
			front := newFront(t, db.dsn)
			db.Store = open(t, store.Settings{Database: store.Database{DSN: front.dsn}, Connections: 1})
			db.submit(t, "before.jpg")
			before := front.connections()
			front.refuse("INSERT INTO images", c.number, c.message)
			db.submit(t, "after.jpg")
			if left := front.connections() > before; left != c.leaves || front.refused() != 1 {
				t.Errorf("refused %d times; another connection was made: %t, want %t", front.refused(), left, c.leaves)
			}
		})
	}
}

func TestWhatMayHaveBeenDoneIsNotDoneAgain(t *testing.T) {
	t.Parallel()
	for number, message := range map[uint16]string{
		1105: "target: lineup.0.primary: vttablet: rpc error: code = Unavailable desc = error reading from server: EOF",
		1317: "Query execution was interrupted",
		1927: "Connection was killed",
		2013: "Lost connection to server during query", // ProxySQL
	} {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			t.Parallel()
			db := newDatabase(t)
			front := newFront(t, db.dsn)
			db.Store = open(t, store.Settings{Database: store.Database{DSN: front.dsn}, Connections: 1})
			if err := db.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			front.refuse("COMMIT", number, message)
			if _, err := db.Submit(t.Context(), store.Paths("once.jpg")); err == nil || front.refused() != 1 {
				t.Errorf("refused %d times: %v", front.refused(), err)
			}
		})
	}
}

func TestAServerWithoutAFreeConnectionIsAskedAgain(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	front := newFront(t, db.dsn)
	db.Store = open(t, store.Settings{Database: store.Database{DSN: front.dsn}, Connections: 2})
	db.submit(t, "first.jpg") // the schema is known
	db.Close()
	db.Store = open(t, store.Settings{Database: store.Database{DSN: front.dsn}, Connections: 2})
	front.full(2)
	db.submit(t, "second.jpg")
	if front.refused() != 2 {
		t.Errorf("refused %d times, want 2", front.refused())
	}
}

// TestAnAccountWithoutAFreeConnectionIsTold has a real server refuse.
func TestAnAccountWithoutAFreeConnectionIsTold(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	dsn := deptest.Account(t, db.dsn, "process")
	user := testkit.Must(mysql.ParseDSN(dsn))(t).User
	db.exec(t, "GRANT USAGE ON *.* TO '"+user+"'@'localhost' WITH MAX_USER_CONNECTIONS 1")
	limited := open(t, store.Settings{Database: store.Database{DSN: dsn}, Connections: 2})
	if err := limited.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The one connection waits for a lock, so that the next statement needs another.
	first := db.submit(t, "locked.jpg")[0]
	lock := db.locked(t, "UPDATE images SET path=path WHERE id=?", first.ID)
	var waiting sync.WaitGroup
	waiting.Go(func() { limited.Claim(t.Context(), first.ID, time.Hour) })
	db.waitForLockWait(t)
	_, err := limited.Image(t.Context(), first.ID)
	lock.Rollback()
	waiting.Wait()
	if err == nil || !strings.Contains(err.Error(), "MYSQL_CONNECTIONS") {
		t.Errorf("the error is %v, want one that names MYSQL_CONNECTIONS", err)
	}
}

// TestAutocommitOffByDefault is of a server whose clients have to commit everything, unless they say otherwise.
func TestAutocommitOffByDefault(t *testing.T) {
	t.Parallel()
	own := deptest.OwnMySQL(t)
	admin := deptest.SQL(t, own.DSN)
	if _, err := admin.ExecContext(t.Context(), "SET GLOBAL autocommit=0"); err != nil {
		t.Fatal(err)
	}
	if err := store.Migrate(t.Context(), own.DSN); err != nil {
		t.Fatal(err)
	}
	db := database{open(t, store.Settings{Database: store.Database{DSN: own.DSN}, Connections: 2}), admin, own.DSN}
	claim := db.win(t, "1.jpg")
	db.finish(t, claim, store.Result{}, false)
	if err := db.MarkAnnounced(t.Context(), claim.ID, claim.Round, 0); err != nil {
		t.Fatal(err)
	}
	var announced int
	db.scan(t, "SELECT COUNT(*) FROM images WHERE status='unknown' AND announced_at IS NOT NULL", &announced)
	if announced != 1 {
		t.Error("what was written is not there for others")
	}
}

// TestOneSilentConnectionIsTheEndOfTheOthers has three connections swallow all bytes while new ones are served: only the
// first one that is used costs time.
func TestOneSilentConnectionIsTheEndOfTheOthers(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	config := testkit.Must(mysql.ParseDSN(newFront(t, db.dsn).dsn))(t)
	hop := testkit.NewHop(t, config.Addr)
	config.Addr = hop.Address
	silent := open(t, store.Settings{Database: store.Database{DSN: config.FormatDSN()}, Connections: 3})
	locked := db.submit(t, "locked.jpg")[0]
	lock := db.locked(t, "UPDATE images SET path=path WHERE id=?", locked.ID)
	var three sync.WaitGroup
	for range 3 {
		three.Go(func() { silent.Claim(t.Context(), locked.ID, time.Hour) })
	}
	waiting := func() (n int) {
		db.scan(t, "SELECT COUNT(*) FROM information_schema.processlist WHERE db=DATABASE() AND id<>CONNECTION_ID() AND info LIKE '%UPDATE images%SET prior_claim%'", &n)
		return n
	}
	testkit.Eventually(t, patience, "three connections wait for the lock", func() bool { return waiting() >= 3 })
	lock.Rollback()
	three.Wait()
	hop.Swallow()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := silent.Image(ctx, locked.ID); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("in silence: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second) // less than a statement's own limit
	defer cancel()
	if _, err := silent.Image(ctx, locked.ID); err != nil {
		t.Errorf("after that: %v", err)
	}
}

// front stands before a server, as a proxy for databases does, and can refuse in its place.
type front struct {
	dsn    string
	server *mysql.Config

	mu       sync.Mutex
	made     int    // connections
	needle   string // of the statement to refuse next
	answer   []byte
	crowded  int // connections to refuse
	refusals int
}

func newFront(t *testing.T, dsn string) *front {
	t.Helper()
	f := &front{server: testkit.Must(mysql.ParseDSN(dsn))(t)}
	listener := testkit.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	config := f.server.Clone()
	config.Net, config.Addr = "tcp", listener.Addr().String()
	f.dsn = config.FormatDSN()
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { f.serve(client) })
		}
	})
	t.Cleanup(func() { listener.Close(); serving.Wait() })
	return f
}

func (f *front) connections() int { f.mu.Lock(); defer f.mu.Unlock(); return f.made }
func (f *front) refused() int     { f.mu.Lock(); defer f.mu.Unlock(); return f.refusals }
func (f *front) full(n int)       { f.mu.Lock(); defer f.mu.Unlock(); f.crowded = n }

// refuse answers the next statement with needle in it.
func (f *front) refuse(needle string, number uint16, message string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.needle, f.answer = needle, errorPacket(1, number, message)
}

// errorPacket is the server's n-th packet of an exchange.
func errorPacket(n byte, number uint16, message string) []byte {
	body := append(binary.LittleEndian.AppendUint16([]byte{0xff}, number), "#HY000"+message...)
	return append([]byte{byte(len(body)), byte(len(body) >> 8), 0, n}, body...)
}

func (f *front) serve(client net.Conn) {
	defer client.Close()
	f.mu.Lock()
	f.made++
	crowded := f.crowded > 0
	if crowded {
		f.crowded--
		f.refusals++
	}
	f.mu.Unlock()
	if crowded {
		client.Write(errorPacket(0, 1040, "Too many connections"))
		return
	}
	server, err := net.DialTimeout(f.server.Net, f.server.Addr, patience)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { io.Copy(client, server); client.Close() }()
	for {
		packet := make([]byte, 4)
		if _, err := io.ReadFull(client, packet); err != nil {
			return
		}
		size := int(packet[0]) | int(packet[1])<<8 | int(packet[2])<<16
		packet = append(packet, make([]byte, size)...)
		if _, err := io.ReadFull(client, packet[4:]); err != nil {
			return
		}
		to := server
		f.mu.Lock()
		if f.needle != "" && strings.Contains(string(packet), f.needle) {
			packet, to = f.answer, client
			f.needle = ""
			f.refusals++
		}
		f.mu.Unlock()
		to.SetWriteDeadline(time.Now().Add(patience))
		if _, err := to.Write(packet); err != nil {
			return
		}
	}
}
