package chaos

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRecoveryEndsWhenWhatWaitedThenIsDone(t *testing.T) {
	t.Parallel()
	w := new(watch)
	waiting := func(ids ...int64) map[work]bool {
		all := make(map[work]bool)
		for _, id := range ids {
			all[work{id, 1}] = true
		}
		return all
	}
	since := time.Now().Add(-2 * time.Second)
	r := w.returned(fault{kind: "kill it"}, since)
	at := r.now
	look := func(after time.Duration, ids ...int64) (over bool) {
		w.saw(waiting(ids...), at.Add(after))
		select {
		case <-r.over:
			return true
		default:
			return false
		}
	}
	if look(-time.Second) {
		t.Error("a look from before the part's return counts")
	}
	if look(time.Second, 1, 2) || look(2*time.Second, 2, 3) {
		t.Error("it is over while picture 2 still waits")
	}
	if !look(3*time.Second, 3, 4) {
		t.Error("it is not over although only newer pictures wait")
	}
	if got := w.recovered(); len(got) != 1 || got[0].fault.kind != "kill it" || got[0].took != at.Add(3*time.Second).Sub(since) {
		t.Errorf("it went as %v, want 5s after kill it", got)
	}
}

func TestOnlySomeFaultsMayBeWanted(t *testing.T) {
	t.Parallel()
	all := []fault{{kind: "a", what: "1"}, {kind: "a", what: "2"}, {kind: "b"}}
	if some, err := only(all, []string{" a"}); err != nil || len(some) != 2 || some[1].what != "2" {
		t.Errorf("a alone is %v, %v", some, err)
	}
	if some, err := only(all, nil); err != nil || len(some) != 3 {
		t.Errorf("all are %v, %v", some, err)
	}
	if _, err := only(all, []string{"b", "c", ""}); err == nil || !strings.Contains(err.Error(), `"c"; there are: a, b`) || !strings.Contains(err.Error(), `""`) {
		t.Errorf("two that there are not: %v", err)
	}
}

func TestEveryKindOfFaultComesBeforeOneComesAgain(t *testing.T) {
	t.Parallel()
	all := []fault{
		{kind: "a", what: "1"}, {kind: "a", what: "2"}, {kind: "b"}, {kind: "c", least: time.Minute},
		{kind: "d", what: "1", everywhere: true}, {kind: "d", what: "2", everywhere: true},
	}
	deal := func(seed uint64) (kinds []string) {
		d := newSchedule(all, rand.New(rand.NewPCG(seed, 0)))
		for range 4 * 5 {
			f, lasts := d.next()
			if lasts < f.least+time.Second || lasts >= f.least+5*time.Second {
				t.Errorf("%s lasts %v", f.kind, lasts)
			}
			kinds = append(kinds, f.kind+f.what)
		}
		return kinds
	}
	for seed := range uint64(20) {
		got := deal(seed)
		var parts []string // of kind a
		for round := range slices.Chunk(got, 5) {
			sorted := slices.Sorted(slices.Values(round))
			parts = append(parts, sorted[0])
			if !slices.Equal(sorted[1:], []string{"b", "c", "d1", "d2"}) {
				t.Errorf("dealt %v in a round", round)
			}
		}
		for two := range slices.Chunk(parts, 2) {
			if !slices.Contains(two, "a1") || !slices.Contains(two, "a2") {
				t.Errorf("the parts of one kind came as %v", parts)
			}
		}
		if again := deal(seed); !slices.Equal(again, got) {
			t.Errorf("the same seed dealt %v and %v", got, again)
		}
	}
}
