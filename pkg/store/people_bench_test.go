package store_test

import (
	"cmp"
	"os"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

// BenchmarkPeople is what it takes to change people with 100,000 faces each, the answer
// with what is known of them included.
func BenchmarkPeople(b *testing.B) {
	db := newDatabase(b)
	one, other := db.person(b, "one", "1.jpg"), db.person(b, "other", "2.jpg")
	db.exec(b, `INSERT INTO images (path, status, created_at, updated_at)
		SELECT CONCAT(seq, '.jpg'), 'identified', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM seq_1_to_100000`)
	for _, person := range []int64{one.ID, other.ID} {
		db.exec(b, `INSERT INTO faces (image_id, person_id, image_name) SELECT id, ?, 'a.jpg' FROM images`, person)
	}
	for _, table := range []string{"images", "faces", "person"} {
		db.scan(b, "ANALYZE TABLE "+table, new(any), new(any), new(any), new(any))
	}
	last := func() int64 {
		changes, _, err := db.Changes(b.Context(), store.ChangeFilter{Limit: 1})
		if err != nil {
			b.Fatal(err)
		}
		return changes[0].ID
	}
	b.Run("name", func(b *testing.B) {
		for i := range b.N {
			testkit.Must(db.PatchPerson(b.Context(), one.ID, store.PersonPatch{Name: &[]string{"an", "uno"}[i%2]}, ""))(b)
		}
	})
	b.Run("merge", func(b *testing.B) {
		for range b.N {
			testkit.Must(db.MergePeople(b.Context(), one.ID, []int64{other.ID}, ""))(b)
			b.StopTimer()
			testkit.Must(db.UndoChange(b.Context(), last(), ""))(b)
			b.StartTimer()
		}
	})
	b.Run("undo", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			testkit.Must(db.MergePeople(b.Context(), one.ID, []int64{other.ID}, ""))(b)
			merge := last()
			b.StartTimer()
			testkit.Must(db.UndoChange(b.Context(), merge, ""))(b)
		}
	})
	b.Run("list", func(b *testing.B) {
		for range b.N {
			if _, _, err := db.Profiles(b.Context(), store.PeopleFilter{Limit: 50}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkSimilarPeople is what it takes to ask who could be the same person, among
// 100,000 photos of 20,000 people.
func BenchmarkSimilarPeople(b *testing.B) {
	db := newDatabase(b)
	db.exec(b, `INSERT INTO person (name, spelling, created_at)
		SELECT CONCAT('name ', seq), CONCAT('name ', seq), UTC_TIMESTAMP(6) FROM seq_1_to_20000`)
	db.exec(b, `INSERT INTO person_images (image_name, person_id, state, created_at)
		SELECT CONCAT(seq, '.jpg'), 1 + seq MOD 20000, 'usable', UTC_TIMESTAMP(6) FROM seq_1_to_100000`)
	db.exec(b, `INSERT INTO descriptors (photo_id, model, descriptor)
		SELECT id, 'm', REPEAT(UNHEX('0000003D'), 512) FROM person_images`)
	for b.Loop() {
		if similar, err := db.SimilarPeople(b.Context(), 7, 0.4); err != nil || len(similar) != 20 {
			b.Fatal(len(similar), err)
		}
	}
}

// BenchmarkNamingAStranger is what it takes to name somebody with many faces, 1000 or
// STRANGER_FACES of them, the answer included.
func BenchmarkNamingAStranger(b *testing.B) {
	db := newDatabase(b)
	faces := cmp.Or(os.Getenv("STRANGER_FACES"), "1000")
	stranger := db.person(b, "somebody", "1.jpg")
	db.exec(b, `INSERT INTO images (path, status, created_at, updated_at)
		SELECT CONCAT(seq, '.jpg'), 'unknown', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM seq_1_to_1000000 LIMIT `+faces)
	db.exec(b, `INSERT INTO faces (image_id, person_id, decided_by, image_name) SELECT id, ?, 'stranger', '1.jpg' FROM images`, stranger.ID)
	for _, table := range []string{"images", "faces", "person"} {
		db.scan(b, "ANALYZE TABLE "+table, new(any), new(any), new(any), new(any))
	}
	name := "Anna"
	for b.Loop() {
		b.StopTimer()
		db.exec(b, "UPDATE person SET name = NULL, spelling = NULL WHERE id = ?", stranger.ID)
		b.StartTimer()
		testkit.Must(db.PatchPerson(b.Context(), stranger.ID, store.PersonPatch{Name: &name}, ""))(b)
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		b.Logf("%s faces, load %s", faces, load)
	}
}
