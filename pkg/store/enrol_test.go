package store_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// enrol enrols by a name, with these photos.
func (d database) enrol(t testing.TB, e store.Enrolment, photos ...string) store.Enrolled {
	t.Helper()
	return testkit.Must(d.Enrol(t.Context(), with(e, photos...)))(t)
}

func with(e store.Enrolment, photos ...string) store.Enrolment {
	for _, photo := range photos {
		e.Photos = append(e.Photos, store.NewPhoto{ImageName: photo})
	}
	return e
}

// usable enrols a photo that shows a face, and finishes it as usable.
func (d database) usable(t *testing.T, name, photo string, face []float32) store.Enrolled {
	t.Helper()
	enrolled := d.enrol(t, store.Enrolment{Name: name}, photo)
	done := d.finishPhoto(t, enrolled.Photos[0].ID, d.seen(t, face))
	if done.State != store.PhotoUsable {
		t.Fatalf("%s of %s is %+v", photo, name, done)
	}
	return enrolled
}

// face is a descriptor; two have the cosine of the angle between them.
func face(degrees float64) []float32 {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return []float32{float32(cos), float32(sin)}
}

// seen is the outcome of a look at a good photo, compared with the gallery as it is.
func (d database) seen(t *testing.T, face []float32) store.PhotoOutcome {
	t.Helper()
	return store.PhotoOutcome{State: store.PhotoUsable, Descriptor: face, Model: "m", GalleryState: d.state(t), Threshold: 0.5,
		Shown: []map[string]int{{"number": 1}}}
}

func (d database) state(t *testing.T) (state int64) {
	t.Helper()
	d.scan(t, "SELECT state FROM gallery", &state)
	return state
}

func (d database) finishPhoto(t *testing.T, id int64, o store.PhotoOutcome) store.Photo {
	t.Helper()
	claim := testkit.Must(d.ClaimPhoto(t.Context(), id, time.Minute))(t)
	if claim.Outcome != store.Won {
		t.Fatalf("the claim of photo %d ended with %d", id, claim.Outcome)
	}
	return testkit.Must(d.FinishPhoto(t.Context(), claim, o))(t)
}

func TestEnrol(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	anna := db.enrol(t, store.Enrolment{Name: "Anna", By: "key"}, "anna-1.jpg", "anna-2.jpg")
	if !anna.Created || anna.Change == 0 || len(anna.Photos) != 2 || anna.Photos[1].ImageName != "anna-2.jpg" || anna.Photos[1].State != store.PhotoPending ||
		anna.Person.Name != "Anna" || len(anna.Person.Photos) != 2 {
		t.Fatalf("enrolled %+v", anna)
	}
	for name, c := range map[string]struct {
		e      store.Enrolment
		photos []string
	}{
		"the same again":             {store.Enrolment{Name: "Anna"}, []string{"anna-1.jpg", "anna-2.jpg"}},
		"another way to write it":    {store.Enrolment{Name: " ANNA "}, []string{"anna-2.jpg"}},
		"by the id":                  {store.Enrolment{PersonID: anna.Person.ID}, []string{"anna-1.jpg"}},
		"without a photo":            {store.Enrolment{Name: "anna"}, nil},
		"as somebody new, once more": {store.Enrolment{Name: "Anna", New: true}, []string{"anna-1.jpg"}},
	} {
		if again := db.enrol(t, c.e, c.photos...); again.Created || again.Change != 0 || again.Person.ID != anna.Person.ID || len(again.Photos) != len(c.photos) {
			t.Errorf("%s: %+v, want nothing new", name, again)
		}
	}
	other := db.enrol(t, store.Enrolment{Name: "anna", New: true}, "other.jpg")
	if !other.Created || other.Person.ID == anna.Person.ID {
		t.Errorf("somebody new is %+v", other)
	}
	_, err := db.Enrol(t.Context(), with(store.Enrolment{Name: "Anna"}, "third.jpg"))
	if same, ok := errors.AsType[*store.SameSpelling](err); !ok || len(same.People) != 2 {
		t.Errorf("a name that two have: %v, want *SameSpelling with both", err)
	}
	if again := db.enrol(t, store.Enrolment{Name: "Anna"}, "other.jpg"); again.Person.ID != other.Person.ID || again.Change != 0 {
		t.Errorf("a request of one of two, again: %+v", again)
	}
	for range 2 {
		ben := db.enrol(t, store.Enrolment{Name: "Ben"}, "anna-1.jpg")
		own := fmt.Sprintf("anna-1-%d.jpg", ben.Person.ID)
		if !slices.Equal(ben.Names, []string{own}) || len(ben.Person.Photos) != 1 || ben.Person.Photos[0].ImageName != own {
			t.Errorf("a photo by the name of another's: %+v, want one of the name %s", ben, own)
		}
	}
	if _, err := db.Enrol(t.Context(), store.Enrolment{Name: "\u200b"}); !errors.Is(err, store.ErrNameless) {
		t.Errorf("a name that cannot be seen: %v, want ErrNameless", err)
	}
	if _, err := db.Enrol(t.Context(), store.Enrolment{PersonID: 1_000_000}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("nobody: %v, want ErrNotFound", err)
	}
}

