package main

import (
	"errors"
	"fmt"
	"time"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// Two packages call theirs Settings; an embedded field needs a name of its own.
type (
	Auth     = auth.Settings
	Database = store.Settings
)

type settings struct {
	serve.Web
	Auth
	Database
	photo.RootsSettings
	Options
	serve.Telemetry
}

// defaults are the settings that have no default in their tags.
func defaults() settings {
	return settings{Web: serve.Web{Listen: serve.Listen{Port: 8080}}}
}

// Options of the pages and their limits.
type Options struct {
	PageSize    int `envconfig:"PAGE_SIZE" default:"50" min:"1" max:"10000" desc:"rows of a page"`
	MaxPageSize int `envconfig:"MAX_PAGE_SIZE" default:"200" min:"1" max:"10000" desc:"most rows that ?limit= may ask for"`
	FacesShown  int `envconfig:"FACES_SHOWN" default:"100" min:"1" max:"10000" desc:"most faces of a picture that its page shows at once; the others are a click away"`
	photo.Limits
	PicturesAtOnce int           `envconfig:"PICTURES_AT_ONCE" default:"8" min:"1" max:"10000" desc:"pictures in memory at once; a request for one more waits"`
	Originals      string        `envconfig:"ORIGINALS" default:"stripped" oneof:"stripped as-is" desc:"as-is: pictures are given as the files are; stripped: JPEG, PNG and WebP without what they tell beside their pixels, such as where and when they were taken, and names; how they are turned, and colours, stay"`
	DownloadMost   int           `envconfig:"DOWNLOAD_MOST" default:"200" min:"1" max:"10000" desc:"most originals that are downloaded as one archive"`
	RequestTimeout time.Duration `envconfig:"REQUEST_TIMEOUT" default:"10s" min:"1ms" max:"1h" desc:"time for the database and the picture roots to answer a request"`
	SendTimeout    time.Duration `envconfig:"SEND_TIMEOUT" default:"60s" min:"1ms" max:"24h" desc:"time for a request until its answer is sent"`
	MaxForm        int64         `envconfig:"MAX_FORM" default:"1048576" min:"1024" max:"1073741824" desc:"most bytes of a page's form that has no files; those that have some are within receive's limits"`
	Refresh        time.Duration `envconfig:"REFRESH" default:"5s" min:"1s" max:"24h" desc:"the Retry-After of a 503"`
	ProgressAge    time.Duration `envconfig:"PROGRESS_AGE" default:"1s" min:"0" max:"1m" desc:"how old what pages tell of everything's progress may be: all who ask within it are told alike, so that many open pages cost the database what one does; 0: it is counted for each"`
	SimilarLeast   float64       `envconfig:"SIMILAR_LEAST" default:"0.4" min:"0" max:"1" desc:"how similar somebody is at least who is suggested: as the same person, also by /api/v1/people/{id}/similar unless ?least= says, and as whose a face could be. With the default models 97 of 100 pairs of photos of one person are as similar as 0.4, and one of 1,800 of two; lower, whoever is suggested is wrong more often than right, even among ten photos"`
	LeastSureAmong int           `envconfig:"LEAST_SURE_AMONG" default:"5000" min:"1" max:"1000000" desc:"of how many of a person's newest faces a profile finds the least sure ones; more take longer"`
	HandOn
}

// HandOn says what becomes of requests that write.
type HandOn struct {
	ReceiveURL       string        `envconfig:"RECEIVE_URL" default:"http://127.0.0.1:8000" form:"url" desc:"address of receive, to which what writes under /api/v1 is handed on"`
	ReceivePublicURL string        `envconfig:"RECEIVE_PUBLIC_URL" form:"url" desc:"address of receive for programs, for the commands that empty pages show; not set: RECEIVE_URL"`
	ReceiveTime      time.Duration `envconfig:"RECEIVE_TIME" default:"130s" min:"1ms" max:"24h" desc:"time for receive to answer what is handed on, once its body is there; more than its MAX_TIME and MAX_WAIT together"`
	Writes           string        `envconfig:"WRITES" default:"off" oneof:"on off" desc:"on: whoever reaches this program may write through it, also without API_KEYS_FILE; off: only with a key"`
}

// Check refuses limits that contradict each other.
func (o Options) Check() error {
	var errs []error
	if o.PageSize > o.MaxPageSize {
		errs = append(errs, fmt.Errorf("PAGE_SIZE is %d, more than MAX_PAGE_SIZE, %d", o.PageSize, o.MaxPageSize))
	}
	if o.SendTimeout <= o.RequestTimeout {
		errs = append(errs, fmt.Errorf("SEND_TIMEOUT is %v, which must be more than REQUEST_TIMEOUT, %v", o.SendTimeout, o.RequestTimeout))
	}
	return errors.Join(errs...)
}
