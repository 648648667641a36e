package dial

import (
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// userTimeout ends a connection when what was sent is not acknowledged for so long. Without it that is a quarter of an
// hour: while data are under way, Linux sends no probes. See TCP_USER_TIMEOUT in tcp(7).
func userTimeout(limit time.Duration) func(network, address string, conn syscall.RawConn) error {
	return func(network, _ string, conn syscall.RawConn) error {
		if !strings.HasPrefix(network, "tcp") {
			return nil
		}
		var err error
		if failed := conn.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(limit.Milliseconds()))
		}); failed != nil {
			return failed
		}
		return os.NewSyscallError("setsockopt", err)
	}
}
