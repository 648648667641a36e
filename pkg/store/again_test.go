package store_test

import (
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// look submits a picture and writes what was found in it.
func (d database) look(t *testing.T, path string, result store.Result) store.Submission {
	t.Helper()
	d.finish(t, d.win(t, path), result, true)
	return d.submit(t, path)[0]
}

func (d database) lookAgain(t *testing.T, changed ...store.Submission) []store.Submission {
	t.Helper()
	return testkit.Must(d.LookAgain(t.Context(), changed))(t)
}

func TestAChangedPictureIsPendingWithoutTheOldAnswer(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	dad := db.person(t, "Dad", "dad.jpg")
	result := store.Result{Faces: []lineup.Face{{ImageName: "dad.jpg"}}, Warning: "the end is missing", Content: "old"}
	before := db.look(t, "a.jpg", result)
	if before.Content != "old" || before.Status != lineup.Identified || db.image(t, before.ID).Warning != "the end is missing" {
		t.Fatalf("looked at, it is %+v, %+v", before, db.image(t, before.ID))
	}
	other := db.look(t, "b.jpg", result)

	after := db.lookAgain(t, before)[0]
	want := store.Submission{Ref: store.Ref{ID: before.ID, Path: "a.jpg", Round: 2}, Status: lineup.Pending, Known: true}
	if after != want {
		t.Errorf("changed, it is %+v, want %+v", after, want)
	}
	image := db.image(t, before.ID)
	if image.Status != lineup.Pending || image.Person != nil || len(image.Faces) != 0 || image.Warning != "" || image.Content != "" {
		t.Errorf("until it was looked at again it shows %+v", image)
	}
	if images, _, err := db.Images(t.Context(), store.Filter{Person: dad.ID, Limit: 10}); err != nil || len(images) != 1 || images[0].ID != other.ID {
		t.Errorf("the person's pictures are %+v, %v, want the other alone", images, err)
	}
	claim := db.claim(t, before.ID, time.Hour)
	if claim.Outcome != store.Won || claim.Round != 2 || claim.Announced {
		t.Fatalf("the claim in the new round is %+v", claim)
	}
	db.finish(t, claim, store.Result{Content: "new"}, true)
	if image := db.image(t, before.ID); image.Status != lineup.Unknown || len(image.Faces) != 0 || image.Content != "new" {
		t.Errorf("looked at again it shows %+v", image)
	}
}

func TestOnlyTheAnswerThatWasComparedIsGivenUp(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	a := db.look(t, "a.jpg", store.Result{Content: "old"})
	db.lookAgain(t, a)
	if again := db.lookAgain(t, a)[0]; again.Round != 2 || again.Status != lineup.Pending {
		t.Errorf("pending already, it becomes %+v", again)
	}
	db.finish(t, db.claim(t, a.ID, time.Hour), store.Result{Content: "new"}, true)
	if again := db.lookAgain(t, a)[0]; again.Round != 2 || again.Status != lineup.Unknown || again.Content != "new" {
		t.Errorf("looked at meanwhile, it becomes %+v", again)
	}
	b := db.look(t, "b.jpg", store.Result{}) // from before there were marks
	if again := db.lookAgain(t, b)[0]; again.Round != 1 {
		t.Errorf("without a mark, it becomes %+v", again)
	}
	if none := db.lookAgain(t); len(none) != 0 {
		t.Errorf("nothing becomes %+v", none)
	}
	c := db.look(t, "c.jpg", store.Result{Content: "old"})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if again, err := db.LookAgain(t.Context(), []store.Submission{c, c}); err != nil || again[1].Round != 2 {
				t.Errorf("of many at once one finds %+v, %v", again, err)
			}
		})
	}
	all.Wait()
}

