package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// told is what the pill is told.
func (s *site) told(t *testing.T) (told goings) {
	t.Helper()
	response := s.get(t, "/status")
	if response.status != http.StatusOK {
		t.Fatalf("%d %s", response.status, response.body)
	}
	testkit.Succeed(t, json.Unmarshal([]byte(response.body), &told))
	return told
}

func TestThePillSaysHowFarEverythingIs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if got := s.told(t); got != (goings{Text: "No pictures yet", Tone: "idle"}) {
		t.Errorf("where nothing goes on: %+v", got)
	}
	s.finish(t, "one.jpg", withFaces())
	s.edit(t, "UPDATE images SET updated_at = UTC_TIMESTAMP(6) - INTERVAL 20 SECOND")
	s.submit(t, "two.jpg")
	s.edit(t, "INSERT INTO person (name, spelling, pictures, created_at) VALUES (NULL, NULL, 1, UTC_TIMESTAMP(6)), (NULL, NULL, 0, UTC_TIMESTAMP(6))")
	if got := s.told(t); got.Text != "1 of 2 looked at" || got.Tone != "busy" || got.Strangers != "1" {
		t.Errorf("with a picture that waits: %+v", got)
	}
	testkit.Succeed(t, s.TellParts(t.Context(),
		store.Part{Name: "circuit to the face server", State: "open", Wait: 500 * time.Second},
		store.Part{Name: "face server", State: "away", Wait: 500 * time.Second}, store.Part{Name: "nsqd", State: "reachable"}))
	got := s.told(t)
	if got.Tone != "away" || got.Since == nil {
		t.Fatalf("without a face server: %+v", got)
	}
	if want := fmt.Sprintf("face server away since %s, 1 waiting, next try in 8 min", got.Since.Format(clock)); got.Text != want {
		t.Errorf("%q, want %q", got.Text, want)
	}
	testkit.Succeed(t, s.TellParts(t.Context(), store.Part{Name: "circuit to the face server", State: "closed"}, store.Part{Name: "face server", State: "ready"},
		store.Part{Name: "dead letters of images", State: "waiting"}))
	if got := s.told(t); got.Tone != "busy" {
		t.Errorf("dead letters hold nobody up: %+v", got)
	}
}

// A batch that has just begun goes on as fast as it began, whatever came in the minute before.
func TestTheTimeLeftIsThatAtTheRateOfNow(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for want, rate := range map[string]store.RateStats{
		"":       {At: now},
		"5 min":  {At: now, LastMinute: 20},
		"10 s":   {At: now, LastMinute: 20, Lately: 20, First: new(now.Add(-2 * time.Second))},
		"1 min":  {At: now, LastMinute: 1, Lately: 1, First: new(now)},
		"25 min": {At: now, LastMinute: 90, Lately: 1, First: new(now.Add(-15 * time.Second))},
	} {
		left, ok := timeLeft(store.Stats{Rate: rate, Backlog: store.BacklogStats{Pictures: 100, Since: new(now.Add(-time.Minute))}})
		if left != want || ok != (want != "") {
			t.Errorf("at %+v %s are left, want %s", rate, left, want)
		}
	}
	if left, ok := timeLeft(store.Stats{Rate: store.RateStats{At: now, LastMinute: 2}, Backlog: store.BacklogStats{Pictures: 60, Since: &now}}); ok {
		t.Errorf("of what has just come, nothing of it done, %s are left", left)
	}
}

// Without script, too, every page tells what goes on and how many strangers there are.
func TestEveryPageSaysHowFarEverythingIs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.submit(t, "two.jpg")
	s.edit(t, "INSERT INTO person (name, spelling, pictures, created_at) VALUES (NULL, NULL, 1, UTC_TIMESTAMP(6)), (NULL, NULL, 0, UTC_TIMESTAMP(6))")
	for path, status := range map[string]int{"/": 200, "/people": 200, fmt.Sprintf("/images/%d", id): 200, "/nothing": 404} {
		r := s.get(t, path)
		for _, want := range []string{`data-tone="busy">0 of 1 looked at</a>`, `class="count" data-keep>1</span>`} {
			if r.status != status || !strings.Contains(r.body, want) {
				t.Errorf("%s: %d without %s in\n%s", path, r.status, want, r.body)
			}
		}
	}
}

// What was said of somebody who was erased leads nowhere, and nobody can take it back.
func TestChangesOfWhomIsErasedLeadNowhere(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Writes = "on" })
	dana := s.add(t, "Dana", "dana.jpg")
	testkit.Must(s.PatchPerson(t.Context(), dana, store.PersonPatch{Hidden: new(bool)}, ""))(t)
	testkit.Must(s.PatchPerson(t.Context(), dana, store.PersonPatch{Hidden: testkit.Ptr(true)}, ""))(t)
	if r := s.get(t, "/activity"); !strings.Contains(r.body, fmt.Sprintf(`href="/people/%d"`, dana)) || !strings.Contains(r.body, "do=undo") {
		t.Fatalf("who is there is not linked, or nothing can be undone:\n%s", r.body)
	}
	testkit.Must(s.ErasePerson(t.Context(), dana, ""))(t)
	r := s.get(t, "/activity")
	if strings.Contains(r.body, fmt.Sprintf(`href="/people/%d"`, dana)) || strings.Contains(r.body, "do=undo") || !strings.Contains(r.body, "somebody who was erased") {
		t.Errorf("it does:\n%s", r.body)
	}
}

