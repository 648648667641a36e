package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// shifted opens the database with its clock standing still, so far from now.
func (d database) shifted(t *testing.T, by time.Duration) *store.Store {
	t.Helper()
	dsn := fmt.Sprintf("%s?timestamp=%d", d.dsn, time.Now().Add(by).Unix())
	return open(t, store.Settings{Database: store.Database{DSN: dsn}, Connections: 2})
}

// The clock that counts is the database's. Put forward by an hour, it takes a lease
// away, and the token keeps a result from being written twice.
func TestTheDatabasesClockIsPutForward(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	first := db.claim(t, db.submit(t, "a.jpg")[0].ID, time.Minute)
	second, err := db.shifted(t, time.Hour).Claim(t.Context(), first.ID, time.Minute)
	if err != nil || second.Outcome != store.Won {
		t.Fatalf("an hour later: %+v, %v, want the lease to have run out", second, err)
	}
	if _, err := db.Finish(t.Context(), first, store.Result{}, true); !errors.Is(err, store.ErrClaimLost) {
		t.Errorf("the first writes a result: %v, want ErrClaimLost", err)
	}
	if status := db.finish(t, second, store.Result{}, true); status != lineup.Unknown {
		t.Errorf("the second wrote %s", status)
	}
}

// Put back by an hour, the clock leaves leases, retries and hints in the future:
// they hold nobody up.
func TestTheDatabasesClockIsPutBack(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	before := db.shifted(t, time.Hour)
	submissions := db.submit(t, "leased.jpg", "retried.jpg", "hinted.jpg", "announced late.jpg")
	claim := func(s *store.Store, i int) store.Claim {
		t.Helper()
		c, err := s.Claim(t.Context(), submissions[i].ID, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	leased, retried := claim(before, 0), claim(before, 1)
	if err := before.GiveBack(t.Context(), retried, 30*time.Second, true, ""); err != nil {
		t.Fatal(err)
	}
	if err := before.MarkQueued(t.Context(), []int64{submissions[2].ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := before.Finish(t.Context(), claim(before, 3), store.Result{}, false); err != nil {
		t.Fatal(err)
	}

	if due := db.due(t, 2*time.Minute); len(due) != 4 {
		t.Errorf("%d of 4 pictures are due: %+v", len(due), due)
	}
	for i := range 2 {
		if c := claim(db.Store, i); c.Outcome != store.Won {
			t.Errorf("%s: %+v, want it to be won", submissions[i].Path, c)
		}
	}
	if _, err := db.Finish(t.Context(), leased, store.Result{}, true); !errors.Is(err, store.ErrClaimLost) {
		t.Errorf("who had the lease before writes a result: %v, want ErrClaimLost", err)
	}
}
