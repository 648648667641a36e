package system

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// port is a port on 127.0.0.1 that the system is about to listen on, and the variable that moves it.
type port struct {
	variable string
	number   *int // 0 becomes the number of a free one
}

// checkPorts finds out that all ports are free, at once, before anything listens.
func checkPorts(ports []port) error {
	var errs []error
	for _, p := range ports {
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(*p.number)))
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			errs = append(errs, fmt.Errorf("port %d is taken: set %s to another", *p.number, p.variable))
		case err != nil:
			errs = append(errs, fmt.Errorf("port %d cannot be used: set %s to another: %w", *p.number, p.variable, err))
		default:
			defer listener.Close() // not before all are checked: two of them may be the same
			*p.number = listener.Addr().(*net.TCPAddr).Port
		}
	}
	return errors.Join(errs...)
}
