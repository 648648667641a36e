package face

import (
	"fmt"
	"testing"
)

var eyes = Detector{Input: Input{Width: 320, Height: 240}}

func TestParts(t *testing.T) {
	for name, c := range map[string]struct{ width, height, count int }{
		"a picture as small as the input has none":          {320, 240, 0},
		"640×480 is looked at pixel by pixel":               {640, 480, 3 * 3},
		"full HD is looked at from close":                   {1920, 1080, 5 * 4},
		"a picture four times as large in no more parts":    {3840, 2160, 5 * 4},
		"an upright one in as many as fit its shape":        {1080, 1920, 2 * 6},
		"a strip in one row":                                {20000, 10, 5},
		"a strip upright in one column":                     {10, 20000, 6},
		"one pixel has none":                                {1, 1, 0},
		"the largest picture there is in no more, and soon": {1 << 30, 1 << 30, 4 * 6},
	} {
		t.Run(name, func(t *testing.T) {
			if got := len(eyes.parts(c.width, c.height)); got != c.count {
				t.Errorf("%d×%d: %d parts, want %d", c.width, c.height, got, c.count)
			}
		})
	}
}

// Wherever a face lies that the whole might not show well, some part shows all of it.
func TestPartsCutNoSmallFace(t *testing.T) {
	for _, size := range [][2]int{{640, 480}, {1920, 1080}, {1080, 1920}, {4000, 3000}, {3000, 400}} {
		t.Run(fmt.Sprintf("%d×%d", size[0], size[1]), func(t *testing.T) {
			parts := eyes.parts(size[0], size[1])
			// A face of this side is 15 pixels of the input wide in the whole.
			side := 15 * eyes.whole(size[0], size[1]).scale
			step := side / 7
			for y := 0.; y+side <= float64(size[1]); y += step {
				for x := 0.; x+side <= float64(size[0]); x += step {
					if !anyHolds(parts, x, y, side) {
						t.Fatalf("no part holds a face of %.0f at (%.0f, %.0f)", side, x, y)
					}
				}
			}
		})
	}
}

func anyHolds(parts []view, x, y, side float64) bool {
	for _, v := range parts {
		left, top := (x-v.left)/v.scale, (y-v.top)/v.scale
		right, bottom := left+side/v.scale, top+side/v.scale
		if left >= 0 && top >= 0 && right <= float64(eyes.Width) && bottom <= float64(eyes.Height) && v.holds(left, top, right, bottom, eyes) {
			return true
		}
	}
	return false
}

func TestWithoutParts(t *testing.T) {
	large := found{box: Box{0, 0, 100, 100}, score: .8}
	for name, c := range map[string]struct {
		box  Box
		kept bool
	}{
		"what lies in a larger face is a part of it":      {Box{30, 30, 20, 20}, false},
		"what lies beside it is a face":                   {Box{200, 30, 20, 20}, true},
		"what it covers by half is a face before it":      {Box{90, 30, 20, 20}, true},
		"what it covers nearly is a part that stands out": {Box{86, 30, 20, 20}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := withoutParts([]found{{box: c.box, score: 1}, large})
			if kept := len(got) == 2; kept != c.kept {
				t.Errorf("kept is %v, want %v", kept, c.kept)
			}
		})
	}
}

func TestEffort(t *testing.T) {
	for name, c := range map[string]struct {
		effort        Effort
		width, height int
		parts         bool
	}{
		"auto looks once at a small picture":        {Auto, 1000, 1000, false},
		"auto looks closely at a large one":         {Auto, 1000, 1001, true},
		"fast looks once at a large one":            {Fast, 4000, 3000, false},
		"thorough looks closely at a small one too": {Thorough, 640, 480, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.effort.looksAtParts(c.width, c.height); got != c.parts {
				t.Errorf("looks at parts: %v, want %v", got, c.parts)
			}
			var read Effort
			if err := read.UnmarshalText([]byte(c.effort.String())); err != nil || read != c.effort {
				t.Errorf("%q reads as %v, error %v", c.effort.String(), read, err)
			}
		})
	}
	if err := new(Effort).UnmarshalText([]byte("lazy")); err == nil {
		t.Error("an effort of lazy is taken")
	}
}
