package main

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/prewarm"
	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// Four packages call theirs Settings, two Limits; an embedded field needs a name of
// its own.
type (
	Auth          = auth.Settings
	Database      = store.Settings
	NSQ           = queue.Settings
	PictureLimits = photo.Limits
	Prewarming    = prewarm.Settings
)

type settings struct {
	serve.Web
	Auth
	Database
	NSQ
	queue.Subscription // hints of pictures are published to the topic; the channel's backlog limits a sweep
	Topics
	DeadLetters
	photo.RootsSettings
	photo.GallerySettings
	Limits
	GroupSettings
	SweepSettings
	FolderSettings
	StrangerSettings
	ErasingSettings
	AdoptSettings
	ModelSettings
	Prewarming // of what looks at the pictures
	serve.Telemetry
}

// defaults are the settings that have no default in their tags.
func defaults() settings {
	return settings{Web: serve.Web{Listen: serve.Listen{Port: 8000}}}
}

// Limits of one request. The least body holds the event of the longest path, the least
// upload a form of the smallest picture.
type Limits struct {
	PictureLimits
	MaxBody      int64         `envconfig:"MAX_BODY" default:"1048576" min:"16384" max:"1073741824" desc:"largest JSON or event body, in bytes"`
	MaxBatch     int           `envconfig:"MAX_BATCH" default:"1000" min:"1" max:"100000" desc:"most pictures in one request"`
	MaxUpload    int64         `envconfig:"MAX_UPLOAD" default:"134217728" min:"4096" max:"17179869184" desc:"largest upload of several pictures or photos, in bytes; it is held in memory"`
	UploadMemory int64         `envconfig:"UPLOAD_MEMORY" default:"268435456" min:"1" max:"1099511627776" desc:"bytes of uploads that are held at once, more wait; while they are read they take up to twice that"`
	MaxWait      time.Duration `envconfig:"MAX_WAIT" default:"60s" min:"0" max:"15m" desc:"longest that Prefer: wait=SECONDS holds an answer back until the results are there; 0: it never does"`
	EnrolWait    time.Duration `envconfig:"ENROL_WAIT" default:"10s" min:"0" max:"15m" desc:"how long an enrolment, or undoing one, waits for what becomes of its photos, unless the client says Prefer: wait=SECONDS; 0: it answers at once"`
	MaxWaiters   int64         `envconfig:"MAX_WAITERS" default:"100" min:"0" max:"100000" desc:"most requests that Prefer: wait holds back at once; one more is answered at once, as without it"`
	MaxTime      time.Duration `envconfig:"MAX_TIME" default:"60s" min:"100ms" max:"1h" desc:"longest time for a request after its body was read"`
}

// settingOf is the setting that limits a request's body to so many bytes.
func (l Limits) settingOf(request *http.Request, limit int64) string {
	mediaType, _, _ := mime.ParseMediaType(request.Header.Get("Content-Type"))
	switch {
	case mediaType != "multipart/form-data" && !strings.HasPrefix(mediaType, "image/"):
		return "MAX_BODY"
	case limit == l.MaxPicture:
		return "MAX_PICTURE"
	}
	return "MAX_UPLOAD"
}

// afterBody gives what follows on a body that was read its time. The time of the body
// itself is limited by pkg/serve: a large one over a slow connection takes longer.
func (l Limits) afterBody(request *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(request.Context(), l.MaxTime)
}

// Topics are those of the other hints.
type Topics struct {
	Photos    string `envconfig:"PHOTO_TOPIC" default:"photos" desc:"NSQ topic of the hints that a person's photo waits to be looked at, or that what a hand changed waits to be announced; apart from TOPIC, so that it does not wait behind pictures"`
	Rematches string `envconfig:"REMATCH_TOPIC" default:"rematches" desc:"NSQ topic of the hints that faces wait to be compared with the gallery again"`
}

// Check refuses names that nsqd would refuse.
func (t Topics) Check() error {
	return errors.Join(queue.CheckName("PHOTO_TOPIC", t.Photos), queue.CheckName("REMATCH_TOPIC", t.Rematches))
}

// hintTopics is how many topics receive publishes hints to.
const hintTopics = 3

// DeadLetters are where the bridge puts the hints that process refuses for good.
type DeadLetters struct {
	DeadTopics  []string `envconfig:"DEAD_TOPIC" desc:"topics of the bridge's dead letters, which stats counts: one for each of TOPIC, PHOTO_TOPIC and REMATCH_TOPIC; by default each with .dead behind it"`
	DeadChannel string   `envconfig:"DEAD_CHANNEL" default:"dead" desc:"channel of each DEAD_TOPIC that the bridge's letters are read from"`
}

