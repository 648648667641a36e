package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// TestPeopleAreEnrolledFromZeroMergedAndTakenApart enrols somebody through view when
// everything sleeps, makes two people of her, one again, and undoes that. What is said of
// her picture follows each time, and is announced.
func TestPeopleAreEnrolledFromZeroMergedAndTakenApart(t *testing.T) {
	awaitZero(t)
	start := time.Now()
	mila := newPerson(t, "Mila")
	t.Logf("enrolled from zero within %v", time.Since(start).Round(time.Millisecond))
	uploaded, _ := post(t, "/images", another(picture(t, "try/mila-again.jpg")), "Content-Type", "image/jpeg")
	f := follower{image: uploaded.ID, revision: -1}
	f.wantPerson(t, mila)

	ludmila := newPerson(t, "Ludmila", "anyway=true")
	f.wantAmbiguous(t, mila, ludmila)

	awaitZero(t) // a write wakes what it needs
	var merged store.Profile
	change(t, fmt.Sprintf("/people/%d/merge", mila), fmt.Appendf(nil, `{"people":[%d]}`, ludmila), &merged)
	if merged.ID != mila || merged.Name != "Mila" || len(merged.Photos) != 2 {
		t.Errorf("merged is %+v, want Mila with two photos", merged)
	}
	f.wantPerson(t, mila)

	var undone store.Change
	change(t, fmt.Sprintf("/changes/%d/undo", newestChange(t, ludmila, store.ActionMerge)), nil, &undone)
	if undone.Action != store.ActionUndo {
		t.Errorf("undoing answers %+v", undone)
	}
	f.wantAmbiguous(t, mila, ludmila)
}

// newPerson enrols somebody by Mila's photo, at view's address, and wants to be told at
// once that the photo is usable: without a preference, within ENROL_WAIT.
func newPerson(t *testing.T, name string, beside ...string) int64 {
	t.Helper()
	status, answer := sendPhoto(t, "view", "/api/v1/people", name, "try/mila.jpg", beside...)
	var person store.Profile
	if err := json.Unmarshal(answer, &person); err != nil || status != http.StatusCreated || person.Name != name ||
		len(person.Photos) != 1 || person.Photos[0].State != store.PhotoUsable {
		t.Fatalf("enrol %s: %d %s, want 201 and a usable photo", name, status, answer)
	}
	return person.ID
}

// change posts to the API, at view's address, and reads the answer.
func change(t *testing.T, path string, body []byte, answer any) {
	t.Helper()
	status, text, _ := call(t, http.MethodPost, "view", "/api/v1"+path, body, "Content-Type", "application/json")
	if err := json.Unmarshal(text, answer); err != nil || status != http.StatusOK {
		t.Fatalf("POST %s: %d %s, want 200", path, status, text)
	}
}

// newestChange gives the newest change that touches a person, which must be of that kind.
func newestChange(t *testing.T, person int64, want store.Action) int64 {
	t.Helper()
	status, answer, _ := call(t, http.MethodGet, "view", fmt.Sprintf("/api/v1/changes?person=%d&limit=1", person), nil)
	var list struct{ Items []store.Change }
	if err := json.Unmarshal(answer, &list); err != nil || status != http.StatusOK || len(list.Items) != 1 || list.Items[0].Action != want {
		t.Fatalf("the newest change of person %d: %d %s, want %s", person, status, answer, want)
	}
	return list.Items[0].ID
}

// follower follows what is said of a picture with one face.
type follower struct {
	image    int64
	revision int // of the newest event seen
}

// wantPerson waits until the picture is that person's.
func (f *follower) wantPerson(t *testing.T, id int64) {
	t.Helper()
	f.want(t, event.TypeIdentified, func(image lineup.Image) bool {
		return image.Status == lineup.Identified && image.Person != nil && image.Person.ID == id
	})
}

// wantAmbiguous waits until the picture is nobody's, as these two are equally like it.
func (f *follower) wantAmbiguous(t *testing.T, people ...int64) {
	t.Helper()
	f.want(t, event.TypeUnknown, func(image lineup.Image) bool {
		if image.Status != lineup.Unknown || image.Person != nil || len(image.Faces) != 1 || image.Faces[0].Refusal != "ambiguous" {
			return false
		}
		candidates := map[int64]bool{}
		for _, c := range image.Faces[0].Candidates {
			candidates[c.Person.ID] = true
		}
		return len(candidates) == len(people) && candidates[people[0]] && candidates[people[1]]
	})
}

// want waits until the API shows what is wanted of the picture, and the Trigger's
// subscriber has an event of that type that is newer than those seen before.
func (f *follower) want(t *testing.T, kind string, is func(lineup.Image) bool) {
	t.Helper()
	start := time.Now()
	var answer []byte
	var events []cloudevents.Event
	defer func() {
		if t.Failed() {
			t.Logf("the picture is %s, and announced were %v", answer, events)
		}
	}()
	testkit.Poll(t, time.Minute, 300*time.Millisecond, fmt.Sprintf("image %d is shown as %s", f.image, kind), func() bool {
		var status int
		status, answer, _ = call(t, http.MethodGet, "view", fmt.Sprintf("/api/v1/images/%d", f.image), nil)
		var image lineup.Image
		return status == http.StatusOK && json.Unmarshal(answer, &image) == nil && is(image)
	})
	testkit.Poll(t, time.Minute, 300*time.Millisecond, fmt.Sprintf("the Trigger's subscriber has a newer %s than revision %d", kind, f.revision), func() bool {
		events = announced(t, f.image)
		for _, e := range events {
			if revision := revisionOf(t, e.ID()); revision > f.revision && e.Type() == kind {
				f.revision = revision
				return true
			}
		}
		return false
	})
	t.Logf("%s, shown and announced as revision %d, after %v", kind, f.revision, time.Since(start).Round(time.Millisecond))
}

// revisionOf reads the id of a result's event: image.round, and .revision where an answer was changed.
func revisionOf(t *testing.T, id string) (revision int) {
	t.Helper()
	if parts := strings.Split(id, "."); len(parts) > 2 {
		revision = testkit.Must(strconv.Atoi(parts[2]))(t)
	}
	return revision
}
