package photo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// disk is a root that hangs as a file server does that is gone: no context ends a call.
type disk struct {
	dir   string
	mu    sync.Mutex
	hangs chan struct{}       // closed when calls no longer hang; nil while none do
	slow  map[string]struct{} // files that hang, while the others do not
	fails error               // of every call
	calls int                 // that reached it
	walks func(yield func(string, error) bool, pass func(string) bool)
}

func (d *disk) use(name string) error {
	d.mu.Lock()
	d.calls++
	hangs, fails := d.hangs, d.fails
	if _, slow := d.slow[name]; !slow && len(d.slow) > 0 {
		hangs = nil
	}
	d.mu.Unlock()
	if hangs != nil {
		<-hangs
	}
	return fails
}

func (d *disk) hang(slow ...string) (end func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	hangs := make(chan struct{})
	d.hangs, d.slow = hangs, map[string]struct{}{}
	for _, name := range slow {
		d.slow[name] = struct{}{}
	}
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.hangs = nil
		close(hangs)
	}
}

func (d *disk) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fails = err
}

func (d *disk) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls
}

func (d *disk) open(_ context.Context, name string) (io.ReadCloser, Entry, error) {
	if err := d.use(name); err != nil {
		return nil, Entry{}, err
	}
	return io.NopCloser(strings.NewReader(name)), Entry{Name: name, Size: int64(len(name))}, nil
}

func (d *disk) stat(ctx context.Context, name string) (Entry, error) {
	_, file, err := d.open(ctx, name)
	return file, err
}

func (d *disk) walk(_ context.Context, _, _ string, pass func(string) bool) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) { d.walks(yield, pass) }
}

func (d *disk) locate(path string) (string, bool)                  { return strings.CutPrefix(path, d.spell("")) }
func (d *disk) locateFolder(path string) (string, bool)            { return d.locate(path) }
func (d *disk) spell(name string) string                           { return d.dir + "/" + name }
func (d *disk) save(context.Context, string, []byte) error         { return d.use("") }
func (d *disk) saveUnsynced(context.Context, string, []byte) error { return d.use("") }
func (d *disk) remove(context.Context, string) error               { return d.use("") }
func (d *disk) findFolder(context.Context, string) error           { return d.use("") }
func (d *disk) list(context.Context) ([]Entry, error)              { return nil, d.use("") }
func (d *disk) top(context.Context, string) ([]string, error)      { return []string{"x.jpg"}, nil }
func (d *disk) close() error                                       { return nil }

// rootsOf are these disks as roots, with the times that Patience has by default.
func rootsOf(disks ...*disk) *Roots {
	r := new(Roots)
	for _, d := range disks {
		r.roots = append(r.roots, &guarded{root: d, Patience: Patience{10 * time.Second, 30 * time.Second}, pauses: true})
	}
	return r
}

// timed reads, and tells how long that took and what wait the error tells.
func timed(ctx context.Context, r *Roots, path string) (took, wait time.Duration, err error) {
	start := time.Now()
	_, _, err = r.Read(ctx, path, 100)
	if errors.Is(err, ErrUnreachable) {
		wait = RetryAfter(err)
	}
	return time.Since(start), wait, err
}

func TestARootThatHangsIsAskedLessAndLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{dir: "/a"}
		r, end := rootsOf(d), d.hang()
		for _, pause := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			pause *= time.Second
			if took, wait, err := timed(t.Context(), r, "/a/1.jpg"); took != 10*time.Second || wait != pause || err == nil {
				t.Errorf("it took %v, and %v are to be waited (%v), want 10s and %v", took, wait, err, pause)
			}
			time.Sleep(pause / 2)
			if took, wait, err := timed(t.Context(), r, "/a/1.jpg"); took != 0 || wait != max(pause/2, time.Second) || err == nil {
				t.Errorf("within the pause it took %v, and %v are to be waited (%v), want 0s and %v", took, wait, err, pause/2)
			}
			time.Sleep(pause / 2)
		}
		if calls := d.count(); calls != 7 {
			t.Errorf("it was asked %d times, want 7", calls)
		}
		end() // a call that was left alone comes back: no pause needs to end
		synctest.Wait()
		if took, _, err := timed(t.Context(), r, "/a/1.jpg"); took != 0 || err != nil {
			t.Errorf("once it answers, it took %v: %v", took, err)
		}
	})
}

