package photo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	firstPause = time.Second // after the first failure of a root, and the least that is told
	// silence is after what time without any answer a root counts as silent: what still waits
	// for its turn at it waits no longer.
	silence = 2 * time.Second
	// quiet is after what time without any answer others may have the places of what waits.
	quiet = silence / 4
	// crowd is how many calls a silent root has at most. A call to a disk that hangs keeps a
	// thread of the operating system until the disk is back, however long that takes.
	crowd = 16
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

// isQuiet tells whether a call would be waited for: one that asks whether a pause was long
// enough, or any since nothing came for a while.
func (g *guarded) isQuiet() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.failures > 0 || g.waited > 0 && time.Since(g.sign) > quiet
}

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

// ended ends a call that gave nothing since it was last heard of. Whoever asked may have
// given up, which says nothing of the root, or have had less time than the root: then half
// of READ_TIMEOUT is silence enough.
func (g *guarded) ended(ctx context.Context, c call, heard time.Time) error {
	waited := time.Since(heard)
	if err := ctx.Err(); err != nil && (!errors.Is(err, context.DeadlineExceeded) || waited < g.ReadTimeout/2) {
		g.drop(c)
		return err
	}
	return g.tooSlow(c, waited)
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
	if _, isWriting := errors.AsType[writing](err); isWriting {
		return false
	}
	for _, said := range []error{ErrOutside, ErrNotFound, ErrNotFile, ErrTooLarge, ErrDenied, ErrNoFolder, ErrFull} {
		if errors.Is(err, said) && !errors.Is(err, ErrUnreachable) {
			return true
		}
	}
	return false
}
