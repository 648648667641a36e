package sandbox_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/face-server/picture/sandbox"
)

// module is a reactor of functions without parameters: hang, a loop without an end;
// recurse, which calls itself; wild, a loop that overwrites all of the memory; trap, which
// reads outside of it. Its malloc gives nothing.
func module(t testing.TB) []byte {
	t.Helper()
	vector := func(items ...string) string { return string(rune(len(items))) + strings.Join(items, "") }
	sized := func(body string) string { return string(rune(len(body))) + body }
	export := func(name string, kind, index rune) string { return sized(name) + string(kind) + string(index) }
	text := "\x00asm\x01\x00\x00\x00" +
		"\x01" + sized(vector("\x60\x00\x00", "\x60\x01\x7f\x01\x7f")) +
		"\x03" + sized(vector("\x00", "\x00", "\x01", "\x00", "\x00", "\x00")) +
		"\x05" + sized(vector("\x00\x01")) +
		"\x07" + sized(vector(export("memory", 2, 0), export("_initialize", 0, 3), export("hang", 0, 0), export("recurse", 0, 1),
		export("malloc", 0, 2), export("wild", 0, 4), export("trap", 0, 5))) +
		"\x0a" + sized(vector(
		sized("\x00\x03\x40\x0c\x00\x0b\x0b"),
		sized("\x00\x10\x01\x0b"),
		sized("\x00\x41\x00\x0b"),
		sized("\x00\x0b"),
		sized("\x00\x03\x40\x41\x00\x41\x00\x41\x80\x80\x04\xfc\x0b\x00\x0c\x00\x0b\x0b"),
		sized("\x00\x41\x7f\x28\x02\x00\x1a\x0b"),
	))
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func start(ctx context.Context, t *testing.T, most int64) *sandbox.Instance {
	t.Helper()
	instance, err := sandbox.New(module(t)).Start(ctx, most)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(instance.Close)
	return instance
}

// Whatever it writes to its memory.
func TestWhatHangsEndsWithItsContext(t *testing.T) {
	for _, name := range []string{"hang", "wild"} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if _, err := start(ctx, t, 1<<20).Call(name); err == nil || ctx.Err() == nil {
				t.Errorf("it ended by itself, with error %v", err)
			}
		})
	}
}

// The collector needs every goroutine to stop for a moment, and those that run are held up
// until the last one does; as many programs hang as there are processors for Go.
func TestWhatHangsHoldsNobodyUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error)
	programs := runtime.GOMAXPROCS(0)
	for range programs {
		instance := start(ctx, t, 1<<20)
		go func() {
			_, err := instance.Call("hang")
			ended <- err
		}()
	}
	for range 10 {
		runtime.GC()
	}
	select {
	case err := <-ended:
		t.Errorf("one ended by itself, with error %v", err)
	default:
	}
	cancel()
	for range programs {
		if err := <-ended; err == nil {
			t.Error("it ended without an error")
		}
	}
}

func TestWhatBreaksOffIsAnError(t *testing.T) {
	for _, name := range []string{"recurse", "trap"} {
		t.Run(name, func(t *testing.T) {
			if _, err := start(t.Context(), t, 1<<20).Call(name); err == nil {
				t.Error("it ended without an error")
			}
		})
	}
}

func TestOutOfMemory(t *testing.T) {
	if _, err := start(t.Context(), t, 1<<20).Alloc(10); err == nil {
		t.Error("a malloc that gives nothing is no error")
	}
}

func TestAddressesOutside(t *testing.T) {
	instance := start(t.Context(), t, 1<<20)
	for _, c := range []struct {
		address uint64
		size    int
	}{{1 << 16, 1}, {1<<64 - 1, 2}, {0, -1}, {0, 1<<16 + 1}, {1 << 40, 0}} {
		if _, err := instance.Bytes(c.address, c.size); err == nil {
			t.Errorf("%d bytes at %d are given", c.size, c.address)
		}
	}
	if b, err := instance.Bytes(1<<16-4, 4); err != nil || len(b) != 4 {
		t.Errorf("the last 4 bytes are %v, error %v", b, err)
	}
}

func TestNoModule(t *testing.T) {
	for name, packed := range map[string][]byte{"no gzip": []byte("wasm"), "nothing": nil, "cut": module(t)[:40]} {
		if _, err := sandbox.New(packed).Start(t.Context(), 1<<20); err == nil {
			t.Errorf("%s is started", name)
		}
	}
}
