package store_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func TestFinishFindsWhoIsInThePicture(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	dad, mum := db.person(t, "Dad", "dad_1.jpg", "dad_2.jpg"), db.person(t, "Mum", "mum.jpg")
	face := func(imageName string, similarity float64) lineup.Face {
		return lineup.Face{ImageName: imageName, Similarity: &similarity}
	}
	original := func(imageName string) lineup.Face { return lineup.Face{ImageName: imageName} } // tells no similarity
	for name, c := range map[string]struct {
		faces  []lineup.Face
		status lineup.Status
		person *lineup.Person
		who    []*lineup.Person // the faces, the best match first
	}{
		"no face":                         {nil, lineup.Unknown, nil, nil},
		"a face like nobody's":            {[]lineup.Face{original("")}, lineup.Unknown, nil, []*lineup.Person{nil}},
		"a photo without a row":           {[]lineup.Face{face("stray.jpg", .9)}, lineup.Unknown, nil, []*lineup.Person{nil}},
		"a photo in another case":         {[]lineup.Face{face("DAD_1.jpg", .9)}, lineup.Unknown, nil, []*lineup.Person{nil}},
		"one known":                       {[]lineup.Face{face("dad_2.jpg", .5)}, lineup.Identified, &dad, []*lineup.Person{&dad}},
		"one known, no similarity told":   {[]lineup.Face{original("dad_1.jpg")}, lineup.Identified, &dad, []*lineup.Person{&dad}},
		"two known, the second is surer":  {[]lineup.Face{face("dad_1.jpg", .5), face("mum.jpg", .6)}, lineup.Identified, &mum, []*lineup.Person{&mum, &dad}},
		"one known, a stray photo surer":  {[]lineup.Face{face("stray.jpg", .9), face("dad_1.jpg", .5)}, lineup.Identified, &dad, []*lineup.Person{&dad, nil}},
		"told similarity beats none":      {[]lineup.Face{original("dad_1.jpg"), face("mum.jpg", -.1)}, lineup.Identified, &mum, []*lineup.Person{&mum, &dad}},
		"the same person twice":           {[]lineup.Face{face("dad_1.jpg", .5), face("dad_1.jpg", .7)}, lineup.Identified, &dad, []*lineup.Person{&dad, &dad}},
		"two known, no similarity told":   {[]lineup.Face{original("mum.jpg"), original("dad_1.jpg")}, lineup.Identified, &mum, []*lineup.Person{&mum, &dad}},
		"more faces than a statement has": {slices.Repeat([]lineup.Face{face("mum.jpg", .5)}, 1_200), lineup.Identified, &mum, slices.Repeat([]*lineup.Person{&mum}, 1_200)},
	} {
		t.Run(name, func(t *testing.T) {
			claim := db.win(t, name)
			if status := db.finish(t, claim, store.Result{Faces: c.faces}, false); status != c.status {
				t.Errorf("Finish says %s, want %s", status, c.status)
			}
			image := db.image(t, claim.ID)
			if image.Status != c.status || image.Reason != "" || !same(image.Person, c.person) {
				t.Errorf("the picture is %s, %q, of %v; want %s of %v", image.Status, image.Reason, image.Person, c.status, c.person)
			}
			if !slices.EqualFunc(image.Faces, c.who, func(f lineup.Face, p *lineup.Person) bool { return same(f.Person, p) }) {
				t.Errorf("the faces are %v, want those of %v", image.Faces, c.who)
			}
			for _, f := range c.faces {
				if f.Person != nil {
					t.Error("the caller's faces were written to")
				}
			}
		})
	}
}

func same(a, b *lineup.Person) bool { return a == b || a != nil && b != nil && *a == *b }

