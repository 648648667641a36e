// Command process is the function that asks who is in a picture: woken by the
// event that a picture was submitted, it claims the picture's row, asks the face
// server behind a circuit breaker, writes the result and announces it.
package main

import (
	"context"
	"log/slog"
	"time"

	"lineup.dev/lineup/pkg/breaker"
	"lineup.dev/lineup/pkg/certs"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// Two packages call it Settings.
type (
	Database = store.Settings
	TLS      = certs.Settings
)

type settings struct {
	serve.Web
	Database
	Retry
	TLS

	FaceAddress     string          `envconfig:"FACE_ADDRESS" default:"127.0.0.1:50051" desc:"gRPC address of the face server: host:port"`
	FaceTimeout     time.Duration   `envconfig:"FACE_TIMEOUT" default:"30s" desc:"how long the face server may look at one picture, its cold start included"`
	HealthTimeout   time.Duration   `envconfig:"HEALTH_TIMEOUT" default:"5s" desc:"how long the face server's health check may take, its cold start included"`
	BreakerFailures uint            `envconfig:"BREAKER_FAILURES" default:"3" desc:"failures in a row that open the circuit to the face server"`
	BreakerOpen     time.Duration   `envconfig:"BREAKER_OPEN" default:"10s" desc:"how long the circuit then stays open"`
	Sink            string          `envconfig:"K_SINK" desc:"URL that result events are sent to; without it none are"`
	Overrides       event.Overrides `envconfig:"K_CE_OVERRIDES" desc:"extensions to set on every result event, {\"extensions\":{\"name\":\"value\"}}"`
	AnnounceTimeout time.Duration   `envconfig:"ANNOUNCE_TIMEOUT" default:"5s" desc:"how long K_SINK may take to accept a result event"`
	MaxEvent        int64           `envconfig:"MAX_EVENT" default:"1048576" desc:"largest event accepted, in bytes"`
}

func main() {
	s := settings{Web: serve.Web{Listen: serve.Listen{Port: 8082}}}
	serve.Settings("process", "asks the face server who is in a submitted picture and writes the answer", &s)
	serve.Main("process", s.LogLevel, func(ctx context.Context, log *slog.Logger) error {
		if err := s.Retry.check(s.FaceTimeout); err != nil {
			return err
		}
		pictures, err := store.Open(s.Database)
		if err != nil {
			return err
		}
		defer pictures.Close()
		secure, err := s.TLS.Client(log)
		if err != nil {
			return err
		}
		faces, err := dialFaceServer(s.FaceAddress, secure, s.FaceTimeout, s.HealthTimeout)
		if err != nil {
			return err
		}
		defer faces.close()
		announce := announcer{overrides: s.Overrides, timeout: s.AnnounceTimeout}
		if s.Sink != "" {
			if announce.sink, err = event.NewSink(s.Sink, s.Connections); err != nil {
				return err
			}
			defer announce.sink.Close()
		}
		ending, stop := serve.Overdue(ctx, s.Grace)
		defer stop()
		p := &processor{
			Retry:    s.Retry,
			store:    pictures,
			faces:    faces,
			announce: announce,
			breaker: breaker.New(breaker.Settings{
				Failures: s.BreakerFailures, OpenFor: s.BreakerOpen, Probe: faces.healthy, Log: log,
			}),
			suspects: make(chan struct{}, 1),
			ending:   ending,
			maxEvent: s.MaxEvent,
			log:      log,
		}
		return serve.HTTP(ctx, s.Web, log, p, pictures.Ready)
	})
}
