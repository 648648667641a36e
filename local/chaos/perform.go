package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"lineup.dev/lineup/local/system"
)

const (
	garbagePause  = 700 * time.Millisecond
	progressPause = 10 * time.Second
	posting       = 200 // requests under way at most
)

// perform posts, injects faults and reports progress for the time that is set, and
// returns when every request that was begun is answered.
func (s *harness) perform(ctx context.Context, r *Report, began time.Time, say func(string, ...any)) error {
	acting, stop := context.WithTimeout(ctx, time.Duration(s.settings.Seconds)*time.Second)
	defer stop()
	g, acting := errgroup.WithContext(acting)
	since := func() string { return fmt.Sprintf("%6s", seconds(time.Since(began))) }
	var mu sync.Mutex // of what the goroutines write into r and what of it is reported
	faults := func(f injected) { mu.Lock(); r.facts.faults = append(r.facts.faults, f); mu.Unlock() }

	g.Go(func() error { return s.fail(acting, faults, func(f string, a ...any) { say(since()+"  "+f, a...) }) })
	g.Go(func() error { return s.publishGarbage(acting, r) })
	g.Go(func() error {
		ctx, cancel := context.WithTimeout(ctx, time.Duration(s.settings.Seconds)*time.Second+s.settings.Quiet)
		defer cancel()
		return s.crew.run(ctx, acting)
	})
	g.Go(func() error {
		throttled, err := s.post(ctx, acting)
		r.throttled = throttled
		return err
	})
	g.Go(func() error {
		for wait(acting, progressPause); acting.Err() == nil; wait(acting, progressPause) {
			events, _ := s.sink.received()
			mu.Lock()
			n := len(r.facts.faults)
			mu.Unlock()
			say("%s  %d images accepted, %d waiting, %d results told, %d faults", since(), len(s.client.allAccepted()), s.watch.now(), len(events), n)
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// fail injects one fault after the other, each followed by some time to recover.
func (s *harness) fail(ctx context.Context, injects func(injected), say func(string, ...any)) error {
	t := target{system: s.system, proxies: s.network.sorted(), sink: s.sink, lease: s.lease, ready: s.ready}
	all, err := only(t.faults(), s.settings.Faults)
	if err != nil {
		return err
	}
	plan := newSchedule(all, newRand(s.settings.Seed, 2))
	// A fault that has begun is brought to its end: the part is to be back.
	whole := context.WithoutCancel(ctx)
	for wait(ctx, time.Second); ctx.Err() == nil; wait(ctx, time.Second) {
		f, d := plan.next()
		i := injected{fault: f, from: time.Now()}
		if err := f.inject(whole, d); err != nil {
			return err
		}
		i.to = time.Now()
		back := i.to
		if f.served {
			back = i.from
		}
		recovery := s.watch.returned(f, back)
		injects(i)
		outcome := fmt.Sprintf("not recovered within %v: going on", s.settings.Patience)
		select {
		case <-recovery.over:
			outcome = "recovered after " + seconds(recovery.took)
		case <-ctx.Done():
			outcome = "the last"
		case <-time.After(s.settings.Patience):
		}
		say("%s (%s), away for %s, %s", f.kind, f.what, seconds(i.to.Sub(i.from)), outcome)
	}
	return nil
}

func (s *harness) ready(ctx context.Context, program string) error {
	if program == system.MariaDB {
		return s.audit.db.PingContext(ctx)
	}
	return s.system.Ready(ctx, program)
}

// publishGarbage publishes garbage.
func (s *harness) publishGarbage(ctx context.Context, r *Report) error {
	rng := newRand(s.settings.Seed, 3)
	for n := 0; ctx.Err() == nil; n++ {
		wait(ctx, garbagePause)
		g, err := s.nsqd.publish(context.WithoutCancel(ctx), newGarbage(rng, n))
		if err != nil {
			return err
		}
		r.facts.garbage = append(r.facts.garbage, g)
	}
	return nil
}

// post sends requests until acting ends, and waits until all are answered, until ctx
// ends. It tells for how long it throttled back because too much was waiting.
func (s *harness) post(ctx, acting context.Context) (throttled time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.settings.Seconds)*time.Second+s.settings.Quiet)
	defer cancel()
	var requests errgroup.Group
	requests.SetLimit(posting)
	next := time.Now()
	for acting.Err() == nil {
		if s.watch.now() > s.settings.Waiting {
			wait(acting, watchPause)
			throttled += watchPause
			next = time.Now()
			continue
		}
		r, err := s.stream.next()
		if err != nil {
			return throttled, err
		}
		requests.Go(func() error { s.client.post(ctx, r); return nil })
		next = next.Add(time.Duration(float64(len(r.pictures)*r.times) / s.settings.Rate * float64(time.Second)))
		wait(acting, time.Until(next))
	}
	return throttled, requests.Wait()
}

// postAtRest posts the overwritten paths once more: while a picture is being looked at,
// nobody can tell which of its files that is, and a receive that was paused has no time
// to compare. What is final now must be about the last file.
func (s *harness) postAtRest(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.settings.Quiet)
	defer cancel()
	for _, r := range s.stream.atRest() {
		s.client.post(ctx, r)
	}
	return s.awaitIdle(ctx)
}

// awaitIdle waits until nothing is left to do: every picture final, every result told,
// no message on the queue. When that does not come to pass the rows will say so.
func (s *harness) awaitIdle(ctx context.Context) error {
	deadline := time.Now().Add(s.settings.Quiet)
	for quiet := 0; quiet < 3 && time.Now().Before(deadline); wait(ctx, time.Second) {
		if err := ctx.Err(); err != nil {
			return err
		}
		waiting, err1 := s.audit.unfinished(ctx)
		unannounced, err2 := s.audit.unannounced(ctx)
		messages, err3 := s.nsqd.unfinished(ctx)
		walked, err4 := s.audit.walked(ctx)
		walking := slices.Contains(slices.Collect(maps.Values(walked)), false)
		if errors.Join(err1, err2, err3, err4) == nil && len(waiting)+unannounced+messages == 0 && !walking {
			quiet++
		} else {
			quiet = 0
		}
	}
	return nil
}

// collect collects the facts.
func (s *harness) collect(ctx context.Context, r *Report) (err error) {
	f := &r.facts
	f.after, f.changesAfter, f.crew = s.audit.after, s.audit.changesAfter, s.crew
	pages, misread := s.reader.answers()
	r.pages = pages
	f.accepted, f.wrong, f.folders = s.client.allAccepted(), slices.Concat(s.client.wrong, misread), s.client.folders
	f.events, f.bad = s.sink.received()
	f.calls = s.network.calls.counted()
	r.late = s.client.late
	r.posted, r.retries, r.recoveries = s.client.requests, s.client.retries, s.watch.recovered()
	if f.rows, err = s.audit.rows(ctx); err != nil {
		return fmt.Errorf("read the rows: %w", err)
	}
	if f.walked, err = s.audit.walked(ctx); err != nil {
		return fmt.Errorf("read the folders: %w", err)
	}
	if f.changes, err = s.audit.changes(ctx); err != nil {
		return fmt.Errorf("read what happened to the rows: %w", err)
	}
	if f.dead, err = s.nsqd.deadLetters(ctx); err != nil {
		return fmt.Errorf("read the dead letters: %w", err)
	}
	f.logs, err = complaints(filepath.Join(s.data, "logs"))
	return err
}

// complaints looks for what no program may ever print.
func complaints(logs string) (found []string, err error) {
	files, err := filepath.Glob(filepath.Join(logs, "*.log"))
	for _, file := range files {
		log, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, word := range []string{"WARNING: DATA RACE", "panic: ", "fatal error: "} {
			if _, after, ok := bytes.Cut(log, []byte(word)); ok {
				note(&found, "%s says %s%.300s", file, word, after)
			}
		}
	}
	return found, err
}
