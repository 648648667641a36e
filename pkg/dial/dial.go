// Package dial makes connections to neighbours that may go silent: a frozen machine, a NAT that forgot the
// connection, a cable that was pulled. Nothing arrives from those any more, not even the news that they are gone.
//
// It finds what TCP can tell, that the other machine does not answer. A program there that hangs is found by the
// limit of time of whoever waits for it.
package dial

import (
	"net"
	"net/http"
	"time"
)

// limits of a connection.
type limits struct {
	connect    time.Duration // the longest that making it may take
	idle       time.Duration // how long it is kept when nobody uses it
	probeAfter time.Duration // when nothing came for so long it is probed
	probeEvery time.Duration // and again, until it is given up
}

// probes are so many in a row that are not answered when a connection ends.
const probes = 3

var standard = limits{connect: 5 * time.Second, idle: 90 * time.Second, probeAfter: 10 * time.Second, probeEvery: 5 * time.Second}

// Dialer gives connections that end 25 s after the other machine went silent: nothing came for 10 s, and then no
// answer to three probes, 5 s apart. What was sent and is not acknowledged for as long ends one, too. To make one
// may take 5 s.
func Dialer() *net.Dialer { return standard.dialer() }

// Transport is for HTTP over such connections. It keeps up to so many connections to one host between two requests,
// each for 90 s, which is less than NATs and load balancers allow. HTTP/2, which is one connection for all requests,
// is pinged likewise: after 10 s, and ends 5 s later. Proxies are those of the environment.
func Transport(connections int) *http.Transport { return standard.transport(connections) }

func (l limits) dialer() *net.Dialer {
	return &net.Dialer{
		Timeout:         l.connect,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: l.probeAfter, Interval: l.probeEvery, Count: probes},
		Control:         userTimeout(l.probeAfter + probes*l.probeEvery),
	}
}

func (l limits) transport(connections int) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = l.dialer().DialContext
	transport.IdleConnTimeout = l.idle
	transport.MaxIdleConns = connections
	transport.MaxIdleConnsPerHost = connections
	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: l.probeAfter, PingTimeout: l.probeEvery}
	return transport
}
