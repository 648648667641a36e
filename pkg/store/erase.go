package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

const (
	lockPhotosOf = `
		SELECT
			id,
			image_name,
			face_id IS NULL,
			face_id IS NOT NULL AND removed_at IS NULL
		FROM person_images
		WHERE erased_at IS NULL
			AND person_id IN %s
		ORDER BY id
		FOR UPDATE`

	insertErasure = `
		INSERT INTO erasures (person_id, people, photos, made_at, made_by, last_image)
		SELECT ?, ?, ?, UTC_TIMESTAMP(6), ?, COALESCE(MAX(id), 0)
		FROM images`

	updateErasedPeople = `
		UPDATE person
		SET name = NULL,
			spelling = NULL,
			cover = NULL,
			hidden = 0,
			pictures = 0,
			removed_at = COALESCE(removed_at, UTC_TIMESTAMP(6)),
			erased_at = UTC_TIMESTAMP(6)
		WHERE erased_at IS NULL
			AND id IN `

	// A photo that is a face of a picture has no file.
	updateErasedPhotos = `
		UPDATE person_images
		SET erasing = IF(face_id IS NULL, image_name, NULL),
			file_gone_at = IF(face_id IS NULL, NULL, UTC_TIMESTAMP(6)),
			state = '` + string(PhotoUnusable) + `',
			reason = NULL,
			warning = NULL,
			shown = NULL,
			similar_to = NULL,
			similar_photo = NULL,
			similarity = NULL,
			chosen = NULL,
			width = NULL,
			light = NULL,
			sharpness = NULL,
			claim = NULL,
			lease_until = NULL,
			retry_at = NULL,
			removed_at = COALESCE(removed_at, UTC_TIMESTAMP(6)),
			erased_at = UTC_TIMESTAMP(6),
			erasure_id = ?
		WHERE id IN `

	// In a statement of its own: not every server sees what the same one assigned.
	updateErasedNames = `
		UPDATE person_images
		SET image_name = CONCAT('` + erasedPrefix + `', SHA2(image_name, 256))
		WHERE id IN `

	updateFaceless = `
		UPDATE person_images
		SET face_id = NULL
		WHERE id IN `

	deleteErasedDescriptors = `
		DELETE FROM descriptors
		WHERE photo_id IN `

	// JSON's null before and after: nothing is set.
	updateErasedValues = `
		UPDATE change_values
		SET before_it = '` + jsonNull + `',
			after_it = '` + jsonNull + `'
		WHERE subject IN `
)

// ErasePerson makes a person and everybody who was merged into them nobody, for good, and
// gives the receipt. Names and the gallery's descriptors are gone when it returns, and no
// face is theirs any more; what else there is of them goes in batches, see EraseMore. Rows
// of the person and the photos stay, with their ids alone. A merged id acts on the survivor.
// One who was erased already has that receipt. ErrNotFound when there is no such person.
func (s *Store) ErasePerson(ctx context.Context, id int64, by string) (Erasure, error) {
	var receipt, made int64
	err := s.transact(ctx, fmt.Sprintf("erase person %d", id), func(tx *sql.Tx) error {
		people, err := erasable(ctx, tx, id)
		if err != nil || people == nil {
			if err == nil {
				receipt, err = erasureOf(ctx, tx, id)
			}
			return err
		}
		if _, err := lockPeople(ctx, tx, people...); err != nil {
			return err
		}
		if now, err := erasable(ctx, tx, id); err != nil || !slices.Equal(now, people) {
			return errors.Join(err, errMoved)
		}
		survivor, err := survivors(ctx, tx, []int64{id})
		if err != nil {
			return err
		}
		receipt, made, err = erasePeople(ctx, tx, survivor[id].ID, people, by)
		return err
	})
	if err != nil {
		return Erasure{}, err
	}
	erasure, err := s.Erasure(ctx, receipt)
	erasure.Change = made
	return erasure, err
}

