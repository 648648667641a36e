package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

const (
	selectUndone = `
		SELECT
			id,
			action,
			person_id,
			image_id,
			face_id,
			undoes
		FROM changes
		WHERE id IN `

	selectUndoes = `
		SELECT
			id,
			undoes
		FROM changes
		WHERE undoes IN `
)

// addUndone adds to those that took one back which that was, and gives who they are about.
func addUndone(ctx context.Context, q querier, changes []Change) (people []int64, err error) {
	unread := map[int64][]*Change{} // those that took it back
	for i := range changes {
		if id := changes[i].Undoes; id != 0 {
			unread[id] = append(unread[id], &changes[i])
		}
	}
	for len(unread) > 0 {
		next := map[int64][]*Change{}
		for chunk := range slices.Chunk(slices.Collect(maps.Keys(unread)), maxValues) {
			list, args := placeholders(chunk)
			_, err := query(ctx, q, func(rows *sql.Rows) (c Change, err error) {
				var person, undoes sql.NullInt64
				err = rows.Scan(&c.ID, &c.Action, &person, &c.Image, &c.Face, &undoes)
				c.Undoes = undoes.Int64
				for _, by := range unread[c.ID] {
					one := c
					if person.Valid {
						one.Person = &lineup.Person{ID: person.Int64}
						people = append(people, person.Int64)
					}
					if by.Undone = &one; one.Undoes != 0 {
						next[one.Undoes] = append(next[one.Undoes], &one)
					}
				}
				return c, err
			}, selectUndone+list, args...)
			if err != nil {
				return nil, err
			}
		}
		unread = next
	}
	return people, nil
}

// undoneBy tells of each change that is not in force the one that took it back last. One
// that was taken back, and that taken back too, is in force.
func undoneBy(ctx context.Context, q querier, ids []int64) (map[int64]int64, error) {
	next := map[int64]int64{}
	for unread := distinctIDs(ids); len(unread) > 0; {
		var found []int64
		for chunk := range slices.Chunk(unread, maxValues) {
			list, args := placeholders(chunk)
			some, err := query(ctx, q, func(rows *sql.Rows) (id int64, err error) {
				var undoes int64
				err = rows.Scan(&id, &undoes)
				next[undoes] = id
				return id, err
			}, selectUndoes+list, args...)
			if err != nil {
				return nil, err
			}
			found = append(found, some...)
		}
		unread = found
	}
	undone := map[int64]int64{}
	for _, id := range ids {
		last, odd := id, false
		for next[last] != 0 {
			last, odd = next[last], !odd
		}
		if odd {
			undone[id] = last
		}
	}
	return undone, nil
}
