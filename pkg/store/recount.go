package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

const (
	selectPeopleIn = `
		SELECT DISTINCT person_id
		FROM faces
		WHERE person_id IS NOT NULL
			AND image_id IN `

	selectPicturesKnown = `
		SELECT
			id,
			pictures
		FROM person
		WHERE id IN `

	updateCounted = `
		UPDATE person p
		JOIN (%s) new ON new.id = p.id
		SET p.pictures = new.pictures`
)

// RecountIn counts anew in how many pictures those are who are in one of these, also who are
// merged: lists are in that order, and the next ping may be minutes away.
func (s *Store) RecountIn(ctx context.Context, images []int64) error {
	return s.do(ctx, "count the pictures of people", func() error {
		var people []int64
		for chunk := range slices.Chunk(distinctIDs(images), maxValues) {
			list, args := placeholders(chunk)
			some, err := query(ctx, s.db, scanID, selectPeopleIn+list, args...)
			if err != nil {
				return err
			}
			people = append(people, some...)
		}
		now, err := survivors(ctx, s.db, people)
		if err != nil {
			return err
		}
		people = nil
		for _, one := range now {
			people = append(people, one.ID)
		}
		return recountSome(ctx, s.db, distinctIDs(people))
	})
}

// recountSome counts the pictures of survivors. Of those who are in more than a list counts
// the pings count.
func recountSome(ctx context.Context, q executor, people []int64) error {
	for chunk := range slices.Chunk(people, rematchChunk) {
		counted, err := countSome(ctx, q, chunk)
		if err != nil {
			return err
		}
		list, args := placeholders(chunk)
		var values []any
		_, err = query(ctx, q, func(rows *sql.Rows) (id int64, err error) {
			var known int64
			err = rows.Scan(&id, &known)
			if n := counted[id]; n != known && (n < countedInList || known < countedInList) {
				values = append(values, id, n)
			}
			return id, err
		}, selectPicturesKnown+list+" ORDER BY id", args...)
		if err != nil {
			return err
		}
		if len(values) == 0 {
			continue
		}
		if _, err := q.ExecContext(ctx, fmt.Sprintf(updateCounted, union("SELECT ? AS id, ? AS pictures", len(values)/2)), values...); err != nil {
			return err
		}
	}
	return nil
}

// countSome counts the pictures of each, with everybody who was merged into them.
func countSome(ctx context.Context, q querier, people []int64) (map[int64]int64, error) {
	all, err := families(ctx, q, people)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	family := map[int64][]int64{}
	for id, one := range all {
		family[one] = append(family[one], id)
	}
	var counts []string
	var args []any
	for one, ids := range family {
		list, some := placeholders(ids)
		counts, args = append(counts, fmt.Sprintf(countPictures, one, list)), append(append(args, some...), countedInList)
	}
	counted := map[int64]int64{}
	_, err = query(ctx, q, func(rows *sql.Rows) (one int64, err error) {
		var pictures int64
		err = rows.Scan(&one, &pictures)
		counted[one] = pictures
		return one, err
	}, strings.Join(counts, " UNION ALL "), args...)
	return counted, err
}
