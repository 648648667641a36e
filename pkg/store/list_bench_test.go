package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// What the benchmarks' database holds. Pictures were posted over three months; 70 of 100 are
// unknown, 28 identified, 1 failed, 1 waiting. Person 1 has a third of all faces, and has
// none in the newest quarter of the pictures.
const (
	benchPictures = 1_000_000
	benchPeople   = 20_000
)

// loadBench fills a database, and says how long that took.
func loadBench(b *testing.B) *store.Store {
	b.Helper()
	dsn := deptest.MySQL(b)
	if err := store.Migrate(b.Context(), dsn); err != nil {
		b.Fatal(err)
	}
	db := deptest.SQL(b, dsn)
	start := time.Now()
	for _, statement := range []string{
		fmt.Sprintf(`INSERT INTO person (name, spelling, hidden, created_at)
			SELECT IF(seq %% 4 = 0, NULL, CONCAT('Person ', seq)), IF(seq %% 4 = 0, NULL, CONCAT('person ', seq)), seq %% 1000 = 999, UTC_TIMESTAMP(6)
			FROM seq_1_to_%d`, benchPeople),
		fmt.Sprintf(`INSERT INTO images (path, file_name, shown_name, status, queued_at, announced_at, created_at, updated_at)
			SELECT
				CONCAT('2026/', LPAD(seq DIV 1000, 4, '0'), '/', MD5(seq), '.jpg'),
				IF(seq %% 2 = 0, CONCAT('IMG_', LPAD(seq %% 10000, 4, '0'), '.JPG'), NULL),
				IF(seq %% 2 = 0, CONCAT('IMG_', LPAD(seq %% 10000, 4, '0'), '.JPG'), CONCAT(MD5(seq), '.jpg')),
				CASE WHEN seq %% 100 < 70 THEN 'unknown' WHEN seq %% 100 < 98 THEN 'identified' WHEN seq %% 100 = 98 THEN 'failed' ELSE 'pending' END,
				UTC_TIMESTAMP(6),
				IF(seq %% 100 = 99, NULL, UTC_TIMESTAMP(6)),
				UTC_TIMESTAMP(6) - INTERVAL 8 * (%[1]d - seq) SECOND,
				UTC_TIMESTAMP(6) - INTERVAL 8 * (%[1]d - seq) SECOND
			FROM seq_1_to_%[1]d`, benchPictures),
		fmt.Sprintf(`INSERT INTO faces (image_id, person_id, image_name, similarity, model)
			SELECT id, IF(id %% 100 < 84 AND id < %d, 1, 2 + id %% %d), CONCAT(id, '.jpg'), 0.7, 'arcface'
			FROM images WHERE status = 'identified'`, 3*benchPictures/4, benchPeople-2),
		`INSERT INTO faces (image_id, model) SELECT id, 'arcface' FROM images WHERE status = 'unknown' AND id % 100 = 1`,
		`ANALYZE TABLE images, faces, person`,
	} {
		if _, err := db.ExecContext(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
	s, err := store.Open(store.Settings{Database: store.Database{DSN: dsn}, Connections: 4})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	loaded := time.Since(start)
	start = time.Now()
	if err := s.Recount(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d pictures loaded in %v, counted in %v", benchPictures, loaded.Round(time.Second), time.Since(start).Round(time.Millisecond))
	return s
}

// BenchmarkFirstPages is the time of every list's first page, by each filter alone and by
// pairs of status, person and time, of one page after it, and of the stats.
func BenchmarkFirstPages(b *testing.B) {
	s := loadBench(b)
	day := 24 * time.Hour
	now := time.Now()
	times := map[string]store.Filter{
		"": {}, "since a day": {Since: now.Add(-day)}, "until a month ago": {Until: now.Add(-30 * day)},
		"a day long ago": {Since: now.Add(-61 * day), Until: now.Add(-60 * day)}, "before the first": {Until: now.Add(-365 * day)},
	}
	for timeName, filter := range times {
		for _, status := range append([]lineup.Status{""}, lineup.Statuses...) {
			for _, person := range []int64{0, 1, 7} {
				f := filter
				f.Status, f.Person, f.Limit = status, person, 50
				name := strings.Trim(fmt.Sprintf("%s person=%d %s", status, person, timeName), " ")
				b.Run("images/"+name, func(b *testing.B) { benchImages(b, s, f) })
			}
		}
	}
	for name, f := range map[string]store.Filter{
		"a folder":             {Path: "2026/0500/"},
		"a hundred folders":    {Path: "2026/04"},
		"every path":           {Path: "2026"},
		"no path":              {Path: "2025"},
		"a file name":          {FileName: "img_1234"},
		"a tenth of all names": {FileName: "IMG_1"},
		"every file name":      {FileName: "IMG"},
		"no file name":         {FileName: "DSC"},
		"the ends of paths":    {FileName: "abc"},
		"status before":        {Status: lineup.Failed, Before: benchPictures / 2},
		"person before":        {Person: 1, Before: benchPictures / 2},
	} {
		f.Limit = 50
		b.Run("images/"+name, func(b *testing.B) { benchImages(b, s, f) })
	}
	yes, no := true, false
	for name, f := range map[string]store.PeopleFilter{
		"all": {}, "named": {Named: &yes}, "strangers": {Named: &no}, "hidden": {Hidden: &yes}, "not hidden": {Hidden: &no},
		"a name": {Query: "person 1234"}, "every name": {Query: "person"}, "strangers not hidden": {Named: &no, Hidden: &no},
		"after": {After: benchPeople / 2}, "strangers after": {Named: &no, After: 400},
	} {
		f.Limit = 50
		b.Run("people/"+name, func(b *testing.B) {
			measure(b, func(ctx context.Context) error {
				_, _, err := s.Profiles(ctx, f)
				return err
			})
		})
	}
	b.Run("person", func(b *testing.B) {
		measure(b, func(ctx context.Context) error {
			_, err := s.Person(ctx, 1)
			return err
		})
	})
	b.Run("counts", func(b *testing.B) {
		measure(b, func(ctx context.Context) error {
			_, err := s.PictureCounts(ctx)
			return err
		})
	})
	b.Run("a picture", func(b *testing.B) {
		const id = benchPictures / 2
		measure(b, func(ctx context.Context) error {
			_, err := s.Image(ctx, id)
			_, _, around := s.Neighbours(ctx, id)
			_, past := s.History(ctx, id)
			return errors.Join(err, around, past)
		})
	})
	b.Run("stats", func(b *testing.B) {
		measure(b, func(ctx context.Context) error {
			_, err := s.Stats(ctx)
			return err
		})
	})
}

func benchImages(b *testing.B, s *store.Store, f store.Filter) {
	b.Helper()
	measure(b, func(ctx context.Context) error {
		_, _, err := s.Images(ctx, f)
		return err
	})
}

func measure(b *testing.B, read func(context.Context) error) {
	b.Helper()
	for b.Loop() {
		if err := read(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms/page")
}
