package lineup_test

import (
	"fmt"
	"math"
	"testing"

	"lineup.dev/lineup/pkg/lineup"
)

func near(a, b lineup.Box) bool {
	far := math.Abs(a.X-b.X) + math.Abs(a.Y-b.Y) + math.Abs(a.Width-b.Width) + math.Abs(a.Height-b.Height)
	return far < 1e-9
}

// A face at the upper left of the upright picture, and where EXIF 2.32 (4.6.4.A, Orientation)
// says that the first row and column of the stored one are.
func TestBoxesAreWhereTheFileHoldsThem(t *testing.T) {
	t.Parallel()
	upright := lineup.Box{X: 0.1, Y: 0.2, Width: 0.3, Height: 0.05}
	for orientation, stored := range map[int]lineup.Box{
		0: upright,
		1: upright,
		2: {X: 0.6, Y: 0.2, Width: 0.3, Height: 0.05},
		3: {X: 0.6, Y: 0.75, Width: 0.3, Height: 0.05},
		4: {X: 0.1, Y: 0.75, Width: 0.3, Height: 0.05},
		5: {X: 0.2, Y: 0.1, Width: 0.05, Height: 0.3},
		6: {X: 0.2, Y: 0.6, Width: 0.05, Height: 0.3},
		7: {X: 0.75, Y: 0.6, Width: 0.05, Height: 0.3},
		8: {X: 0.75, Y: 0.1, Width: 0.05, Height: 0.3},
	} {
		t.Run(fmt.Sprint(orientation), func(t *testing.T) {
			l := lineup.Layout{Orientation: orientation}
			if got := l.Stored(upright); !near(got, stored) {
				t.Errorf("it is stored at %v, want %v", got, stored)
			}
			if got := l.Upright(stored); !near(got, upright) {
				t.Errorf("upright it is at %v, want %v", got, upright)
			}
		})
	}
}
