package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/descriptors"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

// BenchmarkCrowds looks at CROWD_PICTURES pictures (1,000) of CROWD_FACES made-up faces (5), of
// which one in five was seen before, once with strangers, CROWD_STRANGERS at most (10,000), and
// once without: all that process does of it, but for reading pictures, NSQ and gRPC. It fails
// where there are ever more strangers than there may be, and prints the pictures a second and
// how long one face is compared, and one real picture looked at, both ways.
func BenchmarkCrowds(b *testing.B) {
	pictures, most := number("CROWD_PICTURES", 1_000), int64(number("CROWD_STRANGERS", 10_000))
	for b.Loop() {
		with, without := newCrowdedPlace(b, most), newCrowdedPlace(b, 0)
		took := map[*crowdedPlace]time.Duration{}
		for first := 0; first < pictures; first += crowdPing { // by turns, as other work has the machine too
			for _, place := range []*crowdedPlace{with, without} {
				began := time.Now()
				place.see(first, min(first+crowdPing, pictures))
				took[place] += time.Since(began)
			}
		}
		b.ReportMetric(float64(with.strangers()), "strangers")
		b.ReportMetric(float64(pictures)/took[with].Seconds(), "pictures/s-on")
		b.ReportMetric(float64(pictures)/took[without].Seconds(), "pictures/s-off")
		compared, looked := with.times(without)
		b.ReportMetric(compared[0].Seconds()*1000, "ms/face-on")
		b.ReportMetric(compared[1].Seconds()*1000, "ms/face-off")
		b.ReportMetric(looked[0].Seconds()*1000, "ms/picture-on")
		b.ReportMetric(looked[1].Seconds()*1000, "ms/picture-off")
	}
}

const (
	crowdPing = 500 // pictures from one ping to the next
	crowdRead = 50  // from one reading of the gallery to the next
)

// crowdedPlace is a server and its database, with a thousand people enrolled.
type crowdedPlace struct {
	*testing.B
	photos photos
	rows   *store.Store
	db     *sql.DB
	most   int64 // strangers; 0: none are looked for
	model  string
	people *descriptors.Crowd
	seen   [][]float32
}

func newCrowdedPlace(b *testing.B, most int64) *crowdedPlace {
	b.Helper()
	s, dsn := withSamples(b), deptest.MySQL(b)
	testkit.Succeed(b, store.Migrate(b.Context(), dsn))
	s.DSN, s.MatchBatch = deptest.Account(b, dsn, "face-server"), 500
	p := &crowdedPlace{B: b, db: deptest.SQL(b, dsn), most: most, people: descriptors.NewCrowd(2)}
	fill(b, s, p.db, 1000)
	p.photos = photos{server: newTestServer(b, s)}
	p.model = p.photos.models.Name
	p.rows = testkit.Must(store.Open(store.Settings{Database: store.Database{DSN: dsn}, Connections: 8}))(b)
	b.Cleanup(func() { p.rows.Close() })
	return p
}

// see looks at pictures, four at once, and pings.
func (p *crowdedPlace) see(from, to int) {
	p.Helper()
	for first := from; first < to; first += crowdRead {
		testkit.Succeed(p, p.photos.gallery.Read(p.Context()))
		group, ctx := errgroup.WithContext(p.Context())
		group.SetLimit(4)
		for n := first; n < min(first+crowdRead, to); n++ {
			faces := p.crowd()
			group.Go(func() error { return p.look(ctx, fmt.Sprint(n, ".jpg"), faces) })
		}
		testkit.Succeed(p, group.Wait())
	}
	if n := p.strangers(); n > p.most {
		p.Errorf("after %d pictures there are %d strangers, and may be %d", to, n, p.most)
	}
	testkit.Succeed(p, p.rows.Recount(p.Context()))
	testkit.Must(p.rows.TidyStrangers(p.Context(), store.StrangerLimits{Most: p.most}))(p)
}

// crowd is one picture's faces.
func (p *crowdedPlace) crowd() (faces []*facerecog.Descriptor) {
	for range number("CROWD_FACES", 5) {
		face := make([]float32, descriptors.Length)
		if len(p.seen) > 0 && p.people.IntN(5) == 0 {
			p.people.Photo(face, p.seen[p.people.IntN(len(p.seen))])
		} else {
			who := p.people.Person()
			p.people.Photo(face, who)
			if len(p.seen) < 100_000 { // which take 200 MB
				p.seen = append(p.seen, who)
			}
		}
		faces = append(faces, &facerecog.Descriptor{Values: face})
	}
	return faces
}

func (p *crowdedPlace) look(ctx context.Context, path string, faces []*facerecog.Descriptor) error {
	posted, err := p.rows.Submit(ctx, store.Paths(path))
	if err != nil {
		return err
	}
	claim, err := p.rows.Claim(ctx, posted[0].ID, time.Minute)
	if err != nil {
		return err
	}
	answer, err := p.photos.Match(ctx, &facerecog.MatchRequest{Model: p.model, Descriptors: faces})
	if err != nil {
		return err
	}
	result := store.Result{Comparison: comparisonOf(answer.Comparison), MaxStrangers: p.most}
	if p.most == 0 {
		result.Comparison.Rule.StrangerThreshold = 0
	}
	for i, face := range answer.Faces {
		result.Faces = append(result.Faces, lineup.Face{
			Box:       &lineup.Box{X: float64(i) / float64(len(faces)), Width: 0.5 / float64(len(faces)), Height: 0.2},
			Embedding: faces[i].Values, Model: p.model, Candidates: told(face.Candidates), Strangers: told(face.Strangers),
		})
	}
	_, err = p.rows.Finish(ctx, claim, result, true)
	return err
}

func (p *crowdedPlace) strangers() (n int64) {
	p.Helper()
	testkit.Succeed(p, p.db.QueryRowContext(p.Context(), "SELECT COUNT(*) FROM person WHERE name IS NULL AND merged_into IS NULL AND removed_at IS NULL").Scan(&n))
	return n
}

// times are the medians, here and there, of comparing a new face and of looking at a picture.
func (p *crowdedPlace) times(without *crowdedPlace) (compared, looked [2]time.Duration) {
	p.Helper()
	picture := testkit.Must(os.ReadFile(filepath.Join(deptest.Samples(p), "pictures", "dana.jpg")))(p)
	var compare, look [2][]time.Duration
	timed := func(do func()) time.Duration {
		began := time.Now()
		do()
		return time.Since(began)
	}
	for n := range 500 {
		face := []*facerecog.Descriptor{{Values: p.people.Person()}}
		for i, place := range []*crowdedPlace{p, without} {
			compare[i] = append(compare[i], timed(func() {
				testkit.Must(place.photos.Match(p.Context(), &facerecog.MatchRequest{Model: p.model, Descriptors: face}))(p)
			}))
			if n < 30 {
				look[i] = append(look[i], timed(func() {
					testkit.Must(place.photos.server.Identify(p.Context(), &facerecog.IdentifyRequest{Image: picture}))(p)
				}))
			}
		}
	}
	for i := range 2 {
		slices.Sort(compare[i])
		slices.Sort(look[i])
		compared[i], looked[i] = compare[i][len(compare[i])/2], look[i][len(look[i])/2]
	}
	return compared, looked
}
