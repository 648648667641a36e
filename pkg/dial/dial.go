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

// A connection on which nothing comes for probeAfter is probed; it ends when probes of them in a row, probeEvery
// apart, are not answered: after 25 s. What was sent and is not acknowledged for as long ends it, too.
const (
	probeAfter = 10 * time.Second
	probeEvery = 5 * time.Second
	probes     = 3
	lost       = probeAfter + probes*probeEvery
)

// idle is how long a connection is kept that nobody uses.
const idle = 90 * time.Second

// connectTime is the longest that making a connection may take.
const connectTime = 5 * time.Second

// Dialer gives connections that end 25 s after the other machine went silent.
func Dialer() *net.Dialer {
	return &net.Dialer{
		Timeout:         connectTime,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: probeAfter, Interval: probeEvery, Count: probes},
		Control:         userTimeout,
	}
}

// Transport is for HTTP over such connections, of which it keeps up to connections to one host between two requests, each
// for 90 s, which is less than NATs and load balancers allow. HTTP/2, which is one connection for all requests, is pinged likewise. Proxies are those of the environment.
func Transport(connections int) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = Dialer().DialContext
	transport.IdleConnTimeout = idle
	transport.MaxIdleConns = connections
	transport.MaxIdleConnsPerHost = connections
	transport.HTTP2 = &http.HTTP2Config{SendPingTimeout: probeAfter, PingTimeout: probeEvery}
	return transport
}
