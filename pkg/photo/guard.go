package photo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// longer is how many times READ_TIMEOUT what moves more than a picture may take: to save
// one, and to list a folder.
const longer = 6

// readTime is how long a picture may take. Somebody with less time is told before it is over:
// otherwise they could not tell a root that is slow from whoever asks it.
func (g *guarded) readTime(ctx context.Context) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		return min(g.ReadTimeout, time.Until(deadline)*9/10)
	}
	return g.ReadTimeout
}

// openRead opens a file at the root and looks at it, within the limit.
func openRead[T any](ctx context.Context, g *guarded, limit time.Duration, name string, look func(io.Reader, Entry) (T, error)) (T, error) {
	return askRoot(ctx, g, limit, func(ctx context.Context) (seen T, err error) {
		body, file, err := g.root.open(ctx, name)
		if err == nil {
			defer body.Close()
			seen, err = look(body, file)
		}
		if err == nil {
			g.know(name)
		}
		return seen, g.weigh(ctx, name, err)
	})
}

// stat and those below are the root's, within its time.
func (g *guarded) stat(ctx context.Context, name string) (Entry, error) {
	return askRoot(ctx, g, g.ReadTimeout, func(ctx context.Context) (Entry, error) {
		file, err := g.root.stat(ctx, name)
		return file, g.weigh(ctx, name, err)
	})
}

func (g *guarded) save(ctx context.Context, name string, body []byte) error {
	return g.within(ctx, longer*g.ReadTimeout, func(ctx context.Context) error { return unjudged(g.root.save(ctx, name, body)) })
}

func (g *guarded) saveUnsynced(ctx context.Context, name string, body []byte) error {
	return g.within(ctx, g.ReadTimeout, func(ctx context.Context) error { return unjudged(g.root.saveUnsynced(ctx, name, body)) })
}

// writing is a failure to write that tells nothing of reading.
type writing struct{ error }

func (w writing) Unwrap() error { return w.error }

func unjudged(err error) error {
	if errors.Is(err, ErrDenied) {
		return writing{err}
	}
	return err
}

func (g *guarded) list(ctx context.Context) ([]Entry, error) {
	return askRoot(ctx, g, longer*g.ReadTimeout, func(ctx context.Context) ([]Entry, error) { return g.root.list(ctx) })
}

func (g *guarded) remove(ctx context.Context, name string) error {
	return g.within(ctx, g.ReadTimeout, func(ctx context.Context) error { return unjudged(g.root.remove(ctx, name)) })
}

func (g *guarded) findFolder(ctx context.Context, name string) error {
	return g.within(ctx, g.ReadTimeout, func(ctx context.Context) error { return g.root.findFolder(ctx, name) })
}

func (g *guarded) within(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	_, err := askRoot(ctx, g, limit, func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx) })
	return err
}

// walk is the root's, left alone when nothing of the folder came for READ_TIMEOUT. Every
// name counts, also one that is passed over.
func (g *guarded) walk(ctx context.Context, folder, after string, pass func(string) bool) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		c, err := g.begin()
		if err != nil {
			yield("", err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		heard := c.began
		found, seen := g.walkAside(ctx, folder, after, pass)
		late := time.NewTimer(g.ReadTimeout)
		defer late.Stop()
		for {
			select {
			case <-seen:
				g.live()
			case one, more := <-found:
				g.live()
				switch {
				case !more:
					g.judge(c, nil) //nolint:errcheck // there is none
					return
				case one.err != nil && !errors.Is(one.err, ErrPassedOver):
					yield("", g.judge(c, one.err))
					return
				case !yield(one.name, one.err):
					g.drop(c)
					return
				}
			case <-ctx.Done():
				yield("", g.ended(ctx, c, heard))
				return
			case <-late.C:
				yield("", g.tooSlow(c, g.ReadTimeout))
				return
			}
			heard = time.Now()
			late.Reset(g.ReadTimeout)
		}
	}
}

// walked is what a walk gives.
type walked struct {
	name string
	err  error
}

// walkAside walks in a goroutine of its own, until ctx ends. What it sees without giving it,
// it tells now and then.
func (g *guarded) walkAside(ctx context.Context, folder, after string, pass func(string) bool) (found <-chan walked, seen <-chan struct{}) {
	names, sights := make(chan walked), make(chan struct{}, 1)
	go func() {
		defer close(names)
		var last error
		defer func() { g.returned(last, ctx.Err() != nil) }()
		for name, err := range g.root.walk(ctx, folder, after, func(name string) bool {
			select {
			case sights <- struct{}{}:
			default:
			}
			return pass(name)
		}) {
			last = err
			select {
			case names <- walked{name, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return names, sights
}

// askRoot does something at a root within the limit. What do gives after that is dropped.
func askRoot[T any](ctx context.Context, g *guarded, limit time.Duration, do func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	var none T
	c, err := g.begin()
	if err != nil {
		return none, err
	}
	answered := make(chan answer, 1)
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	go func() {
		value, err := do(limited)
		g.returned(err, limited.Err() != nil)
		answered <- answer{value, err}
	}()
	select {
	case a := <-answered:
		// A call that knows its deadline may come back a little before.
		if a.err == nil || limited.Err() == nil && !errors.Is(a.err, context.DeadlineExceeded) {
			return a.value, g.judge(c, a.err)
		}
	case <-limited.Done():
	}
	return none, g.ended(ctx, c, c.began)
}

// readAll takes no more memory than the file has bytes.
func readAll(body io.Reader, size, limit int64) ([]byte, error) {
	if size > limit {
		first, _ := io.ReadAll(io.LimitReader(body, sniffBytes)) // what cannot be read tells no format
		return nil, TooLarge(first, "%d bytes, MAX_PICTURE allows %d", size, limit)
	}
	content := make([]byte, max(size, 0))
	n, err := io.ReadFull(body, content)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return content[:n], nil // it was cut while it was read
	case err != nil:
		return nil, fmt.Errorf("read: %w", err)
	}
	// It may have grown while it was read.
	more, err := io.ReadAll(io.LimitReader(body, limit+1-int64(n)))
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if int64(n+len(more)) > limit {
		return nil, TooLarge(content, "more than the %d bytes that MAX_PICTURE allows", limit)
	}
	return append(content, more...), nil
}
