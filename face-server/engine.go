package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/pkg/match"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

// engine recognises people, whatever a picture came by: a call, a command, a measurement.
type engine struct {
	models  *face.Models
	workers *workers
	people  *photo.Roots
	gallery gallery.Gallery
	pause   time.Duration    // between two readings of it
	rows    *store.Store     // of the gallery; nil for a folder
	photos  gallery.Examiner // of photos that are or may become the gallery's
	matcher
	describer
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
	e := &engine{
		models:  models,
		workers: workers,
		people:  people,
		photos:  gallery.Examiner{Requirements: config.Requirements, Store: people, Extract: workers.extract, MaxBytes: config.MaxPicture},
		matcher: matcher{
			Rule:       match.Rule{Threshold: config.MatchThreshold, Margin: config.MatchMargin, StrangerThreshold: max(config.StrangerThreshold, config.MatchThreshold)},
			certainty:  match.Certainty{FalseMatches: models.FalseMatches, TrueMatches: models.TrueMatches, Strangers: config.StrangerShare},
			chance:     config.MatchChance,
			candidates: config.Candidates,
		},
		describer: describer{models.Name, config.Requirements},
	}
	if err := e.openGallery(config, log); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// galleryConnections are one that asks and one to spare while an old one ends.
const galleryConnections = 2

func (e *engine) openGallery(config settings, log *slog.Logger) (err error) {
	length := e.models.Embedder.Length
	if config.DSN == "" {
		e.pause = config.GalleryPoll
		e.gallery = gallery.NewFolder(e.photos, length, config.Workers, log)
		e.size = e.gallery.Size
		return nil
	}
	e.rows, err = store.Open(store.Settings{Database: config.database(), Connections: galleryConnections})
	if err != nil {
		return err
	}
	e.pause = config.GalleryAsk
	e.gallery = gallery.NewDatabase(e.rows, e.models.Name, length, config.GalleryCheck, log)
	e.strangers, e.size = e.gallery.Strangers, e.gallery.Size
	return nil
}

// source names the gallery's setting.
func (e *engine) source(config settings) string {
	if e.rows != nil {
		return "MYSQL_DSN"
	}
	return "KNOWN_PEOPLE=" + config.KnownPeople
}

// identify tells who the faces in a picture are, and makes derived pictures unless that is
// nil. The error is one of package picture's, ctx's, or the models'.
func (e *engine) identify(ctx context.Context, body []byte, made *derived) (*facerecog.IdentifyResponse, error) {
	faces, warning, err := e.workers.measure(ctx, nil, body, made)
	if err != nil {
		return nil, err
	}
	comparison := e.comparison()
	_, end := compareTime.Time(ctx, "compare with the gallery")
	response := e.answer(faces, e.gallery.Candidates, e.describer)
	end(nil)
	noteFaces(ctx, response, e.strangerChance)
	response.Warning, response.Comparison = warning, comparison
	if made != nil {
		response.Thumbnail, response.Large = made.thumbnail, made.large
	}
	return response, nil
}

// comparison is what faces are compared with afterwards.
func (e *engine) comparison() *facerecog.Comparison {
	rule := e.rule(e.compared())
	c := &facerecog.Comparison{GalleryState: e.gallery.State(), Threshold: float32(rule.Threshold), Margin: float32(rule.Margin)}
	if e.strangers != nil {
		c.StrangerThreshold = float32(rule.StrangerThreshold)
	}
	return c
}

func (e *engine) close() {
	if e.rows != nil {
		e.rows.Close()
	}
	e.workers.close()
	e.models.Close()
	e.people.Close()
}
