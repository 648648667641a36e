package store_test

import (
	"slices"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func (d database) changesOf(t *testing.T, f store.ChangeFilter) (ids []int64) {
	t.Helper()
	f.Limit = 100
	changes, _, err := d.Changes(t.Context(), f)
	testkit.Succeed(t, err)
	for _, change := range changes {
		ids = append(ids, change.ID)
	}
	return ids
}

// A merge is a change of the survivor and of each who was merged, also once it is undone;
// a decision is one of its picture and of everybody whom it names.
func TestChangesAreToldOfEverybodyWhomTheyTouch(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	anna, ann, anne, ben := db.person(t, "Anna", "1.jpg"), db.person(t, "Ann", "2.jpg"), db.person(t, "Anne", "3.jpg"), db.person(t, "Ben", "4.jpg")
	testkit.Must(db.MergePeople(t.Context(), ann.ID, []int64{anne.ID}, ""))(t)
	first := db.lastChange(t).ID
	testkit.Must(db.MergePeople(t.Context(), anna.ID, []int64{ann.ID}, ""))(t)
	second := db.lastChange(t).ID
	touches := func(when string, change int64, want map[int64]bool) {
		t.Helper()
		for person, is := range want {
			if got := slices.Contains(db.changesOf(t, store.ChangeFilter{Person: person}), change); got != is {
				t.Errorf("%s: change %d is told of person %d: %v, want %v", when, change, person, got, is)
			}
		}
	}
	touches("merged", first, map[int64]bool{anna.ID: true, ann.ID: true, anne.ID: true, ben.ID: false})
	// Anne is Anna through Ann: her own pointer is not in it.
	touches("merged", second, map[int64]bool{anna.ID: true, ann.ID: true, anne.ID: false, ben.ID: false})
	testkit.Must(db.UndoChange(t.Context(), second, ""))(t)
	undo := db.lastChange(t).ID
	touches("undone, the undoing", undo, map[int64]bool{anna.ID: true, ann.ID: true, ben.ID: false})
	touches("undone, what it undid", second, map[int64]bool{anna.ID: true, ann.ID: true, ben.ID: false})
	touches("undone, the other merge", first, map[int64]bool{anna.ID: false, ann.ID: true, anne.ID: true})

	claim := db.win(t, "a.jpg")
	db.finish(t, claim, compared(seen(0, []float32{1, 0})), true)
	face := db.image(t, claim.ID).Faces[0].ID
	db.decide(t, face, store.FaceDecision{Person: &ben.ID, Not: &[]int64{anna.ID}})
	is := db.lastChange(t).ID
	touches("given to Ben, said not to be Anna", is, map[int64]bool{anna.ID: true, ann.ID: false, ben.ID: true})
	drawn, err := db.AddFace(t.Context(), claim.ID, lineup.Box{X: .5, Width: .1, Height: .1}, store.FaceDecision{}, "")
	testkit.Succeed(t, err)
	if got := db.changesOf(t, store.ChangeFilter{Image: claim.ID}); len(got) != 2 || got[1] != is || len(drawn.Faces) != 2 {
		t.Errorf("the picture's changes are %v, want that of the face it drew and %d", got, is)
	}
	if got := db.changesOf(t, store.ChangeFilter{Image: claim.ID, Person: ben.ID}); !slices.Equal(got, []int64{is}) {
		t.Errorf("of the picture and Ben they are %v, want %d", got, is)
	}
}

// What a change says of itself stays as it was, whatever became of it; who was merged is told by name.
func TestAChangeTellsWhomItMergedAndWhichWayItWent(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	noa, nora, ben := db.person(t, "Noa", "1.jpg"), db.person(t, "Nora", "2.jpg"), db.person(t, "Ben", "3.jpg")
	one := func(id int64) store.Change { return testkit.Must(db.Change(t.Context(), id))(t) }
	merge := testkit.Must(db.MergePeople(t.Context(), noa.ID, []int64{nora.ID, ben.ID}, ""))(t).Made[0]
	if got, want := one(merge).Merged, []lineup.Person{{ID: nora.ID, Name: "Nora"}, {ID: ben.ID, Name: "Ben"}}; !slices.Equal(got, want) {
		t.Errorf("merged were %v, want %v", got, want)
	}
	undo := testkit.Must(db.UndoChange(t.Context(), merge, ""))(t)
	if got := one(undo.ID); len(got.Merged) != 0 || len(got.Undone.Merged) != 2 {
		t.Errorf("taken back, the undo merged %v, and took back a merge of %v", got.Merged, got.Undone.Merged)
	}

	claim := db.win(t, "a.jpg")
	db.finish(t, claim, compared(seen(0, []float32{1, 0})), true)
	face := db.image(t, claim.ID).Faces[0].ID
	for _, value := range []bool{true, false} {
		said := testkit.Must(db.DecideFace(t.Context(), face, store.FaceDecision{Ignored: &value}, ""))(t)
		if got := one(said.Change).Ignored; got == nil || *got != value {
			t.Errorf("ignored: %v, want %v", got, value)
		}
		hid := testkit.Must(db.PatchPerson(t.Context(), noa.ID, store.PersonPatch{Hidden: &value}, ""))(t).Made[0]
		if got := one(hid).Hidden; got == nil || *got != value {
			t.Errorf("hidden: %v, want %v", got, value)
		}
	}
	photo := testkit.Must(db.Person(t.Context(), ben.ID))(t).Photos[0].ID
	cover := testkit.Must(db.PatchPerson(t.Context(), ben.ID, store.PersonPatch{Cover: &photo, Hidden: new(false)}, ""))(t).Made[0]
	if got := one(cover); got.Hidden != nil || got.Ignored != nil {
		t.Errorf("of a cover it is told that hidden is %v, and ignored %v", got.Hidden, got.Ignored)
	}
	added := testkit.Must(db.Enrol(t.Context(), with(store.Enrolment{PersonID: ben.ID}, "4.jpg")))(t).Change
	removed := testkit.Must(db.RemovePhoto(t.Context(), ben.ID, photo, ""))(t)
	chosen := testkit.Must(db.Enrol(t.Context(), with(store.Enrolment{PersonID: ben.ID, Chosen: 2}, "4.jpg")))(t).Change
	for change, want := range map[int64]*bool{added: new(false), removed: new(true), chosen: nil} {
		if got := one(change).Removed; (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("of change %d it is told that photos went: %v, want %v", change, got, want)
		}
	}
}
