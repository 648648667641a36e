// Command nsqd runs the nsqd of the nsq module with the settings that Lineup wants on one machine. It is a process of its
// own, as it is elsewhere, so that it can fail alone.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"

	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/pkg/serve"
)

type settings struct {
	serve.Listen
	HTTPPort int    `envconfig:"HTTP_PORT" default:"4151" min:"0" max:"65535" desc:"port of nsqd's HTTP interface; 0 takes any free one"`
	Data     string `envconfig:"NSQD_DATA" required:"true" desc:"folder for messages"`
}

func main() {
	s := settings{Listen: serve.Listen{Port: 4150}}
	serve.Settings("nsqd", "passes messages on, keeping them on disk", &s)
	serve.Main("nsqd", s.LogLevel, s.serve)
}

func (s settings) serve(ctx context.Context, log *slog.Logger) error {
	n, err := parts.StartNSQD(parts.NSQDOptions{
		TCP:  net.JoinHostPort(s.Host, strconv.Itoa(s.Port)),
		HTTP: net.JoinHostPort(s.Host, strconv.Itoa(s.HTTPPort)),
		Data: s.Data,
		Log:  log,
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
