package queue

import (
	"fmt"
	"testing"
)

func TestBatches(t *testing.T) {
	for what, test := range map[string]struct {
		bodies []string
		limit  int
		want   string
	}{
		"nothing is no batch":                        {nil, 100, "[]"},
		"what fits stays together":                   {[]string{"a", "bb", "ccc"}, 4 + 5 + 6 + 7, "[[a bb ccc]]"},
		"a byte less cuts the last off":              {[]string{"a", "bb", "ccc"}, 4 + 5 + 6 + 6, "[[a bb][ccc]]"},
		"a message above the limit goes alone":       {[]string{"a", "very long", "c"}, 10, "[[a][very long][c]]"},
		"a limit of nothing sends one after another": {[]string{"a", "b"}, 0, "[[a][b]]"},
	} {
		var bodies [][]byte
		for _, b := range test.bodies {
			bodies = append(bodies, []byte(b))
		}
		got := "["
		for batch := range batches(bodies, test.limit) {
			got += fmt.Sprintf("%s", batch)
		}
		if got += "]"; got != test.want {
			t.Errorf("%s: %s, want %s", what, got, test.want)
		}
	}
}
