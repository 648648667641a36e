package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// calls are so many callers' pictures, each call's paths separated by commas.
func calls(paths ...string) []*store.Call {
	all := make([]*store.Call, len(paths))
	for i, of := range paths {
		all[i] = &store.Call{Pictures: store.Paths(strings.Split(of, ",")...), Hinted: true}
	}
	return all
}

func idsOfCall(c *store.Call) (ids []int64) {
	for _, s := range c.Submissions {
		ids = append(ids, s.ID)
	}
	return ids
}

func TestTogetherEachGetsItsOwn(t *testing.T) {
	t.Parallel()
	for _, returning := range []bool{true, false} {
		t.Run(fmt.Sprintf("returning=%v", returning), func(t *testing.T) {
			t.Parallel()
			db := newDatabase(t)
			known := db.submit(t, "known.jpg")[0]
			db.SetReturning(returning)
			all := calls("b.jpg,a.jpg,known.jpg", "c.jpg", "a.jpg,d.jpg")
			all[1].Hinted = false
			db.SubmitTogether(t.Context(), all)
			for i, call := range all {
				if call.Err != nil || call.Alone || len(call.Submissions) != len(call.Pictures) {
					t.Fatalf("call %d became %+v", i, call)
				}
				for j, s := range call.Submissions {
					if s.Path != call.Pictures[j].Path || s.Known != (s.Path == "known.jpg") || s.Queued || s.Round != 1 || s.Status != lineup.Pending {
						t.Errorf("%s became %+v", call.Pictures[j].Path, s)
					}
					var path string
					db.scan(t, fmt.Sprintf("SELECT path FROM images WHERE id=%d", s.ID), &path)
					if path != s.Path {
						t.Errorf("%s got the id of %s", s.Path, path)
					}
				}
			}
			if all[0].Submissions[2].ID != known.ID || all[0].Submissions[1] != all[2].Submissions[0] {
				t.Errorf("one path has several ids: %v, %v, known %d", idsOfCall(all[0]), idsOfCall(all[2]), known.ID)
			}
			// Only those whose hints nobody publishes now are due.
			due, err := db.Due(t.Context(), time.Hour, 10)
			if err != nil || len(due) != 2 || due[0].Path != "known.jpg" || due[1].Path != "c.jpg" {
				t.Errorf("due are %v, %v, want the known one and c.jpg", due, err)
			}
			if err := db.MarkUnhinted(t.Context(), idsOfCall(all[2])); err != nil {
				t.Fatal(err)
			}
			if due, err = db.Due(t.Context(), time.Hour, 10); err != nil || len(due) != 4 {
				t.Errorf("after their hints failed due are %v, %v, want a.jpg and d.jpg, too", due, err)
			}
			again := db.submit(t, "next.jpg")[0].ID
			if newest := slices.Max(slices.Concat(idsOfCall(all[0]), idsOfCall(all[1]), idsOfCall(all[2]))); again != newest+1 {
				t.Errorf("after id %d came %d", newest, again)
			}
		})
	}
}

// One picture alone takes another way to the same.
func TestTogetherOneAloneGetsItsOwn(t *testing.T) {
	t.Parallel()
	for _, returning := range []bool{true, false} {
		t.Run(fmt.Sprintf("returning=%v", returning), func(t *testing.T) {
			t.Parallel()
			db := newDatabase(t)
			submit := func(picture store.Posted) *store.Call {
				call := &store.Call{Pictures: []store.Posted{picture}, Hinted: true}
				db.SubmitTogether(t.Context(), []*store.Call{call})
				return call
			}
			submit(store.Posted{Path: "first.jpg"}) // which asks the server
			db.SetReturning(returning)
			fresh := submit(store.Posted{Path: "a.jpg", Other: "/pictures/a.jpg", FileName: "Ä.jpg"})
			if fresh.Err != nil || fresh.Alone || len(fresh.Submissions) != 1 || fresh.Submissions[0].Known || fresh.Submissions[0].ID == 0 {
				t.Fatalf("a new one became %+v", fresh)
			}
			var path, name string
			var hinted bool
			db.scan(t, fmt.Sprintf("SELECT path, file_name, queued_at IS NOT NULL FROM images WHERE id=%d", fresh.Submissions[0].ID), &path, &name, &hinted)
			if path != "a.jpg" || name != "Ä.jpg" || !hinted {
				t.Errorf("its row has the path %s, the name %s, hinted: %v", path, name, hinted)
			}
			for _, again := range []store.Posted{{Path: "a.jpg"}, {Path: "/pictures/a.jpg", Other: "a.jpg"}} {
				if known := submit(again); known.Err != nil || len(known.Submissions) != 1 || !known.Submissions[0].Known || known.Submissions[0].ID != fresh.Submissions[0].ID {
					t.Errorf("%+v became %+v, want the row %d", again, known, fresh.Submissions[0].ID)
				}
			}
			db.exec(t, "UPDATE images SET status='failed'")
			for _, alone := range []string{"a.jpg", strings.Repeat("a", 1025)} {
				if call := submit(store.Posted{Path: alone}); call.Err != nil || !call.Alone {
					t.Errorf("%.10s became %+v, want it to be left to its caller", alone, call)
				}
			}
		})
	}
}

