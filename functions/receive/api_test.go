package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// ask makes a request of the API; the answer must have that status, and is read into v
// unless that is nil.
func (s *system) ask(t *testing.T, method, path, body string, status int, v any) reply {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, "/api/v1/"+path, strings.NewReader(body))
	recorder := httptest.NewRecorder()
	s.handler.ServeHTTP(recorder, request)
	r := reply{recorder.Code, recorder.Header(), recorder.Body.String()}
	if r.status != status {
		t.Fatalf("%s %s %s: %d %s, want %d", method, path, body, r.status, r.body, status)
	}
	if v != nil {
		if err := json.Unmarshal([]byte(r.body), v); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, r.body)
		}
	}
	return r
}

// looked posts a path and writes that faces were found in it.
func (s *system) looked(t *testing.T, path string, faces ...lineup.Face) lineup.Image {
	t.Helper()
	id := testkit.Must(s.store.Submit(t.Context(), store.Paths(path)))(t)[0].ID
	claim := testkit.Must(s.store.Claim(t.Context(), id, time.Hour))(t)
	testkit.Must(s.store.Finish(t.Context(), claim, store.Result{Faces: faces}, true))(t)
	return testkit.Must(s.store.Image(t.Context(), id))(t)
}

func someFace(x float64) lineup.Face {
	return lineup.Face{Box: &lineup.Box{X: x, Y: 0.1, Width: 0.2, Height: 0.2}, Score: testkit.Ptr(0.9)}
}

// named makes somebody known by name alone.
func (s *system) named(t *testing.T, name string) store.Profile {
	t.Helper()
	var p store.Profile
	r := s.ask(t, "POST", "people", fmt.Sprintf(`{"name":%q}`, name), 201, &p)
	if r.header.Get("Location") != fmt.Sprintf("/api/v1/people/%d", p.ID) {
		t.Errorf("Location of %s is %q", name, r.header.Get("Location"))
	}
	return p
}

// kind is the type of a problem and what it carries.
type kind struct {
	Type   string          `json:"type"`
	Detail string          `json:"detail"`
	People []lineup.Person `json:"people"`
	Change *store.Change   `json:"change"`
}

func (k kind) want(t *testing.T, name string) {
	t.Helper()
	if k.Type != "urn:lineup:problem:"+name || k.Detail == "" {
		t.Errorf("the problem is %+v, want %s", k, name)
	}
}

func TestAPictureIsDeletedForGood(t *testing.T) {
	s := newSystem(t)
	r := s.do(t, "/api/v1/images", "\xff\xd8\xff one", "Content-Type", "image/jpeg")
	uploaded := r.images(t)[0]
	if r.status != 202 || r.header.Get("Location") != fmt.Sprintf("/api/v1/images/%d", uploaded.ID) {
		t.Errorf("upload: %d %v %s", r.status, r.header, r.body)
	}
	testkit.Succeed(t, os.WriteFile(filepath.Join(s.images, "mine.jpg"), []byte("\xff\xd8\xff two"), 0o600))
	posted := s.looked(t, "mine.jpg", someFace(0.1))
	for _, id := range []int64{uploaded.ID, posted.ID} {
		s.ask(t, "DELETE", fmt.Sprintf("images/%d", id), "", 204, nil)
		s.ask(t, "DELETE", fmt.Sprintf("images/%d", id), "", 404, nil)
		s.ask(t, "POST", fmt.Sprintf("images/%d/look", id), "", 404, nil)
		s.ask(t, "POST", fmt.Sprintf("images/%d/faces", id), `{"box":{"x":0,"y":0,"width":1,"height":1},"person":null}`, 404, nil)
		if past, err := s.store.History(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the history of %d: %+v, %v", id, past, err)
		}
		if claim := testkit.Must(s.store.Claim(t.Context(), id, time.Hour))(t); claim.Outcome != store.Done || !claim.Announced {
			t.Errorf("a late hint of %d: %+v", id, claim)
		}
	}
	if _, err := os.Stat(filepath.Join(s.images, uploaded.Path)); !os.IsNotExist(err) {
		t.Errorf("the file of the upload: %v", err)
	}
	if _, err := os.Stat(filepath.Join(s.images, "mine.jpg")); err != nil {
		t.Errorf("the file that was posted by its path: %v", err)
	}
	if images, _, err := s.store.Images(t.Context(), store.Filter{Limit: 9}); err != nil || len(images) != 0 {
		t.Errorf("there are %v, %v", images, err)
	}
	changes, _, err := s.store.Changes(t.Context(), store.ChangeFilter{Image: posted.ID, Limit: 9})
	if err != nil || len(changes) != 1 || changes[0].Action != store.ActionDelete {
		t.Fatalf("changes are %+v, %v", changes, err)
	}
	var problem kind
	s.ask(t, "POST", fmt.Sprintf("changes/%d/undo", changes[0].ID), "", 409, &problem)
	problem.want(t, "final")
	if again := s.looked(t, "mine.jpg"); again.ID == posted.ID {
		t.Errorf("posted again it has its old id, %d", again.ID)
	}
}

