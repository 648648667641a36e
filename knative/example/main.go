// Command example is a function of one's own that gets every result, by the Trigger
// beside it: it logs the events and shows the newest.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/serve"
)

const (
	newest    = 1000    // events are shown
	bodyBytes = 1 << 20 // of a request are read
)

// results keeps the newest events in memory: those of this instance.
type results struct {
	log    *slog.Logger
	mu     sync.Mutex
	events []cloudevents.Event
}

// receive answers 202 without a body: a Broker takes a body for another event.
func (s *results) receive(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, bodyBytes)
	received, err := event.Read(r)
	switch {
	case errors.Is(err, event.ErrFormat):
		http.Error(w, err.Error(), http.StatusUnsupportedMediaType)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for _, one := range received {
		if one.Err != nil { // in a batch, the others may be good
			s.log.Warn("not an event", "error", one.Err)
			continue
		}
		s.log.Info("result", "type", one.Event.Type(), "subject", one.Event.Subject(), "data", json.RawMessage(one.Event.Data()))
		s.add(one.Event)
	}
	w.WriteHeader(http.StatusAccepted)
}

// show answers with the events of ?subject=, or with all.
func (s *results) show(w http.ResponseWriter, r *http.Request) {
	subject := r.FormValue("subject")
	events := []cloudevents.Event{} // none is [] in JSON, not null
	s.mu.Lock()
	for _, e := range s.events {
		if subject == "" || e.Subject() == subject {
			events = append(events, e)
		}
	}
	s.mu.Unlock()
	serve.JSON(w, http.StatusOK, events)
}

func (s *results) add(e cloudevents.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
	s.events = slices.Delete(s.events, 0, max(0, len(s.events)-newest))
}

// defaults are the settings that have no default in their tags.
func defaults() serve.Web { return serve.Web{Listen: serve.Listen{Port: 8080}} }

func main() {
	settings := defaults()
	serve.Settings("example", "shows the newest events that it got", &settings)
	serve.Main("example", settings.LogLevel, func(ctx context.Context, log *slog.Logger) error {
		s := &results{log: log}
		mux := http.NewServeMux()
		mux.HandleFunc("POST /{$}", s.receive)
		mux.HandleFunc("GET /{$}", s.show)
		return serve.HTTP(ctx, settings, log, mux, nil)
	})
}
