package store_test

import (
	"fmt"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// Of several that are claimed together, those at their first try are won, and the others are
// left alone.
func TestPicturesAreClaimedTogether(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	won := map[string]bool{"new": true, "posted again": true, "its retry has come": true}
	for name, row := range map[string]string{
		"new": "attempts = 0", "posted again": "round = 3, reposted_at = UTC_TIMESTAMP(6)", "its retry has come": "retry_at = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND",
		"its retry is to come": "retry_at = UTC_TIMESTAMP(6) + INTERVAL 40 SECOND", "tried before": "attempts = 1", "another works on it": "status = 'processing', claim = 'x'", "identified": "status = 'identified'",
	} {
		db.exec(t, "UPDATE images SET "+row+" WHERE id = ?", db.submit(t, name)[0].ID)
	}
	var all []*store.Claiming
	for id := range int64(8) {
		all = append(all, &store.Claiming{ID: id + 1, Lease: time.Minute}) // the last one is none
	}
	twice := &store.Claiming{ID: 1, Lease: time.Minute}
	db.ClaimTogether(t.Context(), append(all, twice))
	for i, c := range all {
		path := "none"
		if i < 7 {
			path = db.image(t, c.ID).Path
		}
		if c.Err != nil || c.Alone == won[path] {
			t.Fatalf("%s: alone %v, %v", path, c.Alone, c.Err)
		}
		if c.Alone {
			continue
		}
		if again := path == "posted again"; c.Claim.Round != map[bool]int64{true: 3, false: 1}[again] {
			t.Errorf("%s: its round is %d", path, c.Claim.Round)
		}
		if c.Claim.Outcome != store.Won || c.Claim.Path != path || c.Claim.Attempts != 0 {
			t.Errorf("%s: %+v", path, c.Claim)
		}
		if status := db.finish(t, c.Claim, store.Result{}, true); status != lineup.Unknown {
			t.Errorf("%s: its result is %s", path, status)
		}
	}
	if !twice.Alone {
		t.Error("the second claim of one picture was won with the first")
	}
}

// More are claimed together than one statement's list holds, and none of the first is to be claimed.
func TestPicturesBehindManyOthersAreClaimedTogether(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	const last = 601
	db.exec(t, "INSERT INTO images (id, path, status, created_at, updated_at) VALUES (?, 'last.jpg', 'pending', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))", last)
	var all []*store.Claiming
	for id := range int64(last) {
		all = append(all, &store.Claiming{ID: id + 1, Lease: time.Minute})
	}
	db.ClaimTogether(t.Context(), all)
	if c := all[last-1]; c.Err != nil || c.Alone || c.Claim.Outcome != store.Won || c.Claim.Path != "last.jpg" {
		t.Errorf("the last one is %+v, want it won", c)
	}
	if !all[0].Alone {
		t.Error("a picture that is not there was won")
	}
}

func TestResultsAreWrittenTogether(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	dad := db.person(t, "Dad", "dad.jpg")
	is := .5
	results := []store.Result{
		{Faces: []lineup.Face{{ImageName: "dad.jpg", Similarity: &is}}, Content: "a", Layout: &lineup.Layout{Width: 640, Height: 480, Orientation: 6}},
		{Faces: []lineup.Face{{}, {}}, Warning: "cut off"},
		{Reason: "no picture"},
		{},
		{Faces: []lineup.Face{{}}}, // of a claim that was lost
		{Comparison: &store.Comparison{Rule: randomRule}},
	}
	want := []lineup.Status{lineup.Identified, lineup.Unknown, lineup.Failed, lineup.Unknown, "", lineup.Unknown}
	var all []*store.Finished
	for i, result := range results {
		all = append(all, &store.Finished{Claim: db.win(t, fmt.Sprint(i)), Result: result, Announced: i%2 == 0})
	}
	testkit.Succeed(t, db.GiveBack(t.Context(), all[4].Claim, 0, false, ""))
	db.FinishTogether(t.Context(), all)
	for i, f := range all {
		image := db.image(t, f.Claim.ID)
		if lost := i == 4; f.Alone || lost != (f.Err == store.ErrClaimLost) || !lost && f.Err != nil || f.Status != want[i] { //nolint:errorlint // it is not wrapped
			t.Fatalf("result %d: %s, alone %v, %v", i, f.Status, f.Alone, f.Err)
		}
		if i == 4 {
			continue
		}
		if image.Status != want[i] || len(image.Faces) != len(results[i].Faces) || image.Reason != results[i].Reason || image.Warning != results[i].Warning {
			t.Errorf("result %d became %+v", i, image)
		}
		var announced bool
		db.scan(t, fmt.Sprintf("SELECT announced_at IS NOT NULL FROM images WHERE id = %d", f.Claim.ID), &announced)
		if announced != f.Announced {
			t.Errorf("result %d: announced is %v", i, announced)
		}
	}
	if first := db.image(t, all[0].Claim.ID); !same(first.Person, &dad) || first.Layout == nil || first.Layout.Orientation != 6 {
		t.Errorf("the first is %+v", first)
	}
}

// What cannot be stored of one result is told to that one alone.
func TestAResultSpoilsNoOther(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	good := &store.Finished{Claim: db.win(t, "a.jpg"), Result: store.Result{Faces: []lineup.Face{{}}}}
	bad := &store.Finished{Claim: db.win(t, "b.jpg"), Result: store.Result{Content: string(make([]byte, 10_000))}}
	db.FinishTogether(t.Context(), []*store.Finished{good, bad})
	if !good.Alone || !bad.Alone || good.Err != nil || bad.Err != nil {
		t.Fatalf("%+v %+v", good, bad)
	}
	if status := db.finish(t, good.Claim, good.Result, false); status != lineup.Unknown {
		t.Errorf("the good one is %s", status)
	}
	if _, err := db.Finish(t.Context(), bad.Claim, bad.Result, false); err == nil {
		t.Error("the bad one was written")
	}
}
