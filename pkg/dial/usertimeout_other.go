//go:build !linux

package dial

import (
	"syscall"
	"time"
)

// userTimeout is for Linux; other systems end such a connection by their own rules.
func userTimeout(time.Duration) func(network, address string, conn syscall.RawConn) error { return nil }
