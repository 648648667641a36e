package system_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
)

// BenchmarkNameAStranger names a stranger who is in NAMED_FACES pictures (10,000), with all
// programs and a sink, and prints how long the answer takes, until all pictures are that
// person's, and until the sink has been told.
func BenchmarkNameAStranger(b *testing.B) {
	asked, _ := strconv.Atoi(os.Getenv("NAMED_FACES"))
	count := cmp.Or(asked, 10_000)
	var told atomic.Int64
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if received, err := event.Read(r); err == nil && len(received) == 1 && received[0].Err == nil && received[0].Event.Type() == event.TypeIdentified {
			told.Add(1)
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	b.Cleanup(sink.Close)
	s := start(b, system.Settings{Data: b.TempDir(), Samples: "off", Environment: []string{"K_SINK=" + sink.URL}})
	picture := s.uploadOf(b, "try/mila.jpg")
	s.awaitStatus(b, picture, "unknown")
	db := deptest.SQL(b, s.At.DSN)
	var stranger int64
	testkit.Succeed(b, db.QueryRowContext(b.Context(), "SELECT person_id FROM faces WHERE image_id = ? AND person_id IS NOT NULL", picture).Scan(&stranger))
	for _, statement := range []string{
		`INSERT INTO images (path, status, created_at, updated_at, announced_at, faces_content, match_threshold, match_margin, match_stranger)
			SELECT CONCAT(seq, '.jpg'), status, created_at, updated_at, announced_at, faces_content, match_threshold, match_margin, match_stranger
			FROM images JOIN seq_2_to_%[2]d WHERE id = %[1]d`,
		`INSERT INTO faces (image_id, box_x, box_y, box_width, box_height, person_id, image_name, photo_id, similarity, score, embedding, model, decided_by, refusal, candidates, gallery_state)
			SELECT i.id, box_x, box_y, box_width, box_height, f.person_id, image_name, photo_id, similarity, score, embedding, model, decided_by, refusal, candidates, gallery_state
			FROM faces f JOIN images i WHERE f.image_id = %[1]d AND i.id <> %[1]d`,
	} {
		testkit.Must(db.ExecContext(b.Context(), fmt.Sprintf(statement, picture, count)))(b)
	}
	for b.Loop() {
		told.Store(0)
		began := time.Now()
		s.api(b, http.MethodPatch, fmt.Sprintf("/people/%d", stranger), `{"name": "Mila"}`, http.StatusOK, nil)
		answered := time.Since(began)
		until := func(all func() int) float64 {
			testkit.Eventually(b, 10*time.Minute, "all pictures follow", func() bool { return all() >= count })
			return time.Since(began).Seconds()
		}
		b.ReportMetric(answered.Seconds()*1000, "ms/answer")
		b.ReportMetric(until(func() (n int) {
			testkit.Succeed(b, db.QueryRowContext(b.Context(), "SELECT COUNT(*) FROM images WHERE status = 'identified'").Scan(&n))
			return n
		}), "s/pictures")
		b.ReportMetric(until(func() int { return int(told.Load()) }), "s/events")
	}
}
