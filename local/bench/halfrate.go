package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
)

// half posts at half the rate at which pictures became final when many waited, each at its time whatever the others do,
// and takes each one's time from when it was due to its final row.
func (w *way) half() (subject, error) {
	var rate float64
	return subject{before: func(ctx context.Context) error {
		if err := w.empty(ctx); err != nil || rate > 0 {
			return err
		}
		const pictures = 2_000
		start := time.Now()
		if err := w.fill(pictures); err != nil {
			return err
		}
		if err := w.awaitAll(ctx, pictures); err != nil {
			return err
		}
		rate = pictures / time.Since(start).Seconds() / 2
		return w.empty(ctx)
	}, measure: func(ctx context.Context) (sample, error) {
		w.lab.say("  %.0f pictures/s", rate)
		due, err := w.atRate(rate, max(w.lab.settings.round(), time.Second))
		if err != nil {
			return sample{}, err
		}
		if err := w.awaitAll(ctx, len(due)); err != nil {
			return sample{}, err
		}
		s, err := w.since(ctx, due)
		s.done = len(due)
		return s, err
	}}, nil
}

// atRate posts at a rate for a time, and gives when each picture was due, by its id.
func (w *way) atRate(rate float64, length time.Duration) (map[int64]time.Time, error) {
	const clients = 16
	var (
		mu    sync.Mutex
		due   = make(map[int64]time.Time)
		errs  []error
		wait  sync.WaitGroup
		start = time.Now()
		all   = int(math.Max(1, rate*length.Seconds()))
	)
	for client := range clients {
		wait.Go(func() {
			send := sender(w.receive.address, w.request())
			for i := client; i < all; i += clients {
				at := start.Add(time.Duration(float64(i) / rate * float64(time.Second)))
				time.Sleep(time.Until(at))
				answer, err := send()
				var id int64
				if err == nil {
					id, err = idOf(answer)
				}
				mu.Lock()
				due[id] = at
				if err != nil {
					errs = append(errs, err)
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return due, errors.Join(errs...)
}

// since gives the times from when pictures were due to when their rows became final, as the rows tell.
func (w *way) since(ctx context.Context, due map[int64]time.Time) (sample, error) {
	rows, err := w.lab.admin.QueryContext(ctx, "SELECT id, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', updated_at) FROM "+w.database+".images") //nolint:gosec // a name of ours
	if err != nil {
		return sample{}, fmt.Errorf("read when pictures became final: %w", err)
	}
	defer rows.Close()
	var took []time.Duration
	for rows.Next() {
		var id, at int64
		if err := rows.Scan(&id, &at); err != nil {
			return sample{}, fmt.Errorf("read when pictures became final: %w", err)
		}
		took = append(took, time.UnixMicro(at).Sub(due[id]))
	}
	return timeOf(took), rows.Err()
}
