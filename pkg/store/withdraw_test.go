package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

// counts are how many rows these tables have.
func (d database) counts(t *testing.T, tables ...string) (all []int) {
	t.Helper()
	for _, table := range tables {
		var n int
		d.scan(t, "SELECT COUNT(*) FROM "+table, &n)
		all = append(all, n)
	}
	return all
}

// A request that is refused leaves nothing: no name, photo, descriptor or change.
func TestNothingIsLeftOfWhatIsWithdrawn(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	tables := []string{"person_images", "descriptors", "changes", "change_values", "change_people"}
	kate := db.usable(t, "Kate", "kate.jpg", face(0)).Person.ID
	before := db.counts(t, tables...)
	refused := func(e store.Enrolment, like string, others ...string) store.Enrolled {
		t.Helper()
		enrolled := testkit.Must(db.Enrol(t.Context(), with(e, append([]string{like}, others...)...)))(t)
		outcome := db.seen(t, face(1))
		outcome.Candidates = []store.PhotoCandidate{{ImageName: "kate.jpg", Similarity: .99}}
		if photo := db.finishPhoto(t, enrolled.Photos[0].ID, outcome); photo.Similar == nil {
			t.Fatalf("the photo is %+v", photo)
		}
		return enrolled
	}
	var removed []string
	withdraw := func(e store.Enrolled) {
		t.Helper()
		testkit.Succeed(t, db.Withdraw(t.Context(), e, "", func(_ context.Context, name string) error { removed = append(removed, name); return nil }))
	}

	made := refused(store.Enrolment{Name: somebody}, theirPhotos+"1.jpg")
	withdraw(made)
	if left := db.columns(t, []byte(somebody), descriptorBytes(face(1))); len(left) > 0 || !slices.Equal(removed, []string{theirPhotos + "1.jpg"}) {
		t.Errorf("of a new person there is %s; removed is %v", strings.Join(left, "\n"), removed)
	}
	if now := db.counts(t, tables...); !slices.Equal(now, before) {
		t.Errorf("%v have %v rows, before %v", tables, now, before)
	}
	withdraw(made) // again

	// One of its photos counted before that: face servers read that it is gone.
	other := db.usable(t, "Other", "other.jpg", face(170)).Person.ID
	before = db.counts(t, tables...)
	both := refused(store.Enrolment{PersonID: other}, theirPhotos+"2.jpg", theirPhotos+"3.jpg")
	state := db.state(t)
	db.finishPhoto(t, both.Photos[1].ID, db.seen(t, face(250)))
	withdraw(both)
	if left := db.columns(t, []byte(somebody), descriptorBytes(face(1)), descriptorBytes(face(250))); len(left) > 0 || db.state(t) < state+2 {
		t.Errorf("of photos of somebody there is %s", strings.Join(left, "\n"))
	}
	if before[0]++; !slices.Equal(db.counts(t, tables...), before) {
		t.Errorf("%v have %v rows, want %v with a tombstone", tables, db.counts(t, tables...), before)
	}

	// Pings remove what is left for face servers.
	db.exec(t, "UPDATE person SET removed_at = removed_at - INTERVAL 1 HOUR")
	db.exec(t, "UPDATE person_images SET file_gone_at = file_gone_at - INTERVAL 25 HOUR")
	testkit.Must(db.TidyStrangers(t.Context(), store.StrangerLimits{Most: 10}))(t)
	if n := testkit.Must(db.DropTombstones(t.Context()))(t); n != 1 {
		t.Errorf("%d tombstones went, want one", n)
	}
	var people int
	if db.scan(t, "SELECT COUNT(*) FROM person", &people); people != 2 {
		t.Errorf("there are %d people, want Kate (%d) and Other", people, kate)
	}
}

// What somebody has built upon a refused request meanwhile stays, with all that it needs.
func TestWhatIsBuiltUponAWithdrawnRequestStays(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	first := testkit.Must(db.Enrol(t.Context(), with(store.Enrolment{Name: "Kat"}, "1.jpg")))(t)
	db.usable(t, "Kat", "2.jpg", face(60))
	testkit.Succeed(t, db.Withdraw(t.Context(), first, "", keepFile))
	kat := testkit.Must(db.Person(t.Context(), first.Person.ID))(t)
	if kat.Name != "Kat" || !slices.Equal(kat.ImageNames, []string{"2.jpg"}) || len(db.columns(t, []byte("1.jpg"))) > 0 {
		t.Errorf("the person is %+v, of the photo there is %v", kat, db.columns(t, []byte("1.jpg")))
	}
	changes, _, err := db.Changes(t.Context(), store.ChangeFilter{Limit: 10})
	if err != nil || len(changes) != 2 || changes[1].ID != first.Change || changes[0].Person == nil {
		t.Errorf("changes are %+v, %v", changes, err)
	}
}

// What is left out of a request leaves as little, and the rest of the request stays.
func TestNothingIsLeftOfWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	enrolled := testkit.Must(db.Enrol(t.Context(), with(store.Enrolment{Name: "Ben"}, "good.jpg", theirPhotos+"1.jpg")))(t)
	others := enrolled
	others.Photos = enrolled.Photos[1:]
	var removed []string
	testkit.Succeed(t, db.LeaveOut(t.Context(), others, "", func(_ context.Context, name string) error { removed = append(removed, name); return nil }))
	if left := db.columns(t, []byte(theirPhotos+"1.jpg")); len(left) > 0 || !slices.Equal(removed, []string{theirPhotos + "1.jpg"}) {
		t.Errorf("there is %s; removed is %v", strings.Join(left, "\n"), removed)
	}
	if ben := testkit.Must(db.Person(t.Context(), enrolled.Person.ID))(t); !slices.Equal(ben.ImageNames, []string{"good.jpg"}) {
		t.Errorf("the person is %+v", ben)
	}
	changes, _, err := db.Changes(t.Context(), store.ChangeFilter{Limit: 10})
	if err != nil || len(changes) != 1 || changes[0].ID != enrolled.Change {
		t.Errorf("changes are %+v, %v", changes, err)
	}
	testkit.Must(db.UndoChange(t.Context(), enrolled.Change, ""))(t)
}

// What was announced stays in the changes, by ids alone.
func TestAWithdrawnRequestThatWasAnnouncedIsTakenBackAloud(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	made := testkit.Must(db.Enrol(t.Context(), with(store.Enrolment{Name: somebody}, theirPhotos+"1.jpg")))(t)
	testkit.Succeed(t, db.MarkChangesAnnounced(t.Context(), []int64{made.Change}))
	testkit.Succeed(t, db.Withdraw(t.Context(), made, "", keepFile))
	due := testkit.Must(db.UnannouncedChanges(t.Context(), 0, 100, 10))(t)
	if len(due) != 1 || due[0].Action != store.ActionUndo || !slices.Equal(due[0].People, []int64{made.Person.ID}) || len(db.columns(t, []byte(somebody))) > 0 {
		t.Errorf("to be announced is %+v; there is %v", due, db.columns(t, []byte(somebody)))
	}
}
