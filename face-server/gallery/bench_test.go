package gallery_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/local/buckets"
	"lineup.dev/lineup/local/rss"
	"lineup.dev/lineup/pkg/photo"
)

// bucket is a store in an object store that this process serves.
func bucket(tb testing.TB) *photo.Roots {
	tb.Helper()
	roots, err := photo.Open(buckets.Serve(tb, "people").Root("people"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { roots.Close() })
	return roots
}

func TestInABucket(t *testing.T) {
	store := bucket(t)
	for name, text := range map[string]string{"dad.jpg": "d", "mom.jpg": "m"} {
		if err := store.Save(t.Context(), name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int64{2, 0} {
		p, looks := people{log: new(journal)}, 0
		p.Gallery = gallery.New(store, func(ctx context.Context, body []byte) ([]gallery.Face, string, error) {
			looks++
			return extract(ctx, body)
		}, gallery.Options{Model: "letters", Length: 128, Parallel: 1, MaxBytes: 100, Share: time.Second}, slog.New(slog.DiscardHandler))
		p.read(t)
		p.mustKnow(t, 'd', "dad.jpg")
		if int64(looks) != want || len(p.names()) != 2 {
			t.Errorf("%d photos were looked at, of %q; want %d of the 2", looks, p.names(), want)
		}
	}
}

func (p people) names() (names []string) {
	photos, _ := p.List("", 1000, false)
	for _, one := range photos {
		names = append(names, one.Name)
	}
	return names
}

// listed is a bucket whose list of photos is made up: to put 100,000 there would take
// most of the time. The descriptions lie in the bucket.
type listed struct {
	*photo.Roots
	entries []photo.Entry
}

func (l listed) List(context.Context) ([]photo.Entry, error) { return l.entries, nil }
func (l listed) Read(ctx context.Context, name string, limit int64) ([]byte, photo.Entry, error) {
	if len(name) < 20 {
		return []byte(name), photo.Entry{}, nil
	}
	return l.Roots.Read(ctx, name, limit)
}

// BenchmarkStart is how long a server that starts takes until it knows all photos
// whose descriptions lie in the bucket.
func BenchmarkStart(b *testing.B) {
	for _, count := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(count, " photos"), func(b *testing.B) {
			store := listed{Roots: bucket(b)}
			for i := range count {
				store.entries = append(store.entries, photo.Entry{Name: fmt.Sprintf("p%07d-x.jpg", i), Size: 1, ModTime: time.Unix(1, 0)})
			}
			options := gallery.Options{Model: "made up", Length: 512, Parallel: 2, MaxBytes: 100, Share: time.Second, Requirements: options.Requirements}
			made := gallery.New(store, madeUp, options, slog.New(slog.DiscardHandler))
			if err := made.Read(b.Context()); err != nil {
				b.Fatal(err)
			}
			never := func(context.Context, []byte) ([]gallery.Face, string, error) {
				b.Error("a photo is looked at")
				return nil, "", nil
			}
			for b.Loop() {
				g := gallery.New(store, never, options, slog.New(slog.DiscardHandler))
				if err := g.Read(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMillion is the same for a million photos in a folder, with the memory that
// the process takes (RSS) at most meanwhile, and afterwards.
func BenchmarkMillion(b *testing.B) {
	roots, err := photo.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer roots.Close()
	store := listed{Roots: roots}
	for i := range 1_000_000 {
		store.entries = append(store.entries, photo.Entry{Name: fmt.Sprintf("p%07d-x.jpg", i), Size: 1, ModTime: time.Unix(1, 0)})
	}
	o := gallery.Options{Model: "made up", Length: 512, Parallel: 2, MaxBytes: 100, Share: time.Second, Requirements: options.Requirements}
	read := func(extractor gallery.Extractor) *gallery.Gallery {
		g := gallery.New(store, extractor, o, slog.New(slog.DiscardHandler))
		if err := g.Read(b.Context()); err != nil {
			b.Fatal(err)
		}
		return g
	}
	read(madeUp)
	for b.Loop() {
		b.StopTimer()
		runtime.GC() // twice: what one finds to be unused, its cleanup gives back
		debug.FreeOSMemory()
		before, _ := rss.MB(b)
		rss.ResetPeak(b)
		b.StartTimer()
		g := read(func(context.Context, []byte) ([]gallery.Face, string, error) {
			b.Error("a photo is looked at")
			return nil, "", nil
		})
		b.StopTimer()
		_, most := rss.MB(b)
		debug.FreeOSMemory()
		now, _ := rss.MB(b)
		b.ReportMetric(before, "MB-before")
		b.ReportMetric(most, "MB-at-most")
		b.ReportMetric(now, "MB-RSS")
		runtime.KeepAlive(g)
		b.StartTimer()
	}
}

// madeUp gives a face of its own for each photo.
func madeUp(_ context.Context, body []byte) ([]gallery.Face, string, error) {
	var seed [32]byte
	copy(seed[:], body)
	random := rand.New(rand.NewChaCha8(seed))
	v := make([]float32, 512)
	for i := range v {
		v[i] = float32(random.NormFloat64() / math.Sqrt(512))
	}
	return []gallery.Face{{
		Face:    face.Face{Box: face.Box{Width: 1, Height: 1}, Embedding: v},
		Quality: gallery.Quality{Width: 100, Light: 0.5, Sharpness: 0.2},
	}}, "", nil
}
