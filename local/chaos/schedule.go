package chaos

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// injected is a fault that happened.
type injected struct {
	fault
	from, to time.Time
}

// only gives the faults of these kinds, all when none is named.
func only(all []fault, kinds []string) (some []fault, err error) {
	if len(kinds) == 0 {
		return all, nil
	}
	var errs []error
	for _, kind := range kinds {
		before := len(some)
		for _, f := range all {
			if f.kind == strings.TrimSpace(kind) {
				some = append(some, f)
			}
		}
		if len(some) == before {
			errs = append(errs, fmt.Errorf("CHAOS_FAULTS: no fault is called %q; there are: %s", kind, strings.Join(kindsOf(all), ", ")))
		}
	}
	return some, errors.Join(errs...)
}

func kindsOf(all []fault) (kinds []string) {
	for _, f := range all {
		if !slices.Contains(kinds, f.kind) {
			kinds = append(kinds, f.kind)
		}
	}
	return kinds
}

// schedule chooses faults by chance so that every kind comes before one comes again.
type schedule struct {
	rng   *rand.Rand
	kinds []string
	of    map[string][]fault
	left  []string
}

func newSchedule(all []fault, rng *rand.Rand) *schedule {
	s := &schedule{rng: rng, kinds: kindsOf(all), of: make(map[string][]fault)}
	for _, f := range all {
		s.of[f.kind] = append(s.of[f.kind], f)
	}
	return s
}

// next gives a fault and how long it is to last: 1 to 5 s more than its least.
func (s *schedule) next() (fault, time.Duration) {
	if len(s.left) == 0 {
		s.left = append(s.left, s.kinds...)
		s.rng.Shuffle(len(s.left), func(i, j int) { s.left[i], s.left[j] = s.left[j], s.left[i] })
	}
	kind := s.left[0]
	s.left = s.left[1:]
	f := s.of[kind][s.rng.IntN(len(s.of[kind]))]
	return f, f.least + time.Second + time.Duration(s.rng.Int64N(int64(4*time.Second)))
}

// newRand gives one of the random sequences that the seed decides, each for one goroutine.
func newRand(seed, sequence uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, sequence)) }
