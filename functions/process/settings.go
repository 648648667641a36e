package main

import (
	"fmt"
	"time"

	"lineup.dev/lineup/pkg/breaker"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/grpctls"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// Each of three packages calls it Settings.
type (
	Database = store.Settings
	TLS      = grpctls.Settings
	Circuit  = breaker.Settings
)

type settings struct {
	serve.Web
	Database
	TLS
	Circuit
	Timeouts
	Retry
	GroupSettings
	StrangerSettings
	event.SinkSettings // of result events
	event.Schemas      // of these
	DerivedSettings
	NextModel
	serve.Telemetry

	FaceAddress     string        `envconfig:"FACE_ADDRESS" default:"127.0.0.1:50051" form:"address" desc:"gRPC address of the face server: host:port"`
	AnnounceTimeout time.Duration `envconfig:"ANNOUNCE_TIMEOUT" default:"5s" min:"1ms" max:"15m" desc:"how long K_SINK may take to accept a result event"`
	MaxEvent        int64         `envconfig:"MAX_EVENT" default:"1048576" min:"16384" max:"67108864" desc:"largest event accepted, in bytes"`
	OriginalIDs     string        `envconfig:"ORIGINAL_IDS" default:"off" oneof:"on off" desc:"on: 8-byte messages are ids of pictures, of the original system's receiver that writes to this database; see docs/operations.md"`
}

var defaults = settings{Web: serve.Web{Listen: serve.Listen{Port: 8082}}}

// Timeouts bound what is done with a claimed picture. The lease has to outlast them
// together: another instance would take the picture over meanwhile. It runs from the
// moment that the database writes the claim, whose answer may take WRITE_TIMEOUT.
type Timeouts struct {
	Lease         time.Duration `envconfig:"LEASE" default:"45s" min:"1ms" max:"15m" desc:"how long a claimed picture is this instance's alone; at least FACE_TIMEOUT, HEALTH_TIMEOUT, twice WRITE_TIMEOUT (for the claim and the result) and the wait in quarantine together, which is told when it is less"`
	FaceTimeout   time.Duration `envconfig:"FACE_TIMEOUT" default:"30s" min:"1ms" max:"15m" desc:"how long the face server may take for one picture, its cold start included"`
	HealthTimeout time.Duration `envconfig:"HEALTH_TIMEOUT" default:"5s" min:"1ms" max:"15m" desc:"how long the face server's health check may take, its cold start included"`
	WriteTimeout  time.Duration `envconfig:"WRITE_TIMEOUT" default:"4s" min:"1ms" max:"15m" desc:"how long the database may take to claim a picture, and again to write its result"`
}

// Check is the rule between them.
func (t Timeouts) Check() error {
	least := quarantineWait + t.FaceTimeout + t.HealthTimeout + 2*t.WriteTimeout
	if t.Lease < least {
		return fmt.Errorf("LEASE=%v must be at least %v: %v in quarantine + FACE_TIMEOUT=%v + HEALTH_TIMEOUT=%v + 2 × WRITE_TIMEOUT=%v, for the claim and the result",
			t.Lease, least, quarantineWait, t.FaceTimeout, t.HealthTimeout, t.WriteTimeout)
	}
	return nil
}

// Retry is how often and when a picture is tried again at which a call failed.
type Retry struct {
	MaxAttempts int           `envconfig:"MAX_ATTEMPTS" default:"5" min:"1" max:"1000" desc:"failed calls before a picture has failed for good"`
	First       time.Duration `envconfig:"RETRY_FIRST" default:"2s" min:"1ms" max:"15m" desc:"wait after the first failed call; it doubles after each further one"`
	Most        time.Duration `envconfig:"RETRY_MOST" default:"1m" min:"1ms" max:"15m" desc:"longest such wait, also when the face server asks for more"`
}

// Check is the rule between them.
func (r Retry) Check() error {
	if r.First > r.Most {
		return fmt.Errorf("RETRY_FIRST=%v must not be longer than RETRY_MOST=%v", r.First, r.Most)
	}
	return nil
}
