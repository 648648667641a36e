package store_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

// adopt gives these photos rows and their ids, as they are due.
func (d database) adopt(t *testing.T, names ...string) []int64 {
	t.Helper()
	testkit.Must(d.Adopt(t.Context(), names))(t)
	return testkit.Must(d.DuePhotos(t.Context(), time.Minute, 100))(t)
}

func TestAnAdoptedPhotoIsWhoseItIsLike(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	anna := db.usable(t, "Anna", "anna-1.jpg", face(0)).Person.ID
	bea := db.usable(t, "Bea", "bea-1.jpg", face(50)).Person.ID
	one := db.enrol(t, store.Enrolment{Name: "Twin", New: true}).Person.ID
	db.enrol(t, store.Enrolment{Name: "Twin", New: true})
	for name, c := range map[string]struct {
		file   string
		face   []float32
		person int64
		state  store.PhotoState
		reason string
	}{
		"like somebody":                        {"img.jpg", face(-10), anna, store.PhotoUsable, ""},
		"like two, and named as one":           {"anna_7.jpg", face(30), anna, store.PhotoUsable, ""},
		"like somebody, named as another":      {"anna_8.jpg", face(105), bea, store.PhotoUsable, ""},
		"like nobody, named as somebody":       {"Anna_9.jpg", face(180), anna, store.PhotoUsable, ""},
		"like nobody, named as two people are": {"twin.jpg", face(250), one, store.PhotoUnusable, "2 people are called"},
		"the same photo again":                 {"copy.jpg", face(0), anna, store.PhotoUnusable, "already enrolled"},
	} {
		ids := db.adopt(t, c.file)
		if len(ids) != 1 {
			t.Fatalf("%s: %d photos are due, want one", name, len(ids))
		}
		seen := db.seen(t, c.face)
		seen.GalleryState = 1 // the face server had seen nothing yet
		photo := db.finishPhoto(t, ids[0], seen)
		if photo.PersonID != c.person || photo.State != c.state || !strings.Contains(photo.Reason, c.reason) {
			t.Errorf("%s: person %d, %s %q; want %d, %s %q", name, photo.PersonID, photo.State, photo.Reason, c.person, c.state, c.reason)
		}
	}
}

func TestWhatIsErasedIsNotAdopted(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	sum := sha256.Sum256([]byte("cal_1.jpg"))
	db.exec(t, "INSERT INTO person (created_at) VALUES (NOW(6))")
	db.exec(t, "INSERT INTO person_images (image_name, person_id, created_at, removed_at, erased_at) VALUES (?, 1, NOW(6), NOW(6), NOW(6))", "erased/"+hex.EncodeToString(sum[:]))
	if n := testkit.Must(db.Adopt(t.Context(), []string{"cal_1.jpg", "dan_1.jpg"}))(t); n != 1 {
		t.Errorf("%d photos are adopted, want the one that is nobody's who was erased", n)
	}
}

func TestAnAdoptionCanBeUndone(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	ids := db.adopt(t, "cal_1.jpg")
	photo := db.finishPhoto(t, ids[0], db.seen(t, face(0)))
	made, _, err := db.Changes(t.Context(), store.ChangeFilter{Limit: 10})
	if err != nil || len(made) != 1 || made[0].Action != store.ActionEnrol || made[0].By != "(gallery)" || made[0].Person.Name != "cal" {
		t.Fatalf("changes %+v, %v", made, err)
	}
	testkit.Must(db.UndoChange(t.Context(), made[0].ID, ""))(t)
	if _, err := db.Person(t.Context(), photo.PersonID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the person is still there: %v", err)
	}
	if again := db.adopt(t, "cal_1.jpg"); len(again) != 0 {
		t.Error("what was undone is adopted again")
	}
}

func TestWhoEnrolsAPhotoThatWaitsToBeAdoptedHasIt(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	id := db.adopt(t, "cal_1.jpg")[0]
	claim := testkit.Must(db.ClaimPhoto(t.Context(), id, time.Minute))(t)
	dan := db.enrol(t, store.Enrolment{Name: "Dan"}, "cal_1.jpg")
	if _, err := db.FinishPhoto(t.Context(), claim, db.seen(t, face(0))); !errors.Is(err, store.ErrClaimLost) {
		t.Errorf("the adoption ends with %v, want that it lost the claim", err)
	}
	if photo := db.finishPhoto(t, id, db.seen(t, face(0))); photo.PersonID != dan.Person.ID || photo.State != store.PhotoUsable {
		t.Errorf("the photo is %+v, want Dan's", photo)
	}
	testkit.Must(db.UndoChange(t.Context(), dan.Change, ""))(t)
}

func TestPhotosOfOneNewPersonAdoptedAtOnceMakeOnePerson(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	ids := db.adopt(t, "eve_1.jpg", "eve_2.jpg", "eve_3.jpg", "eve_4.jpg", "eve_5.jpg", "eve_6.jpg")
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() {
			claim, err := db.ClaimPhoto(t.Context(), id, time.Minute)
			if err == nil {
				_, err = db.FinishPhoto(t.Context(), claim, store.PhotoOutcome{State: store.PhotoUsable, Descriptor: face(float64(i)), Model: "m", GalleryState: 1, Threshold: 0.5})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if people, _, err := db.People(t.Context(), 0, 10); err != nil || len(people) != 1 {
		t.Errorf("people %v, %v; want one", people, err)
	}
}

func TestAPhotoThatIsGoneIsEnrolledAgainByTheSameRequest(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	enrolled := db.usable(t, "Anna", "anna-1.jpg", face(0))
	testkit.Succeed(t, db.LosePhotos(t.Context(), []int64{enrolled.Photos[0].ID}))
	if photo := testkit.Must(db.Photo(t.Context(), enrolled.Photos[0].ID))(t); photo.State != store.PhotoUnusable || !strings.Contains(photo.Reason, "its file is gone") {
		t.Errorf("the photo is %+v", photo)
	}
	if again := db.enrol(t, store.Enrolment{Name: "Anna"}, "anna-1.jpg"); again.Photos[0].State != store.PhotoPending {
		t.Errorf("enrolled again it is %+v, want it to wait", again.Photos[0])
	}
}

func TestOneListsTheGalleryAtATime(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	claim := func(want bool) store.Adoption {
		t.Helper()
		a, ok, err := db.ClaimAdoption(t.Context(), time.Minute, 0)
		if err != nil || ok != want {
			t.Fatalf("claimed %t, %v; want %t", ok, err, want)
		}
		return a
	}
	first := claim(true)
	claim(false)
	first.Position, first.Listed = "m.jpg", 7
	testkit.Succeed(t, db.MoveAdoption(t.Context(), first))
	testkit.Succeed(t, db.ReleaseAdoption(t.Context(), first))
	second := claim(true)
	if second.Position != "m.jpg" || second.Listed != 7 {
		t.Errorf("it goes on at %+v", second)
	}
	if err := db.FinishAdoption(t.Context(), first); !errors.Is(err, store.ErrClaimLost) {
		t.Errorf("who lost the claim ends with %v", err)
	}
	testkit.Succeed(t, db.FinishAdoption(t.Context(), second))
	testkit.Succeed(t, db.ReleaseAdoption(t.Context(), second))
	if _, ok, err := db.ClaimAdoption(t.Context(), time.Minute, time.Hour); err != nil || ok {
		t.Errorf("within the pause it is claimed: %t, %v", ok, err)
	}
	claim(true)
}
