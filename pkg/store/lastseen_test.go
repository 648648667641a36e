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
		(4, 'Hans', 'hans', NULL, 1, 9, NOW()), (5, 'Eva', 'eva', 2, 0, 0, NOW()), (6, NULL, NULL, NULL, 0, 3, NOW()), (7, 'Nora', 'nora', NULL, 0, 0, NOW()),
		(8, 'Bea', 'bea', NULL, 0, 1, NOW()), (9, 'Bob', 'bob', NULL, 0, 2, NOW())`)
	db.exec(t, `INSERT INTO images (id, path, status, created_at, updated_at) SELECT seq, seq, 'identified', NOW(), NOW() FROM seq_1_to_12010`)
	db.exec(t, `INSERT INTO faces (image_id, person_id) SELECT id, 1 FROM images WHERE id > 10`)
	db.exec(t, `INSERT INTO faces (image_id, person_id) VALUES (1, 1), (1, 2), (2, 3), (3, 3), (3, 6), (4, 4), (5, 5), (12010, 3), (3, 8), (3, 9), (2, 9)`)
	byTime := func(f store.PeopleFilter) ([]store.Profile, int64) {
		people, next, err := db.LastSeen(t.Context(), f)
		testkit.Succeed(t, err)
		return people, next
	}
	byPictures := func(f store.PeopleFilter) ([]store.Profile, int64) {
		f.Order = store.InMost
		people, more, err := db.Profiles(t.Context(), f)
		testkit.Succeed(t, err)
		if !more {
			return people, 0
		}
		return people, people[len(people)-1].ID
	}
	for name, c := range map[string]struct {
		filter     store.PeopleFilter
		seen, most []string
	}{
		"all":        {store.PeopleFilter{}, []string{"Cleo", "Anna", "Ben", "Bob", "Bea"}, []string{"Anna", "Bob", "Cleo", "Ben", "Bea", "Nora"}},
		"by a name":  {store.PeopleFilter{Query: "B"}, []string{"Ben", "Bob", "Bea"}, []string{"Bob", "Ben", "Bea"}},
		"of no name": {store.PeopleFilter{Query: "Zoe"}, nil, nil},
		"not merged": {store.PeopleFilter{Query: "Eva"}, nil, nil},
		"not seen":   {store.PeopleFilter{Query: "Nora"}, nil, []string{"Nora"}},
		"hidden":     {store.PeopleFilter{Hidden: new(true)}, []string{"Hans"}, []string{"Hans"}},
		"not hidden": {store.PeopleFilter{Query: "Hans"}, nil, nil},
	} {
		for _, limit := range []int{1, 2, 50} {
			f := c.filter
			f.Named, f.Limit = new(true), limit
			if f.Hidden == nil {
				f.Hidden = new(bool)
			}
			if seen := db.names(t, f, byTime); !slices.Equal(seen, c.seen) {
				t.Errorf("%s, %d a page: last seen are %q, want %q", name, limit, seen, c.seen)
			}
			if most := db.names(t, f, byPictures); !slices.Equal(most, c.most) {
				t.Errorf("%s, %d a page: by their pictures they are %q, want %q", name, limit, most, c.most)
			}
		}
	}
}
