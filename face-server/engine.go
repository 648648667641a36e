package main

import (
	"cmp"
	"fmt"
	"log/slog"

	"lineup/face-server/face"
	"lineup/face-server/gallery"
	"lineup/pkg/photo"
	facerecog "lineup/proto"
)

// engine is what recognises people, whoever asks.
type engine struct {
	models    *face.Models
	workers   *workers
	people    *photo.Roots
	gallery   *gallery.Gallery
	threshold float64
}

// open loads the models and makes the gallery, which is still to be read.
func (s settings) open(log *slog.Logger) (*engine, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	people, err := photo.Open(s.KnownPeople)
	if err != nil {
		return nil, fmt.Errorf("KNOWN_PEOPLE: %w", err)
	}
	models, err := face.Open(s.Models)
	if err != nil {
		people.Close()
		return nil, fmt.Errorf("load the models in %s: %w; next: `make models`, or set MODELS to the folder that has them", s.Models, err)
	}
	workers, err := newWorkers(models, s.Workers, s.MaxPixels, log)
	if err != nil {
		models.Close()
		people.Close()
		return nil, err
	}
	return &engine{
		models:    models,
		workers:   workers,
		people:    people,
		gallery:   gallery.New(people, workers.look, s.Workers, s.MaxPicture, log),
		threshold: cmp.Or(s.MatchThreshold, models.Threshold),
	}, nil
}

// answer says who the faces are.
func (e *engine) answer(found []face.Face) *facerecog.IdentifyResponse {
	return answer(found, e.gallery.Nearest, e.threshold, e.models.Name)
}

func (e *engine) close() {
	e.workers.close()
	e.models.Close()
	e.people.Close()
}