func TestBothSpellingsAreOnePicture(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	old := db.submit(t, "/pics/old.jpg")[0] // a row from before the spellings were told to be one
	for _, picture := range []store.Posted{{Path: "old.jpg", Other: "/pics/old.jpg"}, {Path: "new.jpg", Other: "/pics/new.jpg"}} {
		first := testkit.Must(db.Submit(t.Context(), []store.Posted{picture}))(t)[0]
		if isOld := picture.Path == "old.jpg"; first.Known != isOld || (first.ID == old.ID) != isOld || first.Path != map[bool]string{true: "/pics/old.jpg", false: "new.jpg"}[isOld] {
			t.Errorf("%s is %+v", picture.Path, first)
		}
		if second := testkit.Must(db.Submit(t.Context(), []store.Posted{picture}))(t)[0]; second.ID != first.ID || !second.Known {
			t.Errorf("%s is %+v, then %+v", picture.Path, first, second)
		}
	}
	db.exec(t, "UPDATE images SET status='failed' WHERE id=?", old.ID)
	again := testkit.Must(db.Submit(t.Context(), []store.Posted{{Path: "old.jpg", Other: "/pics/old.jpg"}}))(t)[0]
	if again.ID != old.ID || again.Round != 2 || again.Status != lineup.Pending {
		t.Errorf("failed under its old spelling, it becomes %+v", again)
	}
	var rows int
	db.scan(t, "SELECT COUNT(*) FROM images", &rows)
	if rows != 2 {
		t.Errorf("%d rows for two pictures", rows)
	}
}

func TestAnUploadKeepsItsNewestName(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	post := func(names ...string) string {
		t.Helper()
		var pictures []store.Posted
		for _, name := range names {
			pictures = append(pictures, store.Posted{Path: "uploads/aa/aa.jpg", FileName: name})
		}
		return db.image(t, testkit.Must(db.Submit(t.Context(), pictures))(t)[0].ID).FileName
	}
	for _, step := range []struct {
		names []string
		want  string
	}{
		{[]string{""}, ""}, {[]string{"IMG_1.jpg"}, "IMG_1.jpg"}, {[]string{""}, "IMG_1.jpg"}, {[]string{"a.jpg", "ส้ม 🍊.jpg"}, "ส้ม 🍊.jpg"},
	} {
		if got := post(step.names...); got != step.want {
			t.Errorf("uploaded as %q it is called %q, want %q", step.names, got, step.want)
		}
	}
}

// What is posted while it is looked at may be another file than the one that was read.
func TestAPictureSubmittedWhileItIsLookedAtIsComparedAfterwards(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	reposted := func() []store.Submission { t.Helper(); return testkit.Must(db.Reposted(t.Context(), 10))(t) }
	db.submit(t, "waits.jpg", "waits.jpg")
	db.look(t, "done.jpg", store.Result{Content: "old"})
	claim := db.win(t, "a.jpg")
	db.submit(t, "a.jpg", "waits.jpg", "done.jpg")
	if early := reposted(); len(early) != 0 {
		t.Errorf("before there is a result %+v", early)
	}
	db.finish(t, claim, store.Result{Content: "old"}, true)
	got := reposted()
	if len(got) != 1 || got[0].ID != claim.ID || got[0].Content != "old" || got[0].Status != lineup.Unknown {
		t.Fatalf("submitted again are %+v, want a.jpg alone", got)
	}
	db.lookAgain(t, got...)
	if left := reposted(); len(left) != 0 {
		t.Errorf("in a new round %+v", left)
	}
	claim = db.claim(t, claim.ID, 0)
	db.submit(t, "a.jpg")
	claim = db.claim(t, claim.ID, time.Hour) // the lease ran out: its file is read after that
	db.finish(t, claim, store.Result{Content: "new"}, true)
	if left := reposted(); len(left) != 0 {
		t.Errorf("read after it was submitted again: %+v", left)
	}
	claim = db.win(t, "b.jpg")
	db.submit(t, "b.jpg")
	db.finish(t, claim, store.Result{Reason: "no such picture"}, true)
	if left := reposted(); len(left) != 1 || left[0].Status != lineup.Failed {
		t.Errorf("failed meanwhile: %+v", left)
	}
	testkit.Succeed(t, db.MarkCompared(t.Context(), []int64{claim.ID}))
	if left := reposted(); len(left) != 0 {
		t.Errorf("compared: %+v", left)
	}
}
