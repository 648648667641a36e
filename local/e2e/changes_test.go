package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/local/contract"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
)

// changeSink takes events of changes, the first of them not, and fails the test where one is not
// as docs/asyncapi.yaml says.
type changeSink struct {
	t       *testing.T
	mu      sync.Mutex
	refused bool
	events  []cloudevents.Event
}

func (s *changeSink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	received, err := event.Read(r)
	if err != nil || len(received) != 1 || received[0].Err != nil {
		s.t.Errorf("the sink was sent %+v, %v; want an event", received, err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	contract.Event(s.t, received[0].Event)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.refused {
		s.refused = true
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	s.events = append(s.events, received[0].Event)
	w.WriteHeader(http.StatusAccepted)
}

// told gives what each event of a change told, by the change's id, and the ids in order.
func (s *changeSink) told() (of map[int64]event.PersonChangedData, ids []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of = map[int64]event.PersonChangedData{}
	for _, e := range s.events {
		if e.Type() != event.TypePersonChanged {
			continue
		}
		var data event.PersonChangedData
		if err := json.Unmarshal(e.Data(), &data); err != nil || e.ID() != fmt.Sprint(data.ID) || e.Subject() != fmt.Sprintf("people/%d", data.Person.ID) {
			s.t.Errorf("event %s of %s is %s, %v", e.ID(), e.Subject(), e.Data(), err)
		}
		if _, again := of[data.ID]; !again { // an event may come twice
			ids = append(ids, data.ID)
		}
		of[data.ID] = data
	}
	return of, ids
}

// did asks view's API for something, and reads the answer.
func (c client) did(method, path, body string, status int, into any) {
	c.t.Helper()
	got, answer := c.do(method, c.At.View+"/api/v1"+path, strings.NewReader(body), "Content-Type", "application/json")
	if got != status {
		c.t.Fatalf("%s %s %s: %d %s, want %d", method, path, body, got, answer, status)
	}
	if into != nil {
		testkit.Succeed(c.t, json.Unmarshal(answer, into))
	}
}

// TestEveryChangeOfPeopleReachesTheSink also when the sink is away at first.
func TestEveryChangeOfPeopleReachesTheSink(t *testing.T) {
	t.Parallel()
	sink := &changeSink{t: t}
	server := httptest.NewServer(sink)
	t.Cleanup(server.Close)
	c := startIn(t, t.TempDir(), t.TempDir(), "K_SINK="+server.URL, "HINT_AGE=2s")
	var ann, bea struct{ ID int64 }
	c.did(http.MethodPost, "/people", `{"name":"Ann"}`, http.StatusCreated, &ann)
	c.did(http.MethodPost, "/people", `{"name":"Bea"}`, http.StatusCreated, &bea)
	path := fmt.Sprintf("/people/%d", ann.ID)
	c.did(http.MethodPatch, path, `{"name":"Ann Kay"}`, http.StatusOK, nil)
	c.did(http.MethodPost, path+"/merge", fmt.Sprintf(`{"people":[%d]}`, bea.ID), http.StatusOK, nil)

	want := func(actions ...string) map[int64]event.PersonChangedData {
		t.Helper()
		var told map[int64]event.PersonChangedData
		testkit.Retry(t, time.Minute, func() error {
			of, ids := sink.told()
			var got []string
			for _, id := range ids {
				got = append(got, of[id].Action)
			}
			slices.Sort(got) // what the sink refused comes later
			slices.Sort(actions)
			if told = of; !slices.Equal(got, actions) {
				return fmt.Errorf("the sink was told %q, want %q", got, actions)
			}
			return nil
		})
		return told
	}
	told := want("enrol", "enrol", "name", "merge")
	var changes struct {
		Items []struct {
			ID     int64
			Action string
		}
	}
	c.did(http.MethodGet, "/changes", "", http.StatusOK, &changes)
	for _, change := range changes.Items {
		data := told[change.ID]
		if data.Action != change.Action || change.Action == "merge" && (data.Person.Name != "Ann Kay" || !slices.Equal(data.People, []int64{ann.ID, bea.ID})) {
			t.Errorf("change %+v was told as %+v", change, data)
		}
	}
	c.did(http.MethodDelete, path, "", http.StatusAccepted, nil)
	for _, data := range want("enrol", "enrol", "name", "merge", "erase") {
		if data.Action == "erase" && (data.Person.ID != ann.ID || data.Person.Name != "" || !slices.Equal(data.People, []int64{ann.ID, bea.ID})) {
			t.Errorf("the erasing was told as %+v", data)
		}
	}
	of, ids := sink.told()
	ofAnn := slices.DeleteFunc(ids, func(id int64) bool { return !slices.Contains(of[id].People, ann.ID) })
	if !slices.IsSorted(ofAnn) {
		t.Errorf("the changes of one person were told in the order %v", ofAnn)
	}
}
