package main

import (
	"errors"
	"fmt"
	"math"
	"time"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/pkg/certs"
	"lineup.dev/lineup/pkg/serve"
)

// TLS is settings of gRPC.
type TLS = certs.Settings

type settings struct {
	serve.Listen
	TLS
	ImagesURL      string        `envconfig:"IMAGES_URL" default:"images" desc:"where pictures lie: folders or bucket URLs, separated by commas"`
	KnownPeople    string        `envconfig:"KNOWN_PEOPLE" default:"known_people" desc:"where photos of known people lie: a folder or a bucket URL"`
	GalleryPoll    time.Duration `envconfig:"GALLERY_POLL" default:"2s" desc:"pause between two looks for changes there"`
	GalleryShare   time.Duration `envconfig:"GALLERY_SHARE" default:"1s" desc:"after how long of looking at new photos there what they show is used, and kept for other replicas"`
	Models         string        `envconfig:"MODELS" desc:"folder of models.json and the models it names"`
	MatchThreshold float64       `envconfig:"MATCH_THRESHOLD" desc:"cosine similarity from which on two faces are one person's; 0 takes the models' own"`
	MatchMargin    float64       `envconfig:"MATCH_MARGIN" default:"-1" desc:"by how much the most similar person must be more similar than any other to be the match; below 0 takes the models' own"`
	Candidates     int           `envconfig:"CANDIDATES" default:"5" desc:"how many persons an answer names whom a face could be"`
	ListPage       int           `envconfig:"LIST_PAGE" default:"1000" desc:"photos in a page of the gallery's list"`
	Effort         face.Effort   `envconfig:"EFFORT" default:"auto" desc:"fast, thorough (finds smaller faces, in about twice the time), or auto: thorough above a million pixels"`
	Liveness       string        `envconfig:"LIVENESS" default:"off" desc:"on: answers say of each face how live it looks; untested against attacks"`
	Workers        int           `envconfig:"WORKERS" desc:"how many pictures are looked at at a time"`
	Queue          int           `envconfig:"QUEUE" default:"16" desc:"how many calls may wait for a worker; one more is told to come back"`
	MaxPicture     int64         `envconfig:"MAX_PICTURE" default:"20971520" desc:"bytes a picture may have"`
	MaxPixels      int           `envconfig:"MAX_PIXELS" default:"50000000" desc:"pixels a picture may have"`
	MaxFrames      int           `envconfig:"MAX_FRAMES" default:"1000" desc:"frames an animation may have, of which the first is looked at"`
	MaxPhotos      int           `envconfig:"MAX_PHOTOS" default:"15000" desc:"photos that face-server accuracy compares at most"`
	MaxFaces       int           `envconfig:"MAX_FACES" default:"256" desc:"faces of a picture that are described, the surest"`
	MaxStreams     int           `envconfig:"MAX_STREAMS" default:"64" desc:"calls at a time on one connection; more wait at the client"`
	gallery.Limits
	CallTimeout time.Duration `envconfig:"CALL_TIMEOUT" default:"30s" desc:"time for a call that brings no deadline of its own"`
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
	require(s.GalleryShare > 0, "GALLERY_SHARE", s.GalleryShare, "above 0")
	require(s.MatchThreshold >= 0 && s.MatchThreshold <= 1, "MATCH_THRESHOLD", s.MatchThreshold, "0 to 1")
	require(s.MatchMargin <= 1, "MATCH_MARGIN", s.MatchMargin, "at most 1")
	require(s.Candidates >= 0 && s.Candidates <= 100, "CANDIDATES", s.Candidates, "0 to 100")
	require(s.ListPage > 0 && s.ListPage <= 10_000, "LIST_PAGE", s.ListPage, "1 to 10000")
	errs = append(errs, s.Limits.Check())
	require(s.Workers > 0, "WORKERS", s.Workers, "above 0")
	require(s.Queue >= 0, "QUEUE", s.Queue, "0 or more")
	require(s.MaxPicture > 0 && s.MaxPicture <= 1<<30, "MAX_PICTURE", s.MaxPicture, "1 to 1073741824")
	require(s.MaxPixels > 0, "MAX_PIXELS", s.MaxPixels, "above 0")
	require(s.MaxFrames > 0, "MAX_FRAMES", s.MaxFrames, "above 0")
	require(s.Liveness == "on" || s.Liveness == "off", "LIVENESS", s.Liveness, "on or off")
	require(s.MaxFaces > 0, "MAX_FACES", s.MaxFaces, "above 0")
	require(s.MaxStreams > 0 && s.MaxStreams <= math.MaxInt32, "MAX_STREAMS", s.MaxStreams, "above 0")
	require(s.CallTimeout > 0, "CALL_TIMEOUT", s.CallTimeout, "above 0")
	require(s.Grace > 0, "GRACE", s.Grace, "above 0")
	return errors.Join(errs...)
}
