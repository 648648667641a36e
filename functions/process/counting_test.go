package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

type countedRows struct {
	asked [][]int64
	takes time.Duration
}

func (r *countedRows) RecountIn(_ context.Context, pictures []int64) error {
	r.asked = append(r.asked, pictures)
	time.Sleep(r.takes)
	return errors.New("away")
}

func TestPeopleOfPicturesThatComeAtOnceAreCountedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := &countedRows{}
		c := &counting{ctx: t.Context(), rows: rows, timeout: time.Minute, log: slog.New(slog.DiscardHandler)}
		c.add()
		c.add(1, 2)
		c.add(3)
		many := make([]int64, 2*countAtOnce)
		time.Sleep(countPause)
		synctest.Wait()
		c.add(many...)
		c.add(4)
		time.Sleep(countPause)
		synctest.Wait()
		c.add(5)
		time.Sleep(countPause)
		synctest.Wait()
		rows.takes = 3 * time.Second
		c.add(6)
		time.Sleep(countPause + rows.takes)
		synctest.Wait()
		c.add(7) // what takes long is not done all the time
		time.Sleep(countRest*rows.takes - 1)
		c.mu.Lock() // which who asks next takes, too
		if len(rows.asked) != 4 {
			t.Errorf("counted were the people of %v", rows.asked)
		}
		c.mu.Unlock()
		time.Sleep(1 + rows.takes)
		synctest.Wait()
		if len(rows.asked) != 5 || !slices.Equal(rows.asked[0], []int64{1, 2, 3}) || len(rows.asked[1]) != countAtOnce || !slices.Equal(rows.asked[2], []int64{5}) {
			t.Errorf("counted were the people of %v", rows.asked)
		}
	})
}

// A program's end waits for the counting that is under way, and begins none.
func TestCountingIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, after := range map[string]time.Duration{"planned": countPause / 2, "under way": countPause + time.Second, "done": time.Minute} {
			rows := &countedRows{takes: 3 * time.Second}
			c := &counting{ctx: t.Context(), rows: rows, timeout: time.Minute, log: slog.New(slog.DiscardHandler)}
			c.add(1)
			time.Sleep(after)
			began := time.Now()
			c.wait()
			want := map[string]time.Duration{"planned": 0, "under way": 2 * time.Second, "done": 0}[name]
			if waited := time.Since(began); waited != want {
				t.Errorf("%s: it was waited for %v, want %v", name, waited, want)
			}
			asked := len(rows.asked)
			c.add(2)
			time.Sleep(time.Minute)
			if len(rows.asked) != asked {
				t.Errorf("%s: it went on after it was waited for", name)
			}
		}
	})
}
