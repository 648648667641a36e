package face_test

import (
	"math"
	"path/filepath"
	"testing"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/local/deptest"
)

// Whichever way up a picture is, the same faces are found in it, at the same places and
// described alike.
func TestFindsFacesWhicheverWayUp(t *testing.T) {
	upright, anyWayUp := recogniserWith(t, face.Options{}), recogniserWith(t, face.Options{Rotations: true})
	for _, name := range []string{"people/dana.jpg", "people/ruby.jpg", "pictures/four-friends.jpg"} {
		p := decode(t, filepath.Join(deptest.Samples(t), name))
		want := faces(t, upright, p)
		for turns := range 4 {
			got := faces(t, anyWayUp, p.Rotated(turns))
			if len(got) != len(want) {
				t.Errorf("%s after %d quarter turns: %d faces, want %d", name, turns, len(got), len(want))
				continue
			}
			for i, f := range got {
				box := f.Box.Rotated(-turns)
				if f.Turns != (4-turns)%4 || math.Hypot(box.X-want[i].Box.X, box.Y-want[i].Box.Y) > 0.01 {
					t.Errorf("%s after %d quarter turns: %d more make face %d upright, its box then is %v, want %v", name, turns, f.Turns, i, box, want[i].Box)
				}
				if s := cosine(f.Embedding, want[i].Embedding); s < 0.95 {
					t.Errorf("%s after %d quarter turns: face %d is similar to itself by %.2f", name, turns, i, s)
				}
			}
		}
	}
}

func TestFindsNobodyWhicheverWayUp(t *testing.T) {
	t.Parallel()
	if found := nobody(t, recogniserWith(t, face.Options{Effort: face.Fast, Rotations: true}), 10); found > 0 {
		t.Errorf("%d faces in pictures without people, want none", found)
	}
}

func TestABoxComesBackAfterFourQuarterTurns(t *testing.T) {
	b := face.Box{X: 0.125, Y: 0.25, Width: 0.5, Height: 0.25}
	if got, want := b.Rotated(1), (face.Box{X: 0.5, Y: 0.125, Width: 0.25, Height: 0.5}); got != want {
		t.Errorf("after a quarter turn it is %v, want %v", got, want)
	}
	if got := b.Rotated(1).Rotated(-2).Rotated(1); got != b {
		t.Errorf("after a turn it is %v, want %v", got, b)
	}
}
