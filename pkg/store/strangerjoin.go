package store

import (
	"context"
	"database/sql"
	"fmt"
)

const (
	// The gallery's row is held, for which whoever holds one of these may wait: where that is
	// so the transaction begins anew.
	selectPersonNow = selectPersonForUpdate + ` NOWAIT`

	selectTogether = `
		SELECT 1
		FROM faces a
		JOIN faces b ON b.image_id = a.image_id
		WHERE a.person_id IN %s
			AND b.person_id IN %s
		LIMIT 1`
)

// join makes two strangers one and tells who that is: the elder, if it may be. The other's
// row points there, as after a merge. Two whom a picture shows side by side are not one, and
// what a hand ever touched, hands alone join.
func (s *settling) join(ctx context.Context, tx *sql.Tx, one, other int64) (int64, error) {
	into, from := min(one, other), max(one, other)
	moving, err := joinable(ctx, tx, into, from)
	if err != nil || len(moving) == 0 {
		return one, err
	}
	for _, id := range moving { // no hand merged any of them: there is nothing to undo
		if _, err := tx.ExecContext(ctx, updateMergedInto, into, id); err != nil {
			return one, err
		}
	}
	s.people = append(s.people, moving...)
	s.begun--
	for id, who := range s.who {
		if who.ID == from {
			who.ID = into
			s.who[id] = who
		}
	}
	return into, nil
}

// joinable holds two strangers, the elder first, and gives all who are the younger: nobody
// where the two may not be joined.
func joinable(ctx context.Context, tx *sql.Tx, into, from int64) ([]int64, error) {
	rows, err := query(ctx, tx, scanPersonRow, fmt.Sprintf(selectPersonNow, "(?, ?)"), into, from)
	if err != nil {
		return nil, err
	}
	if len(rows) != 2 {
		return nil, errMoved
	}
	all := make([][]int64, 2)
	for i, row := range rows {
		if row.Name != "" || row.into.Valid || row.removed {
			return nil, nil
		}
		if all[i], err = members(ctx, tx, row.ID); err != nil {
			return nil, err
		}
		if touched, err := touchedByHand(ctx, tx, all[i]); err != nil || touched {
			return nil, err
		}
	}
	first, args := placeholders(all[0])
	second, more := placeholders(all[1])
	together, err := query(ctx, tx, scanID, fmt.Sprintf(selectTogether, first, second), append(args, more...)...)
	if err != nil || len(together) > 0 {
		return nil, err
	}
	return all[1], nil
}