func TestTogetherAFileNameIsKept(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	all := calls("a.jpg", "a.jpg", "a.jpg")
	all[1].Pictures[0].FileName = "mine.jpg"
	all[2].Hinted = false
	db.SubmitTogether(t.Context(), all)
	var name string
	var hinted bool
	testkit.Succeed(t, db.sql.QueryRowContext(t.Context(), "SELECT file_name, queued_at IS NOT NULL FROM images WHERE path = 'a.jpg'").Scan(&name, &hinted))
	if name != "mine.jpg" || !hinted {
		t.Errorf("the row has the name %q, hinted %v; another call knew better", name, hinted)
	}
}

func TestWhichServersTellTheIDsOfAnInsert(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"11.8.3-MariaDB-log": true, "10.5.0-MariaDB": true, "5.5.5-10.11.2-MariaDB-1:10.11.2+maria~ubu2204": true,
		"10.4.34-MariaDB": false, "5.5.68-MariaDB": false, "8.4.2": false, "8.0.11-TiDB-v8.5.0": false, "": false,
	} {
		if got := store.TellsIDs(version); got != want {
			t.Errorf("%q: %v, want %v", version, got, want)
		}
	}
}

// A call that holds rows, or cannot be stored, is left to its caller; the others are done.
func TestTogetherNobodySpoilsTheOthers(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	for _, s := range db.submit(t, "failed.jpg", "processing.jpg", "named.jpg") {
		db.exec(t, "UPDATE images SET status=IF(path='named.jpg', 'unknown', SUBSTRING_INDEX(path, '.', 1)), file_name='old.jpg' WHERE id=?", s.ID)
	}
	all := calls("failed.jpg", "new.jpg", "beside.jpg,processing.jpg", "named.jpg", "named.jpg,other.jpg")
	all[3].Pictures[0].FileName = "new name.jpg"
	db.SubmitTogether(t.Context(), all)
	for i, alone := range []bool{true, false, true, true, false} {
		if c := all[i]; c.Alone != alone || c.Err != nil || (len(c.Submissions) == len(c.Pictures)) == alone {
			t.Errorf("call %d is alone: %v, want %v: %+v", i, c.Alone, alone, c)
		}
	}
	var rows int
	if db.scan(t, "SELECT COUNT(*) FROM images", &rows); rows != 5 {
		t.Errorf("%d rows, want the three, new.jpg and other.jpg", rows)
	}
	tooLong := calls("fine.jpg", strings.Repeat("a", 1025))
	db.SubmitTogether(t.Context(), tooLong)
	for i, c := range tooLong {
		if !c.Alone || c.Err != nil {
			t.Errorf("beside a path that is too long call %d became %+v, want it to be left to its caller", i, c)
		}
	}
}