func TestPicturesAreLookedAtAgain(t *testing.T) {
	s := newSystem(t)
	one := s.looked(t, "a/1.jpg", someFace(0.1))
	s.looked(t, "a/2.jpg")
	s.looked(t, "b/1.jpg")
	var image lineup.Image
	s.ask(t, "POST", fmt.Sprintf("images/%d/look", one.ID), "", 202, &image)
	if image.ID != one.ID || image.Status != lineup.Pending || len(image.Faces) != 1 {
		t.Errorf("%+v", image)
	}
	if hints := s.nextHints(t, 1); !strings.Contains(hints[0], "a/1.jpg") {
		t.Errorf("hinted is %s", hints)
	}
	var count struct{ Count int64 }
	if s.ask(t, "POST", "images/look", `{"path":"a/","status":"unknown"}`, 202, &count); count.Count != 1 {
		t.Errorf("%d are looked at again, want a/2.jpg", count.Count)
	}
	if s.ask(t, "POST", "images/look", `{"filter":{"until":"2000-01-01T00:00:00Z"}}`, 202, &count); count.Count != 0 {
		t.Errorf("%d of the past are looked at again", count.Count)
	}
	if s.ask(t, "POST", "images/look", `{"filter":{"until":"2000-01-01","since":"1999-12-31"}}`, 202, &count); count.Count != 0 {
		t.Errorf("of a day long ago: %+v", count)
	}
	for _, person := range []string{"0", "-1"} {
		s.ask(t, "POST", "images/look", `{"person":`+person+`}`, 400, nil)
	}
	s.ask(t, "POST", "images/look", `{"since":"yesterday"}`, 400, nil)
	s.ask(t, "POST", "images/look", `{"colour":"red"}`, 400, nil)
	s.ask(t, "POST", "images/look", `{"status":"asleep"}`, 400, nil)
}

