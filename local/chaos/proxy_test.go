package chaos

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	facerecog "lineup.dev/lineup/proto"
)

func TestAProxyPassesOnInTurnAndPastWhatIsDown(t *testing.T) {
	t.Parallel()
	one, two := namesItself(t, "one"), namesItself(t, "two")
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	p := startProxy(t, one, two, dead.Addr().String())
	seen := map[string]int{}
	for range 6 {
		seen[ask(t, p)]++
	}
	if seen["one"] < 2 || seen["two"] < 2 || seen["one"]+seen["two"] != 6 {
		t.Errorf("the answers came from %v", seen)
	}
}

func TestAProxyBreaksConnections(t *testing.T) {
	t.Parallel()
	p := startProxy(t, namesItself(t, "one"))
	conn := dial(t, p)
	if name, err := exchange(conn); name != "one" || err != nil {
		t.Fatalf("before: %q, %v", name, err)
	}
	p.cut()
	if _, err := exchange(conn); err == nil {
		t.Error("a connection that was cut goes on")
	}
	if got := ask(t, p); got != "one" {
		t.Errorf("after a cut: %q", got)
	}
	p.refuse(true)
	if conn, err := net.Dial("tcp", p.address()); err == nil { // it may be broken as early as that
		defer conn.Close()
		if name, err := exchange(conn); err == nil {
			t.Errorf("while it refuses, %q answers", name)
		}
	}
	p.refuse(false)
	if got := ask(t, p); got != "one" {
		t.Errorf("afterwards: %q", got)
	}
}

func TestAProxyDelaysBytes(t *testing.T) {
	t.Parallel()
	p := startProxy(t, namesItself(t, "one"))
	const delay = 50 * time.Millisecond
	p.slow(delay)
	began := time.Now()
	ask(t, p)
	if took := time.Since(began); took < 2*delay {
		t.Errorf("there and back took %v, less than twice %v", took, delay)
	}
}

func TestAProxyIsABlackHole(t *testing.T) {
	t.Parallel()
	p := startProxy(t, namesItself(t, "one"))
	old := dial(t, p)
	if name, err := exchange(old); name != "one" || err != nil {
		t.Fatalf("before: %q, %v", name, err)
	}
	p.swallow()
	if got := ask(t, p); got != "one" {
		t.Errorf("a new connection: %q", got)
	}
	p.swallowAll(true)
	silent := dial(t, p)
	// What is written is taken, and nothing comes, not even an end.
	for _, conn := range []net.Conn{old, silent} {
		conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if name, err := exchange(conn); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q, %v came out of a black hole", name, err)
		}
	}
	p.swallowAll(false)
	if got := ask(t, p); got != "one" {
		t.Errorf("afterwards: %q", got)
	}
	silent.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if name, err := exchange(silent); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v came out of what was a black hole", name, err)
	}
}

func TestCallsAreCountedByPicture(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer() // answers UNIMPLEMENTED: it was called all the same
	facerecog.RegisterIdentifyServer(server, facerecog.UnimplementedIdentifyServer{})
	facerecog.RegisterHealthCheckServer(server, facerecog.UnimplementedHealthCheckServer{})
	go server.Serve(listener)
	t.Cleanup(server.Stop)

	c := &calls{picture: make(map[int64]int)}
	p, err := newProxy("", c.read, listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	connection, err := grpc.NewClient(p.address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	for id, n := range map[string]int{"7": 3, "8": 1} {
		for range n {
			facerecog.NewIdentifyClient(connection).Identify(metadata.AppendToOutgoingContext(t.Context(), "image", id), &facerecog.IdentifyRequest{ImagePath: "p"})
			facerecog.NewHealthCheckClient(connection).HealthCheck(t.Context(), &facerecog.Empty{})
		}
	}
	connection.Close()
	p.close() // waits for what is still being read
	if got := c.counted(); len(got) != 2 || got[7] != 3 || got[8] != 1 {
		t.Errorf("counted %v, want 3 calls for 7 and 1 for 8", got)
	}
}

func startProxy(t *testing.T, targets ...string) *proxy {
	t.Helper()
	p, err := newProxy("", nil, targets...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

// namesItself answers every line by its name.
func namesItself(t *testing.T, name string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					fmt.Fprintln(conn, name)
				}
			}()
		}
	}()
	return listener.Addr().String()
}

func dial(t *testing.T, p *proxy) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	return conn
}

func exchange(conn net.Conn) (string, error) {
	if _, err := fmt.Fprintln(conn, "who?"); err != nil {
		return "", err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return "", err
	}
	return answer[:len(answer)-1], nil
}

func ask(t *testing.T, p *proxy) string {
	t.Helper()
	name, err := exchange(dial(t, p))
	if err != nil {
		t.Fatal(err)
	}
	return name
}
