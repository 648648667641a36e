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
	err   error
}

func (r *countedRows) RecountIn(_ context.Context, pictures []int64) error {
	r.asked = append(r.asked, pictures)
	return r.err
}

func TestPeopleOfPicturesThatComeAtOnceAreCountedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := &countedRows{err: errors.New("away")}
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
		if len(rows.asked) != 3 || !slices.Equal(rows.asked[0], []int64{1, 2, 3}) || len(rows.asked[1]) != countAtOnce || !slices.Equal(rows.asked[2], []int64{5}) {
			t.Errorf("counted were the people of %v", rows.asked)
		}
	})
}