func TestAFaceIsDecidedByHand(t *testing.T) {
	s := newSystem(t)
	anna, bob := s.named(t, "Anna"), s.named(t, "Bob")
	image := s.looked(t, "a.jpg", someFace(0.1))
	path := fmt.Sprintf("faces/%d", image.Faces[0].ID)
	patch := func(body string) (f lineup.Face) {
		t.Helper()
		s.ask(t, "PATCH", path, body, 200, &f)
		return f
	}
	if f := patch(fmt.Sprintf(`{"person":%d}`, anna.ID)); f.Person == nil || f.Person.ID != anna.ID || f.DecidedBy != lineup.ByHand {
		t.Errorf("by an id: %+v", f)
	}
	if f := patch(`{"person":{"name":"Carl"}}`); f.Person == nil || f.Person.Name != "Carl" {
		t.Errorf("by a name: %+v", f)
	}
	if f := patch(`{"person":null}`); f.Person != nil || f.DecidedBy != lineup.ByMachine {
		t.Errorf("taken back: %+v", f)
	}
	if f := patch(fmt.Sprintf(`{"not":[%d,%d]}`, anna.ID, bob.ID)); len(f.Not) != 2 {
		t.Errorf("not: %+v", f)
	}
	if f := patch(`{"ignored":true}`); !f.Ignored {
		t.Errorf("ignored: %+v", f)
	}
	var problem kind
	s.ask(t, "PATCH", path, fmt.Sprintf(`{"person":%d,"ignored":true}`, anna.ID), 422, &problem)
	problem.want(t, "contradiction")
	for _, body := range []string{`{}`, `{"person":"Anna"}`, `{"person":{"name":""}}`, `{"person":{"id":1,"name":"Anna"}}`, `{"name":"Anna"}`, `[]`, `{} {}`} {
		s.ask(t, "PATCH", path, body, 400, nil)
	}
	s.ask(t, "PATCH", path, `{"person":999}`, 404, nil)
	s.ask(t, "PATCH", "faces/999", `{"ignored":true}`, 404, nil)
	s.ask(t, "PATCH", "faces/x", `{"ignored":true}`, 404, nil)

	var drawn lineup.Face
	r := s.ask(t, "POST", fmt.Sprintf("images/%d/faces", image.ID), fmt.Sprintf(`{"box":{"x":0.5,"y":0.5,"width":0.25,"height":0.5},"person":%d}`, bob.ID), 201, &drawn)
	if drawn.Person == nil || drawn.Person.ID != bob.ID || drawn.Box == nil || drawn.Box.X != 0.5 || r.header.Get("Location") != fmt.Sprintf("/api/v1/images/%d", image.ID) {
		t.Errorf("drawn: %+v", drawn)
	}
	var again lineup.Face
	s.ask(t, "POST", fmt.Sprintf("images/%d/faces", image.ID), fmt.Sprintf(`{"box":{"x":0.5,"y":0.5,"width":0.25,"height":0.5},"person":%d}`, bob.ID), 201, &again)
	if now := testkit.Must(s.store.Image(t.Context(), image.ID))(t); again.ID != drawn.ID || len(now.Faces) != 2 {
		t.Errorf("drawn once more: %+v among %d", again, len(now.Faces))
	}
	var second lineup.Face
	s.ask(t, "POST", fmt.Sprintf("images/%d/faces", image.ID), `{"box":{"x":0.5,"y":0.5,"width":0.25,"height":0.5},"person":{"name":"Second"}}`, 201, &second)
	if second.ID == drawn.ID || second.Person == nil || second.Person.Name != "Second" {
		t.Errorf("the same box of somebody else: %+v", second)
	}
	waiting := testkit.Must(s.store.Submit(t.Context(), store.Paths("waiting.jpg")))(t)[0].ID
	s.ask(t, "POST", fmt.Sprintf("images/%d/faces", waiting), `{"box":{"x":0,"y":0,"width":1,"height":1},"person":null}`, 201, nil)
	for _, body := range []string{`{"person":1}`, `{"box":{"x":0.9,"y":0,"width":0.2,"height":0.1}}`, `{"box":{"x":0,"y":0,"width":0,"height":0.1}}`, `{"box":{"x":0,"y":0,"width":1e-300,"height":0.1}}`} {
		s.ask(t, "POST", fmt.Sprintf("images/%d/faces", image.ID), body, 422, nil)
	}
}