// erasePeople erases persons whose rows are held, by a change.
func erasePeople(ctx context.Context, tx *sql.Tx, survivor int64, people []int64, by string) (receipt, made int64, err error) {
	photos, err := erasedPhotosOf(ctx, tx, people)
	if err != nil {
		return 0, 0, err
	}
	ids := []int64{}
	for _, photo := range photos {
		ids = append(ids, photo.id)
	}
	result, err := tx.ExecContext(ctx, insertErasure, survivor, idsJSON(people), idsJSON(ids), truncate(by, ChangeByWidth))
	if err != nil {
		return 0, 0, err
	}
	if receipt, err = result.LastInsertId(); err != nil {
		return 0, 0, err
	}
	if err := execChunks(ctx, tx, updateErasedPeople, people); err != nil {
		return 0, 0, err
	}
	if err := erasePhotos(ctx, tx, receipt, ids, photos); err != nil {
		return 0, 0, err
	}
	if err := eraseFormerNames(ctx, tx, people); err != nil {
		return 0, 0, err
	}
	c := change{By: by, Action: ActionErase, Person: survivor, People: people}
	for _, person := range people {
		c.Values = append(c.Values, changeValue{subject("person", person, "erased"), false, true})
	}
	if made, err = record(ctx, tx, c); err != nil {
		return 0, 0, err
	}
	_, err = bumpGallery(ctx, tx, people, ids)
	return receipt, made, err
}

// eraseFormerNames takes away the names that changes gave these people.
func eraseFormerNames(ctx context.Context, tx *sql.Tx, people []int64) error {
	var names []string
	for _, person := range people {
		names = append(names, subject("person", person, "name"))
	}
	return execChunks(ctx, tx, updateErasedValues, names)
}

// erasedPhoto is a photo that is to be erased.
type erasedPhoto struct {
	id   int64
	name string
	file bool // else it is a face of a picture
	face bool // which counts as theirs, and is still to be made nobody's
}

// erasedPhotosOf holds the photos of the persons, also those that were removed.
func erasedPhotosOf(ctx context.Context, tx *sql.Tx, people []int64) (photos []erasedPhoto, err error) {
	for chunk := range slices.Chunk(people, maxValues) {
		list, args := placeholders(chunk)
		some, err := query(ctx, tx, func(rows *sql.Rows) (p erasedPhoto, err error) {
			err = rows.Scan(&p.id, &p.name, &p.file, &p.face)
			return p, err
		}, fmt.Sprintf(lockPhotosOf, list), args...)
		if err != nil {
			return nil, err
		}
		photos = append(photos, some...)
	}
	return photos, nil
}

// erasePhotos makes tombstones of the photos' rows. One of a face keeps that until the face
// is erased, too, whoever has it by then.
func erasePhotos(ctx context.Context, tx *sql.Tx, receipt int64, ids []int64, photos []erasedPhoto) error {
	var digests []string
	var faceless []int64
	for _, photo := range photos {
		digests = append(digests, erasedName(photo.name))
		if !photo.face {
			faceless = append(faceless, photo.id)
		}
	}
	if err := execChunks(ctx, tx, updateTombstones, digests); err != nil { // older ones of the same names
		return err
	}
	if err := leaveCrops(ctx, tx, nil, ids); err != nil {
		return err
	}
	for chunk := range slices.Chunk(ids, maxValues) {
		list, args := placeholders(chunk)
		if _, err := tx.ExecContext(ctx, updateErasedPhotos+list, slices.Concat([]any{receipt}, args)...); err != nil {
			return err
		}
	}
	if err := execChunks(ctx, tx, updateErasedNames, ids); err != nil {
		return err
	}
	if err := execChunks(ctx, tx, updateFaceless, faceless); err != nil {
		return err
	}
	return execChunks(ctx, tx, deleteErasedDescriptors, ids)
}

// execChunks runs a statement that ends in IN for any number of values.
func execChunks[T any](ctx context.Context, tx *sql.Tx, statement string, values []T) error {
	for chunk := range slices.Chunk(values, maxValues) {
		list, args := placeholders(chunk)
		if _, err := tx.ExecContext(ctx, statement+list, args...); err != nil {
			return err
		}
	}
	return nil
}

func idsJSON(ids []int64) string {
	text, _ := json.Marshal(ids) //nolint:errchkjson // numbers
	return string(text)
}
