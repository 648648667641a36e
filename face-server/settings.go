package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/pkg/grpctls"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/serve"
)

// TLS is the certificates of gRPC.
type TLS = grpctls.Settings

// settings are the options of every command of the program.
type settings struct {
	serve.Listen
	TLS
	photo.RootsSettings
	photo.GallerySettings
	photo.Limits
	GalleryDatabase
	serve.Telemetry
	Scraping
	GalleryPoll       time.Duration `envconfig:"GALLERY_POLL" default:"2s" min:"1ms" max:"24h" desc:"without MYSQL_DSN: pause between two listings of KNOWN_PEOPLE, which find its changes"`
	Models            string        `envconfig:"MODELS" desc:"folder of models.json and the models it names"`
	MatchThreshold    float64       `envconfig:"MATCH_THRESHOLD" min:"0.01" max:"1" desc:"cosine similarity from which on two faces are one person's; by default that of the models, 1 while they cannot be read"`
	MatchChance       float64       `envconfig:"MATCH_CHANCE" default:"0.01" min:"0.000001" max:"1" desc:"how likely somebody who is not in the gallery may be given a name: the threshold rises above MATCH_THRESHOLD as the gallery grows; 1 leaves it there"`
	StrangerShare     float64       `envconfig:"STRANGER_SHARE" default:"0.5" min:"0.001" max:"0.999" desc:"share of the faces asked about that are nobody's in the gallery: the more there are, the likelier a name is wrong, which answers tell"`
	MatchMargin       float64       `envconfig:"MATCH_MARGIN" min:"0" max:"1" desc:"by how much the most similar person must be more similar than any other to be the match; by default that of the models"`
	StrangerThreshold float64       `envconfig:"STRANGER_THRESHOLD" min:"0.01" max:"1" desc:"with MYSQL_DSN: cosine similarity from which on a face that is like nobody with a name is a stranger's; by default that of the models, at least MATCH_THRESHOLD"`
	Candidates        int           `envconfig:"CANDIDATES" default:"10" min:"0" max:"100" desc:"how many persons an answer names whom a face could be"`
	MatchBatch        int           `envconfig:"MATCH_BATCH" default:"1000" min:"1" max:"10000" desc:"descriptors that one call of Gallery.Match may bring"`
	ListPage          int           `envconfig:"LIST_PAGE" default:"1000" min:"1" max:"10000" desc:"photos in a page of the gallery's list"`
	Effort            face.Effort   `envconfig:"EFFORT" default:"auto" desc:"fast, thorough (finds smaller faces, in about twice the time), or auto: thorough above a million pixels"`
	Rotations         string        `envconfig:"ROTATIONS" default:"on" oneof:"on off" desc:"on: where no sure face is found upright, the picture is searched again after each quarter turn: up to four searches in place of one"`
	Liveness          string        `envconfig:"LIVENESS" default:"off" oneof:"on off" desc:"on: answers say of each face how live it is; untested against attacks"`
	ImportRegions     string        `envconfig:"IMPORT_REGIONS" default:"off" oneof:"on off" desc:"on: the names and boxes of faces (MWG regions) in a picture's XMP, or in a file FILE.xmp beside it, become decisions by hand: 1 MB of XMP at most"`
	MaxRegions        int           `envconfig:"REGIONS_MAX" default:"100" min:"1" max:"1000" desc:"with IMPORT_REGIONS=on: faces of one picture that are taken from its XMP; of more the picture has a warning. Process needs a longer WRITE_TIMEOUT for several hundred"`
	Workers           int           `envconfig:"WORKERS" min:"1" max:"1024" desc:"how many pictures are processed at a time"`
	Queue             int           `envconfig:"QUEUE" default:"16" min:"0" max:"100000" desc:"how many calls may wait for a worker; one more is told to try again later"`
	MaxPixels         int           `envconfig:"MAX_PIXELS" default:"200000000" min:"1" max:"1000000000" desc:"pixels a picture may have"`
	// Two workers with such a picture each fit into the container's limit, see knative/base/face-server.yaml.
	MaxDecodeMemory int64           `envconfig:"MAX_DECODE_MEMORY" default:"402653184" min:"1048576" max:"68719476736" desc:"bytes that the pixels of a picture may take while it is decoded; an ordinary JPEG is decoded smaller instead"`
	Formats         picture.Formats `envconfig:"FORMATS" desc:"formats of pictures that are decoded; HEIC and AVIF by a decoder in a sandbox"`
	DecodeTimeout   time.Duration   `envconfig:"DECODE_TIMEOUT" default:"20s" min:"1ms" max:"24h" desc:"time that the decoder of a HEIC or AVIF may take, so that a file made for it cannot keep a worker"`
	MaxFrames       int             `envconfig:"MAX_FRAMES" default:"1000" min:"1" max:"1000000" desc:"frames an animation may have, of which the first is used"`
	MaxPhotos       int             `envconfig:"MAX_PHOTOS" default:"15000" min:"1" max:"1000000" desc:"photos that face-server accuracy compares at most"`
	AccuracySettings
	MaxFaces   int    `envconfig:"MAX_FACES" default:"256" min:"1" max:"10000" desc:"faces of a picture that are described: those of the highest detection score"`
	MaxStreams uint32 `envconfig:"MAX_STREAMS" default:"64" min:"1" max:"1000000" desc:"calls at a time on one connection; more wait at the client"`
	gallery.Requirements
	FaceTimeout time.Duration `envconfig:"FACE_TIMEOUT" default:"30s" min:"1ms" max:"15m" desc:"what process has: READ_TIMEOUT must be below it, or a picture root that is too slow looks like a face server that is"`
	CallTimeout time.Duration `envconfig:"CALL_TIMEOUT" default:"30s" min:"1ms" max:"24h" desc:"time for a call that brings no deadline of its own"`
}