func TestAMergedPersonsNameIsTheSurvivors(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	kate, katherine := db.person(t, "Kate"), db.person(t, "Katherine")
	testkit.Must(db.MergePeople(t.Context(), katherine.ID, []int64{kate.ID}, ""))(t)
	for _, e := range []store.Enrolment{{Name: "kate"}, {PersonID: kate.ID}} {
		if got := db.enrol(t, e, "kate.jpg"); got.Person.ID != katherine.ID || got.Created {
			t.Errorf("%+v is %+v, want Katherine", e, got)
		}
	}
}

func TestWhatWasWithdrawnCanBeEnrolledAgain(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.usable(t, "Kate", "kate.jpg", face(0))
	request := with(store.Enrolment{Name: "Kat"}, "kat.jpg")
	kat := testkit.Must(db.Enrol(t.Context(), request))(t)
	outcome := db.seen(t, face(1))
	outcome.Candidates = []store.PhotoCandidate{{ImageName: "kate.jpg", Similarity: 0.99}}
	refused := db.finishPhoto(t, kat.Photos[0].ID, outcome)
	if refused.State != store.PhotoUnusable || refused.Similar == nil || refused.Similar.Person.Name != "Kate" || refused.Similar.ImageName != "kate.jpg" {
		t.Fatalf("a photo like another person's is %+v", refused)
	}
	if again := testkit.Must(db.Enrol(t.Context(), request))(t); again.Change != 0 || again.Photos[0].State != store.PhotoUnusable || again.Photos[0].Similar == nil {
		t.Errorf("the same request again: %+v, want the same answer", again)
	}
	if err := db.Withdraw(t.Context(), kat, "", keepFile); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Person(t.Context(), kat.Person.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the person who was withdrawn: %v, want ErrNotFound", err)
	}
	request.Anyway = true
	anyway := testkit.Must(db.Enrol(t.Context(), request))(t)
	if !anyway.Photos[0].Anyway || anyway.Photos[0].State != store.PhotoPending || anyway.Person.Name != "Kat" {
		t.Fatalf("again and anyway: %+v", anyway)
	}
	if done := db.finishPhoto(t, anyway.Photos[0].ID, outcome); done.State != store.PhotoUsable {
		t.Errorf("anyway it is %+v", done)
	}
}

// Of an enrolment upon which somebody has built only what it added goes.
func TestWhatWasBuiltUponIsNotWithdrawn(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	first := db.enrol(t, store.Enrolment{Name: "Kate"}, "1.jpg", "2.jpg")
	second := db.enrol(t, store.Enrolment{Name: "Kate"}, "2.jpg", "3.jpg")
	third := db.enrol(t, store.Enrolment{PersonID: first.Person.ID}, "4.jpg")
	for _, step := range []struct {
		withdraw store.Enrolled
		want     []string
	}{
		{first, []string{"3.jpg", "4.jpg"}},
		{second, []string{"4.jpg"}},
		{store.Enrolled{}, []string{"4.jpg"}},
		{third, []string{}},
	} {
		if err := db.Withdraw(t.Context(), step.withdraw, "", keepFile); err != nil {
			t.Fatal(err)
		}
		if got := testkit.Must(db.Person(t.Context(), first.Person.ID))(t); !slices.Equal(got.ImageNames, step.want) {
			t.Errorf("photos are %v, want %v", got.ImageNames, step.want)
		}
	}
}

