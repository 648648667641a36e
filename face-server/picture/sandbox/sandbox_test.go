package sandbox_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/face-server/picture/sandbox"
)

// module is a reactor of functions without parameters: hang, a loop without an end;
// recurse, which calls itself. Its malloc gives nothing.
func module(t testing.TB) []byte {
	t.Helper()
	vector := func(items ...string) string { return string(rune(len(items))) + strings.Join(items, "") }
	sized := func(body string) string { return string(rune(len(body))) + body }
	export := func(name string, kind, index rune) string { return sized(name) + string(kind) + string(index) }
	text := "\x00asm\x01\x00\x00\x00" +
		"\x01" + sized(vector("\x60\x00\x00", "\x60\x01\x7f\x01\x7f")) +
		"\x03" + sized(vector("\x00", "\x00", "\x01", "\x00")) +
		"\x05" + sized(vector("\x00\x01")) +
		"\x07" + sized(vector(export("memory", 2, 0), export("_initialize", 0, 3), export("hang", 0, 0), export("recurse", 0, 1),
		export("malloc", 0, 2))) +
		"\x0a" + sized(vector(
		sized("\x00\x03\x40\x0c\x00\x0b\x0b"),
		sized("\x00\x10\x01\x0b"),
		sized("\x00\x41\x00\x0b"),
		sized("\x00\x0b"),
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

func TestWhatHangsEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := start(ctx, t, 1<<20).Call("hang"); err == nil || ctx.Err() == nil {
		t.Errorf("it ended by itself, with error %v", err)
	}
}

func TestEndlessRecursionIsAnError(t *testing.T) {
	if _, err := start(t.Context(), t, 1<<20).Call("recurse"); err == nil {
		t.Error("it ended without an error")
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
