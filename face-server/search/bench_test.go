package search_test

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"testing"
	"time"

	"lineup.dev/lineup/face-server/search"
	"lineup.dev/lineup/local/descriptors"
	"lineup.dev/lineup/local/rss"
)

// BenchmarkNear prints the time that one core takes for a search for ten persons, for one of 500 at
// once, for an exhaustive scan, and for reading what the first look reads; the memory that the process
// takes (RSS) with the index; and for how many of SEARCH_QUERIES queries (1,250) the search
// found what the scan did. SEARCH_DESCRIPTORS is of how many descriptors, in place of 1,000,
// 100,000 and 1,000,000.
func BenchmarkNear(b *testing.B) {
	count := 1250
	if asked, err := strconv.Atoi(os.Getenv("SEARCH_QUERIES")); err == nil {
		count = asked
	}
	type size struct {
		name  string
		count int
	}
	sizes := []size{{"1k", 1_000}, {"100k", 100_000}, {"1M", 1_000_000}}
	if asked, err := strconv.Atoi(os.Getenv("SEARCH_DESCRIPTORS")); err == nil {
		sizes = []size{{strconv.Itoa(asked), asked}}
	}
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			g := newGallery(b, size.count, max(count, 500))
			debug.FreeOSMemory()
			now, _ := rss.MB(b)
			a := g.agreement(b)
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			read := milliseconds(b, 20, func(int) { sink += g.ReadSigns() })
			exhaustive := milliseconds(b, 3, func(i int) { g.candidates(g.All, g.queries[i:i+1]) })
			batch := milliseconds(b, 1, func(int) { g.candidates(g.Near, g.queries[:500]) }) / 500
			i := 0
			start := processorTime(b)
			for b.Loop() {
				g.candidates(g.Near, g.queries[i%len(g.queries):][:1])
				i++
			}
			spent := (processorTime(b) - start).Seconds() * 1000 / float64(i)
			b.ReportMetric(spent, "ms-cpu/search")
			b.ReportMetric(batch, "ms-cpu/search-of-500")
			b.ReportMetric(read, "ms-cpu/read")
			b.ReportMetric(exhaustive, "ms-cpu/scan")
			b.ReportMetric(spent/read, "x-read")
			b.ReportMetric(now, "MB-RSS")
			b.ReportMetric(float64(a.above), "queries-above")
			b.ReportMetric(float64(a.above-a.best), "best-missed")
			b.ReportMetric(float64(a.queries-a.decisions), "decided-otherwise")
			b.ReportMetric(float64(a.queries-a.all), "persons-otherwise")
		})
	}
}

// sink keeps what is read from being left out.
var sink uint64

// milliseconds is the thread's processor time of one call: what others do on this machine is
// not counted.
func milliseconds(b *testing.B, times int, f func(i int)) float64 {
	b.Helper()
	start := processorTime(b)
	for i := range times {
		f(i)
	}
	return (processorTime(b) - start).Seconds() * 1000 / float64(times)
}

// BenchmarkUpdate is what one vector costs that is added.
func BenchmarkUpdate(b *testing.B) {
	vectors, _ := descriptors.NewCrowd(1).Photos(1024)
	add := make([]search.Vector[int], len(vectors))
	for i, v := range vectors {
		add[i] = search.Vector[int]{Key: i, Values: v}
	}
	for b.Loop() {
		search.New[int](descriptors.Length).Update(nil, add)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(len(add)), "us/vector")
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
