package system

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// port is a port that the system is about to listen on, and the variable that moves it.
type port struct {
	variable string
	number   *int // 0 becomes the number of a free one
	host     string
}

// lowest and highest are between the ports that services have and those that the kernel gives to outgoing connections
// (from 32768 on Linux): while a program that listens there is started again, no connection can take its port.
const lowest, highest = 20000, 32767

// listen listens on a port of a host, on any free one when it is 0.
func listen(host string, number int) (net.Listener, error) {
	if number != 0 {
		return net.Listen("tcp", hostPort(host, number))
	}
	for range 100 {
		if l, err := net.Listen("tcp", hostPort(host, lowest+rand.IntN(highest-lowest+1))); err == nil {
			return l, nil
		}
	}
	return net.Listen("tcp", hostPort(host, 0))
}

// checkPorts finds out that all ports are free, at once, before anything listens.
func checkPorts(ports []port) error {
	var errs []error
	for _, p := range ports {
		listener, err := listen(p.host, *p.number)
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			errs = append(errs, fmt.Errorf("port %d is taken: set %s to another", *p.number, p.variable))
		case errors.Is(err, syscall.EADDRNOTAVAIL):
			errs = append(errs, fmt.Errorf("this machine has no address %s: set HOST to one that it has, or to 0.0.0.0 for all", p.host))
		case err != nil:
			errs = append(errs, fmt.Errorf("port %d cannot be used: set %s to another: %w", *p.number, p.variable, err))
		default:
			defer listener.Close() // not before all are checked: two of them may be the same
			*p.number = listener.Addr().(*net.TCPAddr).Port
		}
	}
	return errors.Join(errs...)
}

// loopback is where everything listens that is not for other machines.
const loopback = "127.0.0.1"

// local is an address of this machine.
func local(port int) string { return hostPort(loopback, port) }

func hostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// reach is the host at which this machine itself reaches what listens on host.
func reach(host string) string {
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return loopback
	}
	return host
}

// others are the hosts at which other machines reach what listens on host: none where it is this machine's own.
func others(host string) []string {
	ip := net.ParseIP(host)
	switch {
	case ip == nil || ip.IsLoopback():
		return nil
	case !ip.IsUnspecified():
		return []string{host}
	}
	addresses, _ := net.InterfaceAddrs() // without them, who knows the machine's name or address uses that
	var hosts []string
	for _, address := range addresses {
		if one, ok := address.(*net.IPNet); ok && one.IP.To4() != nil && one.IP.IsGlobalUnicast() {
			hosts = append(hosts, one.IP.String())
		}
	}
	return hosts
}
