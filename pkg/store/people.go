package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

const (
	personColumns = `
			id,
			name,
			spelling,
			merged_into,
			removed_at IS NOT NULL,
			hidden,
			cover,
			pictures`

	insertPerson = `
		INSERT INTO person (name, spelling, created_at)
		VALUES (?, ?, UTC_TIMESTAMP(6))`

	selectBySpelling = `
		SELECT ` + personColumns + `
		FROM person
		WHERE spelling = ?
			AND removed_at IS NULL
		ORDER BY id`

	selectPerson = `
		SELECT ` + personColumns + `
		FROM person
		WHERE removed_at IS NULL
			AND id = ?`

	selectPersonForUpdate = `
		SELECT ` + personColumns + `
		FROM person
		WHERE id IN %s
		ORDER BY id
		FOR UPDATE`

	selectPeople = `
		SELECT ` + personColumns + `
		FROM person
		WHERE merged_into IS NULL
			AND removed_at IS NULL`

	// The server's own choice would be to read all who are not hidden.
	selectPeopleByID = `
		SELECT ` + personColumns + `
		FROM person FORCE INDEX (PRIMARY)
		WHERE merged_into IS NULL
			AND removed_at IS NULL`

	// Who is in the most pictures comes first. The last page's last may be in more of them by
	// now: nobody is passed over for that, but may come twice. As numbers these are two ranges of
	// an index, however many are in as many pictures.
	selectPictures = `
		SELECT pictures
		FROM person
		WHERE id = ?`
	afterPictures = `
		AND (pictures < ? OR pictures = ? AND id < ?)`
	mostPictures = `
		ORDER BY
			pictures DESC,
			id DESC
		LIMIT ?`

	afterPerson = `
		AND id > ?`
	firstAdded = `
		ORDER BY id
		LIMIT ?`

	// By spelling, so that "anna" stands beside "Anna". Where the last page's last has no name
	// any more, the list begins anew: nobody is passed over.
	byName = `
		AND spelling IS NOT NULL`
	afterName = `
		AND spelling >= COALESCE((SELECT a.spelling FROM person a WHERE a.id = ?), '')
		AND (spelling > COALESCE((SELECT a.spelling FROM person a WHERE a.id = ?), '') OR id > ?)`
	inOrderOfNames = `
		ORDER BY
			spelling,
			id
		LIMIT ?`

	beforePerson = `
		AND id < ?`
	lastAdded = `
		ORDER BY id DESC
		LIMIT ?`

	updatePersonRemoved = `
		UPDATE person
		SET removed_at = IF(?, UTC_TIMESTAMP(6), NULL)
		WHERE id = ?`

	updatePersonName = `
		UPDATE person
		SET name = ?,
			spelling = ?
		WHERE id = ?`

	updatePersonHidden = `
		UPDATE person
		SET hidden = ?
		WHERE id = ?`

	updatePersonCover = `
		UPDATE person
		SET cover = ?
		WHERE id = ?`
)

// peopleSpelled gives who has a name of that spelling: those who were merged with nobody,
// else those with whom they were merged.
func peopleSpelled(ctx context.Context, q querier, spelling string) ([]lineup.Person, error) {
	if spelling == "" {
		return nil, nil
	}
	rows, err := query(ctx, q, scanPersonRow, selectBySpelling, spelling)
	if err != nil {
		return nil, err
	}
	var people []lineup.Person
	var merged []int64
	for _, row := range rows {
		if row.into.Valid {
			merged = append(merged, row.ID)
		} else {
			people = append(people, row.Person)
		}
	}
	if len(people) > 0 || len(merged) == 0 {
		return people, nil
	}
	all, err := survivors(ctx, q, merged)
	if err != nil {
		return nil, err
	}
	for _, id := range merged {
		if one, there := all[id]; there && !one.Removed && !slices.Contains(people, one.Person) {
			people = append(people, one.Person)
		}
	}
	return people, nil
}

// createPerson inserts a person. Whoever does holds the spelling's lock.
func createPerson(ctx context.Context, tx *sql.Tx, name, spelling string) (id int64, err error) {
	result, err := tx.ExecContext(ctx, insertPerson, nullable(lineup.PlainName(name)), nullable(spelling))
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// personRow is what a person's row tells.
type personRow struct {
	lineup.Person
	spelling string
	into     sql.NullInt64
	removed  bool
	hidden   bool
	cover    sql.NullInt64
	pictures int64 // as the last ping counted
}

// lockPeople holds the persons' rows, in the order of their ids. errMoved says that one
// is not there.
func lockPeople(ctx context.Context, tx *sql.Tx, ids ...int64) (rows []personRow, err error) {
	distinct := distinctIDs(ids)
	for chunk := range slices.Chunk(distinct, maxValues) {
		list, args := placeholders(chunk)
		some, err := query(ctx, tx, scanPersonRow, fmt.Sprintf(selectPersonForUpdate, list), args...)
		if err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	if len(rows) != len(distinct) {
		return nil, errMoved
	}
	return rows, nil
}

// lockSurvivors is lockPeople for persons who were just found to be survivors: errMoved
// says that one was merged or removed in between.
func lockSurvivors(ctx context.Context, tx *sql.Tx, ids ...int64) ([]personRow, error) {
	rows, err := lockPeople(ctx, tx, ids...)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.into.Valid || row.removed {
			return nil, errMoved
		}
	}
	return rows, nil
}

func scanPersonRow(rows *sql.Rows) (row personRow, err error) {
	var name, spelling sql.NullString
	err = rows.Scan(&row.ID, &name, &spelling, &row.into, &row.removed, &row.hidden, &row.cover, &row.pictures)
	row.Name, row.spelling = lineup.Name(name.String), spelling.String
	return row, err
}
