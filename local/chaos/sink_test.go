package chaos

import (
	"net/http"
	"strings"
	"testing"

	"lineup.dev/lineup/pkg/event"
)

func TestTheSinkTellsRepeatsByTheirID(t *testing.T) {
	t.Parallel()
	s := newSink()
	t.Cleanup(s.close)
	send := func(id, data string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL, strings.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"Specversion": "1.0", "Type": event.TypeUnknown, "Source": "/s", "Id": id} {
			request.Header.Set("Ce-"+name, value)
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	const explained = `{"id":1,"path":"a","faces":[{"id":1,"similarity":0.5}]}`
	const otherwise = `{"id":1,"path":"a","faces":[{"id":1,"similarity":0.6}]}`
	const one, other = `{"id":1,"path":"a","faces":[]}`, `{"id":1,"path":"b","faces":[]}`
	for _, step := range []struct {
		mode sinkMode
		id   string
		data string
		want int
	}{
		{accepts, "1.1", one, 202}, {failsAfterwards, "1.1", one, 500}, {unavailable, "1.1", one, 503},
		{unavailable, "1.2", one, 503}, {accepts, "1.3", one, 202}, {accepts, "1.3", other, 202}, {accepts, "1.5", explained, 202}, {accepts, "1.5", otherwise, 202}, {accepts, "1.4", "nonsense", 400},
	} {
		s.set(step.mode)
		if got := send(step.id, step.data); got != step.want {
			t.Errorf("event %s in mode %d: %d, want %d", step.id, step.mode, got, step.want)
		}
	}
	events, bad := s.received()
	if e := events["1.1"]; e.times != 2 || e.changed || e.image != 1 || e.path != "a" {
		t.Errorf("event 1.1 is %+v, want told twice", e)
	}
	if e := events["1.3"]; !e.changed {
		t.Errorf("event 1.3 is %+v, want changed", e)
	}
	if e := events["1.5"]; e.changed || e.times != 2 {
		t.Errorf("event 1.5 is %+v, want told twice alike", e)
	}
	if _, seen := events["1.2"]; seen || len(bad) != 1 {
		t.Errorf("while it was unavailable it took %v; it complains of %q", events, bad)
	}
}
