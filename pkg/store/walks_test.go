package store_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func (d database) submitFolder(t *testing.T, path string) int64 {
	t.Helper()
	folder, err := d.SubmitFolder(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return folder.ID
}

func (d database) claimFolder(t *testing.T, id int64) store.Walk {
	t.Helper()
	walk, err := d.ClaimFolder(t.Context(), id, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return walk
}

func (d database) submitWalked(t *testing.T, walk *store.Walk, position string, paths ...string) []store.Submission {
	t.Helper()
	submissions, err := d.SubmitWalked(t.Context(), *walk, store.Paths(paths...))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.MoveWalk(t.Context(), walk, position, len(paths)); err != nil {
		t.Fatal(err)
	}
	return submissions
}

func (d database) folder(t *testing.T, id int64) lineup.Folder {
	t.Helper()
	folder, err := d.Folder(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func (d database) dueFolders(t *testing.T) []int64 {
	t.Helper()
	due, err := d.DueFolders(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for _, folder := range due {
		ids = append(ids, folder.ID)
	}
	return ids
}

func TestAFoldersWalkFromThePostToItsEnd(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	known := db.win(t, "a/1.jpg")
	db.finish(t, known, store.Result{Faces: []lineup.Face{{}}}, true)
	id := db.submitFolder(t, "a/")
	if got := db.dueFolders(t); !slices.Equal(got, []int64{id}) {
		t.Errorf("due are %v", got)
	}
	walk := db.claimFolder(t, id)
	if got := db.dueFolders(t); len(got) != 0 {
		t.Errorf("while it is walked, due are %v", got)
	}
	if _, err := db.ClaimFolder(t.Context(), id, time.Minute); !errors.Is(err, store.ErrClaimLost) {
		t.Errorf("a second claim: %v", err)
	}
	got := db.submitWalked(t, &walk, "2.jpg", "a/2.jpg", "a/1.jpg")
	if len(got) != 2 || got[0].ID != known.ID || !got[0].Known || got[0].Status != lineup.Unknown || got[1].Known || got[1].Status != lineup.Pending {
		t.Errorf("submitted %+v", got)
	}
	if err := db.ReleaseWalk(t.Context(), walk, "the root is away"); err != nil {
		t.Fatal(err)
	}
	if f := db.folder(t, id); f.Found != 2 || f.Submitted != 2 || f.Done != 1 || f.Failed != 0 || f.FinishedAt != nil || f.Problem != "the root is away" {
		t.Errorf("half walked: %+v", f)
	}
	walk = db.claimFolder(t, id)
	if walk.Position != "2.jpg" || walk.Path != "a/" || walk.Found != 2 {
		t.Errorf("gone on with: %+v", walk)
	}
	walk.Unreadable = true
	db.submitWalked(t, &walk, "3.jpg", "a/3.jpg")
	db.finish(t, db.claim(t, db.submit(t, "a/3.jpg")[0].ID, time.Minute), store.Result{Reason: "no picture"}, true)
	if err := db.FinishWalk(t.Context(), walk); err != nil {
		t.Fatal(err)
	}
	if f := db.folder(t, id); f.Found != 3 || f.Submitted != 3 || f.Done != 1 || f.Failed != 1 || f.FinishedAt == nil || f.Problem == "" {
		t.Errorf("walked, but for a folder: %+v", f)
	}
	if _, err := db.ClaimFolder(t.Context(), id, time.Minute); !errors.Is(err, store.ErrClaimLost) {
		t.Errorf("a claim of what is finished: %v", err)
	}
}

func TestAFolderThatIsPostedAgainIsWalkedAnew(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	id := db.submitFolder(t, "a/")
	walk := db.claimFolder(t, id)
	db.submitWalked(t, &walk, "2.jpg", "a/1.jpg", "a/2.jpg")
	if err := db.FinishWalk(t.Context(), walk); err != nil {
		t.Fatal(err)
	}
	again, err := db.SubmitFolder(t.Context(), "a/")
	if want := (store.PostedFolder{ID: id, Known: true}); again != want || err != nil {
		t.Fatalf("posted again: %+v, %v", again, err)
	}
	walk = db.claimFolder(t, id)
	if walk.Position != "" || walk.Found != 0 {
		t.Errorf("it begins with %+v", walk)
	}
	db.submitWalked(t, &walk, "3.jpg", "a/2.jpg", "a/3.jpg") // 1.jpg is gone since
	if f := db.folder(t, id); f.Found != 2 || f.Submitted != 2 || f.Problem != "" {
		t.Errorf("the second walk counts what the first saw: %+v", f)
	}
	// Posted while it is walked: what came before the position is not overlooked.
	db.submitFolder(t, "a/")
	if err := db.FinishWalk(t.Context(), walk); err != nil {
		t.Fatal(err)
	}
	if f := db.folder(t, id); f.FinishedAt != nil || f.Found != 0 {
		t.Errorf("posted during its walk: %+v, want another walk", f)
	}
	walk = db.claimFolder(t, id)
	if err := db.FinishWalk(t.Context(), walk); err != nil {
		t.Fatal(err)
	}
	if f := db.folder(t, id); f.FinishedAt == nil {
		t.Errorf("after the last walk: %+v", f)
	}
	// Posted twice before anybody walks it: once is enough.
	db.submitFolder(t, "b/")
	second := db.submitFolder(t, "b/")
	if err := db.FinishWalk(t.Context(), db.claimFolder(t, second)); err != nil {
		t.Fatal(err)
	}
	if f := db.folder(t, second); f.FinishedAt == nil {
		t.Errorf("posted twice: %+v", f)
	}
}

func TestAWalkWhoseLeaseRanOutWritesNothing(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	id := db.submitFolder(t, "a/")
	late := db.claimFolder(t, id)
	db.submitWalked(t, &late, "1.jpg", "a/1.jpg")
	db.exec(t, "UPDATE folders SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND")
	walk := db.claimFolder(t, id)
	if walk.Position != "1.jpg" {
		t.Errorf("taken over at %q", walk.Position)
	}
	if _, err := db.SubmitWalked(t.Context(), late, store.Paths("a/2.jpg")); !errors.Is(err, store.ErrClaimLost) {
		t.Errorf("the late one's batch: %v", err)
	}
	for name, err := range map[string]error{"move": db.MoveWalk(t.Context(), &late, "2.jpg", 1), "finish": db.FinishWalk(t.Context(), late), "release": db.ReleaseWalk(t.Context(), late, "")} {
		if !errors.Is(err, store.ErrClaimLost) {
			t.Errorf("the late one's %s: %v", name, err)
		}
	}
	if f := db.folder(t, id); f.Found != 1 || f.Submitted != 1 {
		t.Errorf("%+v", f)
	}
	db.exec(t, "UPDATE folders SET lease_until = UTC_TIMESTAMP(6) + INTERVAL 1 YEAR") // by hand, or a clock put back
	if got := db.dueFolders(t); !slices.Equal(got, []int64{id}) {
		t.Errorf("with a lease that never ends, due are %v", got)
	}
}

func TestOfManyWalkersOneWins(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	id := db.submitFolder(t, "a/")
	var all sync.WaitGroup
	won := make(chan store.Walk, 8)
	for range 8 {
		all.Go(func() {
			walk, err := db.ClaimFolder(t.Context(), id, time.Minute)
			switch {
			case err == nil:
				won <- walk
			case !errors.Is(err, store.ErrClaimLost):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Errorf("%d have the walk", len(won))
	}
}

func TestFoldersAreListedAndDueInOrder(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	a, b, c := db.submitFolder(t, "a/"), db.submitFolder(t, "b/"), db.submitFolder(t, "c/")
	for _, id := range []int64{b, a} { // the one that was worked on last comes last
		if err := db.ReleaseWalk(t.Context(), db.claimFolder(t, id), ""); err != nil {
			t.Fatal(err)
		}
	}
	if got := db.dueFolders(t); !slices.Equal(got, []int64{c, b, a}) {
		t.Errorf("due are %v, want %v", got, []int64{c, b, a})
	}
	page, more, err := db.Folders(t.Context(), 0, 2)
	if err != nil || !more || len(page) != 2 || page[0].Path != "c/" || page[1].Path != "b/" {
		t.Errorf("first page %+v, %v, %v", page, more, err)
	}
	page, more, err = db.Folders(t.Context(), b, 2)
	if err != nil || more || len(page) != 1 || page[0].ID != a {
		t.Errorf("last page %+v, %v, %v", page, more, err)
	}
	if _, err := db.Folder(t.Context(), 99); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no such folder: %v", err)
	}
}