func TestPeopleAreNamedMergedAndToldApart(t *testing.T) {
	s := newSystem(t)
	anna, anne, bob := s.named(t, "Anna"), s.named(t, "Anne"), s.named(t, "Bob")
	path := fmt.Sprintf("people/%d", anne.ID)
	s.ask(t, "PATCH", path, "{\"name\":\"\xff\"}", 400, nil) // no UTF-8
	var problem kind
	s.ask(t, "PATCH", path, `{"name":"ANNA"}`, 409, &problem)
	if problem.want(t, "same-spelling"); len(problem.People) != 1 || problem.People[0].ID != anna.ID {
		t.Errorf("%+v", problem)
	}
	var profile store.Profile
	if s.ask(t, "PATCH", path, `{"name":"ANNA","new":true,"hidden":true}`, 200, &profile); profile.Name != "ANNA" || !profile.Hidden {
		t.Errorf("%+v", profile)
	}
	for _, body := range []string{`{}`, `{"name":""}`, `{"cover":"x"}`, `{"nickname":"x"}`} {
		s.ask(t, "PATCH", path, body, 400, nil)
	}
	s.ask(t, "PATCH", path, `{"cover":999}`, 404, nil)
	s.ask(t, "PATCH", path, `{"cover":null}`, 200, nil)
	s.ask(t, "PATCH", "people/999", `{"hidden":true}`, 404, nil)

	s.ask(t, "POST", fmt.Sprintf("people/%d/different", anna.ID), fmt.Sprintf(`{"people":[%d]}`, bob.ID), 204, nil)
	merge := fmt.Sprintf("people/%d/merge", anna.ID)
	if s.ask(t, "POST", merge, fmt.Sprintf(`{"people":[%d]}`, anne.ID), 200, &profile); profile.ID != anna.ID {
		t.Errorf("%+v", profile)
	}
	s.ask(t, "POST", merge, fmt.Sprintf(`{"people":[%d]}`, anna.ID), 409, &problem)
	problem.want(t, "same-person")
	s.ask(t, "POST", merge, `{"people":[]}`, 400, nil)
	s.ask(t, "POST", merge, `{"people":[999]}`, 404, nil)

	s.ask(t, "PATCH", fmt.Sprintf("people/%d", anna.ID), `{"name":"Hanna"}`, 200, nil)
	s.ask(t, "PATCH", fmt.Sprintf("people/%d", anna.ID), `{"name":"Johanna"}`, 200, nil)
	changes, _, err := s.store.Changes(t.Context(), store.ChangeFilter{Person: anna.ID, Limit: 9})
	if err != nil || len(changes) < 3 {
		t.Fatalf("%+v, %v", changes, err)
	}
	s.ask(t, "POST", fmt.Sprintf("changes/%d/undo", changes[1].ID), "", 409, &problem)
	if problem.want(t, "later-change"); problem.Change == nil || problem.Change.ID != changes[0].ID {
		t.Errorf("%+v", problem)
	}
	var undo store.Change
	if s.ask(t, "POST", fmt.Sprintf("changes/%d/undo", changes[0].ID), "", 200, &undo); undo.Action != store.ActionUndo {
		t.Errorf("%+v", undo)
	}
	if one := testkit.Must(s.store.Person(t.Context(), anna.ID))(t); one.Name != "Hanna" {
		t.Errorf("after undo: %+v", one)
	}
	s.ask(t, "POST", "changes/999/undo", "", 404, nil)

	first := testkit.Must(s.store.Enrol(t.Context(), store.Enrolment{Name: "Gwen"}))(t).Person.ID
	s.ask(t, "PATCH", fmt.Sprintf("people/%d", first), `{"name":"Hedy"}`, 200, nil)
	renamed, _, err := s.store.Changes(t.Context(), store.ChangeFilter{Person: first, Limit: 1})
	testkit.Succeed(t, err)
	second := testkit.Must(s.store.Enrol(t.Context(), store.Enrolment{Name: "gwen"}))(t).Person.ID
	var same kind
	s.ask(t, "POST", fmt.Sprintf("changes/%d/undo", renamed[0].ID), "", 409, &same)
	if same.want(t, "same-spelling"); len(same.People) != 1 || same.People[0].ID != second {
		t.Errorf("undoing the renaming is refused because of %+v, want person %d", same.People, second)
	}
	s.ask(t, "POST", fmt.Sprintf("changes/%d/undo", renamed[0].ID), `{"merge":true}`, 400, nil)
	s.ask(t, "POST", fmt.Sprintf("changes/%d/undo", renamed[0].ID), `{"new":true}`, 200, nil)
	if one := testkit.Must(s.store.Person(t.Context(), first))(t); one.Name != "Gwen" {
		t.Errorf("undone though somebody else has the name: %+v", one)
	}
}

func TestAPhotoIsTakenOutOfTheGallery(t *testing.T) {
	s := newSystem(t)
	s.limits.EnrolWait = time.Minute
	s.examine(t)
	anna := s.enrol(t, "/api/v1/people", "Anna", "", "1 1,0")
	anna.want(t, http.StatusCreated, "usable")
	photo := fmt.Sprintf("people/%d/photos/%d", anna.ID, anna.Photos[0].ID)
	s.ask(t, "DELETE", photo, "", 204, nil)
	s.ask(t, "DELETE", photo, "", 404, nil)
	s.ask(t, "DELETE", fmt.Sprintf("people/%d/photos/x", anna.ID), "", 404, nil)
	if one := testkit.Must(s.store.Person(t.Context(), anna.ID))(t); len(one.Photos) != 0 {
		t.Errorf("left are %+v", one.Photos)
	}
}

func TestEveryWriteIsOneThatViewHandsOn(t *testing.T) {
	writes := newSystem(t).writes()
	got := slices.Sorted(maps.Keys(writes))
	if want := slices.Sorted(slices.Values(lineup.APIWrites)); !slices.Equal(got, want) {
		t.Errorf("receive answers %q, and view hands on %q: lineup.APIWrites names both", got, want)
	}
}

