package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/store"
)

const (
	// compareTime is how long a request waits for the stores to say which files they have.
	compareTime = time.Second
	// comparesAtOnce is how many files are asked for at a time, by all requests. A store that
	// never answers keeps no more calls than these.
	comparesAtOnce = 32
	// repostedBatch is how many pictures a ping compares that were posted while they were
	// looked at.
	repostedBatch = 500
)

// comparer has pictures looked at again whose files are no longer those that were looked at.
type comparer struct {
	roots fileTeller
	rows  *store.Store
	slots chan struct{} // one taken for each file that is asked for
	log   *slog.Logger
	work  sync.WaitGroup
}

type fileTeller interface {
	Entry(ctx context.Context, path string) (photo.Entry, error)
}

func newComparer(roots fileTeller, rows *store.Store, log *slog.Logger) *comparer {
	return &comparer{roots: roots, rows: rows, slots: make(chan struct{}, comparesAtOnce), log: log}
}

// wait returns when no file is asked for any more, also for a request that did not wait for it.
func (c *comparer) wait() { c.work.Wait() }

// lookAgain makes the pictures pending whose files are no longer those that were looked at.
func (c *comparer) lookAgain(ctx context.Context, submissions []store.Submission) error {
	changed := c.changed(ctx, submissions)
	if len(changed) == 0 {
		return nil
	}
	again, err := c.rows.LookAgain(ctx, changed)
	if err != nil {
		c.log.Error("changed pictures not submitted", "pictures", len(changed), "error", err)
		return unavailable("the database did not answer to the end; send the request again, nothing is done twice")
	}
	rows := map[int64]store.Submission{}
	for _, row := range again {
		rows[row.ID] = row
	}
	for i, s := range submissions {
		if row, ok := rows[s.ID]; ok {
			submissions[i] = row
		}
	}
	return nil
}

// compareReposted looks again at what was posted while it was looked at, as lookAgain does
// at what was posted afterwards.
func (c *comparer) compareReposted(ctx context.Context) error {
	reposted, err := c.rows.Reposted(ctx, repostedBatch)
	if err != nil || len(reposted) == 0 {
		return err
	}
	var failed []string
	var ids []int64
	for _, p := range reposted {
		ids = append(ids, p.ID)
		if p.Status.IsFailure() {
			failed = append(failed, p.Path)
		}
	}
	changed := c.changed(ctx, reposted)
	if _, err := c.rows.LookAgain(ctx, changed); err != nil {
		return err
	}
	if _, err := c.rows.Submit(ctx, store.Paths(failed...)); err != nil {
		return err
	}
	return c.rows.MarkCompared(ctx, ids)
}

// changed gives those of the submitted pictures that have a result which is about another
// content than their file has now. A file that is gone, or that no store tells about in
// time, counts as unchanged.
func (c *comparer) changed(ctx context.Context, submissions []store.Submission) []store.Submission {
	var answered []store.Submission
	for _, s := range submissions {
		if s.Status.Final() && s.Content != "" {
			answered = append(answered, s)
		}
	}
	if len(answered) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, compareTime)
	defer cancel()
	compared := c.compareAll(ctx, answered)
	var changed []store.Submission
	for waits := len(answered); waits > 0; waits-- {
		select {
		case one := <-compared:
			if one.err != nil {
				c.log.Warn("file not compared with the one that was looked at, it counts as unchanged", "path", one.Path, "error", one.err)
			}
			if one.changed {
				changed = append(changed, one.Submission)
			}
		case <-ctx.Done(): // a call to a folder's server may never end: it is not waited for
			c.log.Warn("files not compared in time with those that were looked at, they count as unchanged", "files", waits)
			return changed
		}
	}
	return changed
}

// comparison is a picture after it was compared with its file.
type comparison struct {
	store.Submission
	changed bool
	err     error
}

// compareAll compares several pictures at a time. It does not wait for them.
func (c *comparer) compareAll(ctx context.Context, pictures []store.Submission) <-chan comparison {
	waiting, compared := make(chan store.Submission, len(pictures)), make(chan comparison, len(pictures))
	for _, p := range pictures {
		waiting <- p
	}
	close(waiting)
	for range min(len(pictures), comparesAtOnce) {
		c.work.Go(func() {
			for p := range waiting {
				select {
				case c.slots <- struct{}{}:
				case <-ctx.Done():
					return
				}
				compared <- c.compare(ctx, p)
				<-c.slots
			}
		})
	}
	return compared
}

func (c *comparer) compare(ctx context.Context, p store.Submission) comparison {
	file, err := c.roots.Entry(ctx, p.Path)
	switch {
	case errors.Is(err, photo.ErrNotFound):
		return comparison{Submission: p}
	case err != nil:
		return comparison{Submission: p, err: err}
	}
	return comparison{Submission: p, changed: !file.Is(p.Content)}
}
