package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

// BenchmarkRematch compares REMATCH_FACES faces (2,000) again with a gallery of REMATCH_GALLERY
// photos (10,000), each of which becomes somebody's, while REMATCH_PICTURES new pictures a second
// (5) are looked at: all that process does of it, but for NSQ and gRPC. It prints how long that
// took, and the median time of a picture beside that of the same server at rest.
func BenchmarkRematch(b *testing.B) {
	count, photosCount := number("REMATCH_FACES", 2_000), number("REMATCH_GALLERY", 10_000)
	s, dsn := withSamples(b), deptest.MySQL(b)
	testkit.Succeed(b, store.Migrate(b.Context(), dsn))
	s.DSN = deptest.Account(b, dsn, "face-server")
	s.MatchBatch = 500
	db := deptest.SQL(b, dsn)
	fill(b, s, db, photosCount)
	exec := func(statement string, args ...any) {
		testkit.Must(db.ExecContext(b.Context(), statement, args...))(b)
	}
	exec(fmt.Sprintf("INSERT INTO images (id, path, status, created_at, updated_at, announced_at) SELECT seq, seq, 'unknown', NOW(), NOW(), NOW() FROM seq_1_to_%d", count))
	exec(fmt.Sprintf("INSERT INTO faces (image_id, embedding, model) SELECT seq, descriptor, model FROM seq_1_to_%d JOIN descriptors ON photo_id = 1 + seq MOD ?", count), photosCount)
	server := newTestServer(b, s)
	r := rematching{B: b, photos: photos{server: server}, rows: testkit.Must(store.Open(store.Settings{Database: store.Database{DSN: dsn}, Connections: 8}))(b)}
	defer r.rows.Close()
	r.apart = time.Second / time.Duration(number("REMATCH_PICTURES", 5))
	r.picture = testkit.Must(os.ReadFile(filepath.Join(s.ImagesURL, "dana.jpg")))(b)
	for b.Loop() {
		exec("UPDATE gallery SET named_state = state + 1, state = state + 1")
		testkit.Succeed(b, server.gallery.Read(b.Context()))
		testkit.Must(r.rows.PlanRematches(b.Context()))(b)
		rest := r.pictures(func(looked int) bool { return looked < 30 })
		start, done := time.Now(), atomic.Bool{}
		var group sync.WaitGroup
		for worker := range 2 {
			group.Go(func() {
				for first := worker * store.RematchRange; first <= count; first += 2 * store.RematchRange {
					r.compare(int64(first))
				}
			})
		}
		go func() { group.Wait(); done.Store(true) }()
		beside := r.pictures(func(int) bool { return !done.Load() })
		took := time.Since(start)
		b.ReportMetric(took.Seconds(), "s")
		b.ReportMetric(float64(count)/took.Seconds(), "faces/s")
		b.ReportMetric(rest.Seconds()*1000, "ms/picture-at-rest")
		b.ReportMetric(beside.Seconds()*1000, "ms/picture-beside")
		b.ReportMetric(float64(beside)/float64(rest), "x-latency")
	}
}

// number is a setting of a benchmark.
func number(name string, otherwise int) int {
	n, _ := strconv.Atoi(os.Getenv(name))
	return cmp.Or(n, otherwise)
}

type rematching struct {
	*testing.B
	photos  photos
	rows    *store.Store
	picture []byte
	apart   time.Duration // of two pictures
}

// pictures looks at one picture after the other for as long as going says, and gives the median
// of their times: from when they were due.
func (r rematching) pictures(going func(looked int) bool) time.Duration {
	var times []time.Duration
	for start := time.Now(); len(times) == 0 || going(len(times)); start = start.Add(r.apart) {
		time.Sleep(time.Until(start))
		posted := testkit.Must(r.rows.Submit(context.Background(), []store.Posted{{Path: fmt.Sprint(start.UnixNano(), ".jpg")}}))(r)
		claim := testkit.Must(r.rows.Claim(context.Background(), posted[0].ID, time.Minute))(r)
		answer := testkit.Must(r.photos.server.Identify(context.Background(), &facerecog.IdentifyRequest{Image: r.picture}))(r)
		result := store.Result{Comparison: comparisonOf(answer.Comparison)}
		for _, f := range answer.Faces {
			result.Faces = append(result.Faces, lineup.Face{Embedding: f.Embedding, Model: f.Model, Candidates: candidatesOf(f)})
		}
		testkit.Must(r.rows.Finish(context.Background(), claim, result, true))(r)
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// compare does a range.
func (r rematching) compare(first int64) {
	claim := testkit.Must(r.rows.ClaimRematch(context.Background(), first, time.Minute))(r)
	faces := testkit.Must(r.rows.ReadRematch(context.Background(), claim, 2000))(r)
	comparison := store.Comparison{GalleryState: claim.GalleryState}
	for some := range slices.Chunk(faces, 500) {
		request := &facerecog.MatchRequest{Model: some[0].Model}
		for _, f := range some {
			request.Descriptors = append(request.Descriptors, &facerecog.Descriptor{Values: f.Embedding})
		}
		answer := testkit.Must(r.photos.Match(context.Background(), request))(r)
		for i, f := range answer.Faces {
			some[i].Candidates = candidatesOf(f)
		}
		comparison = *comparisonOf(answer.Comparison)
	}
	changed := testkit.Must(r.rows.ApplyRematch(context.Background(), faces, comparison, true))(r)
	if r.N == 1 && len(changed) == 0 && len(faces) > 0 {
		r.Errorf("none of %d faces from %d on became anybody's", len(faces), first)
	}
	testkit.Succeed(r, r.rows.FinishRematch(context.Background(), claim))
}

func comparisonOf(c *facerecog.Comparison) *store.Comparison {
	compared := &store.Comparison{GalleryState: c.GalleryState}
	compared.Rule.Threshold, compared.Rule.Margin, compared.Rule.StrangerThreshold = float64(c.Threshold), float64(c.Margin), float64(c.StrangerThreshold)
	return compared
}

func candidatesOf(f *facerecog.Face) []lineup.Candidate { return told(f.Candidates) }
