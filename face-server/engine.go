package main

import (
	"context"
	"fmt"
	"log/slog"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/pkg/photo"
	facerecog "lineup.dev/lineup/proto"
)

// engine recognises people, whatever a picture came by: a call, a command, a measurement.
type engine struct {
	models  *face.Models
	workers *workers
	people  *photo.Roots
	gallery *gallery.Gallery
	matcher
}

// newEngine loads the models and makes the gallery, which is still to be read.
func newEngine(config settings, log *slog.Logger) (*engine, error) {
	people, err := config.Patience.Open(config.KnownPeople)
	if err != nil {
		return nil, fmt.Errorf("KNOWN_PEOPLE: %w", err)
	}
	if err := picture.LoadJPEG(config.Models); err != nil {
		people.Close()
		return nil, fmt.Errorf("%w; %s", err, modelsHint)
	}
	models, err := face.Open(config.Models, face.Options{Effort: config.Effort, MaxFaces: config.MaxFaces, Rotations: config.Rotations == "on", Liveness: config.Liveness == "on"})
	if err != nil {
		people.Close()
		return nil, fmt.Errorf("load the models in %s: %w; %s", config.Models, err, modelsHint)
	}
	workers, err := newWorkers(models, config.Workers, picture.Limits{
		Pixels: config.MaxPixels, Memory: config.MaxDecodeMemory, Frames: config.MaxFrames, Detail: models.Detail,
		Formats: config.Formats, DecodeTimeout: config.DecodeTimeout,
	}, log)
	if err != nil {
		models.Close()
		people.Close()
		return nil, err
	}
	return &engine{
		models:  models,
		workers: workers,
		people:  people,
		gallery: gallery.New(people, workers.extract, gallery.Options{
			Model:        fingerprint(models, config),
			Length:       models.Embedder.Length,
			Parallel:     config.Workers,
			MaxBytes:     config.MaxPicture,
			Share:        config.GalleryShare,
			Requirements: config.Requirements,
		}, log),
		matcher: matcher{
			Rule:       gallery.Rule{Threshold: config.MatchThreshold, Margin: config.MatchMargin},
			candidates: config.Candidates,
		},
	}, nil
}

// recipe is to be raised when the same models make other descriptions of photos than
// before: those in galleries' caches are made anew then.
const recipe = 2

// fingerprint stands for all that descriptions of photos depend on.
func fingerprint(models *face.Models, config settings) string {
	return fmt.Sprintf("%d %s %s rotations %s %+v %+v %+v", recipe, models.Name, config.Effort, config.Rotations, models.Detector, models.Landmarks, models.Embedder)
}

// identify tells who the faces in a picture are. The error is one of package picture's,
// ctx's, or the models'.
func (e *engine) identify(ctx context.Context, body []byte) (*facerecog.IdentifyResponse, error) {
	faces, warning, err := e.workers.recognise(ctx, body)
	if err != nil {
		return nil, err
	}
	response := e.matcher.answer(faces, e.gallery.Candidates, e.models.Name)
	response.Warning = warning
	return response, nil
}

func (e *engine) close() {
	e.workers.close()
	e.models.Close()
	e.people.Close()
}