func TestManyStrangersAreCountedToAPoint(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "", 1: "1", 999: "999", store.StrangersCounted: "999+"} {
		if got := strangerCount(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestActivityShowsEveryStuckJobBeforeOneAsks(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Writes, o.ReceiveURL = "on", "http://127.0.0.1:1" })
	s.submit(t, "waits.jpg")
	for i := range 3 {
		s.finish(t, fmt.Sprintf("broken-%d.jpg", i), store.Result{Reason: "not a picture"})
	}
	last := s.finish(t, "gone.jpg", store.Result{Reason: "it is not there"})
	dana := s.add(t, "Dana", "dana.jpg")
	s.edit(t, "INSERT INTO rematches (first_image, gallery_state, finished_at) VALUES (0, 7, NULL), (500, 7, UTC_TIMESTAMP(6)), (1000, 6, UTC_TIMESTAMP(6))")
	testkit.Must(s.SubmitFolder(t.Context(), "holiday/"))(t)
	testkit.Succeed(t, s.TellParts(t.Context(), store.Part{Name: "nsqd", State: "reachable"},
		store.Part{Name: "dead letters of images", State: "waiting", Detail: "3 in the topic images.dead"},
		store.Part{Name: "root images", State: "unreachable", Detail: "it does not answer"}))
	html := s.get(t, "/activity").body
	for _, want := range []string{
		`<progress max="5" value="4" aria-label="Pictures to look at">`,
		`<progress max="2" value="1" aria-label="Faces to compare with people again">`, "at most 5 pictures left",
		"Folder holiday/", "0 pictures found so far",
		`Not a picture.</span> <a href="/images/4">3 pictures, the newest is 4</a>`,
		fmt.Sprintf(`It is not there.</span> <a href="/images/%d">picture %d</a>`, last, last),
		`<form method="post" action="/activity?do=look"><button>Look at them again</button></form>`,
		"3 in the topic images.dead", "<code>make dead</code>", `<li id="part-root-images">`, `<span class="badge failed">unreachable</span>`,
		fmt.Sprintf(`Added <a class="name" href="/people/%d">Dana</a>`, dana),
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %s", want)
		}
	}
	if strings.Index(html, "root images") > strings.Index(html, ">nsqd<") {
		t.Error("what is wrong comes after what is not")
	}
}

// What goes on is counted for all who ask within PROGRESS_AGE, and anew once something was written here.
func TestWhatGoesOnIsCountedOnceForAllWhoAskWithinAMoment(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.ProgressAge, o.Writes, o.ReceiveURL = time.Hour, "on", "http://127.0.0.1:1" })
	tells := func(want string) {
		t.Helper()
		var told goings
		if s.getJSON(t, "/status", &told); told.Text != want {
			t.Errorf("it is told that %q, want %q", told.Text, want)
		}
	}
	tells("No pictures yet")
	s.finish(t, "one.jpg", withFaces())
	tells("No pictures yet")
	if html := s.get(t, "/activity").body; !strings.Contains(html, "No pictures yet") {
		t.Error("the page tells another thing than the line of all pages")
	}
	if r := s.ask(t, http.MethodPost, "/activity?do=look"); r.status != http.StatusServiceUnavailable {
		t.Fatalf("the form is answered %d, want %d", r.status, http.StatusServiceUnavailable)
	}
	tells("1 picture, all looked at")
}

func TestAChangeSaysWhatItDidAndAnUndoWhatItTookBack(t *testing.T) {
	t.Parallel()
	people := func(names ...lineup.Name) (all []lineup.Person) {
		for i, name := range names {
			all = append(all, lineup.Person{ID: int64(i + 1), Name: name})
		}
		return all
	}
	named := store.Change{Action: store.ActionName, Person: &lineup.Person{ID: 7, Name: "Omar R"}, Name: "Omar"}
	undone := store.Change{Action: store.ActionUndo, Person: named.Person, Undone: &named}
	again := store.Change{Action: store.ActionUndo, Person: named.Person, Undone: &undone}
	for want, c := range map[string]store.Change{
		"Undid “Named Omar”":     undone,
		"Did “Named Omar” again": again,
		"Named Omar":             named,
		"Named stranger 7":       {Action: store.ActionName, Person: &lineup.Person{ID: 7}}, // erased
		"Undid a change":         {Action: store.ActionUndo},

		"Ignored a face":                               {Action: store.ActionIgnore, Ignored: new(true)},
		"Stopped ignoring a face":                      {Action: store.ActionIgnore, Ignored: new(false)},
		"Added photos of Omar R":                       {Action: store.ActionPhoto, Person: named.Person, Removed: new(false)},
		"Removed a photo of Omar R":                    {Action: store.ActionPhoto, Person: named.Person, Removed: new(true)},
		"Changed a photo of Omar R":                    {Action: store.ActionPhoto, Person: named.Person},
		"Hid Omar R":                                   {Action: store.ActionHide, Person: named.Person, Hidden: new(true)},
		"Listed Omar R again":                          {Action: store.ActionHide, Person: named.Person, Hidden: new(false)},
		"Chose the portrait of Omar R":                 {Action: store.ActionHide, Person: named.Person},
		"Merged Nora into Omar R":                      {Action: store.ActionMerge, Person: named.Person, Merged: people("Nora")},
		"Merged Nora, Ben and Stranger 3 into Omar R":  {Action: store.ActionMerge, Person: named.Person, Merged: people("Nora", "Ben", "")},
		"Merged Nora, Ben, Ann and 2 more into Omar R": {Action: store.ActionMerge, Person: named.Person, Merged: people("Nora", "Ben", "Ann", "Cat", "Dan")},
		"Merged somebody into Omar R":                  {Action: store.ActionMerge, Person: named.Person},
	} {
		if got := did(c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := didWhom(undone); got != (aboutPerson{"Undid “Named ", "Omar", "”"}) {
		t.Errorf("cut around the name it is %+v", got)
	}
}
