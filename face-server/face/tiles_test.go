package face

import (
	"fmt"
	"testing"
)

var detector = Detector{Input: Input{Width: 320, Height: 240}}

func TestTiles(t *testing.T) {
	for name, c := range map[string]struct{ width, height, count int }{
		"a picture as small as the input has none":        {320, 240, 0},
		"640×480 is tiled at full resolution":             {640, 480, 3 * 3},
		"full HD is reduced":                              {1920, 1080, 5 * 4},
		"a picture four times as large has no more tiles": {3840, 2160, 5 * 4},
		"an upright one in as many as fit its shape":      {1080, 1920, 2 * 5},
		"a 4:3 photo":                   {4000, 3000, 5 * 5},
		"a strip in one row":            {20000, 10, 5},
		"a strip upright in one column": {10, 20000, 5},
		"one pixel has none":            {1, 1, 0},
		"the largest picture there is in no more, and soon": {1 << 30, 1 << 30, 4 * 5},
	} {
		t.Run(name, func(t *testing.T) {
			if got := len(detector.tiles(c.width, c.height)); got != c.count {
				t.Errorf("%d×%d: %d tiles, want %d", c.width, c.height, got, c.count)
			}
		})
	}
}

// Wherever a face lies that the whole might not show well, some tile shows all of it.
func TestTilesCutNoSmallFace(t *testing.T) {
	for _, size := range [][2]int{{640, 480}, {1920, 1080}, {1080, 1920}, {4000, 3000}, {3000, 400}} {
		t.Run(fmt.Sprintf("%d×%d", size[0], size[1]), func(t *testing.T) {
			tiles := detector.tiles(size[0], size[1])
			// A face of this side is 15 pixels of the input wide in the whole.
			side := 15 * detector.whole(size[0], size[1]).scale
			step := side / 7
			for y := 0.; y+side <= float64(size[1]); y += step {
				for x := 0.; x+side <= float64(size[0]); x += step {
					if !anyHolds(tiles, x, y, side) {
						t.Fatalf("no tile holds a face of %.0f at (%.0f, %.0f)", side, x, y)
					}
				}
			}
		})
	}
}

func anyHolds(tiles []view, x, y, side float64) bool {
	for _, v := range tiles {
		left, top := (x-v.left)/v.scale, (y-v.top)/v.scale
		right, bottom := left+side/v.scale, top+side/v.scale
		if left >= 0 && top >= 0 && right <= float64(detector.Width) && bottom <= float64(detector.Height) && v.holds(left, top, right, bottom, detector) {
			return true
		}
	}
	return false
}

func TestWithoutParts(t *testing.T) {
	large := detection{box: Box{0, 0, 100, 100}, score: .8}
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
			got := withoutParts([]detection{{box: c.box, score: 1}, large})
			if kept := len(got) == 2; kept != c.kept {
				t.Errorf("kept is %v, want %v", kept, c.kept)
			}
		})
	}
}
