package main

import (
	"context"
	"log/slog"

	"lineup.dev/lineup/pkg/store"
)

// ModelSettings say to which model to change, and when.
type ModelSettings struct {
	NextModel  string  `envconfig:"NEXT_MODEL" form:"any" desc:"name, in its manifest, of the model that is to describe what is there and then to answer; the same in process; taken away before it answers, what it described is removed; see docs/operations.md"`
	NextPhotos float64 `envconfig:"NEXT_PHOTOS" default:"1" min:"0" max:"1" desc:"share of people's photos that NEXT_MODEL must have described before it answers; the others count no more then"`
	NextFaces  float64 `envconfig:"NEXT_FACES" default:"0.9" min:"0" max:"1" desc:"share of the faces of pictures, likewise; the others stay whose they are"`
}

// modelChanger goes on at pings with the change to another model.
type modelChanger struct {
	ModelSettings
	rows interface {
		ChangeModel(ctx context.Context, c store.ModelChange) (switched bool, err error)
	}
	log *slog.Logger
}

func (m *modelChanger) change(ctx context.Context) error {
	switched, err := m.rows.ChangeModel(ctx, store.ModelChange{Next: m.NextModel, Photos: m.NextPhotos, Faces: m.NextFaces})
	if switched {
		m.log.Info("another model answers from now on; all faces are compared again", "model", m.NextModel)
	}
	return err
}
