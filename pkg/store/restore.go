package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// restore sets everything back. Faces come last: whose they are depends on the others.
func (u *undoing) restore(ctx context.Context, tx *sql.Tx) error {
	byPhoto, faces := map[int64][]setting{}, []setting{}
	for _, s := range u.settings {
		if !s.sets() {
			continue
		}
		var err error
		switch s.kind {
		case "person":
			err = u.restorePerson(ctx, tx, s)
		case "photo":
			byPhoto[s.id] = append(byPhoto[s.id], s)
		case "different":
			err = restoreDifferent(ctx, tx, s)
		case "image":
			if err = ErrFinal; s.field == contentField {
				err = ErrContentChanged
			}
		case "face":
			faces = append(faces, s)
		default:
			err = fmt.Errorf("a change is about %q, which is nothing known", s.subject)
		}
		if err != nil {
			return err
		}
	}
	for id, settings := range byPhoto {
		if err := u.restorePhoto(ctx, tx, id, settings); err != nil {
			return err
		}
	}
	if len(faces) == 0 {
		return nil
	}
	photos, err := setFaces(ctx, tx, faces)
	u.movedPhotos = append(u.movedPhotos, photos...)
	return err
}

func (u *undoing) restorePerson(ctx context.Context, tx *sql.Tx, s setting) (err error) {
	row := u.people[s.id]
	switch s.field {
	case "name":
		var name string
		if err := json.Unmarshal(s.before, &name); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, updatePersonName, nullable(name), nullable(Spelling(name)), s.id)
		if (name == "") != (row.Name == "") {
			u.movedPeople = append(u.movedPeople, s.id)
		}
	case "merged_into":
		if slices.Contains(u.paths[s.id], s.id) {
			return ErrSamePerson
		}
		var into sql.NullInt64
		if path := u.paths[s.id]; len(path) > 0 {
			into = nullableID(path[0])
		}
		_, err = tx.ExecContext(ctx, updateMergedInto, into, s.id)
		u.movedPeople = append(u.movedPeople, s.id)
	case "removed":
		_, err = execValue[bool](ctx, tx, updatePersonRemoved, s)
		u.movedPeople = append(u.movedPeople, s.id)
	case "hidden":
		_, err = execValue[bool](ctx, tx, updatePersonHidden, s)
	case "cover":
		var cover int64
		if err := json.Unmarshal(s.before, &cover); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, updatePersonCover, nullableID(cover), s.id)
	default:
		err = fmt.Errorf("a change is about %q, which is nothing known", s.subject)
	}
	return err
}

// execValue runs a statement with what the setting was before, and its id.
func execValue[T any](ctx context.Context, tx *sql.Tx, statement string, s setting) (value T, err error) {
	if err := json.Unmarshal(s.before, &value); err != nil {
		return value, err
	}
	_, err = tx.ExecContext(ctx, statement, value, s.id)
	return value, err
}

func (u *undoing) restorePhoto(ctx context.Context, tx *sql.Tx, id int64, settings []setting) error {
	row, there := u.photos[id]
	if !there {
		return ErrNotFound
	}
	before, renew := row, false
	for _, s := range settings {
		var err error
		switch s.field {
		case "removed":
			err = json.Unmarshal(s.before, &row.removed)
		case "person":
			err, renew = json.Unmarshal(s.before, &row.PersonID), true
		case "chosen":
			err, renew = json.Unmarshal(s.before, &row.Chosen), true
		case "anyway":
			err, renew = json.Unmarshal(s.before, &row.Anyway), true
		default:
			err = fmt.Errorf("a change is about %q, which is nothing known", s.subject)
		}
		if err != nil {
			return err
		}
	}
	if renew {
		if err := renewPhoto(ctx, tx, row); err != nil {
			return err
		}
	}
	if before.State == PhotoUsable {
		u.movedPhotos = append(u.movedPhotos, id)
	}
	_, err := tx.ExecContext(ctx, updatePhotoRemoved, row.removed, id)
	return err
}

func restoreDifferent(ctx context.Context, tx *sql.Tx, s setting) error {
	other, err := strconv.ParseInt(s.field, 10, 64)
	if err != nil {
		return err
	}
	statement := deleteDifferent
	if string(s.before) == "true" {
		statement = insertDifferent
	}
	_, err = tx.ExecContext(ctx, statement, s.id, other)
	return err
}
