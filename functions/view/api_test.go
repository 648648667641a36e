package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// tell asks the API and reads the answer into v; it must have that status.
func (s *site) tell(t *testing.T, path string, status int, v any) reply {
	t.Helper()
	r := s.get(t, path)
	if r.status != status {
		t.Fatalf("GET %s: %d %s, want %d", path, r.status, r.body, status)
	}
	if err := json.Unmarshal([]byte(r.body), v); err != nil {
		t.Fatalf("GET %s: %v in %s", path, err, r.body)
	}
	return r
}

func TestTheAPIListsByKey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var ids []int64
	for i := range 5 {
		ids = append(ids, s.finish(t, fmt.Sprintf("holiday/%d.jpg", i), withFaces()))
	}
	s.submit(t, "work/1.jpg")
	var page list[lineup.Image]
	s.tell(t, "/api/v1/images?status=unknown&path=holiday/&limit=2", 200, &page)
	var seen []int64
	for pages := 0; ; pages++ {
		for _, image := range page.Items {
			seen = append(seen, image.ID)
		}
		if page.Next == nil || pages > 5 {
			break
		}
		next := *page.Next
		page = list[lineup.Image]{}
		s.tell(t, next, 200, &page)
	}
	if want := []int64{ids[4], ids[3], ids[2], ids[1], ids[0]}; fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("listed are %v, want %v", seen, want)
	}
	if r := s.get(t, "/api/v1/images?status=failed"); r.body != `{"items":[],"next":null}`+"\n" {
		t.Errorf("none: %s", r.body)
	}
	var future list[lineup.Image]
	if s.tell(t, "/api/v1/images?since=2999-01-01", 200, &future); len(future.Items) != 0 {
		t.Errorf("of the future: %v", future.Items)
	}
	if s.tell(t, "/api/v1/images?until=2999-01-01T00:00:00Z&limit=200", 200, &future); len(future.Items) != 6 {
		t.Errorf("of the past are %d", len(future.Items))
	}
}

func TestTheAPITellsOfOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	person := s.add(t, "Dad")
	image := s.finish(t, "a.jpg", withFaces())
	testkit.Must(s.PatchPerson(t.Context(), person, store.PersonPatch{Name: testkit.Ptr("Papa")}, "phone"))(t)
	var one lineup.Image
	if s.tell(t, fmt.Sprintf("/api/v1/images/%d", image), 200, &one); one.Path != "a.jpg" || one.Status != lineup.Unknown {
		t.Errorf("%+v", one)
	}
	var past list[store.Event]
	s.tell(t, fmt.Sprintf("/api/v1/images/%d/history", image), 200, &past)
	if n := len(past.Items); n < 2 || past.Items[0].What != "received" || past.Items[n-1].What != "result" || past.Items[n-1].Detail != "unknown" {
		t.Errorf("%+v", past)
	}
	again := s.finish(t, "bad.jpg", store.Result{Reason: "no picture"})
	testkit.Must(s.Look(t.Context(), []int64{again}))(t)
	s.tell(t, fmt.Sprintf("/api/v1/images/%d/history", again), 200, &past)
	if n := len(past.Items); n != 2 || past.Items[1].What != "result" || past.Items[1].Detail != "failed: no picture" {
		t.Errorf("looked at again after it failed: %+v", past)
	}
	var profile store.Profile
	if s.tell(t, fmt.Sprintf("/api/v1/people/%d", person), 200, &profile); profile.Name != "Papa" || profile.Photos == nil {
		t.Errorf("%+v", profile)
	}
	var stats store.Stats
	if r := s.tell(t, "/api/v1/stats", 200, &stats); stats.Rate.LastHour != 1 {
		t.Errorf("%s", r.body)
	}
	var people list[store.Profile]
	if s.tell(t, "/api/v1/people?q=pa&named=true", 200, &people); len(people.Items) != 1 {
		t.Errorf("%+v", people)
	}
	if s.tell(t, "/api/v1/people?hidden=true", 200, &people); len(people.Items) != 0 {
		t.Errorf("%+v", people)
	}
	if r := s.get(t, fmt.Sprintf("/api/v1/people/%d/similar", person)); r.body != `{"items":[],"next":null}`+"\n" {
		t.Errorf("%s", r.body)
	}
	var changes list[store.Change]
	s.tell(t, fmt.Sprintf("/api/v1/changes?person=%d", person), 200, &changes)
	if len(changes.Items) == 0 || changes.Items[0].Action != store.ActionName || changes.Items[0].By != "phone" {
		t.Errorf("%+v", changes)
	}
}

