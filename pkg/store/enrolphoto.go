package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
)

// isOthers tells whether somebody else has the photo.
func (e *enrolling) isOthers(row photoRow) bool {
	owner, there := e.owners[row.PersonID]
	return there && !row.removed && !owner.Removed && owner.ID != e.person
}

// ownName is the name of a person's photo where another's has the name that it would have.
func ownName(name string, person int64) string {
	extension := path.Ext(name)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, extension), person, extension)
}

// enrolPhoto gives the photo to the person, and tells its id.
func (e *enrolling) enrolPhoto(ctx context.Context, tx *sql.Tx, name string) (int64, error) {
	row, known := e.known[name]
	if !known {
		return e.addPhoto(ctx, tx, name)
	}
	if e.isOthers(row) {
		return 0, ErrOtherPerson
	}
	owner, there := e.owners[row.PersonID]
	renewed, values, err := e.renewed(row, there && owner.ID == e.person)
	if err != nil {
		return 0, err
	}
	// Nobody saw what it shows, or the request brings the file back.
	failed := row.State == PhotoUnusable && (row.Faces == nil && row.Similar == nil || row.gone)
	if len(values) == 0 && !failed {
		return row.ID, nil
	}
	if row.State == PhotoUsable {
		e.moved = append(e.moved, row.ID)
	}
	e.values = append(e.values, values...)
	e.known[name] = renewed
	return row.ID, renewPhoto(ctx, tx, renewed)
}

// addPhoto inserts a photo that has no row.
func (e *enrolling) addPhoto(ctx context.Context, tx *sql.Tx, name string) (int64, error) {
	row := photoRow{Photo: Photo{ImageName: name, PersonID: e.person, State: PhotoPending, Chosen: e.Chosen, Anyway: e.Anyway}}
	result, err := tx.ExecContext(ctx, insertPhoto, name, row.PersonID, nullableID(int64(row.Chosen)), row.Anyway)
	if isOneOf(err, errDuplicate) { // another was first
		return 0, errMoved
	}
	if err != nil {
		return 0, err
	}
	row.ID, err = result.LastInsertId()
	e.added = append(e.added, row.ID)
	e.known[name], e.owners[e.person] = row, survivor{Person: lineup.Person{ID: e.person}} // it may be in the request twice
	e.values = append(e.values, changeValue{Subject: subject("photo", row.ID, "removed"), Before: true, After: false})
	return row.ID, err
}

// renewed is a known photo as the request wants it, and what that changes of it.
func (e *enrolling) renewed(row photoRow, theirs bool) (renewed photoRow, values []changeValue, err error) {
	chosen, err := e.chosen(row)
	if err != nil {
		return row, nil, err
	}
	set := func(field string, before, after any) {
		if before != after {
			values = append(values, changeValue{Subject: subject("photo", row.ID, field), Before: before, After: after})
		}
	}
	renewed = row
	renewed.removed = false
	set("removed", row.removed || row.PersonID == 0, false) // one that waits to be adopted is new
	if !theirs {
		renewed.PersonID = e.person
	}
	if !theirs && row.PersonID != 0 {
		set("person", row.PersonID, e.person)
	}
	renewed.Chosen = chosen
	set("chosen", row.Chosen, chosen)
	if row.removed || e.Anyway && (row.State != PhotoUsable || len(values) > 0) {
		renewed.Anyway = e.Anyway
		set("anyway", row.Anyway, e.Anyway)
	}
	return renewed, values, nil
}

// chosen is which of a known photo's faces is to count: where the request does not say or
// names the one that does, as it is; and where somebody named one that it does not have, none.
func (e *enrolling) chosen(row photoRow) (int, error) {
	var faces []lineup.PhotoFace
	if err := json.Unmarshal(row.Faces, &faces); err != nil {
		faces = nil // nobody has looked at it
	}
	n := len(faces)
	switch {
	case n > 0 && e.Chosen > n:
		return 0, &NoSuchFace{row.Photo, e.Chosen, n}
	case row.removed:
		return e.Chosen, nil
	case e.Chosen == 0 && n > 0 && row.Chosen > n:
		return 0, nil
	case e.Chosen == 0, e.Chosen <= n && faces[e.Chosen-1].Used:
		return row.Chosen, nil
	}
	return e.Chosen, nil
}