func TestWritesRefuseWhatTheyDoNotKnow(t *testing.T) {
	s := newSystem(t)
	for _, write := range lineup.APIWrites {
		method, path, _ := strings.Cut(write, " ")
		path = strings.TrimPrefix(strings.NewReplacer("{id}", "1", "{photo}", "1").Replace(path), "/")
		if r := s.ask(t, method, path+"?colour=red", "", 400, nil); !strings.Contains(r.body, "colour") {
			t.Errorf("%s: a parameter: %s", write, r.body)
		}
		if write == "POST /people/{id}/photos" {
			continue // a form
		}
		if r := s.ask(t, method, path, `{"colour":"red"}`, 400, nil); !strings.Contains(r.body, "colour") {
			t.Errorf("%s: a field: %s", write, r.body)
		}
	}
	for _, path := range []string{"/api/v1/people", "/api/v1/people/1/photos"} {
		s.enrol(t, path, "", "colour=red", "1 1,0").want(t, http.StatusBadRequest, "colour")
	}
	s.named(t, "Ann")
	s.enrol(t, "/api/v1/people/1/photos", "", "new=true", "1 1,0").want(t, http.StatusBadRequest, `unknown field \"new\"`)
	s.ask(t, "PATCH", "people/1", `{"hidden":true,"new":true}`, 400, nil)
	s.ask(t, "PATCH", "people/1", `{"hidden":true,"Hidden":false}`, 400, nil)
	s.ask(t, "POST", "images/look", `{"status":"unknown","filter":{}}`, 400, nil)
}

func TestPathsGoToTheAPI(t *testing.T) {
	s := newSystem(t)
	var answer struct{ Images []lineup.Image }
	r := s.ask(t, "POST", "images", `{"path":"a.jpg"}`, 202, &answer)
	if len(answer.Images) != 1 || r.header.Get("Location") != fmt.Sprintf("/api/v1/images/%d", answer.Images[0].ID) {
		t.Errorf("%v %s", r.header, r.body)
	}
	s.ask(t, "POST", "images", `{"paths":[{"path":"a.jpg"},{"path":"b.jpg"}]}`, 202, nil)
	var problem kind
	s.ask(t, "POST", "images", `{`, 400, &problem)
	problem.want(t, "bad-request")
	s.ask(t, "PUT", "images", `{}`, 405, nil)
	s.ask(t, "POST", "nothing", `{}`, 404, nil)
}

// Whoever names a person as somebody is called is asked whether the two are one, and says so.
func TestNamingAPersonAsAnotherIsCalledMergesThemWhenAskedTo(t *testing.T) {
	s := newSystem(t)
	anna, anne := s.named(t, "Anna"), s.named(t, "Anne")
	path := fmt.Sprintf("people/%d", anne.ID)
	for _, body := range []string{`{"merge":true}`, `{"merge":true,"hidden":true}`, `{"name":"Anna","merge":true,"new":true}`} {
		s.ask(t, "PATCH", path, body, 400, nil)
	}
	var problem kind
	s.ask(t, "PATCH", path, `{"name":"Annnna","merge":true}`, 404, &problem)
	problem.want(t, "nobody")
	if still := testkit.Must(s.store.Person(t.Context(), anne.ID))(t); still.Name != "Anne" {
		t.Errorf("who was to be merged with nobody is now called %q", still.Name)
	}
	s.ask(t, "PATCH", path, `{"name":"anna","merge":false}`, 409, &problem)
	problem.want(t, "same-spelling")
	var profile store.Profile
	s.ask(t, "PATCH", path, `{"name":"anna","merge":true}`, 200, &profile)
	var one, other = testkit.Must(s.store.Person(t.Context(), anna.ID))(t), testkit.Must(s.store.Person(t.Context(), anne.ID))(t)
	if one.MergedInto != nil || one.Name != "Anna" || other.MergedInto == nil || *other.MergedInto != anna.ID || profile.ID != anna.ID {
		t.Errorf("answered %+v; %+v and %+v", profile, one, other)
	}
	changes, _, err := s.store.Changes(t.Context(), store.ChangeFilter{Person: anna.ID, Limit: 1})
	if err != nil || len(changes) != 1 || changes[0].Action != store.ActionMerge {
		t.Errorf("%+v, %v", changes, err)
	}
}

