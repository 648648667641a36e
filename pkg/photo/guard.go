package photo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"
)

const (
	firstPause = time.Second // after the first failure of a root, and the least that is told
	// silence is after what time without any answer a root counts as silent: what still waits
	// for its turn at it waits no longer.
	silence = 2 * time.Second
	// crowd is how many calls a silent root has at most. A call to a disk that hangs keeps a
	// thread of the operating system until the disk is back, however long that takes.
	crowd = 16
	// longer is how many times READ_TIMEOUT what moves more than a picture may take: to save
	// one, and to list a folder.
	longer = 6
)

// unreachable is the error of a root that does not answer as it should. It wraps
// ErrUnreachable.
type unreachable struct {
	cause error
	wait  time.Duration
}

func (u *unreachable) Error() string   { return u.cause.Error() }
func (u *unreachable) Unwrap() []error { return []error{ErrUnreachable, u.cause} }

// RetryAfter is when to ask again, after an error that wraps ErrUnreachable: when the
// root's pause is over. It is a second at least.
func RetryAfter(err error) time.Duration {
	if u, ok := errors.AsType[*unreachable](err); ok {
		return max(u.wait, firstPause)
	}
	return firstPause
}

// guarded is a root that nobody waits for longer than Patience says: a call is left alone
// when its time is over, even where it cannot be broken off, and a root that fails is asked
// again only after a pause, by one call, before all others.
type guarded struct {
	root
	Patience
	pauses bool // whether a failure is followed by one

	mu       sync.Mutex
	running  int       // calls that did not return, also those that were left alone
	waited   int       // of these, those that somebody waits for
	sign     time.Time // of life: an answer, or the first call when nobody waited for any
	failures int       // in a row
	until    time.Time // of the pause
	round    int       // of failures: those that began together count as one
	probing  bool      // a call finds out whether the pause was long enough
	known    string    // a file that was there
}

// call is one that was begun.
type call struct {
	began time.Time
	round int
	probe bool
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
	if err := ctx.Err(); err != nil {
		g.drop(c) // whoever asked gave up: that says nothing of the root
		return none, err
	}
	return none, g.tooSlow(c, time.Since(c.began))
}

// begin lets a call through, unless the root is pausing, or is silent and crowded.
func (g *guarded) begin() (call, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.refusal(); err != nil {
		return call{}, err
	}
	if alone := g.running - g.waited; alone >= crowd || g.isSilent() && g.running >= crowd {
		return call{}, g.unanswered(g.RootWait, "%d calls to it did not return", g.running)
	}
	if g.waited == 0 {
		g.sign = time.Now()
	}
	g.running++
	g.waited++
	c := call{began: time.Now(), round: g.round, probe: g.failures > 0 && g.pauses}
	g.probing = g.probing || c.probe
	return c, nil
}

// check is begin, without a call.
func (g *guarded) check() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refusal()
}

// checkTurn is check for who waits for others to be done with the root.
func (g *guarded) checkTurn() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.refusal(); err != nil {
		return err
	}
	if g.isSilent() {
		return g.unanswered(firstPause, "it has not answered for %v", silence)
	}
	return nil
}

func (g *guarded) refusal() error {
	if g.failures == 0 || !g.pauses {
		return nil
	}
	if left := time.Until(g.until); left > 0 {
		return g.unanswered(left, "it failed %d times in a row and is asked again in %v", g.failures, left.Round(time.Millisecond))
	}
	if g.probing {
		return g.unanswered(g.pause(), "it failed %d times in a row and is being asked again", g.failures)
	}
	return nil
}

func (g *guarded) isSilent() bool { return g.waited > 0 && time.Since(g.sign) > silence }

func (g *guarded) unanswered(wait time.Duration, why string, args ...any) error {
	return &unreachable{fmt.Errorf("%w: %s: %s", ErrUnreachable, g.spell(""), fmt.Sprintf(why, args...)), wait}
}

// returned notes that a call came back, perhaps long after anybody waited for it.
func (g *guarded) returned(err error, late bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	if late && isAnswer(err) {
		g.succeed()
	}
}