// noThreshold is the threshold while the models' manifest cannot be read. Only the same face
// reaches it, and Check refuses to start without a manifest.
const noThreshold = 1

// modelsHint ends what is told about models that cannot be loaded.
const modelsHint = "next: `make models`, or set MODELS to the folder that has them"

// defaults are the settings before the environment is read: those that have no default
// tag because they depend on the machine, on the models (threshold and margin) or on what
// package photo knows (formats).
func defaults() settings {
	s := settings{
		Listen:            serve.Listen{Port: 50051},
		RootsSettings:     photo.RootsSettings{ImagesURL: "images"},
		GallerySettings:   photo.GallerySettings{KnownPeople: "known_people"},
		Models:            cmp.Or(os.Getenv("MODELS"), os.Getenv("KO_DATA_PATH"), "face-server/kodata"),
		MatchThreshold:    noThreshold,
		StrangerThreshold: noThreshold,
		MatchChance:       0.01,
		StrangerShare:     0.5,
		Formats:           picture.AllFormats(),
		Workers:           runtime.GOMAXPROCS(0),
	}
	// Check tells what is wrong with a manifest: -help works without one.
	if manifest, err := face.ReadManifest(s.Models); err == nil {
		s.MatchThreshold, s.MatchMargin, s.StrangerThreshold = manifest.Threshold, manifest.Margin, manifest.StrangerThreshold
	}
	return s
}

// Check reads the models' manifest, so that a MODELS without one is named together with
// whatever else is wrong.
func (s settings) Check() error {
	_, err := face.ReadManifest(s.Models)
	if err != nil {
		err = fmt.Errorf("MODELS: %w; %s", err, modelsHint)
	}
	for _, limit := range []struct {
		name string
		time time.Duration
	}{{"FACE_TIMEOUT", s.FaceTimeout}, {"CALL_TIMEOUT", s.CallTimeout}} {
		if s.ReadTimeout >= limit.time {
			err = errors.Join(err, fmt.Errorf("READ_TIMEOUT=%v must be below %s=%v", s.ReadTimeout, limit.name, limit.time))
		}
	}
	return errors.Join(err, s.AccuracySettings.check(), s.CheckServer())
}

// Scraping is where metrics are fetched from, for the port of gRPC answers no scrape.
type Scraping struct {
	ScrapeHost string `envconfig:"OTEL_EXPORTER_PROMETHEUS_HOST" default:"localhost" form:"host" desc:"address that /metrics is served on with OTEL_METRICS_EXPORTER=prometheus; it asks for no key"`
	ScrapePort int    `envconfig:"OTEL_EXPORTER_PROMETHEUS_PORT" default:"9464" min:"0" max:"65535" desc:"port that /metrics is served on; 0 takes any free one"`
}
