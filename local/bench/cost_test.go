package bench

import (
	"os"
	"reflect"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	// The name of a process may have spaces and brackets.
	text := "4242 (a (b) c) S 1 4242 4242 0 -1 4194560 1000 0 0 0 123 77 5 6 20 0 9 0 100 1000000 500 18446744073709551615"
	if spent, err := parseStat(text); spent != 2*time.Second || err != nil {
		t.Errorf("%v, error %v; want 2 s", spent, err)
	}
	for _, text := range []string{"", "1 (x) S 1", "4242 (a) S 1 4242 4242 0 -1 4194560 1000 0 0 0 x 77 5"} {
		if spent, err := parseStat(text); err == nil {
			t.Errorf("%q: %v, want an error", text, spent)
		}
	}
	if _, err := processorTime(os.Getpid()); err != nil {
		t.Error(err)
	}
}

func TestCosts(t *testing.T) {
	before, after := costs{"receive": time.Second, "view": time.Second}, costs{"receive": 3 * time.Second, "view": time.Second, "bridge": time.Second}
	if got, want := after.each(before, 1000), (map[string]float64{"receive": 2, "bridge": 1}); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := after.each(before, 0); got != nil {
		t.Errorf("nothing done costs %v", got)
	}
	got := meanCosts([]sample{{cpu: map[string]float64{"receive": 2, "bridge": 1}}, {cpu: map[string]float64{"receive": 4}}})
	if want := (map[string]float64{"receive": 3, "bridge": 1}); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