func TestFinishKeepsAllThatAFaceIs(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	claim := db.win(t, "a.jpg")
	db.exec(t, "INSERT INTO faces (image_id) VALUES (?)", claim.ID) // of before
	told := lineup.Face{
		ImageName: "fotó 🙂.jpg", Similarity: testkit.Ptr(0.1 + 0.2), Score: testkit.Ptr(1.0 / 3), Box: &lineup.Box{X: -.125, Y: 1e-9, Width: 2. / 3, Height: 1},
		Embedding: []float32{1, -2.5}, Model: "model 1",
	}
	db.finish(t, claim, store.Result{Faces: []lineup.Face{told, {}}}, false)

	faces := db.image(t, claim.ID).Faces
	if len(faces) != 2 {
		t.Fatalf("%d faces, want the 2 that were found, and not the one of before", len(faces))
	}
	if f := faces[0]; f.ImageName != told.ImageName || *f.Similarity != *told.Similarity || *f.Score != *told.Score || *f.Box != *told.Box {
		t.Errorf("%+v became %+v", told, f)
	}
	if f := faces[1]; f.ImageName != "" || f.Similarity != nil || f.Score != nil || f.Box != nil || f.Person != nil {
		t.Errorf("a face of which nothing is told became %+v", f)
	}
	var embedding []byte
	var model string
	db.scan(t, "SELECT embedding, model FROM faces WHERE score IS NOT NULL", &embedding, &model)
	if !bytes.Equal(embedding, []byte{0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0}) || model != "model 1" { // IEEE 754, little endian
		t.Errorf("embedding %x of %q", embedding, model)
	}
	db.scan(t, "SELECT embedding FROM faces WHERE score IS NULL", &embedding)
	if embedding != nil {
		t.Errorf("no embedding became %x", embedding)
	}
}

func TestAReasonMakesItFailed(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	for name, c := range map[string]struct{ reason, want string }{
		"a reason":                            {"no picture", "no picture"},
		"one with quotes and a line":          {"'\"\\\n", "'\"\\\n"},
		"one of as many characters as fit":    {strings.Repeat("🙂", 1000), strings.Repeat("🙂", 1000)},
		"one that is a character too long":    {strings.Repeat("ä", 1001), strings.Repeat("ä", 999) + "…"},
		"one that is no valid UTF-8":          {"a\xffb\xc3", "a\uFFFDb\uFFFD"},
		"one that is too long and no UTF-8":   {strings.Repeat("a\xff", 600), strings.Repeat("a\uFFFD", 499) + "a…"},
		"one that would be too long in bytes": {strings.Repeat("\xff\xff", 700), "\uFFFD"},
	} {
		t.Run(name, func(t *testing.T) {
			claim := db.win(t, name)
			if status := db.finish(t, claim, store.Result{Reason: c.reason}, false); status != lineup.Failed {
				t.Errorf("Finish says %s, want failed", status)
			}
			if image := db.image(t, claim.ID); image.Status != lineup.Failed || image.Reason != c.want {
				t.Errorf("it is %s: %q; want failed: %q", image.Status, image.Reason, c.want)
			}
		})
	}
}

func TestAnnounced(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	for _, atOnce := range []bool{false, true} {
		t.Run(fmt.Sprintf("from the start %t", atOnce), func(t *testing.T) {
			claim := db.win(t, t.Name())
			expect := func(when string, want bool) {
				t.Helper()
				if got := db.claim(t, claim.ID, time.Minute); got.Outcome != store.Done || got.Announced != want {
					t.Errorf("%s: outcome %d, announced %t; want %d, %t", when, got.Outcome, got.Announced, store.Done, want)
				}
			}
			mark := func(round int64) {
				t.Helper()
				if err := db.MarkAnnounced(t.Context(), claim.ID, round, 0); err != nil {
					t.Fatal(err)
				}
			}
			db.finish(t, claim, store.Result{Reason: "no picture"}, atOnce)
			expect("after Finish", atOnce)
			mark(claim.Round + 1)
			expect("after another round was announced", atOnce)
			mark(claim.Round)
			expect("after its round was announced", true)

			again := db.win(t, t.Name())
			if again.Round != claim.Round+1 || again.Announced {
				t.Errorf("the next round is %+v", again)
			}
			db.finish(t, again, store.Result{Reason: "no picture"}, false)
			mark(claim.Round)
			expect("after the round before was announced late", false)
		})
	}
}

// How a file holds its pixels is told as long as the answer about it is.
func TestTheLayoutIsThatOfTheFileThatWasLookedAt(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	claim := db.win(t, "a.jpg")
	layout := lineup.Layout{Width: 40, Height: 30, Orientation: 6}
	db.finish(t, claim, store.Result{Content: "one", Layout: &layout}, true)
	if got := db.image(t, claim.ID).Layout; got == nil || *got != layout {
		t.Errorf("it is %v, want %v", got, layout)
	}
	db.finish(t, db.claimAgain(t, claim.ID), store.Result{Content: "two"}, true) // by a face server that does not tell
	if got := db.image(t, claim.ID).Layout; got != nil {
		t.Errorf("of another file it is %v, want none", got)
	}
}
