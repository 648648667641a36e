package dial

import (
	"context"
	"errors"
	"net"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lineup.dev/lineup/local/testkit"
)

func TestSilenceIsBounded(t *testing.T) {
	t.Parallel()
	testkit.EndsWhenSilent(t, Dialer().DialContext)
	testkit.EndsWhenSilent(t, Transport(1).DialContext)
}

// A server whose queue of connections is full drops the next, as a machine does that is away.
func TestMakingAConnectionIsBounded(t *testing.T) {
	t.Parallel()
	short := standard
	short.connect = 100 * time.Millisecond
	address := full(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := short.dialer().DialContext(ctx, "tcp", address)
	if err == nil {
		conn.Close()
	}
	if late, ok := errors.AsType[net.Error](err); !ok || !late.Timeout() || ctx.Err() != nil {
		t.Errorf("%v, want that it took too long, before the context ends", err)
	}
}

// full listens, accepts nothing, and has no room for more connections.
func full(t *testing.T) (address string) {
	t.Helper()
	fd := testkit.Must(unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0))(t)
	t.Cleanup(func() { unix.Close(fd) })
	testkit.Succeed(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	testkit.Succeed(t, unix.Listen(fd, 0))
	bound := testkit.Must(unix.Getsockname(fd))(t).(*unix.SockaddrInet4)
	address = net.JoinHostPort("127.0.0.1", strconv.Itoa(bound.Port))
	for range 8 { // it has room for one or two, whatever is asked for
		conn, err := (&net.Dialer{Timeout: 300 * time.Millisecond}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			return address
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Fatal("it takes any number of connections")
	return ""
}
