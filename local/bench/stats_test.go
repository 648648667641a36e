package bench

import (
	"strings"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, c := range []struct {
		of   []time.Duration
		p    float64
		want time.Duration
	}{
		{nil, 50, 0}, {hundred[:1], 50, 1}, {hundred[:1], 99, 1}, {hundred[:2], 50, 1}, {hundred[:3], 50, 2},
		{hundred, 50, 50}, {hundred, 99, 99}, {hundred, 100, 100}, {hundred, 0, 1}, {hundred[:10], 99, 10},
	} {
		if got := percentile(c.of, c.p); got != c.want {
			t.Errorf("percentile %v of %d times is %d, want %d", c.p, len(c.of), got, c.want)
		}
	}
}

func TestMedianAndSpread(t *testing.T) {
	for _, c := range []struct {
		of             []float64
		median, spread float64
	}{
		{nil, 0, 0}, {[]float64{3}, 3, 0}, {[]float64{4, 2}, 3, 2. / 3}, {[]float64{9, 1, 5}, 5, 8. / 5}, {[]float64{0, 0}, 0, 0},
	} {
		if got := median(c.of); got != c.median {
			t.Errorf("the median of %v is %v, want %v", c.of, got, c.median)
		}
		if got := spread(c.of); got != c.spread {
			t.Errorf("the spread of %v is %v, want %v", c.of, got, c.spread)
		}
	}
}

func TestRateOf(t *testing.T) {
	s := rateOf(30, 2*time.Second, []time.Duration{3 * time.Millisecond, time.Millisecond, 2 * time.Millisecond})
	if s.value != 15 || s.p50 != 2 || s.p99 != 3 {
		t.Errorf("%+v, want 15 a second, p50 2 ms, p99 3 ms", s)
	}
	if s := timeOf([]time.Duration{3 * time.Millisecond, time.Millisecond, 2 * time.Millisecond}); s.value != 2 || s.p50 != 2 || s.p99 != 3 {
		t.Errorf("%+v, want the median 2 ms as the value", s)
	}
}

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		before, after []float64
		ratio         float64
		different     bool
	}{
		"twice as fast in every round": {[]float64{100, 110, 90, 105, 95}, []float64{200, 220, 180, 210, 190}, 2, true},
		"the same":                     {[]float64{100, 110, 90}, []float64{101, 108, 91}, 1.01, false},
		"slower each time, but by less than it varies": {[]float64{100, 140, 70}, []float64{95, 133, 66.5}, 0.95, false},
		"slower by more than it varies":                {[]float64{100, 101, 99}, []float64{80, 80.8, 79.2}, 0.8, true},
		"two rounds are too few":                       {[]float64{100, 100}, []float64{200, 200}, 2, false},
		"one round says the contrary":                  {[]float64{100, 100, 100, 100}, []float64{150, 150, 150, 90}, 1.5, false},
		"a slow machine meets both":                    {[]float64{100, 50, 100}, []float64{300, 150, 300}, 3, true},
	} {
		v, err := judge(c.before, c.after)
		if err != nil || v.different != c.different || v.ratio < c.ratio*0.99 || v.ratio > c.ratio*1.01 {
			t.Errorf("%s: %+v, error %v; want ratio %v, different %v", name, v, err, c.ratio, c.different)
		}
		if noise := strings.HasPrefix(v.String(), "noise"); noise == c.different {
			t.Errorf("%s: it says %q", name, v)
		}
	}
	for name, c := range map[string][2][]float64{"no rounds": {}, "rounds without a partner": {{1, 2}, {1}}, "nothing was done": {{0}, {1}}} {
		if v, err := judge(c[0], c[1]); err == nil {
			t.Errorf("%s: %+v, want an error", name, v)
		}
	}
}
