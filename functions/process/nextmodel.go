package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc/credentials"

	"lineup.dev/lineup/pkg/store"
)

// NextModel is another face server, with the model that is to be the next one.
type NextModel struct {
	NextFaceAddress string        `envconfig:"NEXT_FACE_ADDRESS" form:"address" desc:"gRPC address of a face server with another model, which describes what is there while the one at FACE_ADDRESS answers; once enough is described it answers; see docs/operations.md"`
	NextModel       string        `envconfig:"NEXT_MODEL" desc:"the name in that model's manifest; the same in receive"`
	DescribeTime    time.Duration `envconfig:"DESCRIBE_TIME" default:"5s" min:"1ms" max:"15m" desc:"how long describing by the next model goes on before other work of re-matching has its turn"`
}

// Check is the rule between them.
func (n NextModel) Check() error {
	if (n.NextFaceAddress == "") != (n.NextModel == "") {
		return errors.New("NEXT_FACE_ADDRESS and NEXT_MODEL belong together: set both, or none")
	}
	return nil
}

// nextModel has calls go to the next model's face server once it is the current one.
type nextModel struct {
	model string
	time  time.Duration // DESCRIBE_TIME
	faces *faceServer   // nil where there is no next one
	rows  interface {
		CurrentModel(ctx context.Context) (string, error)
	}
	log *slog.Logger

	mu       sync.Mutex
	asked    time.Time
	switched bool
}

// switchWait is how often the rows are asked whether the next model is the current one. What
// the other one describes until then is described again.
const switchWait = time.Second

func newNextModel(s settings, creds credentials.TransportCredentials, rows *store.Store, log *slog.Logger) (*nextModel, error) {
	n := &nextModel{model: s.NextModel.NextModel, time: s.DescribeTime, rows: rows, log: log}
	if s.NextFaceAddress == "" {
		return n, nil
	}
	faces, err := dialFaceServer(s.NextFaceAddress, creds, s.HealthTimeout)
	n.faces = faces
	return n, err
}

func (n *nextModel) close() error {
	if n.faces == nil {
		return nil
	}
	return n.faces.close()
}

// check has all calls go to the next model's face server if the rows say so.
func (n *nextModel) check(ctx context.Context, current *faceServer) error {
	if n == nil || n.faces == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.switched || !n.asked.IsZero() && time.Since(n.asked) < switchWait {
		return nil
	}
	model, err := n.rows.CurrentModel(ctx)
	if err != nil {
		return err
	}
	if n.asked = time.Now(); model == n.model {
		current.become(n.faces)
		n.switched = true
		n.log.Info("the next model is the current one; next: set FACE_ADDRESS to its face server, and NEXT_FACE_ADDRESS and NEXT_MODEL no more", "model", model)
	}
	return nil
}

// serverOf is the face server that describes by the model, nil where none is known to.
func (n *nextModel) serverOf(model string, current *faceServer) *faceServer {
	if n != nil && n.faces != nil && n.model == model {
		return n.faces
	}
	return current
}

// timeToDescribe is DESCRIBE_TIME.
func (n *nextModel) timeToDescribe() time.Duration {
	if n == nil || n.time == 0 {
		return time.Second
	}
	return n.time
}