func TestTheAPIsProblems(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for path, want := range map[string]struct {
		status int
		kind   string
		detail string
	}{
		"/api/v1/images?colour=red":           {400, "bad-request", "colour"},
		"/api/v1/images?limit=1&limit=2":      {400, "bad-request", "twice"},
		"/api/v1/images?status=asleep":        {400, "bad-request", "status=asleep"},
		"/api/v1/images?since=yesterday":      {400, "bad-request", "since=yesterday"},
		"/api/v1/images?since=0000-01-01":     {400, "bad-request", "years 1000 to 9999"},
		"/api/v1/images?before=0":             {400, "bad-request", "before=0"},
		"/api/v1/images?limit=100000":         {400, "bad-request", "limit"},
		"/api/v1/images/7":                    {404, "not-found", "7"},
		"/api/v1/images/x":                    {404, "not-found", "whole number"},
		"/api/v1/images/7?x=1":                {400, "bad-request", "takes none"},
		"/api/v1/images/7/history":            {404, "not-found", "7"},
		"/api/v1/people?hidden=perhaps":       {400, "bad-request", "hidden=perhaps"},
		"/api/v1/people/7":                    {404, "not-found", "7"},
		"/api/v1/people/7/similar":            {404, "not-found", "7"},
		"/api/v1/people/7/similar?least=2":    {400, "bad-request", "least=2"},
		"/api/v1/people/7/similar?least=high": {400, "bad-request", "least=high"},
		"/api/v1/people/7/similar?least=NaN":  {400, "bad-request", "least=NaN"},
		"/api/v1/changes?person=Dad":          {400, "bad-request", "person=Dad"},
		"/api/v1/nothing":                     {404, "not-found", "nothing"},
		"/api/v1/images/7/history?limit=100":  {400, "bad-request", "limit"},
	} {
		var problem struct {
			Type, Title, Detail string
			Status              int
		}
		r := s.tell(t, path, want.status, &problem)
		if problem.Type != "urn:lineup:problem:"+want.kind || problem.Status != want.status || !strings.Contains(problem.Detail, want.detail) ||
			r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("GET %s: %s %+v", path, r.header.Get("Content-Type"), problem)
		}
	}
}

func TestEveryReadRefusesAParameterThatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	image, person := s.finish(t, "a.jpg", withFaces()), s.add(t, "Dad")
	for _, path := range []string{
		"images", fmt.Sprintf("images/%d", image), fmt.Sprintf("images/%d/history", image),
		"people", fmt.Sprintf("people/%d", person), fmt.Sprintf("people/%d/similar", person), "changes", "stats",
	} {
		if r := s.get(t, "/api/v1/"+path); r.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
		for _, query := range []string{"odd=1", "Limit=1", "odd"} {
			if r := s.get(t, "/api/v1/"+path+"?"+query); r.status != http.StatusBadRequest || !strings.Contains(r.body, "is not known") {
				t.Errorf("%s?%s: %d %s, want 400", path, query, r.status, r.body)
			}
		}
	}
}

// Of two people whose photos have a similarity of 0.28, the default leaves one out.
func TestHowSimilarPeopleMustBeIsASettingAndAParameter(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dad, other := s.add(t, "Dad", "dad.jpg"), s.add(t, "Other", "other.jpg")
	for name, descriptor := range map[string][]float32{"dad.jpg": {1, 0}, "other.jpg": {.28, .96}} {
		encoded := testkit.Must(binary.Append(nil, binary.LittleEndian, descriptor))(t)
		s.edit(t, "INSERT INTO descriptors (photo_id, model, descriptor) SELECT id, 'm', ? FROM person_images WHERE image_name = ?", encoded, name)
	}
	s.edit(t, "UPDATE person_images SET state = 'usable'")
	found := func(query string) (ids []int64) {
		t.Helper()
		var similar list[store.Similar]
		s.tell(t, fmt.Sprintf("/api/v1/people/%d/similar%s", dad, query), 200, &similar)
		for _, one := range similar.Items {
			ids = append(ids, one.Person.ID)
		}
		return ids
	}
	for query, want := range map[string][]int64{"": nil, "?least=0.2": {other}, "?least=-1": {other}, "?least=0.29": nil} {
		if ids := found(query); !slices.Equal(ids, want) {
			t.Errorf("similar%s: %v, want %v", query, ids, want)
		}
	}
	s.view.options.SimilarLeast = .2
	if ids := found(""); !slices.Equal(ids, []int64{other}) {
		t.Errorf("with SIMILAR_LEAST=0.2: %v", ids)
	}
}

func TestWhoHasAnAnswerOfTheAPIIsNotSentItAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.submit(t, "a.jpg")
	first := s.get(t, "/api/v1/images")
	tag := first.header.Get("ETag")
	if again := s.get(t, "/api/v1/images", "If-None-Match", tag); again.status != http.StatusNotModified || again.body != "" {
		t.Errorf("%d %s", again.status, again.body)
	}
	if head := s.ask(t, http.MethodHead, "/api/v1/images"); head.status != 200 || head.body != "" || head.header.Get("ETag") != tag {
		t.Errorf("HEAD: %d %v", head.status, head.header)
	}
	s.submit(t, "b.jpg")
	if changed := s.get(t, "/api/v1/images", "If-None-Match", tag); changed.status != 200 || changed.header.Get("ETag") == tag {
		t.Errorf("after another: %d", changed.status)
	}
}
