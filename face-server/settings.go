package main

import (
	"errors"
	"fmt"
	"time"

	"lineup/pkg/serve"
)

type settings struct {
	serve.Listen
	ImagesURL      string        `envconfig:"IMAGES_URL" default:"images" desc:"where pictures lie: folders or bucket URLs, separated by commas"`
	KnownPeople    string        `envconfig:"KNOWN_PEOPLE" default:"known_people" desc:"where photos of known people lie: a folder or a bucket URL"`
	GalleryPoll    time.Duration `envconfig:"GALLERY_POLL" default:"2s" desc:"pause between two looks for changes there"`
	Models         string        `envconfig:"MODELS" desc:"folder of models.json and the models it names"`
	MatchThreshold float64       `envconfig:"MATCH_THRESHOLD" desc:"cosine similarity from which on two faces are one person's; 0 takes the models' own"`
	Workers        int           `envconfig:"WORKERS" desc:"how many pictures are looked at at a time"`
	Queue          int           `envconfig:"QUEUE" default:"16" desc:"how many calls may wait for a worker; one more is told to come back"`
	MaxPicture     int64         `envconfig:"MAX_PICTURE" default:"20971520" desc:"bytes a picture may have"`
	MaxPixels      int           `envconfig:"MAX_PIXELS" default:"50000000" desc:"pixels a picture may have"`
	CallTimeout    time.Duration `envconfig:"CALL_TIMEOUT" default:"30s" desc:"time for a call that brings no deadline of its own"`
}

// check finds the values with which the server could not work.
func (s settings) check() error {
	var errs []error
	require := func(ok bool, setting string, value any, rule string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s=%v: it must be %s", setting, value, rule))
		}
	}
	require(s.GalleryPoll > 0, "GALLERY_POLL", s.GalleryPoll, "above 0")
	require(s.MatchThreshold >= 0 && s.MatchThreshold <= 1, "MATCH_THRESHOLD", s.MatchThreshold, "0 to 1")
	require(s.Workers > 0, "WORKERS", s.Workers, "above 0")
	require(s.Queue >= 0, "QUEUE", s.Queue, "0 or more")
	require(s.MaxPicture > 0 && s.MaxPicture <= 1<<30, "MAX_PICTURE", s.MaxPicture, "1 to 1073741824")
	require(s.MaxPixels > 0, "MAX_PIXELS", s.MaxPixels, "above 0")
	require(s.CallTimeout > 0, "CALL_TIMEOUT", s.CallTimeout, "above 0")
	return errors.Join(errs...)
}
