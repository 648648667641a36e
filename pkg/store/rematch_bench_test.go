package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
	"lineup.dev/lineup/pkg/store"
)

// BenchmarkRematch compares the faces of 20 ranges again, two in each picture: the database's part.
// In a gallery that gets a photo, hardly any face is anybody else's; where the threshold rises with
// it, pictures are written that are not otherwise.
func BenchmarkRematch(b *testing.B) {
	for name, c := range map[string]struct {
		similarity func() float64
		threshold  func(round int) float64
	}{
		"every row differs":         {func() float64 { return 0.6 + 0.3*rand.Float64() }, func(int) float64 { return 0.5 }},
		"nothing differs":           {func() float64 { return 0.75 }, func(int) float64 { return 0.5 }},
		"nothing but the threshold": {func() float64 { return 0.75 }, func(round int) float64 { return 0.5 + float64(round)/1e4 }},
	} {
		b.Run(name, func(b *testing.B) { rematchAll(b, c.similarity, c.threshold) })
	}
}

func rematchAll(b *testing.B, similarity func() float64, threshold func(round int) float64) {
	b.Helper()
	const pictures = 20 * store.RematchRange
	dsn := deptest.MySQL(b)
	testkit.Succeed(b, store.Migrate(b.Context(), dsn))
	db := testkit.Must(store.Open(store.Settings{Database: store.Database{DSN: dsn}, Connections: 4}))(b)
	defer db.Close()
	plain := deptest.SQL(b, dsn)
	exec := func(statement string, args ...any) {
		testkit.Must(plain.ExecContext(b.Context(), statement, args...))(b)
	}
	embedding := make([]byte, 4*512)
	exec(fmt.Sprintf("INSERT INTO images (id, path, status, created_at, updated_at, announced_at) SELECT seq, seq, 'unknown', NOW(), NOW(), NOW() FROM seq_1_to_%d", pictures-1))
	exec(fmt.Sprintf("INSERT INTO faces (image_id, embedding, model) SELECT seq, ?, 'm' FROM seq_1_to_%d UNION ALL SELECT seq, ?, 'm' FROM seq_1_to_%d", pictures-1, pictures-1), embedding, embedding)
	exec("INSERT INTO person (id, name, created_at) VALUES (1, 'Ann', NOW()), (2, 'Bea', NOW())")
	exec("INSERT INTO person_images (id, person_id, image_name, state, created_at) VALUES (1, 1, 'ann.jpg', 'usable', NOW()), (2, 2, 'bea.jpg', 'usable', NOW())")
	round := 0
	all := func() (faces int) {
		exec("UPDATE gallery SET named_state = state + 1, state = state + 1")
		testkit.Must(db.PlanRematches(b.Context()))(b)
		rule := match.Rule{Threshold: threshold(round)}
		round++
		for first := int64(0); first < pictures; first += store.RematchRange {
			claim := testkit.Must(db.ClaimRematch(b.Context(), first, time.Minute))(b)
			read := testkit.Must(db.ReadRematch(b.Context(), claim, 2000))(b)
			for i := range read {
				likes := lineup.Candidate{PhotoID: 1 + int64(i%2), ImageName: "ann.jpg", Similarity: similarity()}
				read[i].Candidates = []lineup.Candidate{likes}
			}
			testkit.Must(db.ApplyRematch(b.Context(), read, store.Comparison{GalleryState: claim.GalleryState, Rule: rule}, true))(b)
			testkit.Succeed(b, db.FinishRematch(b.Context(), claim))
			faces += len(read)
		}
		return faces
	}
	all() // which every face is decided by for the first time
	written := func() (rows int) {
		var name string
		testkit.Succeed(b, plain.QueryRowContext(b.Context(), "SHOW GLOBAL STATUS LIKE 'Handler_update'").Scan(&name, &rows))
		return rows
	}
	for b.Loop() {
		before, start := written(), time.Now()
		count := all()
		b.ReportMetric(float64(count)/time.Since(start).Seconds(), "faces/s")
		b.ReportMetric(float64(written()-before)/pictures, "rows/picture")
	}
}
