package testkit

import (
	"context"
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// EndsWhenSilent checks that the connections that dial makes end when the other machine goes silent, as those of
// pkg/dial do. That cannot be had without rights, so it reads back what the kernel was told.
func EndsWhenSilent(t *testing.T, dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	t.Helper()
	listener := Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { listener.Close() })
	conn := Must(dial(t.Context(), "tcp", listener.Addr().String()))(t)
	t.Cleanup(func() { conn.Close() })
	IsBounded(t, conn)
}

// IsBounded is EndsWhenSilent for a connection that was made.
func IsBounded(t *testing.T, conn net.Conn) {
	t.Helper()
	socket, ok := conn.(syscall.Conn)
	if !ok {
		t.Fatalf("%T is no socket", conn)
	}
	raw := Must(socket.SyscallConn())(t)
	for option, want := range map[[2]int]int{
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE}:      1,
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE}:     10,
		{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL}:    5,
		{unix.IPPROTO_TCP, unix.TCP_KEEPCNT}:      3,
		{unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT}: 25_000,
	} {
		var got int
		var err error
		Succeed(t, raw.Control(func(fd uintptr) { got, err = unix.GetsockoptInt(int(fd), option[0], option[1]) }))
		if err != nil || got != want {
			t.Errorf("option %v is %d, want %d: %v", option, got, want, err)
		}
	}
}
