package store_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func TestClaimOutcomes(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	const soon, past = "UTC_TIMESTAMP(6) + INTERVAL 40 SECOND", "UTC_TIMESTAMP(6) - INTERVAL 1 MICROSECOND"
	for name, c := range map[string]struct {
		row  string // what is set in it before
		want store.Claim
	}{
		"new":                                    {"attempts=0", store.Claim{Outcome: store.Won, Ref: store.Ref{Round: 1}}},
		"back after two attempts in round three": {"attempts=2, round=3", store.Claim{Outcome: store.Won, Ref: store.Ref{Round: 3}, Attempts: 2}},
		"its retry has come":                     {"retry_at=" + past, store.Claim{Outcome: store.Won, Ref: store.Ref{Round: 1}}},
		"its retry is to come":                   {"retry_at=" + soon, store.Claim{Outcome: store.NotYet, Ref: store.Ref{Round: 1}, Wait: 40 * time.Second}},
		"another works on it":                    {"status='processing', claim='x', lease_until=" + soon, store.Claim{Outcome: store.Leased, Ref: store.Ref{Round: 1}, Wait: 40 * time.Second}},
		"another's lease ran out":                {"status='processing', claim='x', lease_until=" + past, store.Claim{Outcome: store.Won, Ref: store.Ref{Round: 1}}},
		"another has it without a lease":         {"status='processing', claim='x'", store.Claim{Outcome: store.Won, Ref: store.Ref{Round: 1}}},
		"identified":                             {"status='identified'", store.Claim{Outcome: store.Done, Ref: store.Ref{Round: 1}}},
		"unknown":                                {"status='unknown'", store.Claim{Outcome: store.Done, Ref: store.Ref{Round: 1}}},
		"failed":                                 {"status='failed'", store.Claim{Outcome: store.Done, Ref: store.Ref{Round: 1}}},
		"identified and announced":               {"status='identified', announced_at=" + past, store.Claim{Outcome: store.Done, Ref: store.Ref{Round: 1}, Announced: true}},
	} {
		t.Run(name, func(t *testing.T) {
			id := db.submit(t, name)[0].ID
			db.exec(t, "UPDATE images SET "+c.row+" WHERE id=?", id)
			path := []string{name, "", "another path"}[id%3] // it decides nothing but the round trips
			got, err := db.ClaimPath(t.Context(), id, path, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if got.Outcome != c.want.Outcome || got.ID != id || got.Path != name || got.Round != c.want.Round ||
				got.Attempts != c.want.Attempts || got.Announced != c.want.Announced {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if late := c.want.Wait - got.Wait; c.want.Outcome != store.Won && (late < 0 || late > patience) {
				t.Errorf("to wait %v, want %v and never more", got.Wait, c.want.Wait)
			}
		})
	}
	t.Run("no such picture", func(t *testing.T) {
		if got := db.claim(t, 1_000_000, time.Minute); got.Outcome != store.Gone {
			t.Errorf("got %+v, want Gone", got)
		}
	})
}

// The claim by path is the picture's first alone, and is worth as much as any other.
func TestClaimByPath(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	id := db.submit(t, "a.jpg")[0].ID
	db.exec(t, "UPDATE images SET round=7 WHERE id=?", id)
	claim, err := db.ClaimPath(t.Context(), id, "a.jpg", time.Minute)
	if err != nil || claim.Outcome != store.Won || claim.Path != "a.jpg" || claim.Round != 7 || claim.Attempts != 0 {
		t.Fatalf("the first claim is %+v, %v", claim, err)
	}
	if second, err := db.ClaimPath(t.Context(), id, "a.jpg", time.Minute); err != nil || second.Outcome != store.Leased {
		t.Errorf("the second is %+v, %v", second, err)
	}
	if err := db.GiveBack(t.Context(), claim, 0, true, ""); err != nil {
		t.Fatal(err)
	}
	claim, err = db.ClaimPath(t.Context(), id, "a.jpg", time.Minute)
	if err != nil || claim.Outcome != store.Won || claim.Round != 7 || claim.Attempts != 1 {
		t.Fatalf("after one attempt it is %+v, %v", claim, err)
	}
	if status := db.finish(t, claim, store.Result{}, true); status != lineup.Unknown {
		t.Errorf("its result is %s", status)
	}
	if gone, err := db.ClaimPath(t.Context(), id+1, "b.jpg", time.Minute); err != nil || gone.Outcome != store.Gone {
		t.Errorf("of no picture it is %+v, %v", gone, err)
	}
}

func TestOfManyClaimsOneWins(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	id := db.submit(t, "a.jpg")[0].ID
	for range 5 {
		var won, leased atomic.Int32
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				claim, err := db.ClaimPath(t.Context(), id, "a.jpg", time.Minute)
				switch {
				case err != nil:
					t.Error(err)
				case claim.Outcome == store.Won:
					won.Add(1)
				case claim.Outcome == store.Leased && claim.Wait > 0 && claim.Wait <= time.Minute:
					leased.Add(1)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || leased.Load() != 39 {
			t.Fatalf("of 40 claims %d won and %d were told the lease, want 1 and 39", won.Load(), leased.Load())
		}
		db.exec(t, "UPDATE images SET lease_until=UTC_TIMESTAMP(6) WHERE id=?", id) // and now they fight for a lease that ran out
	}
}

func TestALateWriterIsRefused(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.person(t, "Dad", "dad.jpg")
	late := db.win(t, "a.jpg")
	db.exec(t, "UPDATE images SET lease_until=UTC_TIMESTAMP(6)")
	twin := db.claim(t, late.ID, time.Hour)
	if twin.Outcome != store.Won {
		t.Fatalf("the lease ran out, but the next claim ended with %d", twin.Outcome)
	}
	refused := func(when string) {
		t.Helper()
		before := db.image(t, late.ID)
		if _, err := db.Finish(t.Context(), late, store.Result{Faces: []lineup.Face{{ImageName: "dad.jpg"}}}, true); !errors.Is(err, store.ErrClaimLost) {
			t.Errorf("Finish %s: %v, want ErrClaimLost", when, err)
		}
		if err := db.GiveBack(t.Context(), late, 0, true, ""); !errors.Is(err, store.ErrClaimLost) {
			t.Errorf("GiveBack %s: %v, want ErrClaimLost", when, err)
		}
		if after := db.image(t, late.ID); after.Status != before.Status || len(after.Faces) != len(before.Faces) || !after.UpdatedAt.Equal(before.UpdatedAt) {
			t.Errorf("%s the late writer turned %+v into %+v", when, before, after)
		}
	}
	refused("while the twin works")
	if status := db.finish(t, twin, store.Result{}, false); status != lineup.Unknown {
		t.Errorf("the twin's result is %s, want unknown", status)
	}
	refused("after the twin's result")
	late = twin
	refused("the second time")
}

func TestALateWriterWhomNobodyOvertookMayWrite(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	claim := db.win(t, "a.jpg")
	db.exec(t, "UPDATE images SET lease_until=UTC_TIMESTAMP(6)")
	db.finish(t, claim, store.Result{}, false)
}

func TestGiveBack(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	for name, c := range map[string]struct {
		delay   time.Duration
		attempt bool
		want    store.Claim // of the next claim
	}{
		"at once, not counted":     {0, false, store.Claim{Outcome: store.Won}},
		"at once, counted":         {0, true, store.Claim{Outcome: store.Won, Attempts: 1}},
		"for a while, not counted": {time.Minute, false, store.Claim{Outcome: store.NotYet}},
		"for a while, counted":     {time.Minute, true, store.Claim{Outcome: store.NotYet, Attempts: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			claim := db.win(t, name)
			db.exec(t, "UPDATE images SET queued_at=UTC_TIMESTAMP(6) - INTERVAL 1 HOUR WHERE id=?", claim.ID)
			if err := db.GiveBack(t.Context(), claim, c.delay, c.attempt, ""); err != nil {
				t.Fatal(err)
			}
			if status := db.image(t, claim.ID).Status; status != lineup.Pending {
				t.Errorf("status %s, want pending", status)
			}
			got := db.claim(t, claim.ID, time.Minute)
			if got.Outcome != c.want.Outcome || got.Attempts != c.want.Attempts {
				t.Errorf("the next claim is %+v, want %+v", got, c.want)
			}
			if got.Outcome == store.NotYet && (got.Wait <= c.delay-patience || got.Wait > c.delay) {
				t.Errorf("to wait %v, want %v", got.Wait, c.delay)
			}
			var restamped bool
			db.scan(t, "SELECT queued_at > UTC_TIMESTAMP(6) - INTERVAL 1 MINUTE FROM images WHERE path='"+name+"'", &restamped)
			if !restamped {
				t.Error("queued_at is not restamped")
			}
			if err := db.GiveBack(t.Context(), claim, 0, true, ""); !errors.Is(err, store.ErrClaimLost) {
				t.Errorf("given back a second time: %v, want ErrClaimLost", err)
			}
		})
	}
}

func TestAClaimWaitsForALockNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	id := db.submit(t, "a.jpg")[0].ID
	db.locked(t, "UPDATE images SET attempts=1 WHERE id=?", id)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := db.Claim(ctx, id, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Claim: %v, want the deadline", err)
	}
}

func TestNoMoreConnectionsThanSet(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	id := db.submit(t, "a.jpg")[0].ID
	lock := db.locked(t, "UPDATE images SET attempts=1 WHERE id=?", id)
	one := open(t, store.Settings{Database: store.Database{DSN: db.dsn}, Connections: 1})
	var claims sync.WaitGroup
	claims.Go(func() {
		if claim, err := one.Claim(t.Context(), id, time.Minute); err != nil || claim.Outcome != store.Won {
			t.Errorf("Claim = %+v, %v", claim, err)
		}
	})
	db.waitForLockWait(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := one.People(ctx, 0, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second statement beside the one allowed: %v, want it to wait until the deadline", err)
	}
	if err := lock.Rollback(); err != nil {
		t.Error(err)
	}
	claims.Wait()
}

// The database claims, and whoever asked no longer hears it.
func TestAClaimThatIsNotHeardOfIsGivenBack(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	id := db.submit(t, "a.jpg")[0].ID
	config := testkit.Must(mysql.ParseDSN(newFront(t, db.dsn).dsn))(t)
	hop := testkit.NewHop(t, config.Addr)
	config.Addr = hop.Address
	behind := open(t, store.Settings{Database: store.Database{DSN: config.FormatDSN()}, Connections: 1})
	testkit.Succeed(t, behind.Ready(t.Context()))
	hop.Mute()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if claim, err := behind.Claim(ctx, id, time.Minute); err == nil {
		t.Fatalf("nothing is heard, and it is claimed: %+v", claim)
	}
	if image := db.image(t, id); image.Status != lineup.Pending {
		t.Errorf("it is %s, want it pending, for the next to claim", image.Status)
	}
	var queued bool // by the giving back alone
	db.scan(t, "SELECT queued_at IS NOT NULL FROM images", &queued)
	if !queued {
		t.Error("it was never claimed: the test proves nothing")
	}
}