func TestAPhotoThatWasRefusedIsUsableAnyway(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.usable(t, "Kate", "kate.jpg", face(0))
	kat := db.enrol(t, store.Enrolment{Name: "Kat"}, "kat.jpg")
	outcome := db.seen(t, face(1))
	outcome.GalleryState = 1 // it had not seen Kate
	if refused := db.finishPhoto(t, kat.Photos[0].ID, outcome); refused.Similar == nil {
		t.Fatalf("it is %+v", refused)
	}
	anyway := db.enrol(t, store.Enrolment{Name: "Kat", Anyway: true}, "kat.jpg")
	if anyway.Change == 0 || anyway.Photos[0].State != store.PhotoPending || anyway.Photos[0].Similar != nil {
		t.Fatalf("anyway: %+v", anyway)
	}
	if done := db.finishPhoto(t, kat.Photos[0].ID, outcome); done.State != store.PhotoUsable {
		t.Errorf("it is %+v", done)
	}
	testkit.Must(db.UndoChange(t.Context(), anyway.Change, ""))(t)
	if photo := testkit.Must(db.Photo(t.Context(), kat.Photos[0].ID))(t); photo.State != store.PhotoPending || photo.Anyway {
		t.Errorf("after the undo it is %+v, want it to be looked at again", photo)
	}
}

// A photo that was unusable for another reason may be like somebody else too, once a face is chosen.
func TestAnUnusablePhotoTakesAnyway(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.usable(t, "Kate", "kate.jpg", face(0))
	group := db.enrol(t, store.Enrolment{Name: "Kat"}, "group.jpg")
	db.finishPhoto(t, group.Photos[0].ID, store.PhotoOutcome{State: store.PhotoUnusable, Reason: "several faces", Shown: []int{1, 2}})
	anyway := db.enrol(t, store.Enrolment{Name: "Kat", Chosen: 1, Anyway: true}, "group.jpg")
	if !anyway.Photos[0].Anyway || anyway.Photos[0].Chosen != 1 {
		t.Fatalf("it is %+v", anyway.Photos[0])
	}
	outcome := db.seen(t, face(1))
	outcome.GalleryState = 1 // it had not seen Kate
	if done := db.finishPhoto(t, group.Photos[0].ID, outcome); done.State != store.PhotoUsable {
		t.Errorf("it is %+v", done)
	}
}

func TestOneOfSeveralFacesIsChosen(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	group := db.enrol(t, store.Enrolment{Name: "Anna"}, "group.jpg")
	refused := db.finishPhoto(t, group.Photos[0].ID, store.PhotoOutcome{State: store.PhotoUnusable, Reason: "several faces", Shown: []int{1, 2}})
	if refused.Reason != "several faces" || string(refused.Faces) != "[1,2]" {
		t.Errorf("it is %+v", refused)
	}
	chosen := db.enrol(t, store.Enrolment{Name: "Anna", Chosen: 2}, "group.jpg")
	if chosen.Change == 0 || chosen.Photos[0].State != store.PhotoPending || chosen.Photos[0].Chosen != 2 || chosen.Photos[0].Reason != "" {
		t.Errorf("chosen: %+v", chosen)
	}
}

