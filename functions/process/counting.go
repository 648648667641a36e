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
	took     time.Duration // the last time
}

func newCounting(ctx context.Context, db *store.Store, timeout time.Duration, log *slog.Logger) *counting {
	return &counting{ctx: ctx, rows: db, timeout: timeout, log: log}
}

// add has the people in these pictures counted before long. It does not wait.
func (c *counting) add(pictures ...int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := len(c.pictures) == 0
	pictures = pictures[:min(len(pictures), countAtOnce-len(c.pictures))]
	if c.pictures = append(c.pictures, pictures...); first && len(pictures) > 0 {
		time.AfterFunc(max(countPause, countRest*c.took), c.count)
	}
}

func (c *counting) count() {
	c.mu.Lock()
	pictures := c.pictures
	c.pictures = nil
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(c.ctx, c.timeout)
	defer cancel()
	defer func(began time.Time) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.took = time.Since(began)
	}(time.Now())
	if err := c.rows.RecountIn(ctx, pictures); err != nil && c.ctx.Err() == nil {
		c.log.Warn("lists of people by pictures are in an older order; next: a ping counts again", "error", err)
	}
}
