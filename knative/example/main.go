// Command example is a function of one's own that gets every result, by the Trigger
// beside it: it logs the events and shows the newest.
package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"sync"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"lineup.dev/lineup/pkg/serve"
)

// newest is how many events are shown.
const newest = 1000

// inbox keeps the newest events in memory: those of this instance.
type inbox struct {
	log    *slog.Logger
	mutex  sync.Mutex
	events []cloudevents.Event
}

// take answers 202 without a body: what is answered to a Broker is taken for an event.
func (i *inbox) take(w http.ResponseWriter, r *http.Request) {
	e, err := cehttp.NewEventFromHTTPRequest(r)
	if err != nil {
		http.Error(w, "this is no CloudEvent", http.StatusBadRequest)
		return
	}
	i.log.Info("result", "type", e.Type(), "subject", e.Subject(), "data", json.RawMessage(e.Data()))
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.events = append(i.events, *e)
	i.events = slices.Delete(i.events, 0, max(0, len(i.events)-newest))
	w.WriteHeader(http.StatusAccepted)
}

func (i *inbox) show(w http.ResponseWriter, r *http.Request) {
	i.mutex.Lock()
	events := slices.Clone(i.events)
	i.mutex.Unlock()
	serve.JSON(w, http.StatusOK, events)
}

func main() {
	s := serve.Web{Listen: serve.Listen{Port: 8080}}
	serve.Settings("example", "shows the newest events that it got", &s)
	serve.Main("example", s.LogLevel, func(ctx context.Context, log *slog.Logger) error {
		i := &inbox{log: log}
		mux := http.NewServeMux()
		mux.HandleFunc("POST /{$}", i.take)
		mux.HandleFunc("GET /{$}", i.show)
		return serve.HTTP(ctx, s, log, mux, nil)
	})
}
