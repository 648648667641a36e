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
