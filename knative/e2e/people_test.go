package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
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
// her pictures follows each time; no ping helps, but to announce it.
func TestPeopleAreEnrolledFromZeroMergedAndTakenApart(t *testing.T) {
	first := uploadMila(t)
	follow(t, first, "nobody's", func(image lineup.Image) bool { return image.Status == lineup.Unknown })

	awaitZero(t)
	start := time.Now()
	mila := newPerson(t, "Mila")
	t.Logf("enrolled from zero within %v", time.Since(start).Round(time.Millisecond))
	wantPerson(t, first, mila)
	wantPerson(t, uploadMila(t), mila)

	ludmila := newPerson(t, "Ludmila", "anyway=true")
	wantAmbiguous(t, first, mila, ludmila)

	awaitZero(t)
	var merged store.Profile
	change(t, fmt.Sprintf("/people/%d/merge", mila), fmt.Appendf(nil, `{"people":[%d]}`, ludmila), &merged)
	if merged.ID != mila || merged.Name != "Mila" || len(merged.Photos) != 2 {
		t.Errorf("merged is %+v, want Mila with two photos", merged)
	}
	wantPerson(t, first, mila)

	var undone store.Change
	change(t, fmt.Sprintf("/changes/%d/undo", newestChange(t, ludmila, store.ActionMerge)), nil, &undone)
	if undone.Action != store.ActionUndo {
		t.Errorf("undoing answers %+v", undone)
	}
	wantAmbiguous(t, first, mila, ludmila)

	schedule(t, "* * * * *")
	defer schedule(t, "0 0 1 1 *")
	testkit.Poll(t, 4*time.Minute, time.Second, "the changed answer is announced", func() bool {
		return slices.ContainsFunc(announced(t, first), func(e cloudevents.Event) bool {
			return e.Type() == event.TypeUnknown && strings.Count(e.ID(), ".") == 2 // picture, round and revision
		})
	})
}

// uploadMila posts a picture of her that nobody has posted before.
func uploadMila(t *testing.T) int64 {
	t.Helper()
	image, _ := post(t, "/images", another(picture(t, "try/mila-again.jpg")), "Content-Type", "image/jpeg")
	return image.ID
}

// newPerson enrols somebody by Mila's photo, at view's address, and wants to be told at
// once that the photo is usable: without a preference, within ENROL_WAIT.
func newPerson(t *testing.T, name string, beside ...string) int64 {
	t.Helper()
	status, answer := sendPhoto(t, "view", "/api/v1/people", name, "try/mila.jpg", beside...)
	var person store.Profile
	if err := json.Unmarshal(answer, &person); err != nil || status != http.StatusCreated || string(person.Name) != name ||
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

// wantPerson waits until the picture is that person's.
func wantPerson(t *testing.T, image, person int64) {
	t.Helper()
	follow(t, image, fmt.Sprintf("person %d's", person), func(image lineup.Image) bool {
		return image.Status == lineup.Identified && image.Person != nil && image.Person.ID == person
	})
}

// wantAmbiguous waits until the picture is nobody's, as both people are equally like it.
func wantAmbiguous(t *testing.T, image, one, other int64) {
	t.Helper()
	follow(t, image, fmt.Sprintf("nobody's, as people %d and %d are alike", one, other), func(image lineup.Image) bool {
		if image.Status != lineup.Unknown || image.Person != nil || len(image.Faces) != 1 {
			return false
		}
		face := image.Faces[0]
		if face.Refusal != "ambiguous" || len(face.Candidates) < 2 {
			return false
		}
		nearest := []int64{face.Candidates[0].Person.ID, face.Candidates[1].Person.ID}
		return slices.Contains(nearest, one) && slices.Contains(nearest, other)
	})
}

// follow waits until the API shows what is wanted of a picture.
func follow(t *testing.T, id int64, what string, is func(lineup.Image) bool) {
	t.Helper()
	start := time.Now()
	var answer []byte
	defer func() {
		if t.Failed() {
			t.Logf("the API says %s", answer)
		}
	}()
	testkit.Poll(t, time.Minute, 300*time.Millisecond, fmt.Sprintf("picture %d is %s", id, what), func() bool {
		var status int
		status, answer, _ = call(t, http.MethodGet, "view", fmt.Sprintf("/api/v1/images/%d", id), nil)
		var image lineup.Image
		return status == http.StatusOK && json.Unmarshal(answer, &image) == nil && is(image)
	})
	t.Logf("picture %d is %s after %v", id, what, time.Since(start).Round(time.Millisecond))
}
