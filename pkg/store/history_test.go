package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

// past is what the history of the picture tells, but for when.
func (d database) past(t *testing.T, id int64) (told []string) {
	t.Helper()
	events := testkit.Must(d.History(t.Context(), id))(t)
	if !slices.IsSortedFunc(events, func(a, b store.Event) int { return a.At.Compare(b.At) }) {
		t.Errorf("not in the order of time: %+v", events)
	}
	for _, e := range events {
		told = append(told, e.What+" "+e.Detail)
	}
	return told
}

// The second round makes the row forget what happened in the first.
func TestTheHistoryTellsWhatWasUnusual(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	claim := db.win(t, "a.jpg")
	for _, c := range []struct {
		counted bool
		why     string
	}{
		{false, "the disk is away"},
		{false, "the disk is away"}, // once is enough
		{false, "the bucket is away"},
		{false, ""},
		{true, "it crashed"},
		{true, "it crashed"},
		{false, "the disk is away"},
	} {
		testkit.Succeed(t, db.GiveBack(t.Context(), claim, 0, c.counted, c.why))
		if err := db.GiveBack(t.Context(), claim, 0, c.counted, "it has no claim any more"); !errors.Is(err, store.ErrClaimLost) {
			t.Errorf("given back twice: %v, want ErrClaimLost", err)
		}
		claim = db.claim(t, claim.ID, time.Minute)
	}
	db.finish(t, claim, store.Result{Reason: "no picture"}, true)
	unusual := []string{
		"deferred the disk is away", "deferred the bucket is away", "tried try 1 failed: it crashed", "tried try 2 failed: it crashed",
		"deferred the disk is away", "result failed: no picture",
	}
	want := slices.Concat([]string{"received "}, unusual)
	told := func() []string {
		return slices.DeleteFunc(db.past(t, claim.ID), func(e string) bool { return e == "hinted " }) // the newest hint alone is known
	}
	if got := told(); !slices.Equal(got, want) {
		t.Errorf("failed, the history is %q, want %q", got, want)
	}
	testkit.Must(db.Look(t.Context(), []int64{claim.ID}))(t)
	claim = db.claim(t, claim.ID, time.Minute)
	testkit.Succeed(t, db.GiveBack(t.Context(), claim, 0, false, "the disk is away"))
	db.finish(t, db.claim(t, claim.ID, time.Minute), store.Result{}, true)
	want = append(want, "deferred the disk is away", "result unknown")
	if got := told(); !slices.Equal(got, want) {
		t.Errorf("looked at again, the history is %q, want %q", got, want)
	}

	testkit.Must(db.DeleteImage(t.Context(), claim.ID, "", keepFile))(t)
	var left int
	if db.scan(t, "SELECT COUNT(*) FROM image_events", &left); left != 0 {
		t.Errorf("%d events of a picture that was deleted are left", left)
	}
}

func TestTheUsualWayWritesNoHistory(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	claim := db.win(t, "a.jpg")
	testkit.Succeed(t, db.GiveBack(t.Context(), claim, 0, false, ""))
	if got, want := db.past(t, claim.ID), []string{"received ", "hinted "}; !slices.Equal(got[:2], want) {
		t.Errorf("while it waits the history is %q, want it to begin with %q", got, want)
	}
	db.finish(t, db.claim(t, claim.ID, time.Minute), store.Result{}, true)
	var written int
	if db.scan(t, "SELECT COUNT(*) FROM image_events", &written); written != 0 {
		t.Errorf("%d events were written", written)
	}
	if got, want := db.past(t, claim.ID), []string{"received ", "result unknown"}; !slices.Equal(got, want) {
		t.Errorf("the history is %q, want %q", got, want)
	}
}

// What a hand changed comes before the answer that it led to, and what it took back is told.
func TestTheHistoryTellsACauseBeforeItsEffect(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	dana := db.person(t, "Dana", "dana.jpg")
	claim := db.win(t, "a.jpg")
	db.finish(t, claim, compared(seen(0, []float32{1, 0}, db.candidate(t, "dana.jpg", .9))), true)
	face := db.image(t, claim.ID).Faces[0].ID
	db.decide(t, face, store.FaceDecision{Not: &[]int64{dana.ID}})
	told := db.past(t, claim.ID)
	if want := []string{"changed is_not", "revised unknown"}; !slices.Equal(told[len(told)-2:], want) {
		t.Errorf("the history is %q, want it to end in %q", told, want)
	}
	changes, _, err := db.Changes(t.Context(), store.ChangeFilter{Image: claim.ID, Limit: 1})
	testkit.Succeed(t, err)
	undo := testkit.Must(db.UndoChange(t.Context(), changes[0].ID, ""))(t)
	redo := testkit.Must(db.UndoChange(t.Context(), undo.ID, ""))(t)
	if u := undo.Undone; u == nil || u.Action != store.ActionIsNot || u.Undone != nil {
		t.Errorf("the undo took back %+v, want what was said of the face", u)
	}
	if u := redo.Undone; u == nil || u.ID != undo.ID || u.Undone == nil || u.Undone.ID != changes[0].ID {
		t.Errorf("the undo of the undo took back %+v", u)
	}
	told = db.past(t, claim.ID)
	if want := []string{"changed is_not", "changed undo", "changed undo", "revised unknown"}; !slices.Equal(told[len(told)-4:], want) {
		t.Errorf("the history is %q, want it to end in %q", told, want)
	}
}

// An answer that was decided anew keeps when its picture was looked at, and the hint to announce it is no part of
// the way there.
func TestTheHistoryKeepsWhenAPictureWasLookedAt(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	dana := db.person(t, "Dana", "dana.jpg")
	claim := db.win(t, "a.jpg")
	db.finish(t, claim, compared(seen(0, []float32{1, 0}, db.candidate(t, "dana.jpg", .9))), true)
	db.decide(t, db.image(t, claim.ID).Faces[0].ID, store.FaceDecision{Not: &[]int64{dana.ID}})
	testkit.Succeed(t, db.MarkQueued(t.Context(), []int64{claim.ID}))
	if got, want := db.past(t, claim.ID), []string{"received ", "result ", "changed is_not", "revised unknown"}; !slices.Equal(got, want) {
		t.Errorf("the history is %q, want %q", got, want)
	}
	testkit.Must(db.Look(t.Context(), []int64{claim.ID}))(t)
	if got, want := db.past(t, claim.ID), []string{"received ", "result ", "changed is_not"}; !slices.Equal(got[:3], want) {
		t.Errorf("to be looked at again, the history is %q, want it to begin with %q", got, want)
	}
	claim = db.claim(t, claim.ID, time.Minute)
	db.finish(t, claim, store.Result{Reason: "no picture"}, true)
	testkit.Must(db.Look(t.Context(), []int64{claim.ID}))(t)
	if got := db.past(t, claim.ID); len(slices.DeleteFunc(got, func(e string) bool { return e[:7] != "result " })) != 1 {
		t.Errorf("one result is told more than once: %q", got)
	}
}

// keepFile is for tests that have no files.
func keepFile(context.Context, string) error { return nil }
