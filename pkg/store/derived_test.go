package store_test

import (
	"slices"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// madeOf is a result whose derived pictures are those of the claim: a thumbnail and crops.
func madeOf(c store.Claim, content string, boxes ...lineup.Box) store.Result {
	r := store.Result{Content: content, Thumbnail: c.Derived(0)}
	for i, box := range boxes {
		r.Faces = append(r.Faces, lineup.Face{Box: &box, Crop: c.Derived(2 + i)})
	}
	return r
}

func (d database) leftovers(t *testing.T) []lineup.Derived {
	t.Helper()
	names, err := d.Leftovers(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func checkLeftovers(t *testing.T, d database, want ...lineup.Derived) {
	t.Helper()
	got := d.leftovers(t)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("to be removed are %v, want %v", got, want)
	}
}

var left, right = lineup.Box{X: .1, Y: .1, Width: .2, Height: .2}, lineup.Box{X: .6, Y: .6, Width: .2, Height: .2}

func TestALookReplacesWhatWasMadeBefore(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	first := db.win(t, "a.jpg")
	db.finish(t, first, madeOf(first, "one", left, right), true)
	image := db.image(t, first.ID)
	if image.Thumbnail != first.Derived(0) || image.Large != "" || image.Faces[0].Crop == "" || image.Faces[1].Crop == image.Faces[0].Crop {
		t.Fatalf("it has %q, %q and faces %v", image.Thumbnail, image.Large, image.Faces)
	}
	checkLeftovers(t, db)

	// The same content again, by a face server that makes none: all stays but what is gone.
	again := db.claimAgain(t, first.ID)
	db.finish(t, again, store.Result{Content: "one", Faces: []lineup.Face{{Box: &left}}}, true)
	image = db.image(t, first.ID)
	if image.Thumbnail != first.Derived(0) || len(image.Faces) != 1 || image.Faces[0].Crop != first.Derived(2) {
		t.Errorf("it has %q and faces %v", image.Thumbnail, image.Faces)
	}
	checkLeftovers(t, db, first.Derived(3))

	// Another look makes all anew.
	third := db.claimAgain(t, first.ID)
	db.finish(t, third, madeOf(third, "one", left), true)
	if image = db.image(t, first.ID); image.Thumbnail != third.Derived(0) || image.Faces[0].Crop != third.Derived(2) {
		t.Errorf("it has %q and faces %v", image.Thumbnail, image.Faces)
	}
	checkLeftovers(t, db, first.Derived(0), first.Derived(2), first.Derived(3))

	// Another file that nothing is made of has none.
	fourth := db.claimAgain(t, first.ID)
	if waiting := db.image(t, first.ID); waiting.Thumbnail != third.Derived(0) {
		t.Errorf("while the same file is looked at again, it has %q", waiting.Thumbnail)
	}
	db.finish(t, fourth, store.Result{Content: "two", Reason: "broken"}, true)
	if image = db.image(t, first.ID); image.Thumbnail != "" {
		t.Errorf("of another file it has %q", image.Thumbnail)
	}
	all := []lineup.Derived{first.Derived(0), first.Derived(2), first.Derived(3), third.Derived(0), third.Derived(2)}
	checkLeftovers(t, db, all...)
	if err := db.ForgetLeftovers(t.Context(), all[:4]); err != nil {
		t.Fatal(err)
	}
	checkLeftovers(t, db, all[4])
}

// claimAgain has a picture looked at again, and claims it.
func (d database) claimAgain(t *testing.T, id int64) store.Claim {
	t.Helper()
	if refs, err := d.Look(t.Context(), []int64{id}); err != nil || len(refs) != 1 {
		t.Fatal(refs, err)
	}
	return d.claim(t, id, time.Minute)
}

func TestADeletedPictureLeavesAllThatWasMadeOfIt(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	c := db.win(t, "a.heic")
	r := madeOf(c, "one", left)
	r.Large = c.Derived(1)
	db.finish(t, c, r, true)
	other := db.win(t, "b.jpg")
	db.finish(t, other, madeOf(other, "one", left), true)
	if _, err := db.DeleteImage(t.Context(), c.ID, "", keepFile); err != nil {
		t.Fatal(err)
	}
	checkLeftovers(t, db, c.Derived(0), c.Derived(1), c.Derived(2))
	var told int
	const tells = "SELECT COUNT(*) FROM images WHERE id = ? AND COALESCE(content, faces_content, regions_read) IS NOT NULL"
	if err := db.sql.QueryRowContext(t.Context(), tells, c.ID).Scan(&told); err != nil || told > 0 {
		t.Errorf("its row tells of its file: %d, %v", told, err)
	}
}

// An erased stranger's face has no crop any more, and its photo none of its own.
func TestAnErasedStrangerLeavesItsCrops(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	var claims []store.Claim
	for _, path := range []string{"a.jpg", "b.jpg"} {
		c := db.win(t, path)
		r := compared(seen(0, face(10)))
		r.Thumbnail, r.Comparison.Rule.StrangerThreshold, r.MaxStrangers = c.Derived(0), 0.6, 10
		r.Faces[0].Crop = c.Derived(2)
		db.finish(t, c, r, true)
		claims = append(claims, c)
	}
	stranger := personID(db.image(t, claims[0].ID).Faces[0])
	if stranger == 0 || personID(db.image(t, claims[1].ID).Faces[0]) != stranger {
		t.Fatalf("the pictures are %+v and %+v, want one stranger", db.image(t, claims[0].ID), db.image(t, claims[1].ID))
	}
	receipt := db.erased(t, stranger)
	if receipt.Finished == nil || receipt.Gone.Faces != 2 {
		t.Errorf("the receipt is %+v", receipt)
	}
	checkLeftovers(t, db, claims[0].Derived(2), claims[1].Derived(2))
	if left := db.columns(t, descriptorBytes(face(10))); len(left) > 0 {
		t.Errorf("the descriptor is left: %v", left)
	}

	// Looked at again the face is shown no more than before.
	again := db.claimAgain(t, claims[0].ID)
	r := compared(seen(0, face(10)))
	r.Thumbnail, r.Faces[0].Crop = again.Derived(0), again.Derived(2)
	db.finish(t, again, r, true)
	if image := db.image(t, again.ID); image.Thumbnail != again.Derived(0) || len(image.Faces) != 1 || image.Faces[0].Crop != "" || !image.Faces[0].Ignored {
		t.Errorf("looked at again it has %q and faces %+v", image.Thumbnail, image.Faces)
	}
	checkLeftovers(t, db, claims[0].Derived(0), claims[0].Derived(2), claims[1].Derived(2), again.Derived(2))
}

// A late look, too, leaves no crop of who was erased meanwhile.
func TestALateLookLeavesNoCropOfWhoWasErased(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	person := db.usable(t, somebody, theirPhotos+"1.jpg", face(10)).Person.ID
	candidate := db.candidate(t, theirPhotos+"1.jpg", .9)
	late := db.win(t, "late.jpg")
	db.erased(t, person)
	r := compared(seen(0, face(10.5), candidate))
	r.Thumbnail, r.Faces[0].Crop = late.Derived(0), late.Derived(2)
	db.finish(t, late, r, true)
	if image := db.image(t, late.ID); image.Thumbnail == "" || image.Faces[0].Crop != "" || !image.Faces[0].Ignored {
		t.Errorf("it is %+v", image)
	}
	checkLeftovers(t, db, late.Derived(2))
}

// Names are a claim's own: what one that was refused removes, no other wrote.
func TestNamesAreOfOneClaim(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	first := db.claim(t, db.submit(t, "a.jpg")[0].ID, time.Millisecond)
	if name := first.PriorDerived(0); name != "" {
		t.Errorf("before the first claim there was %q", name)
	}
	time.Sleep(2 * time.Millisecond) // its lease
	second := db.claim(t, first.ID, time.Minute)
	if second.PriorDerived(0) != first.Derived(0) || second.Derived(0) == first.Derived(0) || first.Derived(0) == first.Derived(1) {
		t.Errorf("the first has %q, the second %q and before it %q", first.Derived(0), second.Derived(0), second.PriorDerived(0))
	}
	if err := db.GiveBack(t.Context(), second, 0, false, ""); err != nil {
		t.Fatal(err)
	}
	if third := db.claim(t, first.ID, time.Minute); third.PriorDerived(0) != "" {
		t.Errorf("what was given back has left %q", third.PriorDerived(0))
	}
}
