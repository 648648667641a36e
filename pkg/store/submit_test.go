package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func TestSubmitIsOnePictureAPath(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	first := db.submit(t, "b.jpg", "a.jpg", "b.jpg")
	if first[0].Path != "b.jpg" || first[1].Path != "a.jpg" || first[0] != first[2] || first[0].ID == first[1].ID {
		t.Errorf("b, a, b became %+v", first)
	}
	for _, s := range first {
		if s.Known || s.Queued || s.Round != 1 || s.Status != lineup.Pending || s.ID == 0 {
			t.Errorf("a new path became %+v", s)
		}
	}
	if err := db.MarkQueued(t.Context(), []int64{first[1].ID}); err != nil {
		t.Fatal(err)
	}
	second := db.submit(t, "a.jpg", "c.jpg", "b.jpg")
	a, b := first[1], first[0]
	a.Known, a.Queued, b.Known = true, true, true
	if second[0] != a || second[2] != b {
		t.Errorf("a and b became %+v, want %+v and %+v", second, a, b)
	}
	if c := second[1]; c.Known || c.Queued || c.Path != "c.jpg" {
		t.Errorf("the new path among known ones became %+v", c)
	}
	if none, err := db.Submit(t.Context(), nil); err != nil || len(none) != 0 {
		t.Errorf("nothing became %+v, %v", none, err)
	}
}

func TestPathsAreBytes(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	paths := []string{
		"A.jpg", "a.jpg", "ä.jpg", "a\u0308.jpg", "a.jpg ", "日本/🙂.jpg", `it's "here"\n%_?.jpg`, "a\nb\t.jpg",
		strings.Repeat("a", 1024), strings.Repeat("🙂", 256), strings.Repeat("'", 1024), "s3://pics/a.jpg",
	}
	ids := map[int64]bool{}
	for i, s := range db.submit(t, paths...) {
		if ids[s.ID] || s.Known {
			t.Errorf("%q is taken for another path", paths[i])
		}
		ids[s.ID] = true
		if claim := db.claim(t, s.ID, time.Hour); claim.Path != paths[i] || db.image(t, s.ID).Path != paths[i] || s.Path != paths[i] {
			t.Errorf("%q became %q, then %q", paths[i], s.Path, claim.Path)
		}
	}
	for i, s := range db.submit(t, paths...) {
		if !s.Known || !ids[s.ID] {
			t.Errorf("%q is not known again: %+v", paths[i], s)
		}
	}
	if got, err := db.Submit(t.Context(), store.Paths("new.jpg", strings.Repeat("a", 1025))); err == nil {
		t.Errorf("a path of 1,025 bytes became %+v", got)
	}
	if s := db.submit(t, "new.jpg")[0]; s.Known {
		t.Error("a path was saved though the one beside it was refused")
	}
}

func TestOnlyAFailedPictureBeginsANewRound(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	for _, status := range lineup.Statuses {
		t.Run(string(status), func(t *testing.T) {
			path := string(status)
			before := db.submit(t, path)[0]
			db.exec(t, `UPDATE images SET status=?, reason='broken', attempts=5, queued_at=UTC_TIMESTAMP(6), announced_at=UTC_TIMESTAMP(6),
				retry_at=UTC_TIMESTAMP(6) + INTERVAL 1 HOUR, updated_at=updated_at - INTERVAL 1 HOUR WHERE path=?`, status, path)
			after := db.submit(t, path, "a new one beside "+path)[0]
			want := store.Submission{Ref: store.Ref{ID: before.ID, Path: path, Round: 1}, Status: status, Known: true, Queued: true}
			if status.IsFailure() {
				want.Round, want.Status, want.Queued = 2, lineup.Pending, false
			}
			if after != want {
				t.Errorf("submitted again it is %+v, want %+v", after, want)
			}
			if status != lineup.Failed {
				return
			}
			claim := db.claim(t, before.ID, time.Hour)
			if claim.Outcome != store.Won || claim.Round != 2 || claim.Attempts != 0 || claim.Announced {
				t.Errorf("the claim in the new round is %+v", claim)
			}
			if image := db.image(t, before.ID); image.Reason != "" || time.Since(image.UpdatedAt) > patience {
				t.Errorf("in the new round the reason is still %q, the time %v", image.Reason, image.UpdatedAt)
			}
		})
	}
}

