// Command nsqd runs the nsqd of the nsq module with the settings that Lineup wants on one machine. It is a process of its
// own, as it is elsewhere, so that it can fail alone.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/nsqio/nsq/nsqd"

	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/pkg/serve"
)

type settings struct {
	serve.Listen
	HTTPPort int    `envconfig:"HTTP_PORT" default:"4151" min:"0" max:"65535" desc:"port of nsqd's HTTP interface; 0 takes any free one"`
	Data     string `envconfig:"NSQD_DATA" desc:"folder for messages"`

	// For a test over several machines: on one, nobody asks nsqlookupd.
	Lookupds  []string `envconfig:"NSQLOOKUPD_TCP_ADDRESSES" form:"address" desc:"nsqlookupds to register with, TCP host:port, comma-separated"`
	Broadcast string   `envconfig:"BROADCAST_ADDRESS" default:"127.0.0.1" form:"host" desc:"host that nsqlookupd names for this nsqd"`
}

// Check refuses what can be no folder. One that is not there is made.
func (s settings) Check() error {
	if s.Data == "" {
		return errors.New("NSQD_DATA is not set: name the folder for messages")
	}
	if strings.Contains(s.Data, "://") {
		return fmt.Errorf("NSQD_DATA=%q is a URL: name a folder of this machine", s.Data)
	}
	if info, err := os.Stat(s.Data); err == nil && !info.IsDir() {
		return fmt.Errorf("NSQD_DATA=%q is no folder: name one, it may be new", s.Data)
	}
	return nil
}

// defaults are the settings that have no default in their tags.
func defaults() settings { return settings{Listen: serve.Listen{Port: 4150}} }

func main() {
	s := defaults()
	serve.Settings("nsqd", "passes messages on, keeping them on disk", &s)
	serve.Main("nsqd", s.LogLevel, func(ctx context.Context, log *slog.Logger) error { return run(ctx, s, log) })
}

func run(ctx context.Context, s settings, log *slog.Logger) error {
	n, err := parts.StartNSQD(parts.NSQDOptions{ //nolint:contextcheck // its start is waited for, for a second at most
		TCP:  net.JoinHostPort(s.Host, strconv.Itoa(s.Port)),
		HTTP: net.JoinHostPort(s.Host, strconv.Itoa(s.HTTPPort)),
		Data: s.Data,
		Log:  log,

		Lookupds:  s.Lookupds,
		Configure: func(o *nsqd.Options) { o.BroadcastAddress = s.Broadcast },
	})
	if err != nil {
		return err
	}
	log.Info("listening", "tcp", n.TCP, "http", n.HTTP)
	select {
	case <-ctx.Done():
	case <-n.Ended():
	}
	if err := n.Stop(); err != nil {
		return fmt.Errorf("run nsqd: %w", err)
	}
	return nil
}
