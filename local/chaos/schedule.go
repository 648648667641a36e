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

// schedule chooses faults by chance so that in every round each kind comes once, to one
// of its parts, each of which has its turn before one comes again; a kind that is
// everywhere comes once to each of its parts.
type schedule struct {
	rng   *rand.Rand
	round *deck[*deck[fault]]
}

func newSchedule(all []fault, rng *rand.Rand) *schedule {
	s := &schedule{rng: rng, round: new(deck[*deck[fault]])}
	turns := make(map[string]*deck[fault]) // by kind
	for _, f := range all {
		turn := turns[f.kind]
		if turn == nil || f.everywhere {
			turn = new(deck[fault])
			turns[f.kind] = turn
			s.round.all = append(s.round.all, turn)
		}
		turn.all = append(turn.all, f)
	}
	return s
}

// next gives a fault and how long it is to last: 1 to 5 s more than its least.
func (s *schedule) next() (fault, time.Duration) {
	f := s.round.deal(s.rng).deal(s.rng)
	return f, f.least + time.Second + time.Duration(s.rng.Int64N(int64(4*time.Second)))
}

// deck deals all it has, in an order by chance, before it deals something again.
type deck[T any] struct{ all, left []T }

func (d *deck[T]) deal(rng *rand.Rand) T {
	if len(d.left) == 0 {
		d.left = slices.Clone(d.all)
		rng.Shuffle(len(d.left), func(i, j int) { d.left[i], d.left[j] = d.left[j], d.left[i] })
	}
	dealt := d.left[0]
	d.left = d.left[1:]
	return dealt
}

// newRand gives one of the random sequences that the seed decides, each for one goroutine.
func newRand(seed, sequence uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, sequence)) }