func TestAFirstPhotoIsToldWithItsPerson(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	since := db.state(t)
	anna := db.usable(t, "Anna", "anna.jpg", face(0))
	var people, owners []int64
	testkit.Must(db.GallerySince(t.Context(), since, "m", store.GalleryRows{
		Person: func(p store.GalleryPerson) { people = append(people, p.ID) },
		Photo:  func(p store.GalleryPhoto) { owners = append(owners, p.PersonID) },
	}))(t)
	if want := []int64{anna.Person.ID}; !slices.Equal(people, want) || !slices.Equal(owners, want) {
		t.Errorf("told are people %v with photos of %v, want %v", people, owners, want)
	}
}

// Two requests that enrol one face under two names at once are both compared with a
// gallery that has neither.
func TestOneFaceUnderTwoNamesAtOnce(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	state := db.state(t)
	var all sync.WaitGroup
	var usable, similar atomic.Int32
	for i := range 8 {
		all.Go(func() {
			enrolled, err := db.Enrol(t.Context(), with(store.Enrolment{Name: fmt.Sprint("name ", i)}, fmt.Sprint(i, ".jpg")))
			if err != nil {
				t.Error(err)
				return
			}
			claim, err := db.ClaimPhoto(t.Context(), enrolled.Photos[0].ID, time.Minute)
			if err != nil || claim.Outcome != store.Won {
				t.Error(claim, err)
				return
			}
			outcome := store.PhotoOutcome{State: store.PhotoUsable, Descriptor: face(float64(i)), Model: "m", GalleryState: state, Threshold: 0.5}
			photo, err := db.FinishPhoto(t.Context(), claim, outcome)
			switch {
			case err != nil:
				t.Error(err)
			case photo.State == store.PhotoUsable:
				usable.Add(1)
			case photo.Similar != nil:
				similar.Add(1)
			}
		})
	}
	all.Wait()
	if usable.Load() != 1 || similar.Load() != 7 {
		t.Errorf("%d are usable, %d like another; want 1 and 7", usable.Load(), similar.Load())
	}
	if now := db.state(t); now != state+1 {
		t.Errorf("the gallery is at state %d, want %d: one photo came", now, state+1)
	}
}

func TestWhoIsAnotherIsSaidByTheGalleryAsItIs(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	kate := db.usable(t, "Kate", "kate.jpg", face(0)).Person
	katherine := db.enrol(t, store.Enrolment{Name: "Katherine"}, "1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg")
	compared := func(degrees float64) store.PhotoOutcome {
		outcome := db.seen(t, face(degrees))
		outcome.Candidates = []store.PhotoCandidate{{PersonID: kate.ID, PhotoID: kate.Photos[0].ID, ImageName: "kate.jpg", Similarity: 0.99}}
		return outcome
	}
	before := compared(1)
	merge := db.merge(t, katherine.Person.ID, kate.ID)
	if photo := db.finishPhoto(t, katherine.Photos[0].ID, before); photo.State != store.PhotoUsable {
		t.Errorf("like a person who was merged with this one meanwhile: %+v", photo)
	}
	after := compared(2)
	after.Candidates = nil // as the two are one
	testkit.Must(db.UndoChange(t.Context(), merge, ""))(t)
	if photo := db.finishPhoto(t, katherine.Photos[1].ID, after); photo.Similar == nil || photo.Similar.Person.ID != kate.ID {
		t.Errorf("like a person who was told from this one meanwhile: %+v", photo)
	}
	before = compared(3)
	if _, err := db.RemovePhoto(t.Context(), kate.ID, kate.Photos[0].ID, ""); err != nil {
		t.Fatal(err)
	}
	if photo := db.finishPhoto(t, katherine.Photos[2].ID, before); photo.State != store.PhotoUsable {
		t.Errorf("like a photo that was removed meanwhile: %+v", photo)
	}
	if photo := db.finishPhoto(t, katherine.Photos[3].ID, compared(3)); photo.State != store.PhotoUnusable || photo.Similar != nil {
		t.Errorf("the same photo once more: %+v, want it unusable", photo)
	}
	far := compared(120)
	far.Candidates = nil
	if photo := db.finishPhoto(t, katherine.Photos[4].ID, far); photo.State != store.PhotoUsable {
		t.Errorf("a photo like nobody's: %+v", photo)
	}
}