// Check refuses names that nsqd would refuse, and topics that are too few or too many.
func (d DeadLetters) Check() error {
	errs := []error{queue.CheckName("DEAD_CHANNEL", d.DeadChannel)}
	if n := len(d.DeadTopics); n > 0 && n != hintTopics {
		errs = append(errs, fmt.Errorf("DEAD_TOPIC=%v names %d topics: name one for each of TOPIC, PHOTO_TOPIC and REMATCH_TOPIC, in this order", d.DeadTopics, n))
	}
	for _, topic := range d.DeadTopics {
		errs = append(errs, queue.CheckName("DEAD_TOPIC", topic))
	}
	return errors.Join(errs...)
}

// deadTopic is where the dead letters of the i-th topic are.
func (d DeadLetters) deadTopic(i int, topic string) string {
	if len(d.DeadTopics) > 0 {
		return d.DeadTopics[i]
	}
	return queue.DeadTopic(topic)
}

// StrangerSettings say which people without a name are kept. Process has the first two, too.
type StrangerSettings struct {
	Strangers    string        `envconfig:"STRANGERS" default:"on" oneof:"on off" desc:"on: faces that are like nobody with a name and like each other are a person without a name; off: such people are forgotten at pings, unless a hand had to do with them; the same in process"`
	MaxStrangers int64         `envconfig:"STRANGERS_MAX" default:"10000" min:"1" max:"10000000" desc:"people without a name that there may be; pings make room for a tenth, those seen once go first; the same in process"`
	StrangerAge  time.Duration `envconfig:"STRANGER_AGE" default:"0" min:"0" max:"87600h" desc:"people without a name are forgotten when no picture of them was posted for so long; 0: they are not"`
}

// FolderSettings say how folders that are posted are walked.
type FolderSettings struct {
	Time time.Duration `envconfig:"FOLDER_TIME" default:"10s" min:"1ms" max:"10m" desc:"how long a request or a ping submits the pictures of folders before it leaves the rest to the next ping"`
}

// AdoptSettings say how the gallery is listed for photos that a hand put into it.
type AdoptSettings struct {
	Time  time.Duration `envconfig:"ADOPT_TIME" default:"10s" min:"0" max:"10m" desc:"how long a ping lists the files of KNOWN_PEOPLE before it leaves the rest to the next ping: new ones become photos of the persons they show, and photos whose files are gone are not used; 0: it never does"`
	Pause time.Duration `envconfig:"ADOPT_PAUSE" default:"0" min:"0" max:"24h" desc:"shortest time from the end of such a listing to the next, for a bucket whose listing costs; 0: every ping lists"`
	Most  int           `envconfig:"ADOPT_MAX" default:"10000" min:"1" max:"10000000" desc:"new photos of KNOWN_PEOPLE after which a ping leaves the rest to the next, 500 more at most"`
}

// ErasingSettings say how long what was seen is kept, and how what is left of erased people goes.
type ErasingSettings struct {
	Retention time.Duration `envconfig:"RETENTION" default:"0" min:"0" max:"876000h" desc:"pictures that were posted longer ago are forgotten for good at pings, with their faces, and their files if they were uploaded; an hour at least; 0: never"`
	Time      time.Duration `envconfig:"ERASE_TIME" default:"10s" min:"1ms" max:"10m" desc:"how long at once what is left of erased people, and what is older than RETENTION, is removed, before a ping goes on with its other work"`
}

// Check refuses what would leave nothing, as when a unit was forgotten.
func (s ErasingSettings) Check() error {
	if s.Retention > 0 && s.Retention < time.Hour {
		return fmt.Errorf("RETENTION=%s forgets every picture as soon as it was looked at: set an hour at least, or 0 for never", s.Retention)
	}
	return nil
}

// SweepSettings say what a ping does.
type SweepSettings struct {
	HintAge  time.Duration `envconfig:"HINT_AGE" default:"2m" min:"1s" max:"24h" desc:"a hint older than this counts as lost"`
	Follow   time.Duration `envconfig:"FOLLOW_TIME" default:"1m" min:"0" max:"1h" desc:"how long after a change of people, or what it led to, receive looks every few seconds which hints are due by it, as a ping does; 0: once, right after it"`
	Fill     int           `envconfig:"SWEEP_FILL" default:"5000" min:"1" max:"10000000" desc:"hints in the queue, waiting, in flight or deferred, beyond which a sweep publishes none"`
	Interval time.Duration `envconfig:"SWEEP_INTERVAL" default:"10s" min:"0" max:"24h" desc:"shortest time between two sweeps of this instance; 0: every ping sweeps"`
}
