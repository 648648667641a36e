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

// BenchmarkRematch compares the faces of 20 ranges again, two in each picture, where every
// face becomes somebody's: the database's part, all rows written.
func BenchmarkRematch(b *testing.B) {
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
	for b.Loop() {
		exec("UPDATE gallery SET named_state = state + 1, state = state + 1")
		testkit.Must(db.PlanRematches(b.Context()))(b)
		count, start := 0, time.Now()
		for first := int64(0); first < pictures; first += store.RematchRange {
			claim := testkit.Must(db.ClaimRematch(b.Context(), first, time.Minute))(b)
			faces := testkit.Must(db.ReadRematch(b.Context(), claim, 2000))(b)
			for i := range faces {
				likes := lineup.Candidate{PhotoID: 1 + int64(i%2), ImageName: "ann.jpg", Similarity: 0.6 + 0.3*rand.Float64()}
				faces[i].Candidates = []lineup.Candidate{likes}
			}
			testkit.Must(db.ApplyRematch(b.Context(), faces, store.Comparison{GalleryState: claim.GalleryState, Rule: match.Rule{Threshold: 0.5}}, true))(b)
			testkit.Succeed(b, db.FinishRematch(b.Context(), claim))
			count += len(faces)
		}
		b.ReportMetric(float64(count)/time.Since(start).Seconds(), "faces/s")
	}
}
