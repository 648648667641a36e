package chaos

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/pkg/event"
)

// sinkMode is what the sink does with an event.
type sinkMode int

const (
	accepts         sinkMode = iota
	unavailable              // it takes nothing and answers 503
	failsAfterwards          // it takes the event and answers 500, as if it died just before its answer
)

// delivery is what came of one event, however often.
type delivery struct {
	kind  string // event type
	image int64
	path  string
	times int
	data  [sha256.Size]byte
	// changed tells that the same id once came with another type or other data.
	changed bool
}

// sink takes result events and remembers them by id.
type sink struct {
	server *httptest.Server

	mu     sync.Mutex
	mode   sinkMode
	events map[string]delivery
	bad    []string // requests that are no result event
}

func newSink() *sink {
	s := &sink{events: make(map[string]delivery)}
	s.server = httptest.NewServer(s)
	return s
}

func (s *sink) address() string { return s.server.Listener.Addr().(*net.TCPAddr).String() }

func (s *sink) close() { s.server.Close() }

func (s *sink) set(mode sinkMode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode = mode
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e, image, err := readResult(r)
	if err != nil && r.Context().Err() != nil {
		return // cut off on its way
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		s.bad = append(s.bad, err.Error())
		w.WriteHeader(http.StatusBadRequest)
		return
	case s.mode == unavailable:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case s.mode == failsAfterwards:
		w.WriteHeader(http.StatusInternalServerError)
	default:
		w.WriteHeader(http.StatusAccepted)
	}
	if e.Type() == event.TypePersonChanged {
		return // of people, not the result of a picture
	}
	now := delivery{kind: e.Type(), image: image.ID, path: image.Path, times: 1, data: answerOf(e.Data())}
	if before, again := s.events[e.ID()]; again {
		now.times = before.times + 1
		now.changed = before.changed || before.kind != now.kind || before.data != now.data
	}
	s.events[e.ID()] = now
}

// readResult reads the one event of a request; every result has an id and a path.
func readResult(r *http.Request) (e cloudevents.Event, image event.ImageData, err error) {
	received, err := event.Read(r)
	switch {
	case err != nil:
		return e, image, err
	case len(received) != 1:
		return e, image, fmt.Errorf("a request of %d events", len(received))
	case received[0].Err != nil:
		return e, image, received[0].Err
	}
	image, err = event.ImageOf(received[0].Event)
	return received[0].Event, image, err
}

// answerOf tells answers apart: without what explains them, which follows the gallery
// while whose a face is stays as it was told.
func answerOf(data []byte) [sha256.Size]byte {
	var answer map[string]any
	if json.Unmarshal(data, &answer) != nil {
		return sha256.Sum256(data)
	}
	faces, _ := answer["faces"].([]any)
	for _, one := range faces {
		if face, ok := one.(map[string]any); ok {
			for _, name := range []string{"image_name", "similarity", "margin", "chance_wrong", "refusal", "candidates"} {
				delete(face, name)
			}
		}
	}
	text, _ := json.Marshal(answer) // it was JSON
	return sha256.Sum256(text)
}

// received gives every event so far, by event id, and what was no result event.
func (s *sink) received() (events map[string]delivery, bad []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.events), append([]string{}, s.bad...)
}
