package face

import (
	"math"
	"math/cmplx"
	"testing"
)

func TestSimilarity(t *testing.T) {
	square := []complex128{0, 10, 10 + 10i, 10i}
	for name, wanted := range map[string]struct{ a, b complex128 }{
		"stays":                     {1, 0},
		"shifts":                    {1, 3 - 4i},
		"grows":                     {2.5, 0},
		"rotates by a quarter":      {1i, 0},
		"rotates, grows and shifts": {cmplx.Rect(3, 0.4), 7 + 1i},
	} {
		t.Run(name, func(t *testing.T) {
			moved := make([]complex128, len(square))
			for i, z := range square {
				moved[i] = wanted.a*z + wanted.b
			}
			a, b := similarity(square, moved)
			if cmplx.Abs(a-wanted.a) > 1e-9 || cmplx.Abs(b-wanted.b) > 1e-9 {
				t.Errorf("similarity is (%v, %v), want (%v, %v)", a, b, wanted.a, wanted.b)
			}
		})
	}
	t.Run("one point off its place shifts the whole by its share", func(t *testing.T) {
		off := append([]complex128{}, square...)
		off[0] += -4 // away from the middle, across: the whole grows and turns
		a, b := similarity(square, off)
		// By hand, with the middle at 5+5i: (4·50 + 4·(5-5i)) / (4·50).
		if want := complex(220./200, -20./200); cmplx.Abs(a-want) > 1e-9 {
			t.Errorf("a is %v, want %v", a, want)
		}
		if centre := a*(5+5i) + b; cmplx.Abs(centre-(4+5i)) > 1e-9 {
			t.Errorf("the middle goes to %v, want 4+5i", centre)
		}
	})
	t.Run("points in one place are only shifted", func(t *testing.T) {
		if a, b := similarity([]complex128{2, 2}, []complex128{5, 5}); a != 1 || b != 3 {
			t.Errorf("similarity is (%v, %v), want (1, 3)", a, b)
		}
	})
}

func TestSuppress(t *testing.T) {
	at := func(x, score float64) detection {
		return detection{box: Box{X: x, Width: 10, Height: 10}, score: float32(score)}
	}
	for name, c := range map[string]struct {
		detections []detection
		want       []detection
	}{
		"nothing":                              {nil, nil},
		"boxes apart are two faces":            {[]detection{at(0, .8), at(20, .9)}, []detection{at(20, .9), at(0, .8)}},
		"of boxes upon each other the surer":   {[]detection{at(0, .8), at(1, .9)}, []detection{at(1, .9)}},
		"an overlap of a quarter is two faces": {[]detection{at(0, .8), at(6, .9)}, []detection{at(6, .9), at(0, .8)}},
		"only what is kept suppresses":         {[]detection{at(0, .7), at(4, .8), at(8, .9)}, []detection{at(8, .9), at(0, .7)}},
	} {
		t.Run(name, func(t *testing.T) {
			got := suppress(c.detections, 0.3)
			if len(got) != len(c.want) {
				t.Fatalf("kept %v, want %v", got, c.want)
			}
			for i := range got {
				if got[i].box != c.want[i].box {
					t.Errorf("kept %v, want %v", got, c.want)
				}
			}
		})
	}
}

func TestNormalised(t *testing.T) {
	if v, length := normalised([]float32{3, 4}); v[0] != 0.6 || v[1] != 0.8 || length != 5 {
		t.Errorf("3, 4 becomes %v, want 0.6, 0.8", v)
	}
	if v, _ := normalised([]float32{0, 0}); v[0] != 0 || v[1] != 0 {
		t.Errorf("0, 0 becomes %v, want itself", v)
	}
}

// For another way up than the picture's a face of a high score speaks, the more the
// steadier and the more upright it is.
func TestWhatSpeaksForAnotherWayUp(t *testing.T) {
	r := &Recogniser{Models: &Models{}}
	r.Landmarks.Align = [][]int{{0}, {1}, {2}}
	r.Embedder.Align = [][2]float64{{0, 0}, {10, 0}, {5, 10}}
	found := func(score float32, stability, lean float64) []detection {
		points := []complex128{0, 10, 5 + 10i}
		for i := range points {
			points[i] *= cmplx.Rect(3, lean)
		}
		return []detection{{score: score, stability: stability, landmarks: points}}
	}
	for name, c := range map[string]struct {
		faces []detection
		want  float64
	}{
		"nobody":                       {nil, 0},
		"a sure face":                  {found(0.9, 1, 0), 0.9},
		"one that is not steady":       {found(0.9, 0.5, 0), 0.45},
		"one that leans by 45°":        {found(0.9, 1, math.Pi/4), 0.45},
		"two":                          {append(found(0.9, 1, 0), found(0.85, 1, 0)...), 1.75},
		"what may be a face":           {found(0.75, 1, 0), 0},
		"what is hardly a face, twice": {append(found(0.35, 1, 0), found(0.5, 1, 0)...), 0},
	} {
		if got := r.evidence(c.faces, certain); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("%s: evidence %v, want %v", name, got, c.want)
		}
	}
}
