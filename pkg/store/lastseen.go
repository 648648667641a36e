package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math"
	"slices"
)

// How many faces are read to find who was seen last, and how often that is done for one page:
// where somebody alone is in all of them, the page is short, and the next goes on there.
const (
	facesAtOnce  = 2_000
	readsForPage = 5
)

const (
	selectOldestOf = `
		SELECT image_id
		FROM faces FORCE INDEX (faces_image)
		WHERE image_id < ?
		ORDER BY image_id DESC
		LIMIT 1
		OFFSET ?`

	selectSeen = `
		SELECT
			person_id,
			MAX(image_id)
		FROM faces FORCE INDEX (faces_image)
		WHERE image_id >= ?
			AND image_id < ?
			AND person_id IS NOT NULL
		GROUP BY person_id
		ORDER BY
			MAX(image_id) DESC,
			person_id DESC`
)

// LastSeen lists persons who are in a picture, in the order of the newest that they are in.
// The filter's After is a picture: those who are in it or in newer ones are not listed. Those
// whose newest picture is the same come together, even above the limit. Next is what After is
// for the next page; 0 where there is none.
func (s *Store) LastSeen(ctx context.Context, f PeopleFilter) (profiles []Profile, next int64, err error) {
	err = s.do(ctx, "read who was seen last", func() error {
		profiles, next = nil, 0
		asked, few, err := s.asked(ctx, f)
		if err != nil {
			return err
		}
		if few {
			profiles, next, err = s.lastSeenOf(ctx, f, asked)
			return err
		}
		listed, before := map[int64]bool{}, cmp.Or(f.After, math.MaxInt64)
		for range readsForPage {
			oldest, err := query(ctx, s.db, scanID, selectOldestOf, before, facesAtOnce-1)
			if err != nil {
				return err
			}
			from := int64(0)
			if len(oldest) > 0 {
				from = oldest[0]
			}
			if next, err = s.addSeen(ctx, f, from, before, listed, &profiles); err != nil || next != 0 {
				return err
			}
			if from == 0 {
				return nil
			}
			before, next = from, from
		}
		return nil
	})
	return profiles, next, err
}

// seenLast is a person, and the newest picture that they are in.
type seenLast struct{ person, image int64 }

// lastSeenOf lists these persons as LastSeen does.
func (s *Store) lastSeenOf(ctx context.Context, f PeopleFilter, people []int64) (profiles []Profile, next int64, err error) {
	newest, err := s.newestPictures(ctx, people)
	if err != nil {
		return nil, 0, err
	}
	var seen []seenLast
	for person, image := range newest {
		if f.After == 0 || image < f.After {
			seen = append(seen, seenLast{person, image})
		}
	}
	slices.SortFunc(seen, func(a, b seenLast) int {
		return cmp.Or(cmp.Compare(b.image, a.image), cmp.Compare(b.person, a.person))
	})
	if n := onOnePage(seen, f.Limit); n < len(seen) {
		next, seen = seen[n-1].image, seen[:n]
	}
	if len(seen) == 0 {
		return nil, 0, nil
	}
	rows, err := s.passing(ctx, f, personsOf(seen), "")
	if err != nil {
		return nil, 0, err
	}
	profiles, err = s.profiles(ctx, rows, countedInList)
	return profiles, next, err
}

// onOnePage is how many of the first of these come on a page: so many, and whoever is in the
// same picture as the last of them.
func onOnePage(seen []seenLast, limit int) int {
	n := min(limit, len(seen))
	for n > 0 && n < len(seen) && seen[n].image == seen[n-1].image {
		n++
	}
	return n
}

func personsOf(seen []seenLast) (people []int64) {
	for _, one := range seen {
		people = append(people, one.person)
	}
	return people
}

// addSeen adds those who are in pictures from the one up to the other. Next is the newest
// picture of the last of them once there are enough.
func (s *Store) addSeen(ctx context.Context, f PeopleFilter, from, before int64, listed map[int64]bool, profiles *[]Profile) (next int64, err error) {
	seen, err := query(ctx, s.db, func(rows *sql.Rows) (one seenLast, err error) {
		err = rows.Scan(&one.person, &one.image)
		return one, err
	}, selectSeen, from, before)
	if err != nil {
		return 0, err
	}
	for len(seen) > 0 {
		n := onOnePage(seen, f.Limit)
		if err := s.addProfiles(ctx, f, seen[:n], listed, profiles); err != nil {
			return 0, err
		}
		last := seen[n-1].image
		if seen = seen[n:]; len(*profiles) >= f.Limit {
			return last, nil
		}
	}
	return 0, nil
}

// addProfiles adds those who pass the filter and are not listed yet, on this page or before.
func (s *Store) addProfiles(ctx context.Context, f PeopleFilter, seen []seenLast, listed map[int64]bool, profiles *[]Profile) error {
	who, err := survivors(ctx, s.db, personsOf(seen))
	if err != nil {
		return err
	}
	var people []int64
	for _, one := range seen {
		if is, there := who[one.person]; there && !listed[is.ID] {
			listed[is.ID] = true
			people = append(people, is.ID)
		}
	}
	if people, err = s.notSeenSince(ctx, people, f.After); err != nil || len(people) == 0 {
		return err
	}
	rows, err := s.passing(ctx, f, people, "")
	if err != nil {
		return err
	}
	some, err := s.profiles(ctx, rows, countedInList)
	*profiles = append(*profiles, some...)
	return err
}

// notSeenSince leaves out who is in that picture or a newer one: an earlier page has them.
func (s *Store) notSeenSince(ctx context.Context, people []int64, image int64) ([]int64, error) {
	if image == 0 || len(people) == 0 {
		return people, nil
	}
	newest, err := s.newestPictures(ctx, people)
	return slices.DeleteFunc(people, func(id int64) bool { return newest[id] >= image }), err
}

// newestPictures are the newest that persons are in, or somebody who was merged into them;
// who is in none is left out.
func (s *Store) newestPictures(ctx context.Context, people []int64) (map[int64]int64, error) {
	newest := map[int64]int64{}
	family, err := families(ctx, s.db, people)
	if err != nil {
		return nil, err
	}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(family)), maxValues) {
		list, args := placeholders(chunk)
		_, err := query(ctx, s.db, func(rows *sql.Rows) (one seenLast, err error) {
			err = rows.Scan(&one.person, &one.image)
			newest[family[one.person]] = max(newest[family[one.person]], one.image)
			return one, err
		}, fmt.Sprintf(selectNewest, list), args...)
		if err != nil {
			return nil, err
		}
	}
	return newest, nil
}
