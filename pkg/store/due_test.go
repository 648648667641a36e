package store_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// due asks for everything that is due at that age.
func (d database) due(t *testing.T, age time.Duration) []store.Ref {
	t.Helper()
	hints, err := d.Due(t.Context(), age, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return hints
}

func TestDue(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	const age = 2 * time.Minute
	rows := map[string]struct {
		due                                                             bool
		status                                                          lineup.Status
		queued, retry, lease, updated /* minutes from now */, announced string
	}{
		"pending, never queued":                                {true, "pending", "", "", "", "0", ""},
		"pending, just queued":                                 {false, "pending", "-1", "", "", "-9", ""},
		"pending, queued long ago":                             {true, "pending", "-3", "", "", "-9", ""},
		"pending, queued long ago, its retry is to come":       {false, "pending", "-3", "1", "", "-9", ""},
		"pending, just queued, its retry has come since":       {true, "pending", "-1", "-.5", "", "-9", ""},
		"pending, its retry has come, just queued for it":      {false, "pending", "-1", "-1.5", "", "-9", ""},
		"pending, its retry has come, queued for it long ago":  {true, "pending", "-3", "-4", "", "-9", ""},
		"pending, never queued, its retry is to come":          {false, "pending", "", "1", "", "-9", ""},
		"pending, never queued, its retry has come":            {true, "pending", "", "-1", "", "-9", ""},
		"processing under a lease":                             {false, "processing", "-3", "", "1", "-9", ""},
		"processing, never queued, under a lease":              {false, "processing", "", "", "1", "-9", ""},
		"processing, lease ran out":                            {true, "processing", "-1", "", "-.5", "-9", ""},
		"processing, lease ran out, never queued":              {true, "processing", "", "", "-.5", "-9", ""},
		"processing, lease ran out, just queued for it":        {false, "processing", "-1", "", "-1.5", "-9", ""},
		"processing, lease ran out, queued for it long ago":    {true, "processing", "-3", "", "-4", "-9", ""},
		"identified, not announced for long":                   {true, "identified", "-3", "", "", "-3", ""},
		"unknown, not announced for long":                      {true, "unknown", "-3", "", "", "-3", ""},
		"failed, not announced for long":                       {true, "failed", "-3", "", "", "-3", ""},
		"failed, not announced for long, never queued":         {true, "failed", "", "", "", "-3", ""},
		"unknown just now, not announced":                      {false, "unknown", "-3", "", "", "-1", ""},
		"unknown for long, not announced, just queued for it":  {false, "unknown", "-1", "", "", "-3", ""},
		"identified, not announced for long, retry_at is left": {true, "identified", "-3", "1", "", "-3", ""},
		"identified and announced":                             {false, "identified", "-3", "", "", "-3", "-3"},
		"unknown and announced":                                {false, "unknown", "", "", "", "-3", "-3"},
		"failed and announced":                                 {false, "failed", "-3", "", "", "-3", "-3"},

		// What no program writes, or the database's clock was put back.
		"pending, its retry is years ahead":            {true, "pending", "-3", "999999", "", "-9", ""},
		"pending, its retry is years ahead, asked for": {false, "pending", "-1", "999999", "", "-9", ""},
		"pending, queued in the future":                {true, "pending", "60", "", "", "-9", ""},
		"processing, leased for years":                 {true, "processing", "-3", "", "999999", "-9", ""},
		"processing, leased for years, asked for":      {false, "processing", "-1", "", "999999", "-9", ""},
		"processing without a lease":                   {true, "processing", "-3", "", "", "-9", ""},
		"identified in the future":                     {true, "identified", "-3", "", "", "60", ""},
		"a status that is none":                        {false, "sleeping", "", "", "", "-9", ""},
	}
	const at = "UTC_TIMESTAMP(6) + INTERVAL NULLIF(?,'')*60000000 MICROSECOND"
	for path, r := range rows {
		db.exec(t, "INSERT INTO images (path, status, queued_at, retry_at, lease_until, updated_at, announced_at, created_at) VALUES (?,?,"+
			at+","+at+","+at+","+at+","+at+",UTC_TIMESTAMP(6))", path, r.status, r.queued, r.retry, r.lease, r.updated, r.announced)
	}
	got := map[string]bool{}
	var ids []int64
	for _, hint := range db.due(t, age) {
		got[hint.Path] = true
		ids = append(ids, hint.ID)
	}
	for _, path := range slices.Sorted(maps.Keys(rows)) {
		if got[path] != rows[path].due {
			t.Errorf("%s: due %t, want %t", path, got[path], rows[path].due)
		}
	}
	if err := db.MarkQueued(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	if again := db.due(t, age); len(again) != 0 {
		t.Errorf("though they were hinted just now, due again: %+v", again)
	}
}

// An age of an hour has never passed here, one of nothing always has.
func TestWhatIsDueOnAPicturesWay(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	id := db.submit(t, "a.jpg")[0].ID
	expect := func(when string, age time.Duration, want bool) {
		t.Helper()
		if hints := db.due(t, age); (len(hints) == 1) != want {
			t.Errorf("%s, due for an age of %v: %+v", when, age, hints)
		}
	}
	queue := func() {
		t.Helper()
		if err := db.MarkQueued(t.Context(), []int64{id}); err != nil {
			t.Fatal(err)
		}
	}
	give := func(claim store.Claim, delay time.Duration) {
		t.Helper()
		if err := db.GiveBack(t.Context(), claim, delay, true, ""); err != nil {
			t.Fatal(err)
		}
	}
	expect("submitted", time.Hour, true)
	queue()
	expect("queued", time.Hour, false)
	expect("queued", 0, true)
	claim := db.claim(t, id, time.Hour)
	expect("claimed", 0, false)
	give(claim, time.Hour)
	expect("given back for an hour", 0, false)
	db.exec(t, "UPDATE images SET retry_at=NULL")
	give(db.claim(t, id, time.Hour), time.Microsecond)
	expect("the time of its retry came", time.Hour, true)
	queue()
	expect("queued for its retry", time.Hour, false)
	db.claim(t, id, time.Microsecond)
	expect("its lease ran out", time.Hour, true)
	queue()
	expect("queued because its lease ran out", time.Hour, false)
	claim = db.claim(t, id, time.Hour)
	db.finish(t, claim, store.Result{Reason: "no picture"}, false)
	expect("failed just now", time.Hour, false)
	expect("failed and not announced", 0, true)
	if err := db.MarkAnnounced(t.Context(), id, claim.Round, 0); err != nil {
		t.Fatal(err)
	}
	expect("failed and announced", 0, false)
	db.submit(t, "a.jpg")
	expect("submitted again", time.Hour, true)
	if hints := db.due(t, time.Hour); hints[0] != (store.Ref{ID: id, Round: 2, Path: "a.jpg"}) {
		t.Errorf("the hint is %+v, want round 2 of picture %d", hints[0], id)
	}
	db.finish(t, db.claim(t, id, time.Hour), store.Result{}, true)
	expect("nobody waits for its event", 0, false)
}

func TestTheLongestWaitingIsDueFirst(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	paths := make([]string, 1_200) // more than a statement names
	for i := range paths {
		paths[i] = fmt.Sprintf("%04d", i)
	}
	var ids []int64
	for _, s := range db.submit(t, paths...) {
		ids = append(ids, s.ID)
	}
	db.exec(t, "UPDATE images SET queued_at=UTC_TIMESTAMP(6) - INTERVAL 1 DAY + INTERVAL path SECOND WHERE path >= '0003'")
	first := func(limit int) (paths []string) {
		hints, err := db.Due(t.Context(), time.Minute, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, hint := range hints {
			paths = append(paths, hint.Path)
		}
		return paths
	}
	if got := first(5); !slices.Equal(got, paths[:5]) {
		t.Errorf("the first five are %v, want those never queued and then the oldest", got)
	}
	if got := first(2_000); !slices.Equal(got, paths) {
		t.Errorf("%d are due, want all %d in order", len(got), len(paths))
	}
	if err := db.MarkQueued(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	if got := first(2_000); len(got) != 0 {
		t.Errorf("%d are due though all were queued just now", len(got))
	}
	if err := db.MarkQueued(t.Context(), nil); err != nil {
		t.Errorf("queue nothing: %v", err)
	}
}

// A million pictures that were never hinted do not keep one from its next hint.
func TestDueAgainLeavesOutWhatWasNeverQueued(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	ids := db.submit(t, "a.jpg", "b.jpg")
	if err := db.MarkQueued(t.Context(), []int64{ids[1].ID}); err != nil {
		t.Fatal(err)
	}
	db.exec(t, "UPDATE images SET queued_at = queued_at - INTERVAL 3 MINUTE")
	again, err := db.DueAgain(t.Context(), 2*time.Minute, 10)
	if err != nil || len(again) != 1 || again[0].ID != ids[1].ID {
		t.Errorf("due again: %+v, %v", again, err)
	}
	if all := db.due(t, 2*time.Minute); len(all) != 2 {
		t.Errorf("due: %+v", all)
	}
}
