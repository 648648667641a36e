package system

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// port is a port on 127.0.0.1 that the system is about to listen on, and the variable that moves it.
type port struct {
	variable string
	number   *int // 0 becomes the number of a free one
}

// lowest and highest are between the ports that services have and those that the kernel gives to outgoing connections
// (from 32768 on Linux): while a program that listens there is started again, no connection can take its port.
const lowest, highest = 20000, 32767

// listen listens on a port of 127.0.0.1, on any free one when it is 0.
func listen(number int) (net.Listener, error) {
	at := func(number int) (net.Listener, error) {
		return net.Listen("tcp", local(number))
	}
	if number != 0 {
		return at(number)
	}
	for range 100 {
		if l, err := at(lowest + rand.IntN(highest-lowest+1)); err == nil {
			return l, nil
		}
	}
	return at(0)
}

// checkPorts finds out that all ports are free, at once, before anything listens.
func checkPorts(ports []port) error {
	var errs []error
	for _, p := range ports {
		listener, err := listen(*p.number)
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

// local is an address of this machine.
func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
