package bench

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// sample is what one round of a figure gave.
type sample struct {
	value    float64
	p50, p99 float64 // milliseconds; 0 where nothing was timed one by one

	done int                // how many things, the warmup's too
	cpu  map[string]float64 // milliseconds of a processor that one of them took, by part
}

// rateOf is the sample of so many things done in a time, at of which each took.
func rateOf(done int, in time.Duration, each []time.Duration) sample {
	slices.Sort(each)
	return sample{value: float64(done) / in.Seconds(), p50: milliseconds(percentile(each, 50)), p99: milliseconds(percentile(each, 99))}
}

// timeOf is the sample of things whose time is the figure: its median.
func timeOf(each []time.Duration) sample {
	slices.Sort(each)
	s := sample{p50: milliseconds(percentile(each, 50)), p99: milliseconds(percentile(each, 99))}
	s.value = s.p50
	return s
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// percentile gives the least of the sorted times that p of 100 are not above; 0 where
// there is none.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// median gives the middle value, between two the mean of both; 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// spread is how far the rounds lie apart, as a part of their median.
func spread(values []float64) float64 {
	m := median(values)
	if m == 0 {
		return 0
	}
	return (slices.Max(values) - slices.Min(values)) / m
}

// meanCosts is the mean of several rounds, each part with those rounds in which it had any.
func meanCosts(rounds []sample) map[string]float64 {
	sum, count := make(map[string]float64), make(map[string]int)
	for _, r := range rounds {
		for name, cost := range r.cpu {
			sum[name] += cost
			count[name]++
		}
	}
	for name := range sum {
		sum[name] /= float64(count[name])
	}
	return sum
}

// verdict is what rounds of two builds, taken in turn, say of the two.
type verdict struct {
	ratio     float64 // median of new/old, round by round
	low, high float64 // least and greatest of these
	noise     float64 // how far rounds of one and the same build lie apart
	different bool
}

// judge compares rounds in pairs, so that what others do on the machine meanwhile meets
// both. The builds differ when every pair says the same and the ratio is further from 1
// than the noise of a median: half of what rounds of one build lie apart.
func judge(before, after []float64) (verdict, error) {
	if len(before) != len(after) || len(before) == 0 {
		return verdict{}, fmt.Errorf("%d rounds of the one and %d of the other cannot be compared in pairs", len(before), len(after))
	}
	ratios := make([]float64, len(before))
	for i := range before {
		if before[i] == 0 {
			return verdict{}, fmt.Errorf("round %d of the other build measured nothing", i+1)
		}
		ratios[i] = after[i] / before[i]
	}
	v := verdict{ratio: median(ratios), low: slices.Min(ratios), high: slices.Max(ratios), noise: max(spread(before), spread(after)) / 2}
	v.different = len(ratios) > 2 && (v.low > 1 || v.high < 1) && math.Abs(v.ratio-1) > v.noise
	return v, nil
}

// String says it in words.
func (v verdict) String() string {
	if !v.different {
		return fmt.Sprintf("noise (x%.2f, rounds x%.2f to x%.2f, one build's own spread %.0f %%)", v.ratio, v.low, v.high, 200*v.noise)
	}
	return fmt.Sprintf("x%.2f (rounds x%.2f to x%.2f)", v.ratio, v.low, v.high)
}
