package main

import (
	"math"
	"strings"
	"testing"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

// photoFace is a face that begins at left, of the width, with these problems.
func photoFace(left, width float32, problems ...facerecog.Problem) *facerecog.PhotoFace {
	return &facerecog.PhotoFace{
		Width: width, Light: 0.5, Sharpness: 0.1,
		Face: &facerecog.Face{
			Box: &facerecog.Box{X: left, Y: 0.2, Width: 0.1, Height: 0.2}, Embedding: []float32{width, 0}, Model: "m", Problems: problems,
			Candidates: []*facerecog.Candidate{{ImageName: "ann.jpg", PersonId: 3, PhotoId: 4, Similarity: 0.25}},
		},
	}
}

func TestExamine(t *testing.T) {
	const several, small, dark = facerecog.Problem_SEVERAL_FACES, facerecog.Problem_TOO_SMALL, facerecog.Problem_TOO_DARK
	photo := func(usable bool, faces []*facerecog.PhotoFace, problems ...facerecog.Problem) *facerecog.Photo {
		return &facerecog.Photo{Usable: usable, Faces: faces, Problems: problems, Comparison: &facerecog.Comparison{GalleryState: 7, Threshold: 0.5}}
	}
	faces := func(all ...*facerecog.PhotoFace) []*facerecog.PhotoFace { return all }
	three := faces(photoFace(0.5, 90), photoFace(0.8, 60, small), photoFace(0.1, 40))
	nameless := photoFace(0.5, 90)
	nameless.Face.Embedding = nil
	for name, c := range map[string]struct {
		photo  *facerecog.Photo
		chosen int
		state  store.PhotoState
		reason string  // words of it
		width  float64 // of the face that counts
	}{
		"not described":                      {nil, 0, store.PhotoUnchecked, "", 0},
		"one face":                           {photo(true, faces(photoFace(0.5, 90))), 0, store.PhotoUsable, "", 90},
		"one face, chosen":                   {photo(true, faces(photoFace(0.5, 90))), 1, store.PhotoUsable, "", 90},
		"no descriptor":                      {photo(true, faces(nameless)), 0, store.PhotoUnchecked, "", 90},
		"no face":                            {photo(false, nil, facerecog.Problem_NO_FACE), 0, store.PhotoUnusable, "no face", 0},
		"no face, one chosen":                {photo(false, nil, facerecog.Problem_NO_FACE), 2, store.PhotoUnusable, "no face", 0},
		"unreadable":                         {photo(false, nil, facerecog.Problem_UNREADABLE), 0, store.PhotoUnusable, "cannot be read", 0},
		"too small and dark":                 {photo(false, faces(photoFace(0.5, 9, small)), dark, small), 0, store.PhotoUnusable, "too small: take a photo from closer or in a higher resolution; the face is too dark", 9},
		"not taken for a reason of its own":  {photo(false, faces(photoFace(0.5, 90))), 0, store.PhotoUnusable, "does not take it", 90},
		"several":                            {photo(false, three, several), 0, store.PhotoUnusable, "3 faces: choose the person's from 1 to 3, left to right", 0},
		"several, one by far the largest":    {photo(true, three, several), 0, store.PhotoUsable, "", 90},
		"several, the first from the left":   {photo(false, three, several), 1, store.PhotoUsable, "", 40},
		"several, the largest":               {photo(false, three, several), 2, store.PhotoUsable, "", 90},
		"several, one that is too small":     {photo(false, three, several), 3, store.PhotoUnusable, "too small", 60},
		"several, one of more than it shows": {photo(false, three, several), 4, store.PhotoUnusable, "no face 4: choose one from 1 to 3", 0},
	} {
		got := examine(c.photo, c.chosen)
		if got.State != c.state || !strings.Contains(got.Reason, c.reason) || (got.Reason == "") != (c.reason == "") || got.Quality.Width != c.width {
			t.Errorf("%s: %s, %q, the face %v wide; want %s, %q, %v", name, got.State, got.Reason, got.Quality.Width, c.state, c.reason, c.width)
		}
		if usable := c.state == store.PhotoUsable; usable != (len(got.Descriptor) == 2 && got.GalleryState == 7 && got.Threshold == 0.5 && len(got.Candidates) == 1) {
			t.Errorf("%s: it would be compared as %+v", name, got)
		}
		shown, _ := got.Shown.([]lineup.PhotoFace)
		used := 0
		for i, face := range shown {
			if face.Used {
				used++
			}
			if i > 0 && face.Box.X < shown[i-1].Box.X {
				t.Errorf("%s: not from left to right: %v", name, shown)
			}
		}
		if len(shown) != len(c.photo.GetFaces()) || (used == 1) != (c.width != 0) {
			t.Errorf("%s: shown are %v", name, shown)
		}
	}
}

func TestAUsablePhotoSaysWhatIsDamaged(t *testing.T) {
	const damaged = "the file is damaged: only the upper part could be seen"
	for name, c := range map[string]struct {
		problems []facerecog.Problem
		usable   bool
		chosen   int
		warning  string
	}{
		"usable":               {nil, true, 0, damaged},
		"usable, chosen":       {nil, true, 1, damaged},
		"one by far":           {[]facerecog.Problem{facerecog.Problem_SEVERAL_FACES}, true, 0, damaged},
		"one by far, chosen":   {[]facerecog.Problem{facerecog.Problem_SEVERAL_FACES}, true, 1, ""},
		"too small: it is why": {[]facerecog.Problem{facerecog.Problem_TOO_SMALL}, false, 0, ""},
	} {
		got := examine(&facerecog.Photo{Usable: c.usable, Problems: c.problems, Advice: damaged, Faces: []*facerecog.PhotoFace{photoFace(.5, 90)}}, c.chosen)
		if got.Warning != c.warning {
			t.Errorf("%s: the warning is %q, want %q", name, got.Warning, c.warning)
		}
	}
}

func TestExamineBelievesNothingThatFitsNoRow(t *testing.T) {
	nan := float32(math.NaN())
	face := photoFace(nan, nan)
	face.Light, face.Sharpness = float32(math.Inf(1)), nan
	face.Face.Candidates = []*facerecog.Candidate{{Similarity: nan}, {Similarity: 0.5, ImageName: strings.Repeat("n", 10000)}}
	got := examine(&facerecog.Photo{Usable: true, Faces: []*facerecog.PhotoFace{face}}, 0)
	if got.Quality != (store.PhotoQuality{}) || len(got.Candidates) != 1 || got.Candidates[0].ImageName != "" {
		t.Errorf("believed is %+v", got)
	}
}