// Somebody may hold the row of a path that is posted again for as long as they like.
func TestTogetherNobodyWaitsForARowThatIsHeld(t *testing.T) {
	t.Parallel()
	for _, returning := range []bool{true, false} {
		for _, group := range [][]string{{"held.jpg"}, {"new.jpg", "held.jpg,other.jpg"}} {
			t.Run(fmt.Sprintf("returning=%v,calls=%d", returning, len(group)), func(t *testing.T) {
				t.Parallel()
				db := newDatabase(t)
				db.submit(t, "held.jpg")
				db.SetReturning(returning)
				tx, err := db.sql.BeginTx(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer tx.Rollback()
				if _, err := tx.ExecContext(t.Context(), "SELECT id FROM images WHERE path='held.jpg' FOR UPDATE"); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // less than a lock is waited for
				defer cancel()
				all := calls(group...)
				db.SubmitTogether(ctx, all)
				for i, c := range all {
					if c.Err != nil || c.Alone || len(c.Submissions) != len(c.Pictures) {
						t.Errorf("beside a row that is held call %d became %+v", i, c)
					}
				}
			})
		}
	}
}

// An id that is used up by a path that is known is one that no picture has. Once such were posted, it is looked
// for them first.
func TestTogetherKnownPathsUseUpFewIDs(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.submit(t, "known.jpg")
	var ids []int64
	for i := range 10 {
		all := calls("known.jpg", fmt.Sprintf("%d.jpg", i))
		db.SubmitTogether(t.Context(), all)
		db.SubmitTogether(t.Context(), calls("known.jpg")) // alone
		if len(all[1].Submissions) != 1 || len(all[0].Submissions) != 1 || !all[0].Submissions[0].Known {
			t.Fatalf("group %d became %+v", i, all)
		}
		ids = append(ids, all[1].Submissions[0].ID)
	}
	if ids[9]-ids[0] != 9 {
		t.Errorf("ids of ten new pictures, each posted with a known one: %v", ids)
	}
}

func TestTogetherAndAloneAgree(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	var mu sync.Mutex
	seen := map[string]int64{}
	note := func(submissions []store.Submission) {
		mu.Lock()
		defer mu.Unlock()
		for _, s := range submissions {
			if before, again := seen[s.Path]; s.ID == 0 || again && before != s.ID {
				t.Errorf("%s has the ids %d and %d", s.Path, before, s.ID)
			}
			seen[s.Path] = s.ID
		}
	}
	var all sync.WaitGroup
	for client := range 8 {
		all.Go(func() {
			for round := range 20 {
				paths := fmt.Sprintf("%d.jpg,%d.jpg", round, round+client%3)
				group := calls(paths, fmt.Sprintf("%d-%d.jpg", client, round))
				db.SubmitTogether(t.Context(), group)
				for _, c := range group {
					if c.Err != nil {
						t.Error(c.Err)
					}
					if c.Alone {
						submissions, err := db.Submit(t.Context(), c.Pictures)
						if err != nil {
							t.Error(err)
						}
						c.Submissions = submissions
					}
					note(c.Submissions)
				}
			}
		})
	}
	all.Wait()
	var rows int
	if db.scan(t, "SELECT COUNT(*) FROM images", &rows); rows != len(seen) {
		t.Errorf("%d rows for %d paths", rows, len(seen))
	}
}

// Rows by the absolute spelling, of an older version, are found whenever they come, after a second.
func TestTogetherBothSpellingsAreOnePicture(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	post := func(name string) store.Submission {
		t.Helper()
		call := &store.Call{Pictures: []store.Posted{{Path: name, Other: "/pics/" + name}, {Path: "b" + name, Other: "/pics/b" + name}}, Hinted: true}
		other := &store.Call{Pictures: []store.Posted{{Path: "d" + name, Other: "/pics/d" + name}}}
		db.SubmitTogether(t.Context(), []*store.Call{call, other})
		if call.Err != nil || call.Alone {
			t.Fatalf("%+v", call)
		}
		return call.Submissions[0]
	}
	first := post("a.jpg")
	if again := post("a.jpg"); first.Known || !again.Known || again.ID != first.ID {
		t.Errorf("first %+v, then %+v", first, again)
	}
	for i := range 70 { // until nobody looks first any more
		post(fmt.Sprintf("%d.jpg", i))
	}
	db.submit(t, "/pic", "/picsothers/c.jpg", "/pics/c.jpg")
	time.Sleep(store.LookInterval)
	for range 2 {
		if old := post("c.jpg"); !old.Known || old.Path != "/pics/c.jpg" {
			t.Errorf("under its old spelling it is %+v", old)
		}
	}
}