func TestSubmitTakesAnyNumberOfPathsAndWastesNoID(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	paths := make([]string, 1_200)
	for i := range paths {
		paths[i] = fmt.Sprintf("%d.jpg", i)
	}
	rand.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	first := db.submit(t, paths...)
	for range 3 {
		for i, s := range db.submit(t, paths...) {
			if s.Path != paths[i] || s.ID != first[i].ID {
				t.Fatalf("path %d, %s, became %+v, before %+v", i, paths[i], s, first[i])
			}
		}
	}
	ids := make([]int64, len(first))
	for i, s := range first {
		ids[i] = s.ID
	}
	next := db.submit(t, "next.jpg")[0].ID
	if slices.Sort(ids); next != ids[len(ids)-1]+1 || len(slices.Compact(ids)) != len(paths) {
		t.Errorf("after the ids up to %d comes %d", ids[len(ids)-1], next)
	}
}

func TestConcurrentSubmittersAgree(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	paths := make([]string, 120)
	for i := range paths {
		paths[i] = fmt.Sprintf("%d.jpg", i)
	}
	for _, s := range db.submit(t, paths[:40]...) { // known; half of them failed
		db.exec(t, "UPDATE images SET status='failed' WHERE id=? AND id%2=0", s.ID)
	}
	var mu sync.Mutex
	seen := map[string]store.Submission{}
	var all sync.WaitGroup
	for range 24 {
		all.Go(func() {
			mine := make([]string, 80)
			for i := range mine {
				mine[i] = paths[rand.IntN(len(paths))]
			}
			submissions, err := db.Submit(t.Context(), store.Paths(mine...))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for i, s := range submissions {
				before, again := seen[s.Path]
				if s.ID == 0 || s.Path != mine[i] || s.Status != lineup.Pending || again && (before.ID != s.ID || before.Round != s.Round) {
					t.Errorf("%s became %+v, for another %+v", mine[i], s, before)
				}
				seen[s.Path] = s
			}
		})
	}
	all.Wait()
	for path, s := range seen {
		if got := db.submit(t, path)[0]; got.ID != s.ID || got.Round != s.Round {
			t.Errorf("%s was %+v and now is %+v", path, s, got)
		}
	}
}

func TestTheVictimOfADeadlockTriesAgain(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.submit(t, "a.jpg", "b.jpg")
	db.exec(t, "UPDATE images SET status='failed'")

	// The other transaction changed more rows, so that it is not the victim.
	other := db.locked(t, "INSERT INTO person (name, created_at) VALUES "+strings.TrimPrefix(strings.Repeat(",(UUID(),UTC_TIMESTAMP(6))", 100), ","))
	change := func(path string) {
		if _, err := other.ExecContext(t.Context(), "UPDATE images SET attempts=7 WHERE path=?", path); err != nil {
			t.Fatalf("the other transaction is the victim: %v", err)
		}
	}
	change("b.jpg")
	submitted := make(chan error, 1)
	var submits sync.WaitGroup
	defer submits.Wait()
	submits.Go(func() {
		_, err := db.Submit(t.Context(), store.Paths("a.jpg", "b.jpg"))
		submitted <- err
	})
	db.waitForLockWait(t) // Submit has a and wants b
	change("a.jpg")       // a deadlock: only because Submit lost does this succeed
	select {
	case err := <-submitted:
		t.Fatalf("Submit ended with %v while another held its rows", err)
	default:
	}
	if err := other.Commit(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case err := <-submitted:
		if err != nil {
			t.Fatal(err)
		}
	case <-ctx.Done():
		t.Fatal("Submit did not end")
	}
	for _, s := range db.submit(t, "a.jpg", "b.jpg") {
		if s.Status != lineup.Pending || s.Round != 2 {
			t.Errorf("after the deadlock: %+v, want pending in round 2", s)
		}
	}
}
