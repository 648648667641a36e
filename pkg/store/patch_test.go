package store_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func TestPatchPerson(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	anna, ben := db.enrol(t, store.Enrolment{Name: "Anna"}, "anna.jpg"), db.enrol(t, store.Enrolment{Name: "Ben"}, "ben.jpg")
	state := db.state(t)
	got := testkit.Must(db.PatchPerson(t.Context(), anna.Person.ID, store.PersonPatch{Name: new("Anne"), Hidden: new(true), Cover: &anna.Photos[0].ID}, "key"))(t)
	if got.Name != "Anne" || !got.Hidden || got.Cover == nil || *got.Cover != anna.Photos[0].ID || db.state(t) != state {
		t.Fatalf("patched: %+v at state %d", got, db.state(t))
	}
	patch := db.lastChange(t)
	if patch.Action != store.ActionName || patch.By != "key" || patch.Person == nil || *patch.Person != got.Person {
		t.Errorf("the change is %+v", patch)
	}
	_, err := db.PatchPerson(t.Context(), anna.Person.ID, store.PersonPatch{Name: new("BEN")}, "")
	if same, ok := errors.AsType[*store.SameSpelling](err); !ok || len(same.People) != 1 || same.People[0] != ben.Person.Person {
		t.Errorf("another's name: %v, want *SameSpelling with Ben", err)
	}
	for what, c := range map[string]struct {
		id    int64
		patch store.PersonPatch
		want  error
	}{
		"another's photo as cover":      {anna.Person.ID, store.PersonPatch{Cover: &ben.Photos[0].ID}, store.ErrNotFound},
		"no photo as cover":             {anna.Person.ID, store.PersonPatch{Cover: new(int64(1_000_000))}, store.ErrNotFound},
		"nobody":                        {1_000_000, store.PersonPatch{Hidden: new(true)}, store.ErrNotFound},
		"a name that cannot be seen":    {anna.Person.ID, store.PersonPatch{Name: new("\u200b")}, store.ErrNameless},
		"the name in capitals":          {anna.Person.ID, store.PersonPatch{Name: new("ANNE")}, nil},
		"the other's name, for all":     {anna.Person.ID, store.PersonPatch{Name: new("Ben"), New: true}, nil},
		"no cover":                      {ben.Person.ID, store.PersonPatch{Cover: new(int64(0))}, nil},
		"nothing that is not so by now": {ben.Person.ID, store.PersonPatch{Hidden: new(false)}, nil},
	} {
		if _, err := db.PatchPerson(t.Context(), c.id, c.patch, ""); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
	if last := db.lastChange(t); last.Person == nil || last.Person.ID != anna.Person.ID {
		t.Errorf("the last change is %+v, want Anna's: nothing changed of Ben", last)
	}
}

// A face may be like somebody who has no name: it is theirs by name from then on.
func TestToNameSomebodyWithoutANameMovesTheGallery(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	id, state := db.exec(t, "INSERT INTO person (name, created_at) VALUES (NULL, UTC_TIMESTAMP(6))"), db.state(t)
	if got := testkit.Must(db.PatchPerson(t.Context(), id, store.PersonPatch{Name: new("Anna")}, ""))(t); got.Name != "Anna" || db.state(t) != state+1 {
		t.Errorf("named: %+v at state %d, want %d", got, db.state(t), state+1)
	}
	testkit.Must(db.UndoChange(t.Context(), db.lastChange(t).ID, ""))(t)
	if got := testkit.Must(db.Person(t.Context(), id))(t); got.Name != "" || db.state(t) != state+2 {
		t.Errorf("undone: %+v at state %d, want %d", got, db.state(t), state+2)
	}
	if got := db.enrol(t, store.Enrolment{Name: "anna"}); !got.Created {
		t.Errorf("a name that was taken back is %+v", got)
	}
}

func TestAMergedIDActsOnTheSurvivor(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	people := db.persons(t, 3)
	db.merge(t, people[1].ID, people[0].ID)
	if got := testkit.Must(db.PatchPerson(t.Context(), people[0].ID, store.PersonPatch{Name: new("Both")}, ""))(t); got.ID != people[1].ID || got.Name != "Both" {
		t.Errorf("patched: %+v", got)
	}
	if got := testkit.Must(db.MergePeople(t.Context(), people[0].ID, []int64{people[2].ID}, ""))(t); got.ID != people[1].ID {
		t.Errorf("merged into %+v", got)
	}
}

// Of two who give two persons one name at once, one is told of the other.
func TestOneNameForTwoAtOnce(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	people := db.persons(t, 6)
	var all sync.WaitGroup
	var named, refused atomic.Int32
	for i, person := range people {
		all.Go(func() {
			_, err := db.PatchPerson(t.Context(), person.ID, store.PersonPatch{Name: new([]string{"Anna", "ANNA "}[i%2])}, "")
			if _, same := errors.AsType[*store.SameSpelling](err); same {
				refused.Add(1)
			} else if err == nil {
				named.Add(1)
			} else {
				t.Error(err)
			}
		})
	}
	var id atomic.Int64
	all.Go(func() {
		enrolled, err := db.Enrol(t.Context(), store.Enrolment{Name: "anna"})
		if err != nil {
			t.Error(err)
		}
		if enrolled.Created {
			named.Add(1)
		}
		id.Store(enrolled.Person.ID)
	})
	all.Wait()
	if named.Load() != 1 || refused.Load() < 5 || id.Load() == 0 {
		t.Errorf("%d have the name, %d were refused", named.Load(), refused.Load())
	}
}

func TestUndoIsRefusedAfterALaterChangeOfTheSame(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	anna := db.enrol(t, store.Enrolment{Name: "Anna"}, "anna.jpg")
	rename := func(name string) int64 {
		t.Helper()
		testkit.Must(db.PatchPerson(t.Context(), anna.Person.ID, store.PersonPatch{Name: &name}, ""))(t)
		return db.lastChange(t).ID
	}
	name := func() string { t.Helper(); return string(testkit.Must(db.Person(t.Context(), anna.Person.ID))(t).Name) }
	refused := func(undo, by int64) {
		t.Helper()
		_, err := db.UndoChange(t.Context(), undo, "")
		if later, ok := errors.AsType[*store.LaterChange](err); !ok || later.Change.ID != by {
			t.Errorf("undo %d: %v, want it refused because of %d", undo, err, by)
		}
	}
	undo := func(id int64, want string) int64 {
		t.Helper()
		change := testkit.Must(db.UndoChange(t.Context(), id, ""))(t)
		if name() != want {
			t.Errorf("after undoing %d the name is %q, want %q", id, name(), want)
		}
		return change.ID
	}
	first, second := rename("Anne"), rename("Annie")
	refused(first, second)
	undone := undo(second, "Anne")
	undo(first, "Anna")
	refused(undone, db.lastChange(t).ID) // to do the second again, while the first is undone
	undo(db.lastChange(t).ID, "Anne")
	again := undo(undone, "Annie")
	refused(first, again)
	undo(second, "Anne") // which was done again
	undo(first, "Anna")

	photo := db.enrol(t, store.Enrolment{Name: "Anna"}, "another.jpg").Change
	refused(anna.Change, photo)
	undo(photo, "Anna")
	ben := db.enrol(t, store.Enrolment{Name: "Ben"}, "ben.jpg")
	merge := db.merge(t, anna.Person.ID, ben.Person.ID)
	refused(anna.Change, merge)
	refused(ben.Change, merge)
	unmerge := undo(merge, "Anna")
	removal := testkit.Must(db.UndoChange(t.Context(), ben.Change, ""))(t).ID
	refused(unmerge, removal)
	if _, err := db.UndoChange(t.Context(), 1_000_000, ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no change: %v, want ErrNotFound", err)
	}
}

// A name that somebody else came by since is not given back, as PATCH would not give it. Two
// who had it side by side get it again.
func TestUndoMakesNoTwoOfOneName(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	rename := func(id int64, name string, another bool) int64 {
		t.Helper()
		testkit.Must(db.PatchPerson(t.Context(), id, store.PersonPatch{Name: &name, New: another}, ""))(t)
		return db.lastChange(t).ID
	}
	refused := func(undo, because int64) {
		t.Helper()
		_, err := db.UndoChange(t.Context(), undo, "")
		if same, ok := errors.AsType[*store.SameSpelling](err); !ok || len(same.People) != 1 || same.People[0].ID != because {
			t.Errorf("undo %d: %v, want it refused because of person %d", undo, err, because)
		}
	}
	first := db.enrol(t, store.Enrolment{Name: "Anna"}, "anna.jpg").Person.ID
	renamed := rename(first, "Bea", false)
	second := db.enrol(t, store.Enrolment{Name: "ANNA"}, "another.jpg").Person.ID // enrolled since
	refused(renamed, second)
	away := rename(second, "Cleo", false)
	testkit.Must(db.UndoChange(t.Context(), renamed, ""))(t)
	refused(away, first) // renamed since, by the undoing

	third := db.enrol(t, store.Enrolment{Name: "Anna", New: true}, "third.jpg").Person.ID
	both, other := rename(third, "Dora", false), rename(first, "Eva", false)
	testkit.Must(db.UndoChange(t.Context(), other, ""))(t)
	testkit.Must(db.UndoChange(t.Context(), both, ""))(t) // they had it side by side
	if got := testkit.Must(db.Person(t.Context(), third))(t).Name; got != "Anna" {
		t.Errorf("the name is %q, want Anna again", got)
	}

	fay := db.enrol(t, store.Enrolment{Name: "Fay"}, "fay.jpg")
	gone := testkit.Must(db.UndoChange(t.Context(), fay.Change, ""))(t).ID
	since := db.enrol(t, store.Enrolment{Name: "FAY"}, "fay2.jpg")
	refused(gone, since.Person.ID) // enrolled since, under the name of somebody whose enrolment was undone
	testkit.Must(db.UndoChange(t.Context(), since.Change, ""))(t)
	testkit.Must(db.UndoChange(t.Context(), gone, ""))(t)
	twin := db.enrol(t, store.Enrolment{Name: "Fay", New: true}, "twin.jpg")
	gone = testkit.Must(db.UndoChange(t.Context(), twin.Change, ""))(t).ID
	testkit.Must(db.UndoChange(t.Context(), gone, ""))(t) // they were meant to be two
}

func TestUndoFromManyClientsHappensOnce(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	people := db.persons(t, 2)
	merge := db.merge(t, people[0].ID, people[1].ID)
	state := db.state(t)
	var all sync.WaitGroup
	var ids sync.Map
	for range 8 {
		all.Go(func() {
			undo, err := db.UndoChange(t.Context(), merge, "")
			if err != nil {
				t.Error(err)
			}
			ids.Store(undo.ID, true)
		})
	}
	all.Wait()
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	if n != 1 || db.state(t) != state+1 {
		t.Errorf("undone by %d changes, at state %d", n, db.state(t))
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	people := db.persons(t, 3)
	merge := db.merge(t, people[0].ID, people[1].ID)
	of := func(f store.ChangeFilter) (ids []int64) {
		t.Helper()
		f.Limit = 10
		changes, more, err := db.Changes(t.Context(), f)
		if err != nil || more {
			t.Fatal(err, more)
		}
		for _, c := range changes {
			ids = append(ids, c.ID)
		}
		return ids
	}
	all := of(store.ChangeFilter{})
	if len(all) != 4 || !slices.IsSortedFunc(all, func(a, b int64) int { return int(b - a) }) {
		t.Fatalf("changes %v, want four, the newest first", all)
	}
	for person, want := range map[int64][]int64{
		people[0].ID: {merge, all[2], all[3]}, // with those of who was merged into them
		people[1].ID: {merge, all[2]},
		people[2].ID: {all[1]},
	} {
		if got := of(store.ChangeFilter{Person: person}); !slices.Equal(got, want) {
			t.Errorf("changes of person %d are %v, want %v", person, got, want)
		}
	}
	if got := of(store.ChangeFilter{Before: all[1]}); !slices.Equal(got, all[2:]) {
		t.Errorf("before %d are %v", all[1], got)
	}
	if got := of(store.ChangeFilter{Image: 7}); len(got) != 0 {
		t.Errorf("of a picture are %v", got)
	}
	if page, more, err := db.Changes(t.Context(), store.ChangeFilter{Limit: 3}); err != nil || len(page) != 3 || !more {
		t.Errorf("a page is %v, more %t, %v", page, more, err)
	}
	undo := testkit.Must(db.UndoChange(t.Context(), merge, ""))(t)
	if change := testkit.Must(db.Change(t.Context(), merge))(t); change.UndoneBy == nil || *change.UndoneBy != undo.ID || change.Person.ID != people[0].ID {
		t.Errorf("the merge is %+v", change)
	}
	if got := of(store.ChangeFilter{Person: people[1].ID}); !slices.Equal(got, []int64{undo.ID, merge, all[2]}) {
		t.Errorf("changes of who was merged are %v", got)
	}
}

// Whoever is called otherwise since, or is somebody else by now: a change tells what it set.
func TestAChangeTellsTheNameThatItGave(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	stranger := db.exec(t, "INSERT INTO person (name, created_at) VALUES (NULL, UTC_TIMESTAMP(6))")
	tells := func(id int64, want lineup.Name) store.Change {
		t.Helper()
		listed, _, err := db.Changes(t.Context(), store.ChangeFilter{Person: stranger, Limit: 10})
		testkit.Succeed(t, err)
		one := testkit.Must(db.Change(t.Context(), id))(t)
		i := slices.IndexFunc(listed, func(c store.Change) bool { return c.ID == id })
		if i < 0 || one.Name != want || listed[i].Name != want {
			t.Errorf("change %d gave the name %q, listed in %+v, want %q", id, one.Name, listed, want)
		}
		return one
	}
	name := func(name string) int64 {
		t.Helper()
		testkit.Must(db.PatchPerson(t.Context(), stranger, store.PersonPatch{Name: &name}, ""))(t)
		return db.lastChange(t).ID
	}
	omar, omarR := name("Omar"), name("Omar R")
	undone := testkit.Must(db.UndoChange(t.Context(), omarR, ""))(t).ID
	undoneToo := testkit.Must(db.UndoChange(t.Context(), omar, ""))(t).ID
	tells(omar, "Omar")
	tells(omarR, "Omar R")
	if c := tells(undone, "Omar"); c.Undone == nil || c.Undone.Name != "Omar R" {
		t.Errorf("it took back %+v, want the naming as Omar R", c.Undone)
	}
	if c := tells(undoneToo, ""); c.Undone == nil || c.Undone.Name != "Omar" {
		t.Errorf("it took back %+v, want the naming as Omar", c.Undone)
	}
	testkit.Must(db.ErasePerson(t.Context(), stranger, ""))(t)
	for _, id := range []int64{omar, omarR, undone, undoneToo} {
		if c := tells(id, ""); c.Undone != nil && c.Undone.Name != "" {
			t.Errorf("an erased name is told as %+v", c.Undone)
		}
	}
}
