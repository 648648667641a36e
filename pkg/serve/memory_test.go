package serve

import (
	"math"
	"testing"
)

func TestGoLimit(t *testing.T) {
	for name, test := range map[string]struct {
		memoryMax string
		want      int64
	}{
		"a limit leaves a tenth": {"134217720\n", 120795948},
		"no limit":               {"max\n", math.MaxInt64},
		"an empty file":          {"", math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) {
			if got := goLimit(test.memoryMax); got != test.want {
				t.Errorf("%d, want %d", got, test.want)
			}
		})
	}
}