func TestClaimsOfPhotos(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	anna := db.enrol(t, store.Enrolment{Name: "Anna"}, "1.jpg", "2.jpg")
	id := anna.Photos[0].ID
	claim := testkit.Must(db.ClaimPhoto(t.Context(), id, time.Hour))(t)
	if claim.Outcome != store.Won || claim.ImageName != "1.jpg" || claim.PersonID != anna.Person.ID {
		t.Fatalf("the claim is %+v", claim)
	}
	if second := testkit.Must(db.ClaimPhoto(t.Context(), id, time.Hour))(t); second.Outcome != store.Leased || second.Wait <= 0 || second.Wait > store.Horizon {
		t.Errorf("a second claim: %+v", second)
	}
	if err := db.GiveBackPhoto(t.Context(), claim, time.Minute, true); err != nil {
		t.Error(err)
	}
	if _, err := db.FinishPhoto(t.Context(), claim, store.PhotoOutcome{State: store.PhotoUnchecked}); !errors.Is(err, store.ErrClaimLost) {
		t.Errorf("a late writer: %v, want ErrClaimLost", err)
	}
	if later := testkit.Must(db.ClaimPhoto(t.Context(), id, time.Hour))(t); later.Outcome != store.NotYet || later.Attempts != 1 {
		t.Errorf("before the retry: %+v", later)
	}
	db.exec(t, "UPDATE person_images SET retry_at = NULL")
	claim = testkit.Must(db.ClaimPhoto(t.Context(), id, time.Hour))(t)
	if _, err := db.RemovePhoto(t.Context(), anna.Person.ID, id, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := db.FinishPhoto(t.Context(), claim, db.seen(t, face(0))); !errors.Is(err, store.ErrClaimLost) {
		t.Errorf("a photo that was removed: %v, want ErrClaimLost", err)
	}
	if err := db.GiveBackPhoto(t.Context(), claim, 0, false); !errors.Is(err, store.ErrClaimLost) {
		t.Errorf("give back a photo that was removed: %v, want ErrClaimLost", err)
	}
	if gone := testkit.Must(db.ClaimPhoto(t.Context(), id, time.Hour))(t); gone.Outcome != store.Gone {
		t.Errorf("a removed photo: %+v", gone)
	}
	if done := db.finishPhoto(t, anna.Photos[1].ID, store.PhotoOutcome{State: store.PhotoUnchecked}); done.State != store.PhotoUnchecked {
		t.Errorf("it is %+v", done)
	}
	if done := testkit.Must(db.ClaimPhoto(t.Context(), anna.Photos[1].ID, time.Hour))(t); done.Outcome != store.Done {
		t.Errorf("a photo that is finished: %+v", done)
	}
	// While it is looked at, enrolling the person is undone.
	ben := db.enrol(t, store.Enrolment{Name: "Ben"}, "ben.jpg")
	claim = testkit.Must(db.ClaimPhoto(t.Context(), ben.Photos[0].ID, time.Hour))(t)
	testkit.Must(db.UndoChange(t.Context(), ben.Change, ""))(t)
	if _, err := db.FinishPhoto(t.Context(), claim, db.seen(t, face(0))); !errors.Is(err, store.ErrClaimLost) {
		t.Errorf("a photo of somebody who was removed: %v, want ErrClaimLost", err)
	}
}

func TestDuePhotos(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	due := func() []int64 { t.Helper(); return testkit.Must(db.DuePhotos(t.Context(), 5*time.Minute, 10))(t) }
	id := db.enrol(t, store.Enrolment{Name: "Anna"}, "1.jpg").Photos[0].ID
	for _, step := range []struct {
		what, set string
		want      bool
	}{
		{"just enrolled: its file is on the way", "state = state", false},
		{"enrolled two minutes ago, never hinted", "created_at = UTC_TIMESTAMP(6) - INTERVAL 2 MINUTE", true},
		{"hinted now", "queued_at = UTC_TIMESTAMP(6)", false},
		{"hinted long ago", "queued_at = UTC_TIMESTAMP(6) - INTERVAL 6 MINUTE", true},
		{"hinted in the future", "queued_at = UTC_TIMESTAMP(6) + INTERVAL 6 MINUTE", true},
		{"being looked at", "lease_until = UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE", false},
		{"its lease ran out since it was hinted", "queued_at = UTC_TIMESTAMP(6) - INTERVAL 2 MINUTE, lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE", true},
		{"put off", "lease_until = NULL, retry_at = UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE", false},
		{"its retry came", "retry_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND", true},
		{"removed", "removed_at = UTC_TIMESTAMP(6)", false},
		{"finished", "removed_at = NULL, state = 'usable'", false},
	} {
		db.exec(t, "UPDATE person_images SET "+step.set)
		if got := due(); slices.Contains(got, id) != step.want {
			t.Errorf("%s: due are %v, want it %t", step.what, got, step.want)
		}
	}
	db.exec(t, "UPDATE person_images SET state = 'pending'")
	if err := db.MarkPhotosQueued(t.Context(), []int64{id}); err != nil || len(due()) != 0 {
		t.Errorf("after a hint due are %v, %v", due(), err)
	}
}

func TestRemovePhoto(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	anna, ben := db.usable(t, "Anna", "anna.jpg", face(0)), db.enrol(t, store.Enrolment{Name: "Ben"}, "ben.jpg")
	photo, state := anna.Photos[0].ID, db.state(t)
	if _, err := db.RemovePhoto(t.Context(), ben.Person.ID, photo, ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another's photo: %v, want ErrNotFound", err)
	}
	for range 2 {
		_, err := db.RemovePhoto(t.Context(), anna.Person.ID, photo, "")
		if db.state(t) != state+1 || err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("removed: %v, state %d, want %d", err, db.state(t), state+1)
		}
	}
	if got := testkit.Must(db.Person(t.Context(), anna.Person.ID))(t); len(got.Photos) != 0 || len(got.ImageNames) != 0 {
		t.Errorf("Anna is %+v", got)
	}
	changes, _, err := db.Changes(t.Context(), store.ChangeFilter{Person: anna.Person.ID, Limit: 1})
	if err != nil || len(changes) != 1 || changes[0].Action != store.ActionPhoto {
		t.Fatalf("the last change is %+v, %v", changes, err)
	}
	testkit.Must(db.UndoChange(t.Context(), changes[0].ID, ""))(t)
	if got := testkit.Must(db.Person(t.Context(), anna.Person.ID))(t); len(got.Photos) != 1 || got.Photos[0].State != store.PhotoUsable || db.state(t) != state+2 {
		t.Errorf("put back: %+v at state %d", got, db.state(t))
	}
	if _, err := db.RemovePhoto(t.Context(), ben.Person.ID, ben.Photos[0].ID, ""); err != nil || db.state(t) != state+2 {
		t.Errorf("a photo that does not count: %v, state %d", err, db.state(t))
	}
	// The same photo enrolled for somebody else, once it is nobody's.
	if got := db.enrol(t, store.Enrolment{PersonID: anna.Person.ID}, "ben.jpg"); got.Photos[0].ID != ben.Photos[0].ID || got.Photos[0].PersonID != anna.Person.ID {
		t.Errorf("Ben's old photo: %+v", got)
	}
}

