package dial_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/dial"
)

// TestSilenceIsBounded reads back what the kernel was told: that another machine goes silent cannot be had without rights.
func TestSilenceIsBounded(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	conn := testkit.Must(dial.Dialer().DialContext(t.Context(), "tcp", server.Listener.Addr().String()))(t)
	t.Cleanup(func() { conn.Close() })
	raw := testkit.Must(conn.(*net.TCPConn).SyscallConn())(t)
	for option, want := range map[[2]int]int{
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE}:      1,
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE}:     10,
		{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL}:    5,
		{unix.IPPROTO_TCP, unix.TCP_KEEPCNT}:      3,
		{unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT}: 25_000,
	} {
		var got int
		var err error
		testkit.Succeed(t, raw.Control(func(fd uintptr) { got, err = syscall.GetsockoptInt(int(fd), option[0], option[1]) }))
		if err != nil || got != want {
			t.Errorf("option %v is %d, want %d: %v", option, got, want, err)
		}
	}
}

func TestTransportKeepsConnections(t *testing.T) {
	t.Parallel()
	var connections = make(map[string]bool)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { connections[r.RemoteAddr] = true }))
	t.Cleanup(server.Close)
	client := &http.Client{Transport: dial.Transport(1)}
	t.Cleanup(client.CloseIdleConnections)
	for range 3 {
		response := testkit.Must(client.Get(server.URL))(t)
		response.Body.Close()
	}
	if len(connections) != 1 {
		t.Errorf("3 requests took %d connections", len(connections))
	}
}