// Merged both ways at once, two are one, and both answers say who.
func TestMergedBothWaysAtOnceTheyAreOneAndBothAnswersSayWho(t *testing.T) {
	s := newSystem(t)
	for range 5 {
		a, b := s.named(t, "A"), s.named(t, "B")
		var answers [2]store.Profile
		var both sync.WaitGroup
		for i, way := range [][2]int64{{a.ID, b.ID}, {b.ID, a.ID}} {
			both.Go(func() {
				s.ask(t, http.MethodPost, fmt.Sprintf("people/%d/merge", way[0]), fmt.Sprintf(`{"people":[%d]}`, way[1]), http.StatusOK, &answers[i])
			})
		}
		both.Wait()
		if answers[0].ID != answers[1].ID || answers[0].ID == 0 {
			t.Errorf("one is told person %d, the other person %d", answers[0].ID, answers[1].ID)
		}
		changes, _, err := s.store.Changes(t.Context(), store.ChangeFilter{Person: a.ID, Limit: 10})
		testkit.Succeed(t, err)
		if merges := len(slices.DeleteFunc(changes, func(c store.Change) bool { return c.Action != store.ActionMerge })); merges != 1 {
			t.Errorf("there are %d changes that merge them, want one", merges)
		}
		testkit.Must(s.store.ErasePerson(t.Context(), a.ID, ""))(t) // so that the names are free again
		for more := true; more; {
			more = testkit.Must(s.eraser.work(t.Context()))(t)
		}
	}
}

func TestAnAnswerTellsTheChangesThatItMade(t *testing.T) {
	s := newSystem(t)
	image := s.looked(t, "a.jpg", someFace(0.1))
	face := fmt.Sprintf("faces/%d", image.Faces[0].ID)
	ann, bob, cat := s.named(t, "Ann"), s.named(t, "Bob"), s.named(t, "Cat")
	newest := func() int64 {
		changes, _, err := s.store.Changes(t.Context(), store.ChangeFilter{Limit: 1})
		testkit.Succeed(t, err)
		return changes[0].ID
	}
	for _, write := range []struct {
		method, path, body string
		status             int
		changes            int
	}{
		{"POST", "people", `{"name":"Dan"}`, 201, 1},
		{"POST", "people", `{"name":"Dan"}`, 200, 0},
		{"PATCH", face, fmt.Sprintf(`{"person":%d}`, ann.ID), 200, 1},
		{"PATCH", face, fmt.Sprintf(`{"person":%d}`, ann.ID), 200, 0},
		{"POST", fmt.Sprintf("images/%d/faces", image.ID), `{"box":{"x":0.5,"y":0.5,"width":0.1,"height":0.1}}`, 201, 1},
		{"PATCH", fmt.Sprintf("people/%d", ann.ID), `{"name":"Anna","hidden":true}`, 200, 1},
		{"POST", fmt.Sprintf("people/%d/different", ann.ID), fmt.Sprintf(`{"people":[%d]}`, bob.ID), 204, 1},
		{"POST", fmt.Sprintf("people/%d/different", ann.ID), fmt.Sprintf(`{"people":[%d]}`, bob.ID), 204, 0},
		{"POST", fmt.Sprintf("people/%d/merge", ann.ID), fmt.Sprintf(`{"people":[%d]}`, cat.ID), 200, 1},
		{"PATCH", fmt.Sprintf("people/%d", ann.ID), `{"name":"Bob","merge":true,"hidden":true}`, 200, 2},
		{"DELETE", fmt.Sprintf("people/%d", bob.ID), "", 202, 1},
		{"DELETE", fmt.Sprintf("images/%d", image.ID), "", 204, 1},
	} {
		before := newest()
		r := s.ask(t, write.method, write.path, write.body, write.status, nil)
		var want []string
		for i := range int64(write.changes) {
			want = append(want, fmt.Sprint(before+1+i))
		}
		if got := r.header.Get(lineup.ChangeHeader); got != strings.Join(want, ", ") || newest() != before+int64(write.changes) {
			t.Errorf("%s %s %s: the changes %q, want %v of up to %d", write.method, write.path, write.body, got, want, newest())
		}
	}
	enrolled := s.named(t, "Eve")
	enrolment := newest()
	if got := s.ask(t, "POST", fmt.Sprintf("changes/%d/undo", enrolment), "", 200, nil).header.Get(lineup.ChangeHeader); got != fmt.Sprint(enrolment+1) {
		t.Errorf("undoing that %d was added: %q", enrolled.ID, got)
	}
}