// Whoever sees a state of the gallery sees every change up to it: what is read in one
// snapshot with the state needs never be read again.
func TestAStateOfTheGalleryHasEveryChangeUpToIt(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	var people []lineup.Person
	for i := range 6 {
		people = append(people, db.usable(t, fmt.Sprint("name ", i), fmt.Sprint(i, ".jpg"), face(float64(60*i))).Person.Person)
	}
	stop := make(chan struct{})
	var reader sync.WaitGroup
	known, highest := map[string]int64{}, int64(0)
	reader.Go(func() {
		for ended := false; !ended; {
			select {
			case <-stop:
				ended = true
			default:
			}
			highest = db.readGallery(t, known, highest)
		}
	})
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			for n := range 15 {
				from, to := people[(i+n)%6].ID, people[(i*n+1)%6].ID
				if _, err := db.MergePeople(t.Context(), to, []int64{from}, ""); err != nil && !expected(err) {
					t.Error(err)
				}
				changes, _, err := db.Changes(t.Context(), store.ChangeFilter{Limit: 5})
				if err != nil {
					t.Error(err)
				}
				for _, c := range changes {
					if _, err := db.UndoChange(t.Context(), c.ID, ""); err != nil && !expected(err) {
						t.Error(err)
					}
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	reader.Wait()
	for what, state := range db.galleryRows(t) {
		if known[what] != state {
			t.Errorf("%s is at state %d, the reader knows %d", what, state, known[what])
		}
	}
	if highest != db.state(t) {
		t.Errorf("the reader is at state %d, the gallery at %d", highest, db.state(t))
	}
}

// expected tells whether an error is one that clients who change the same things get.
func expected(err error) bool {
	_, later := errors.AsType[*store.LaterChange](err)
	_, same := errors.AsType[*store.SameSpelling](err)
	return later || same || errors.Is(err, store.ErrSamePerson) || errors.Is(err, store.ErrNotFound)
}

const galleryRows = `
	SELECT CONCAT('person ', id), gallery_state FROM person WHERE gallery_state > ?
	UNION ALL
	SELECT CONCAT('photo ', id), gallery_state FROM person_images WHERE gallery_state > ?`

// readGallery reads, in one snapshot, the state and the rows above the one it knew.
func (d database) readGallery(t *testing.T, known map[string]int64, above int64) (state int64) {
	t.Helper()
	tx, err := d.sql.BeginTx(t.Context(), nil) // repeatable read
	if err != nil {
		t.Error(err)
		return above
	}
	defer tx.Rollback()
	if err := tx.QueryRowContext(t.Context(), "SELECT state FROM gallery").Scan(&state); err != nil {
		t.Error(err)
		return above
	}
	rows, err := tx.QueryContext(t.Context(), galleryRows, above, above)
	if err != nil {
		t.Error(err)
		return above
	}
	defer rows.Close()
	for rows.Next() {
		var what string
		var at int64
		if err := rows.Scan(&what, &at); err != nil || at > state {
			t.Errorf("%s at state %d in a snapshot of state %d, %v", what, at, state, err)
		}
		known[what] = at
	}
	return state
}

func (d database) galleryRows(t *testing.T) map[string]int64 {
	t.Helper()
	all := map[string]int64{}
	d.readGallery(t, all, 0)
	return all
}

func TestAPhotoRemovedRightAfterItWasExamined(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	anna := db.enrol(t, store.Enrolment{Name: "Anna"}, "anna.jpg")
	photo := anna.Photos[0].ID
	seen := db.seen(t, face(0))
	// Of one connection, whoever waited for it removes the photo before anybody else reads it.
	one := open(t, store.Settings{Database: store.Database{DSN: db.dsn}, Connections: 1})
	claim := testkit.Must(one.ClaimPhoto(t.Context(), photo, time.Minute))(t)
	gallery := db.locked(t, "SELECT state FROM gallery FOR UPDATE")
	var finishing sync.WaitGroup
	finishing.Go(func() {
		if finished, err := one.FinishPhoto(t.Context(), claim, seen); err != nil || finished.State != store.PhotoUsable || finished.PersonID != anna.Person.ID {
			t.Errorf("the photo is %+v, %v", finished, err)
		}
	})
	db.waitForLockWait(t)
	finishing.Go(func() {
		if _, err := one.RemovePhoto(t.Context(), anna.Person.ID, photo, ""); err != nil {
			t.Error(err)
		}
	})
	testkit.Eventually(t, patience, "the one who removes it waits", func() bool { return one.DB().Stats().WaitCount > 0 })
	testkit.Succeed(t, gallery.Commit())
	finishing.Wait()
	if _, err := db.Photo(t.Context(), photo); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the photo: %v, want ErrNotFound", err)
	}
}
