package parts

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/nsqio/nsq/nsqd"
	"github.com/nsqio/nsq/nsqlookupd"
)

// NSQD is an nsqd inside this process.
type NSQD struct {
	TCP, HTTP, HTTPS string // addresses, host:port; HTTPS only where Configure sets it up
	daemon           *nsqd.NSQD
	ended            chan struct{}
	err              error
}

// NSQDOptions says where an nsqd listens and keeps its messages.
type NSQDOptions struct {
	TCP, HTTP string // addresses; port 0 is any free port
	Data      string // folder; made if missing
	Lookupds  []string
	Log       *slog.Logger        // gets warnings and errors; nil: nobody does
	Configure func(*nsqd.Options) // changes what is otherwise usual here; may be nil
}

// StartNSQD starts an nsqd.
//
// Messages go to disk and are synced every 100 messages or 2 s, so that little is lost by a kill; MySQL has the truth
// about what was lost. Because nothing is kept in memory, ephemeral channels get nothing (nsqio/nsq issue 1395).
// Clients may ask for output buffers as short as 1 ms: with the usual least of 25 ms a lone message waits.
func StartNSQD(o NSQDOptions) (*NSQD, error) {
	if err := os.MkdirAll(o.Data, 0o755); err != nil {
		return nil, fmt.Errorf("make nsqd's folder: %w", err)
	}
	opts := nsqd.NewOptions()
	opts.TCPAddress, opts.HTTPAddress, opts.HTTPSAddress = o.TCP, o.HTTP, ""
	opts.BroadcastAddress = "127.0.0.1"
	opts.NSQLookupdTCPAddresses = o.Lookupds
	opts.DataPath = o.Data
	opts.MemQueueSize = 0
	opts.SyncEvery = 100
	opts.SyncTimeout = 2 * time.Second
	opts.MinOutputBufferTimeout = time.Millisecond
	opts.QueueScanRefreshInterval = 500 * time.Millisecond // else a new channel's deferred messages wait up to 5 s more
	opts.Logger = nsqdLog{o.Log}
	if o.Log == nil {
		opts.Logger = log.New(io.Discard, "", 0)
	}
	if err := opts.LogLevel.Set("warn"); err != nil {
		return nil, fmt.Errorf("set nsqd's log level: %w", err)
	}
	if o.Configure != nil {
		o.Configure(opts)
	}
	daemon, err := nsqd.New(opts)
	if err != nil {
		return nil, fmt.Errorf("start nsqd: %w", err)
	}
	if err := daemon.LoadMetadata(); err != nil {
		daemon.Exit()
		return nil, fmt.Errorf("read nsqd's topics: %w", err)
	}
	if err := daemon.PersistMetadata(); err != nil {
		daemon.Exit()
		return nil, fmt.Errorf("write nsqd's topics: %w", err)
	}
	n := &NSQD{TCP: daemon.RealTCPAddr().String(), HTTP: daemon.RealHTTPAddr().String(), daemon: daemon, ended: make(chan struct{})}
	if https := daemon.RealHTTPSAddr(); https != nil && https.Port != 0 {
		n.HTTPS = https.String()
	}
	go func() {
		n.err = daemon.Main()
		close(n.ended)
	}()
	n.awaitMain()
	return n, nil
}

// awaitMain waits until nsqd's HTTP server, which its Main starts, has answered something, or
// for a second: Main and Exit of nsqd v1.3.0 race.
func (n *NSQD) awaitMain() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.HTTP+"/ping", nil)
	if err != nil {
		return
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if response, err := client.Do(request); err == nil {
		response.Body.Close()
	}
}

// Ended is closed when nsqd has ended, by itself or by Stop.
func (n *NSQD) Ended() <-chan struct{} { return n.ended }

// Stop ends nsqd and waits until everything is on disk. The error is what nsqd ended by before.
func (n *NSQD) Stop() error {
	n.daemon.Exit()
	<-n.ended
	return n.err
}

// Lookupd is an nsqlookupd inside this process.
type Lookupd struct {
	TCP, HTTP string // addresses, host:port
	daemon    *nsqlookupd.NSQLookupd
	ended     chan struct{}
}

// StartLookupd starts an nsqlookupd on free ports of 127.0.0.1.
func StartLookupd() (*Lookupd, error) {
	opts := nsqlookupd.NewOptions()
	opts.TCPAddress, opts.HTTPAddress = "127.0.0.1:0", "127.0.0.1:0"
	opts.BroadcastAddress = "127.0.0.1"
	opts.Logger = log.New(io.Discard, "", 0)
	daemon, err := nsqlookupd.New(opts)
	if err != nil {
		return nil, fmt.Errorf("start nsqlookupd: %w", err)
	}
	l := &Lookupd{TCP: daemon.RealTCPAddr().String(), HTTP: daemon.RealHTTPAddr().String(), daemon: daemon, ended: make(chan struct{})}
	go func() {
		daemon.Main() //nolint:errcheck // ends by Stop, or fails and is missed by the test that needs it
		close(l.ended)
	}()
	return l, nil
}

// Stop ends nsqlookupd.
func (l *Lookupd) Stop() {
	l.daemon.Exit()
	<-l.ended
}

// nsqdLog takes the lines of nsqd, which begin with their level.
type nsqdLog struct{ log *slog.Logger }

func (l nsqdLog) Output(_ int, line string) error {
	word, message, _ := strings.Cut(line, ": ")
	level := slog.LevelError
	if word == "WARNING" {
		level = slog.LevelWarn
	}
	l.log.Log(context.Background(), level, message)
	return nil
}
