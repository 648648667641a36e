package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// lock holds all that the change is about, in the order that everybody keeps.
func (u *undoing) lock(ctx context.Context, tx *sql.Tx) error {
	faces, people, photos, err := u.subjects()
	if err != nil {
		return err
	}
	if err := u.lockNames(ctx, tx); err != nil {
		return err
	}
	if err := lockImagesOf(ctx, tx, faces); err != nil {
		return err
	}
	paths, err := u.readPaths(ctx, tx)
	if err != nil {
		return err
	}
	for _, path := range paths {
		people = append(people, path...)
	}
	rows, err := lockPeople(ctx, tx, people...)
	if err != nil {
		return err
	}
	for _, row := range rows {
		u.people[row.ID] = row
	}
	if u.paths, err = u.readPaths(ctx, tx); err != nil {
		return err
	}
	for id, path := range u.paths {
		if !slices.Equal(path, paths[id]) {
			return errMoved
		}
	}
	locked, err := lockPhotos(ctx, tx, photos)
	for _, row := range locked {
		u.photos[row.ID] = row
	}
	return err
}

// subjects are the ids of all that the change is about.
func (u *undoing) subjects() (faces, people, photos []int64, err error) {
	for _, s := range u.settings {
		switch s.kind {
		case "face":
			faces = append(faces, s.id)
		case "person":
			people = append(people, s.id)
		case "different":
			other, err := strconv.ParseInt(s.field, 10, 64)
			if err != nil {
				return nil, nil, nil, err
			}
			people = append(people, s.id, other)
		case "photo":
			photos = append(photos, s.id)
		}
	}
	return faces, people, photos, nil
}

// checkErased answers ErrErased where anybody whom the change touches was erased, or a face
// or photo of it was theirs. It is asked once the rows are held.
func (u *undoing) checkErased(ctx context.Context, tx *sql.Tx) error {
	faces, people, photos, err := u.subjects()
	if err != nil {
		return err
	}
	for _, s := range u.settings {
		people = append(people, s.people()...)
	}
	who, err := survivors(ctx, tx, slices.Concat(people, u.about.People, []int64{u.about.Person}))
	if err != nil {
		return err
	}
	for _, one := range who {
		if one.Erased {
			return ErrErased
		}
	}
	for _, of := range []struct {
		statement string
		ids       []int64
	}{{selectErasedFaces, faces}, {selectErasedPhotos, photos}} {
		for chunk := range slices.Chunk(of.ids, maxValues) {
			list, args := placeholders(chunk)
			erased, err := query(ctx, tx, scanID, of.statement+list, args...)
			if err != nil {
				return err
			}
			if len(erased) > 0 {
				return ErrErased
			}
		}
	}
	return nil
}

const (
	selectErasedFaces = `
		SELECT id
		FROM faces
		WHERE erased = 1
			AND id IN `

	selectErasedPhotos = `
		SELECT id
		FROM person_images
		WHERE erased_at IS NOT NULL
			AND id IN `
)

// people are the persons that the setting has as its values.
func (s setting) people() (ids []int64) {
	for _, value := range []json.RawMessage{s.before, s.after} {
		var one int64
		var several []int64
		switch s.field {
		case "person", "merged_into":
			json.Unmarshal(value, &one) //nolint:errcheck // null is nobody
		case "not":
			json.Unmarshal(value, &several) //nolint:errcheck // likewise
		}
		ids = append(append(ids, one), several...)
	}
	return ids
}

// lockNames holds the spellings of the names that somebody gets or comes back with.
func (u *undoing) lockNames(ctx context.Context, tx *sql.Tx) error {
	var spellings []string
	for _, s := range u.settings {
		if s.kind != "person" || !s.sets() {
			continue
		}
		switch s.field {
		case "name":
			var name string
			if err := json.Unmarshal(s.before, &name); err != nil {
				return err
			}
			spellings = append(spellings, Spelling(name))
		case "removed":
			people, err := survivors(ctx, tx, []int64{s.id})
			if err != nil {
				return err
			}
			spellings = append(spellings, Spelling(string(people[s.id].Name)))
		}
	}
	return lockSpellings(ctx, tx, slices.DeleteFunc(spellings, func(s string) bool { return s == "" })...)
}

// readPaths gives of each person who is to be merged again everybody on the way to who
// they are then.
func (u *undoing) readPaths(ctx context.Context, tx *sql.Tx) (map[int64][]int64, error) {
	paths := map[int64][]int64{}
	for _, s := range u.settings {
		if s.kind != "person" || s.field != "merged_into" || string(s.before) == jsonNull {
			continue
		}
		var next sql.NullInt64
		if err := json.Unmarshal(s.before, &next.Int64); err != nil {
			return nil, err
		}
		next.Valid = true
		for next.Valid && !slices.Contains(paths[s.id], next.Int64) {
			paths[s.id] = append(paths[s.id], next.Int64)
			rows, err := query(ctx, tx, scanNullID, selectMergedInto, next.Int64)
			if err != nil {
				return nil, err
			}
			if next = (sql.NullInt64{}); len(rows) > 0 {
				next = rows[0]
			}
		}
	}
	return paths, nil
}

const jsonNull = "null"

const (
	selectMergedInto = `
		SELECT merged_into
		FROM person
		WHERE id = ?`

	selectImagesOfFaces = `
		SELECT DISTINCT image_id
		FROM faces
		WHERE id IN %s
		ORDER BY image_id`

	lockImages = `
		SELECT id
		FROM images
		WHERE id IN %s
		ORDER BY id
		FOR UPDATE`
)

func scanNullID(rows *sql.Rows) (id sql.NullInt64, err error) {
	err = rows.Scan(&id)
	return id, err
}

// lockImagesOf holds the rows of the pictures that the faces are in.
func lockImagesOf(ctx context.Context, tx *sql.Tx, faces []int64) error {
	if len(faces) == 0 {
		return nil
	}
	list, args := placeholders(faces)
	images, err := query(ctx, tx, scanID, fmt.Sprintf(selectImagesOfFaces, list), args...)
	if err != nil || len(images) == 0 {
		return err
	}
	list, args = placeholders(images)
	_, err = query(ctx, tx, scanID, fmt.Sprintf(lockImages, list), args...)
	return err
}
