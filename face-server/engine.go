package main

import (
	"cmp"
	"fmt"
	"log/slog"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/pkg/photo"
	facerecog "lineup.dev/lineup/proto"
)

// engine is what recognises people, whoever asks.
type engine struct {
	models  *face.Models
	workers *workers
	people  *photo.Roots
	gallery *gallery.Gallery
	match
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
	models, err := face.Options{Effort: s.Effort, MaxFaces: s.MaxFaces, Liveness: s.Liveness == "on"}.Open(s.Models)
	if err != nil {
		people.Close()
		return nil, fmt.Errorf("load the models in %s: %w; next: `make models`, or set MODELS to the folder that has them", s.Models, err)
	}
	workers, err := newWorkers(models, s.Workers, picture.Limits{Pixels: s.MaxPixels, Frames: s.MaxFrames}, log)
	if err != nil {
		models.Close()
		people.Close()
		return nil, err
	}
	return &engine{
		models:  models,
		workers: workers,
		people:  people,
		gallery: gallery.New(people, workers.examine, gallery.Options{
			Model:    fingerprint(models, s.Effort),
			Length:   models.Embedder.Length,
			Parallel: s.Workers,
			MaxBytes: s.MaxPicture,
			Share:    s.GalleryShare,
			Limits:   s.Limits,
		}, log),
		match: match{
			Rule:       gallery.Rule{Threshold: cmp.Or(s.MatchThreshold, models.Threshold), Margin: s.margin(models.Margin)},
			candidates: s.Candidates,
		},
	}, nil
}

// recipe is to be raised when the same models make other descriptions of photos than
// before: those in galleries' caches are made anew then.
const recipe = 1

// fingerprint stands for all that descriptions of photos depend on.
func fingerprint(models *face.Models, effort face.Effort) string {
	return fmt.Sprintf("%d %s %s %+v %+v %+v", recipe, models.Name, effort, models.Detector, models.Landmarks, models.Embedder)
}

// margin is MATCH_MARGIN, or the models' own.
func (s settings) margin(own float64) float64 {
	if s.MatchMargin < 0 {
		return own
	}
	return s.MatchMargin
}

// answer says who the faces are.
func (e *engine) answer(found []face.Face) *facerecog.IdentifyResponse {
	return e.match.answer(found, e.gallery.Candidates, e.models.Name)
}

func (e *engine) close() {
	e.workers.close()
	e.models.Close()
	e.people.Close()
}
