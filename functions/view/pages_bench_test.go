package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/kelseyhightower/envconfig"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/store"
)

// BenchmarkPages is the server's time for every page, by default with 100,000 pictures and
// 10,000 people; PAGES_PICTURES says how many pictures, of whom a tenth are as many people.
func BenchmarkPages(b *testing.B) {
	pictures := 100_000
	if text := os.Getenv("PAGES_PICTURES"); text != "" {
		pictures = testkit.Must(strconv.Atoi(text))(b)
	}
	dsn := deptest.MySQL(b)
	testkit.Succeed(b, store.Migrate(b.Context(), dsn))
	fillPages(b, dsn, pictures)
	benchPages(b, dsn, pictures)
}

func benchPages(b *testing.B, dsn string, pictures int) {
	b.Helper()
	db := testkit.Must(store.Open(store.Settings{Database: store.Database{DSN: dsn}, Connections: 4}))(b)
	b.Cleanup(func() { db.Close() })
	testkit.Succeed(b, db.Recount(b.Context()))
	var options Options
	testkit.Succeed(b, envconfig.Process("", &options))
	options.Writes = "on"
	roots := testkit.Must(photo.Open(b.TempDir()))(b)
	b.Cleanup(func() { roots.Close() })
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	v := testkit.Must(newView(options, testkit.Must(auth.New(auth.Settings{}, log))(b), db, roots, log))(b)
	handler := v.handler()
	for _, path := range []string{
		"/", "/?as=grid", "/?status=failed", "/?person=5", "/?q=IMG_1", fmt.Sprintf("/?before=%d", pictures/2), fmt.Sprintf("/images/%d", pictures/2),
		"/people", "/people?sort=name", "/people?sort=pictures", "/people?sort=seen", "/people?q=person+12",
		"/people?sort=name&q=person+9", "/people?sort=pictures&q=person+9999", "/people?sort=seen&q=person+9999", "/people?sort=seen&q=person+9", "/people?sort=pictures&hidden=true", "/people?hidden=true",
		"/people/5", "/people/5?sort=sure", "/?path=2026/00", "/?since=2026-01-01", "/strangers", "/activity", "/search?q=person+12", "/search?q=IMG_12", "/folders", "/status",
	} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				if path == "/status" || path == "/activity" { // it is what one costs who comes alone
					v.progress.forget()
				}
				w := httptest.NewRecorder()
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.Host = "localhost"
				if handler.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			}
			if each := b.Elapsed() / time.Duration(b.N); each > 50*time.Millisecond {
				b.Errorf("%s takes %v, want 50 ms at most", path, each)
			}
		})
	}
}

func fillPages(b *testing.B, dsn string, pictures int) {
	b.Helper()
	db := deptest.SQL(b, dsn)
	for _, statement := range []string{
		fmt.Sprintf(`INSERT INTO person (name, spelling, created_at)
			SELECT IF(seq %% 10 = 0, NULL, CONCAT('Person ', seq)), IF(seq %% 10 = 0, NULL, CONCAT('person ', seq)), UTC_TIMESTAMP(6) FROM seq_1_to_%d`, pictures/10),
		`INSERT INTO person_images (image_name, person_id, state, created_at) SELECT CONCAT(id, '.jpg'), id, 'usable', UTC_TIMESTAMP(6) FROM person`,
		fmt.Sprintf(`INSERT INTO images (path, file_name, shown_name, status, queued_at, announced_at, created_at, updated_at)
			SELECT CONCAT('2026/', LPAD(seq DIV 1000, 4, '0'), '/', MD5(seq), '.jpg'), CONCAT('IMG_', seq, '.JPG'), CONCAT('IMG_', seq, '.JPG'),
				CASE WHEN seq %% 100 < 30 THEN 'unknown' WHEN seq %% 100 < 98 THEN 'identified' WHEN seq %% 100 = 98 THEN 'failed' ELSE 'pending' END,
				UTC_TIMESTAMP(6), IF(seq %% 100 = 99, NULL, UTC_TIMESTAMP(6)),
				UTC_TIMESTAMP(6) - INTERVAL 8 * (%[1]d - seq) SECOND, UTC_TIMESTAMP(6) - INTERVAL 8 * (%[1]d - seq) SECOND
			FROM seq_1_to_%[1]d`, pictures),
		`UPDATE images SET reason = CONCAT('reason ', id % 7) WHERE status = 'failed'`,
		fmt.Sprintf(`INSERT INTO faces (image_id, person_id, image_name, similarity, model)
			SELECT id, 1 + id MOD %d, CONCAT(1 + id MOD %[1]d, '.jpg'), 0.7, 'm' FROM images WHERE status = 'identified'`, pictures/10),
		fmt.Sprintf(`INSERT INTO changes (made_at, action, person_id) SELECT UTC_TIMESTAMP(6), 'enrol', seq FROM seq_1_to_%d`, pictures/10),
		`INSERT INTO change_people (person_id, change_id) SELECT person_id, id FROM changes`,
		fmt.Sprintf(`INSERT INTO rematches (first_image, gallery_state) SELECT 500 * seq, 2 FROM seq_0_to_%d`, pictures/500),
		`ANALYZE TABLE images, faces, person, person_images, changes, change_people, rematches`,
	} {
		_, err := db.ExecContext(b.Context(), statement)
		testkit.Succeed(b, err)
	}
}
