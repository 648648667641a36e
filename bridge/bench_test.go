package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/pkg/queue"
)

const submitted = `{"specversion":"1.0","id":"7.1","source":"/lineup/receive","type":"dev.lineup.image.submitted","subject":"images/7",
"datacontenttype":"application/json","data":{"id":7,"path":"/home/user/image_dump/a picture of somebody.jpg"}}`

// BenchmarkThroughput carries messages that wait to a sink that takes every event
// after a while.
func BenchmarkThroughput(b *testing.B) {
	for _, takes := range []time.Duration{0, 30 * time.Millisecond} {
		for _, limit := range []int{1, 8, 32, 128} {
			b.Run(fmt.Sprintf("sink=%v/in-flight=%d", takes, limit), func(b *testing.B) {
				nsqd := nsqdWith(b)
				q, err := queue.New(deptest.QueueSettings(b, nsqd.TCP, nsqd.HTTP))
				if err != nil {
					b.Fatal(err)
				}
				defer q.Close()
				bodies := make([][]byte, b.N)
				for i := range bodies {
					bodies[i] = []byte(submitted)
				}
				if err := q.Publish(b.Context(), "images", bodies...); err != nil {
					b.Fatal(err)
				}
				var taken atomic.Int64
				all := make(chan struct{})
				sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
					time.Sleep(takes)
					if taken.Add(1) == int64(b.N) {
						close(all)
					}
				}))
				b.Cleanup(sink.Close)
				b.ResetTimer()
				start(b, nsqd, sink.URL, func(s *settings) { s.MaxInFlight = []int{limit} })
				<-all
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
			})
		}
	}
}

// BenchmarkLatency is the time from nsqd's taking a lone message to its arrival at
// the sink.
func BenchmarkLatency(b *testing.B) {
	for _, buffer := range []time.Duration{time.Millisecond, 25 * time.Millisecond} {
		b.Run(fmt.Sprintf("output-buffer=%v", buffer), func(b *testing.B) {
			nsqd := nsqdWith(b)
			q, err := queue.New(deptest.QueueSettings(b, nsqd.TCP, nsqd.HTTP))
			if err != nil {
				b.Fatal(err)
			}
			defer q.Close()
			arrived := make(chan time.Time, 1)
			sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived <- time.Now() }))
			b.Cleanup(sink.Close)
			start(b, nsqd, sink.URL, func(s *settings) { s.OutputBufferTimeout = buffer })
			var took []time.Duration
			for b.Loop() {
				if err := q.Publish(b.Context(), "images", []byte(submitted)); err != nil {
					b.Fatal(err)
				}
				sent := time.Now()
				took = append(took, (<-arrived).Sub(sent))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}
