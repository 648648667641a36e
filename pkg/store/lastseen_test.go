package store_test

import (
	"slices"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

// names are the people of one page, and then those of all pages after it.
func (d database) names(t *testing.T, f store.PeopleFilter, page func(store.PeopleFilter) ([]store.Profile, int64)) (all []string) {
	t.Helper()
	for range 100 {
		people, next := page(f)
		for _, p := range people {
			all = append(all, string(p.Name))
		}
		if f.After = next; next == 0 {
			return all
		}
	}
	t.Fatal("the pages have no end")
	return nil
}

// Eva was merged into Ben, Hans is hidden, and nobody has seen Nora. Many pictures of Anna alone
// are newer than those of the others.
func TestPeopleAreListedByTheirPictures(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.exec(t, `INSERT INTO person (id, name, spelling, merged_into, hidden, pictures, created_at) VALUES
		(1, 'Anna', 'anna', NULL, 0, 12003, NOW()), (2, 'Ben', 'ben', NULL, 0, 2, NOW()), (3, 'Cleo', 'cleo', NULL, 0, 2, NOW()),
		(4, 'Hans', 'hans', NULL, 1, 9, NOW()), (5, 'Eva', 'eva', 2, 0, 0, NOW()), (6, NULL, NULL, NULL, 0, 3, NOW()), (7, 'Nora', 'nora', NULL, 0, 0, NOW())`)
	db.exec(t, `INSERT INTO images (id, path, status, created_at, updated_at) SELECT seq, seq, 'identified', NOW(), NOW() FROM seq_1_to_12010`)
	db.exec(t, `INSERT INTO faces (image_id, person_id) SELECT id, 1 FROM images WHERE id > 10`)
	db.exec(t, `INSERT INTO faces (image_id, person_id) VALUES (1, 1), (1, 2), (2, 3), (3, 3), (3, 6), (4, 4), (5, 5), (12010, 3)`)
	listed := new(bool)
	for _, limit := range []int{1, 2, 50} {
		f := store.PeopleFilter{Named: new(true), Hidden: listed, Limit: limit}
		seen := db.names(t, f, func(f store.PeopleFilter) ([]store.Profile, int64) {
			people, next, err := db.LastSeen(t.Context(), f)
			testkit.Succeed(t, err)
			return people, next
		})
		if want := []string{"Cleo", "Anna", "Ben"}; !slices.Equal(seen, want) {
			t.Errorf("%d a page, last seen are %q, want %q", limit, seen, want)
		}
		f.Order = store.InMost
		most := db.names(t, f, func(f store.PeopleFilter) ([]store.Profile, int64) {
			people, more, err := db.Profiles(t.Context(), f)
			testkit.Succeed(t, err)
			if !more {
				return people, 0
			}
			return people, people[len(people)-1].ID
		})
		if want := []string{"Anna", "Cleo", "Ben", "Nora"}; !slices.Equal(most, want) {
			t.Errorf("%d a page, by their pictures they are %q, want %q", limit, most, want)
		}
	}
	found := db.names(t, store.PeopleFilter{Named: new(true), Hidden: listed, Query: "b", Limit: 5}, func(f store.PeopleFilter) ([]store.Profile, int64) {
		people, next, err := db.LastSeen(t.Context(), f)
		testkit.Succeed(t, err)
		return people, next
	})
	if want := []string{"Ben"}; !slices.Equal(found, want) {
		t.Errorf("of those whose name begins so, last seen are %q, want %q", found, want)
	}
}
