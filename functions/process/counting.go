package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"lineup.dev/lineup/pkg/store"
)

const (
	// countPause is how long pictures are gathered at least whose people are counted, once for all
	// that come meanwhile, and countRest how many times as long as the counting before took.
	countPause = time.Second
	countRest  = 10
	// countAtOnce is how many pictures are gathered at most. The people of more are counted by the next ping.
	countAtOnce = 500
)

// counting has the pictures of people counted soon after these were looked at: lists are in the order
// of that. It costs a picture no time, and what is lost with the program a ping counts.
type counting struct {
	ctx  context.Context //nolint:containedctx // of the program
	rows interface {
		RecountIn(context.Context, []int64) error
	}
	timeout time.Duration
	log     *slog.Logger

	mu       sync.Mutex
	pictures []int64       // since the last time
	planned  bool          // it is done or about to be
	took     time.Duration // the last time
	timer    *time.Timer   // of the next time, or the last
	ended    bool          // nobody waits for what would begin now
	working  sync.WaitGroup
}

func newCounting(ctx context.Context, db *store.Store, timeout time.Duration, log *slog.Logger) *counting {
	return &counting{ctx: ctx, rows: db, timeout: timeout, log: log}
}

// add has the people in these pictures counted before long. It does not wait.
func (c *counting) add(pictures ...int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	pictures = pictures[:min(len(pictures), countAtOnce-len(c.pictures))]
	c.pictures = append(c.pictures, pictures...)
	c.plan()
}

// plan has it done again, unless it is about to be. It is the lock's holder who calls it.
func (c *counting) plan() {
	if !c.planned && !c.ended && len(c.pictures) > 0 {
		c.planned = true
		c.working.Add(1)
		c.timer = time.AfterFunc(max(countPause, countRest*c.took), c.count)
	}
}

// wait returns when nothing is counted any more; what was only planned is left to the pings.
func (c *counting) wait() {
	c.mu.Lock()
	c.ended = true
	if c.timer != nil && c.timer.Stop() {
		c.working.Done()
	}
	c.mu.Unlock()
	c.working.Wait()
}

func (c *counting) count() {
	defer c.working.Done()
	c.mu.Lock()
	pictures := c.pictures
	c.pictures = nil
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(c.ctx, c.timeout)
	defer cancel()
	began := time.Now()
	if err := c.rows.RecountIn(ctx, pictures); err != nil && c.ctx.Err() == nil {
		c.log.Warn("lists of people by pictures are in an older order; next: a ping counts again", "error", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.planned, c.took = false, time.Since(began)
	c.plan()
}
