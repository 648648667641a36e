package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

const (
	// In this order, as MySQL sets one column after the other.
	updateGallery = `
		UPDATE gallery
		SET named_state = state + 1,
			state = state + 1
		WHERE id = 1`

	updateStrangers = `
		UPDATE gallery
		SET state = state + 1,
			strangers = strangers + ?
		WHERE id = 1`

	selectGallery = `
		SELECT state
		FROM gallery
		WHERE id = 1`

	stampPeople = `
		UPDATE person
		SET gallery_state = ?
		WHERE id IN `

	stampPhotos = `
		UPDATE person_images
		SET gallery_state = ?
		WHERE id IN `
)

// bumpGallery begins the gallery's next state and stamps the rows that make it. It is a
// transaction's last lock, and held until the commit: so states are in the order of
// commits, and who sees one sees every change up to it. The rows are locked before.
func bumpGallery(ctx context.Context, tx *sql.Tx, people, photos []int64) (state int64, err error) {
	if _, err := tx.ExecContext(ctx, updateGallery); err != nil {
		return 0, err
	}
	return stamp(ctx, tx, people, photos)
}

// bumpStrangers is bumpGallery for what moves no answer about people with a name: the face
// server reads it, and nothing is compared again for it. Begun is how many strangers more there are.
func bumpStrangers(ctx context.Context, tx *sql.Tx, begun int64, people, photos []int64) (state int64, err error) {
	if _, err := tx.ExecContext(ctx, updateStrangers, begun); err != nil {
		return 0, err
	}
	return stamp(ctx, tx, people, photos)
}

// stamp stamps the rows that make the gallery's state.
func stamp(ctx context.Context, tx *sql.Tx, people, photos []int64) (state int64, err error) {
	if err := tx.QueryRowContext(ctx, selectGallery).Scan(&state); err != nil {
		return 0, err
	}
	for _, rows := range []struct {
		statement string
		ids       []int64
	}{{stampPeople, people}, {stampPhotos, photos}} {
		for chunk := range slices.Chunk(rows.ids, maxValues) {
			list, args := placeholders(chunk)
			if _, err := tx.ExecContext(ctx, rows.statement+list, slices.Concat([]any{state}, args)...); err != nil {
				return 0, err
			}
		}
	}
	return state, nil
}

// survivor is who a person is once everybody was merged.
type survivor struct {
	lineup.Person
	Removed bool // enrolling was undone, or erased: nobody by machine
	Erased  bool // for good: what is theirs becomes nobody's
}

// selectPointers also tells whose row it is.
const selectPointers = `
	SELECT
		id,
		name,
		merged_into,
		removed_at IS NOT NULL,
		erased_at IS NOT NULL
	FROM person
	WHERE id IN `

// survivors tells who each of these persons is: at the end of the pointers that merging
// leaves; those there are themselves. One of whom there is no row is left out, and so is a circle, which only a hand
// in the database can make.
func survivors(ctx context.Context, q querier, ids []int64) (map[int64]survivor, error) {
	type row struct {
		survivor
		into sql.NullInt64
	}
	rows := map[int64]row{}
	for unread := distinctIDs(ids); len(unread) > 0; {
		var next []int64
		for chunk := range slices.Chunk(unread, maxValues) {
			list, args := placeholders(chunk)
			read, err := query(ctx, q, func(r *sql.Rows) (one row, err error) {
				var name sql.NullString
				err = r.Scan(&one.ID, &name, &one.into, &one.Removed, &one.Erased)
				one.Name = lineup.Name(name.String)
				return one, err
			}, selectPointers+list, args...)
			if err != nil {
				return nil, err
			}
			for _, one := range read {
				rows[one.ID] = one
				next = append(next, one.into.Int64)
			}
		}
		unread = slices.DeleteFunc(distinctIDs(next), func(id int64) bool { _, known := rows[id]; return known })
	}
	all := make(map[int64]survivor, len(ids))
	for _, id := range ids {
		one, there := rows[id]
		for steps := 0; there && one.into.Valid; steps++ {
			if one, there = rows[one.into.Int64]; steps > len(rows) {
				there = false
			}
		}
		if there {
			all[id], all[one.ID] = one.survivor, one.survivor
		}
	}
	return all, nil
}

// survivorOf is survivors of one person; ErrNotFound when there is none, or enrolling
// them was undone.
func survivorOf(ctx context.Context, q querier, id int64) (lineup.Person, error) {
	all, err := survivors(ctx, q, []int64{id})
	if err != nil {
		return lineup.Person{}, err
	}
	one, there := all[id]
	if !there || one.Removed {
		return lineup.Person{}, ErrNotFound
	}
	return one.Person, nil
}

// survivorsOf is survivors of persons who all have to be there; ErrNotFound if not.
func survivorsOf(ctx context.Context, q querier, ids []int64) (map[int64]lineup.Person, error) {
	all, err := survivors(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	people := make(map[int64]lineup.Person, len(ids))
	for _, id := range ids {
		one, there := all[id]
		if !there || one.Removed {
			return nil, ErrNotFound
		}
		people[id] = one.Person
	}
	return people, nil
}

const selectMerged = `
	SELECT
		id,
		merged_into
	FROM person
	WHERE merged_into IN `

// members gives the persons and everybody who was merged into them.
func members(ctx context.Context, q querier, ids ...int64) ([]int64, error) {
	all, err := families(ctx, q, ids)
	return slices.Sorted(maps.Keys(all)), err
}

// families gives the persons and everybody who was merged into them, each with the one
// of the persons to whom that led.
func families(ctx context.Context, q querier, ids []int64) (map[int64]int64, error) {
	family := map[int64]int64{}
	unread := distinctIDs(ids)
	for _, id := range unread {
		family[id] = id
	}
	for len(unread) > 0 {
		var next []int64
		for chunk := range slices.Chunk(unread, maxValues) {
			list, args := placeholders(chunk)
			_, err := query(ctx, q, func(rows *sql.Rows) (id int64, err error) {
				var into int64
				err = rows.Scan(&id, &into)
				if _, known := family[id]; !known {
					family[id] = family[into]
					next = append(next, id)
				}
				return id, err
			}, selectMerged+list, args...)
			if err != nil {
				return nil, err
			}
		}
		unread = next
	}
	return family, nil
}

// distinctIDs gives each id once, in their order, which is that of locking; 0 is none.
func distinctIDs(ids []int64) []int64 {
	sorted := slices.Clone(ids)
	slices.Sort(sorted)
	return slices.DeleteFunc(slices.Compact(sorted), func(id int64) bool { return id == 0 })
}