// judge ends a call that returned in time.
func (g *guarded) judge(c call, err error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.leave(c)
	switch {
	case isAnswer(err):
		g.succeed()
	case errors.Is(err, ErrUnreachable):
		return &unreachable{err, g.fail(c)}
	}
	return err
}

// tooSlow ends a call that was left alone. Where others were answered meanwhile, only this
// file is slow; and little time proves nothing.
func (g *guarded) tooSlow(c call, waited time.Duration) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.leave(c)
	wait := firstPause
	switch {
	case waited < g.ReadTimeout/2:
	case g.sign.After(c.began):
		wait = g.RootWait
	default:
		wait = g.fail(c)
	}
	return g.unanswered(wait, "no answer within %v (READ_TIMEOUT=%v)", waited.Round(time.Millisecond), g.ReadTimeout)
}

func (g *guarded) drop(c call) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.leave(c)
}

func (g *guarded) leave(c call) {
	g.waited--
	if c.probe {
		g.probing = false
	}
}

func (g *guarded) live() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sign = time.Now()
}

func (g *guarded) succeed() { g.sign, g.failures = time.Now(), 0 }

// fail begins a pause, unless one has begun since the call did, and gives what is left.
func (g *guarded) fail(c call) time.Duration {
	if c.round == g.round {
		g.round++
		g.failures++
		g.until = time.Now().Add(g.pause())
	}
	return max(time.Until(g.until), firstPause)
}

// pause doubles with every failure.
func (g *guarded) pause() time.Duration {
	pause := firstPause
	for range g.failures - 1 {
		if pause *= 2; pause >= g.RootWait {
			break
		}
	}
	return min(pause, g.RootWait)
}

// isAnswer tells whether the root did its part, whatever it said.
func isAnswer(err error) bool {
	if err == nil {
		return true
	}
	for _, said := range []error{ErrOutside, ErrNotFound, ErrNotFile, ErrTooLarge, ErrDenied, ErrNoFolder, ErrFull} {
		if errors.Is(err, said) && !errors.Is(err, ErrUnreachable) {
			return true
		}
	}
	return false
}

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
	return g.within(ctx, longer*g.ReadTimeout, func(ctx context.Context) error { return g.root.save(ctx, name, body) })
}

func (g *guarded) list(ctx context.Context, folder string) ([]Entry, error) {
	return askRoot(ctx, g, longer*g.ReadTimeout, func(ctx context.Context) ([]Entry, error) { return g.root.list(ctx, folder) })
}

func (g *guarded) remove(ctx context.Context, name string) error {
	return g.within(ctx, g.ReadTimeout, func(ctx context.Context) error { return g.root.remove(ctx, name) })
}

func (g *guarded) findFolder(ctx context.Context, name string) error {
	return g.within(ctx, g.ReadTimeout, func(ctx context.Context) error { return g.root.findFolder(ctx, name) })
}

func (g *guarded) within(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	_, err := askRoot(ctx, g, limit, func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx) })
	return err
}

// weigh tells a file that its store refuses from a root that refuses everything: of one
// there is another file that it gives.
func (g *guarded) weigh(ctx context.Context, name string, err error) error {
	if err == nil {
		g.mu.Lock()
		g.known = name
		g.mu.Unlock()
	}
	if !errors.Is(err, ErrDenied) || errors.Is(err, ErrUnreachable) {
		return err
	}
	g.mu.Lock()
	others := []string{g.known}
	g.mu.Unlock()
	some, failure := g.root.some(ctx)
	for _, other := range append(others, some...) {
		if other == "" || other == name {
			continue
		}
		if _, failure = g.root.stat(ctx, other); failure == nil {
			return err
		}
	}
	if failure == nil {
		failure = errors.New("it has no other file")
	}
	return fmt.Errorf("%w: %s: %v, nor any other file (%v); check its keys and rights", ErrUnreachable, g.spell(""), err, failure) //nolint:errorlint // it is no refusal of this file
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
				g.drop(c)
				yield("", ctx.Err())
				return
			case <-late.C:
				yield("", g.tooSlow(c, g.ReadTimeout))
				return
			}
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