func TestAHangingDiskKeepsNoMoreThreadsThanStated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{dir: "/a"}
		r, end := rootsOf(d), d.hang()
		for range 100 {
			if _, _, err := timed(t.Context(), r, "/a/1.jpg"); !errors.Is(err, ErrUnreachable) {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { r.Read(t.Context(), "/a/1.jpg", 100) })
		}
		all.Wait()
		if calls := d.count(); calls != crowd {
			t.Errorf("%d calls hang, want %d", calls, crowd)
		}
		end()
		synctest.Wait()
		if _, _, err := timed(t.Context(), r, "/a/1.jpg"); err != nil {
			t.Error(err)
		}
	})
}

func TestAHangingRootDoesNotHoldUpOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging, sound := &disk{dir: "/a"}, &disk{dir: "/b"}
		r := rootsOf(hanging, sound)
		gate, end := r.Gate(4), hanging.hang()
		look := func(path string) (time.Duration, error) {
			start := time.Now()
			ctx, leave, err := gate.Enter(t.Context(), path)
			if err == nil {
				defer leave()
				_, _, err = r.Read(ctx, path, 100)
			}
			return time.Since(start), err
		}
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				// Three have a place and hang, the others leave before it is certain.
				if took, err := look("/a/1.jpg"); !errors.Is(err, ErrUnreachable) || took > 10*time.Second {
					t.Errorf("call %d to the root that hangs took %v: %v", i, took, err)
				}
			})
		}
		synctest.Wait()
		for range 200 {
			if took, err := look("/b/1.jpg"); err != nil || took != 0 {
				t.Errorf("a picture of the other root took %v: %v", took, err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		all.Wait()
		if calls := hanging.count(); calls > 4 {
			t.Errorf("the root that hangs was asked %d times at once", calls)
		}
		if _, leave, err := gate.Enter(t.Context(), ""); err != nil || gate.Taken() != 1 {
			t.Errorf("%d places are taken: %v", gate.Taken(), err)
		} else {
			leave()
		}
		end()
	})
}

func TestWhatSaysNothingOfTheRoot(t *testing.T) {
	for name, read := range map[string]func(ctx context.Context, r *Roots) error{
		"whoever asked hung up": func(ctx context.Context, r *Roots) error {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(9*time.Second, cancel)
			_, _, err := timed(ctx, r, "/a/slow.jpg")
			if !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnreachable) {
				return fmt.Errorf("canceled: %w", err)
			}
			return nil
		},
		"whoever asked had little time, and is told in time": func(ctx context.Context, r *Roots) error {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			if took, wait, err := timed(ctx, r, "/a/slow.jpg"); !errors.Is(err, ErrUnreachable) || wait != time.Second || took > 950*time.Millisecond {
				return fmt.Errorf("after %v: %w, wait %v", took, err, wait)
			}
			return nil
		},
		"only this file is slow": func(ctx context.Context, r *Roots) error {
			time.AfterFunc(5*time.Second, func() { r.Read(ctx, "/a/1.jpg", 100) })
			if _, wait, err := timed(ctx, r, "/a/slow.jpg"); !errors.Is(err, ErrUnreachable) || wait != 30*time.Second {
				return fmt.Errorf("%w, wait %v", err, wait)
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &disk{dir: "/a"}
				r, end := rootsOf(d), d.hang("slow.jpg")
				defer end()
				if err := read(t.Context(), r); err != nil {
					t.Error(err)
				}
				if _, _, err := timed(t.Context(), r, "/a/1.jpg"); err != nil {
					t.Errorf("another file: %v", err)
				}
			})
		})
	}
}

// A caller with less time than the root has hears of its silence like one with more.
func TestSilenceUntilTheCallersDeadlineIsTheRoots(t *testing.T) {
	for name, call := range map[string]func(ctx context.Context, r *Roots) error{
		"entry":  func(ctx context.Context, r *Roots) error { _, err := r.Entry(ctx, "/a/1.jpg"); return err },
		"folder": func(ctx context.Context, r *Roots) error { return r.FindFolder(ctx, "/a/") },
		"walk": func(ctx context.Context, r *Roots) (failure error) {
			g := r.roots[0]
			for _, err := range g.walk(ctx, "", "", func(string) bool { return false }) {
				failure = err
			}
			return failure
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &disk{dir: "/a", walks: func(func(string, error) bool, func(string) bool) { time.Sleep(time.Hour) }}
				r, end := rootsOf(d), d.hang()
				brief, cancel := context.WithTimeout(t.Context(), 4*time.Second)
				defer cancel()
				if err := call(brief, r); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnreachable) || r.roots[0].check() != nil {
					t.Errorf("little time proves nothing: %v, %v", err, r.roots[0].check())
				}
				longer, cancel := context.WithTimeout(t.Context(), 6*time.Second)
				defer cancel()
				if err := call(longer, r); !errors.Is(err, ErrUnreachable) || r.roots[0].check() == nil {
					t.Errorf("after 6 s of silence: %v, no pause", err)
				}
				end()
				time.Sleep(2 * time.Hour) // what was left alone returns
			})
		})
	}
}

func TestFailuresThatBeganTogetherCountAsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{dir: "/a"}
		r, end := rootsOf(d), d.hang()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if _, wait, err := timed(t.Context(), r, "/a/1.jpg"); wait != time.Second {
					t.Errorf("%v, wait %v", err, wait)
				}
			})
		}
		all.Wait()
		end()
		d.fail(fmt.Errorf("%w: gone", ErrUnreachable))
		synctest.Wait()
		if _, wait, err := timed(t.Context(), r, "/a/1.jpg"); wait != time.Second || !errors.Is(err, ErrUnreachable) {
			t.Errorf("%v, wait %v", err, wait)
		}
	})
}

func TestARefusalToWriteIsNoVerdictOnTheRoot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{dir: "/a"}
		r := rootsOf(d)
		d.fail(fmt.Errorf("%w: gone", ErrUnreachable))
		for _, pause := range []time.Duration{1, 2, 4} {
			if _, wait, err := timed(t.Context(), r, "/a/1.jpg"); wait != pause*time.Second {
				t.Errorf("%v, wait %v, want %v s", err, wait, int(pause))
			}
			time.Sleep(pause * time.Second)
			d.fail(fmt.Errorf("%w: not to write", ErrDenied))
			if err := r.Save(t.Context(), "/a/1.jpg", nil); !errors.Is(err, ErrDenied) {
				t.Error(err)
			}
			d.fail(fmt.Errorf("%w: gone", ErrUnreachable))
		}
	})
}

func TestAFileThatIsRefusedIsToldFromARootThatRefusesAll(t *testing.T) {
	t.Parallel()
	for errno, want := range map[syscall.Errno]error{
		syscall.EACCES: ErrDenied, syscall.EIO: ErrDenied, syscall.ESTALE: ErrUnreachable, syscall.ENOTCONN: ErrUnreachable, syscall.ENOSPC: ErrFull,
	} {
		if err := fileError(errno); !errors.Is(err, want) {
			t.Errorf("%v: %v, want %v", errno, err, want)
		}
	}
	refused := fmt.Errorf("%w: not today", ErrDenied)
	d := &disk{dir: "/a", fails: refused}
	g := rootsOf(d).roots[0]
	if err := g.weigh(t.Context(), "1.jpg", refused); !errors.Is(err, ErrUnreachable) || errors.Is(err, ErrDenied) {
		t.Errorf("where all are refused: %v", err)
	}
	d.fail(nil)
	if err := g.weigh(t.Context(), "1.jpg", refused); !errors.Is(err, ErrDenied) {
		t.Errorf("where others are given: %v", err)
	}
	if err := g.weigh(t.Context(), "x.jpg", refused); !errors.Is(err, ErrUnreachable) {
		t.Errorf("where there are no others: %v", err)
	}
}

func TestAWalkThatHangsEnds(t *testing.T) {
	for name, c := range map[string]struct {
		walk func(yield func(string, error) bool, pass func(string) bool)
		want []string
		err  error
	}{
		"at once": {func(func(string, error) bool, func(string) bool) { time.Sleep(time.Hour) }, nil, ErrUnreachable},
		"on the way": {func(yield func(string, error) bool, _ func(string) bool) {
			if yield("1.jpg", nil) {
				time.Sleep(time.Hour)
			}
		}, []string{"1.jpg"}, ErrUnreachable},
		"not while names are passed over": {func(yield func(string, error) bool, pass func(string) bool) {
			for range 60 {
				time.Sleep(time.Second)
				pass("old.jpg")
			}
			yield("1.jpg", nil)
		}, []string{"1.jpg"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rootsOf(&disk{dir: "/a", walks: c.walk})
				var got []string
				var failure error
				for one, err := range r.Walk(t.Context(), "/a/", "") {
					if failure = err; err == nil {
						got = append(got, one)
					}
				}
				if !slices.Equal(got, c.want) || !errors.Is(failure, c.err) || failure != nil && c.err == nil {
					t.Errorf("walked over %q: %v; want %q, %v", got, failure, c.want, c.err)
				}
				time.Sleep(time.Hour) // what was left alone returns
			})
		})
	}
}
