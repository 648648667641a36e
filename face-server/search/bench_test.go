package search_test

import (
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"lineup.dev/lineup/face-server/search"
	"lineup.dev/lineup/local/rss"
)

// BenchmarkNear prints, beside the time of a search in one goroutine, the memory that
// the process takes (RSS) with the index, and for how many queries of a thousand
// whose best match is above the models' threshold the search found that very match.
func BenchmarkNear(b *testing.B) {
	for _, size := range []struct {
		name  string
		count int
	}{{"1k", 1_000}, {"100k", 100_000}, {"1M", 1_000_000}} {
		b.Run(size.name, func(b *testing.B) {
			x, queries := newGallery(b, size.count, 1250)
			debug.FreeOSMemory()
			now, _ := rss.MB(b)
			agreed, above := agreement(x, queries)
			// The processor's time: what others do on this machine is not counted.
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			i, start := 0, processorTime(b)
			for b.Loop() {
				best(x, queries[i%len(queries)])
				i++
			}
			spent := processorTime(b) - start
			b.ReportMetric(spent.Seconds()*1000/float64(i), "ms-cpu/search")
			b.ReportMetric(now, "MB-RSS")
			b.ReportMetric(100*float64(agreed)/float64(above), "%-agreed")
			b.ReportMetric(float64(above), "queries-above")
		})
	}
}

// newGallery is an index of count photos and queries: new photos of persons in it
// and, one in five, of strangers.
func newGallery(tb testing.TB, count, queries int) (*search.Index[int], [][]float32) {
	tb.Helper()
	c := newCrowd(uint64(count))
	x := search.New[int](length)
	asked := make([][]float32, queries)
	for i := range asked {
		asked[i] = make([]float32, length)
	}
	next := 0
	for from := 0; from < count; from += 10_000 {
		vectors, persons := c.photos(min(10_000, count-from))
		var add []search.Vector[int]
		for i, v := range vectors {
			add = append(add, search.Vector[int]{Key: from + i, Values: v})
		}
		x.Update(nil, add)
		for ; next*count < queries*(from+len(vectors)) && next < queries; next++ {
			who := persons[c.IntN(len(persons))]
			if next%5 == 0 {
				who = c.person()
			}
			c.photo(asked[next], who)
		}
	}
	return x, asked
}

// best is the nearest vector, as who asks for it alone is told.
func best(x *search.Index[int], query []float32) (key int, similarity float32) {
	similarity = -2
	x.Near([][]float32{query}, func(_, k int, s float32) float32 {
		if s > similarity {
			key, similarity = k, s
		}
		return similarity
	})
	return key, similarity
}

// threshold is the models'.
const threshold = 0.42

// agreement is how many queries have their best match above the threshold, and for
// how many of those a search finds it.
func agreement(x *search.Index[int], queries [][]float32) (agreed, above int) {
	type comparison struct{ above, agreed bool }
	comparisons := make([]comparison, len(queries))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, query := range queries {
		group.Go(func() error {
			_, want := exhaustive(x, query)
			_, got := best(x, query)
			comparisons[i] = comparison{want >= threshold, got == want}
			return nil
		})
	}
	group.Wait()
	for _, v := range comparisons {
		if v.above {
			above++
			if v.agreed {
				agreed++
			}
		}
	}
	return agreed, above
}

// processorTime is what the calling thread has used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
