package bench

import (
	"math"
	"strings"
	"testing"
)

func TestCapacity(t *testing.T) {
	figures := []Figure{
		{Name: "receive.single.c16", CPU: map[string]float64{"receive": 0.6, "nsqd": 0.1, "mariadb": 0.3}},
		{Name: "bridge.alone", CPU: map[string]float64{"bridge": 0.12, "nsqd": 0.02}},
		{Name: "process.alone", CPU: map[string]float64{"process": 1.2, "mariadb": 0.3}},
		{Name: "faces.photos.c2", CPU: map[string]float64{"face-server": 30}},
	}
	want := map[string][2]float64{ // milliseconds, cores at 10,000 a second
		"receive": {0.6, 10}, "nsqd": {0.12, 2}, "mariadb": {0.6, 10}, "bridge": {0.12, 2}, "process": {1.2, 20}, "face-server": {30, 500},
	}
	needs := capacity(figures)
	if len(needs) != len(want) {
		t.Fatalf("%+v, want %d parts", needs, len(want))
	}
	for _, n := range needs {
		if w := want[n.part]; math.Abs(n.each-w[0]) > 1e-9 || math.Abs(n.cores[2]-w[1]) > 1e-9 {
			t.Errorf("%+v, want %v", n, w)
		}
	}
	var text strings.Builder
	writeCapacity(&text, needs)
	if !strings.Contains(text.String(), "face-server") || !strings.Contains(text.String(), "500") || !strings.Contains(text.String(), "10000/s") {
		t.Error(text.String())
	}
	if needs := capacity(figures[1:]); needs != nil {
		t.Errorf("without receive's figure: %+v, want nothing", needs)
	}
	text.Reset()
	if writeCapacity(&text, nil); text.Len() > 0 {
		t.Error(text.String())
	}
}
