package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/descriptors"
	"lineup.dev/lineup/local/testkit"
	facerecog "lineup.dev/lineup/proto"
)

// BenchmarkMatch compares a thousand descriptors, which take no picture, with so many in the
// database.
func BenchmarkMatch(b *testing.B) {
	for _, count := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			s, db := withDatabase(b)
			s.MatchBatch = 1000
			fill(b, s, db, count)
			server := newTestServer(b, s)
			if err := server.gallery.Read(b.Context()); err != nil {
				b.Fatal(err)
			}
			request := &facerecog.MatchRequest{Model: server.models.Name}
			crowd := descriptors.NewCrowd(2)
			for range s.MatchBatch {
				request.Descriptors = append(request.Descriptors, &facerecog.Descriptor{Values: crowd.Person()})
			}
			photos := photos{server: server}
			for b.Loop() {
				if _, err := photos.Match(b.Context(), request); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(s.MatchBatch)*float64(b.N)/b.Elapsed().Seconds(), "faces/s")
		})
	}
}

// BenchmarkDescribeBehindPictures describes a photo of the gallery while as many pictures
// as the server takes are looked at and wait. It prints the slowest.
func BenchmarkDescribeBehindPictures(b *testing.B) {
	s := withSamples(b)
	s.Queue = 16
	server := newTestServer(b, s)
	if err := server.gallery.Read(b.Context()); err != nil {
		b.Fatal(err)
	}
	body := testkit.Must(os.ReadFile(filepath.Join(s.ImagesURL, "four-friends.jpg")))(b)
	ctx, stop := context.WithCancel(b.Context())
	var callers sync.WaitGroup
	for range s.Workers + s.Queue {
		callers.Go(func() {
			for ctx.Err() == nil {
				server.Identify(ctx, &facerecog.IdentifyRequest{Image: body})
			}
		})
	}
	photos := photos{server: server}
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if _, err := photos.Describe(b.Context(), &facerecog.DescribeRequest{ImageName: "dana.jpg"}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	stop()
	callers.Wait()
	b.ReportMetric(slices.Max(took).Seconds()*1000, "ms-slowest")
}
