package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// How much one batch does: rows that it holds, it holds for milliseconds.
const (
	erasedAtOnce   = 50  // pictures whose faces it writes
	searchedAtOnce = 200 // pictures that it holds while it looks whom they name
)

const (
	selectImagesOfPeople = `
		SELECT DISTINCT image_id
		FROM faces
		WHERE person_id IN %s
		ORDER BY image_id
		LIMIT ?`

	lockNextImages = `
		SELECT id
		FROM images
		WHERE id > ?
			AND id <= ?
		ORDER BY id
		LIMIT ?
		FOR UPDATE`

	updateErasedFaces = `
		UPDATE erasures
		SET faces = faces + ?,
			pictures = pictures + ?,
			searched = IF(searched = ?, ?, searched)
		WHERE id = ?`

	selectValuesOf = `
		SELECT DISTINCT v.change_id` + valuesOf + `%s
		LIMIT ?`

	// The erasing's own values are ids, and stay.
	valuesOf = `
		FROM change_people p
		JOIN changes c ON c.id = p.change_id
			AND c.action <> '` + string(ActionErase) + `'
		JOIN change_values v ON v.change_id = p.change_id
		WHERE p.person_id IN `

	deleteValues = `
		DELETE FROM change_values
		WHERE change_id IN `

	updateErasedChanges = `
		UPDATE erasures
		SET changes = changes + ?
		WHERE id = ?`

	selectAlike = `
		SELECT
			id,
			COALESCE(similar_to, 0),
			COALESCE(similar_photo, '')
		FROM person_images
		WHERE similar_to IS NOT NULL
			OR similar_photo IS NOT NULL`

	updateAlike = `
		UPDATE person_images
		SET reason = 'like another person, who was erased since; next: enrol it again',
			similar_to = NULL,
			similar_photo = NULL,
			similarity = NULL
		WHERE id IN `

	deleteExclusionsOf = `
		DELETE FROM face_exclusions
		WHERE person_id IN `

	deleteDifferentOf = `
		DELETE FROM different_people
		WHERE person_id IN %[1]s
			OR other_id IN %[1]s`

	updateErasureFinished = `
		UPDATE erasures
		SET finished_at = UTC_TIMESTAMP(6),
			problem = NULL
		WHERE id = ?
			AND finished_at IS NULL
			AND NOT EXISTS (SELECT 1 FROM person_images i WHERE i.erasure_id = erasures.id AND i.erasing IS NOT NULL)`
)

// EraseMore does the next batch of an erasing, and tells whether there may be another:
// the faces first, then others' photos that are such faces, then every other mention in
// pictures, of which it searches those that there were, then other rows, and their changes.
// Several may do so at once. Files are the caller's, see FilesToErase; with the last of them
// the erasing is finished.
func (s *Store) EraseMore(ctx context.Context, id int64) (more bool, err error) {
	err = s.transact(ctx, fmt.Sprintf("erase more of %d", id), func(tx *sql.Tx) error {
		receipt, err := readErasure(ctx, tx, id)
		if err != nil || receipt.Finished != nil {
			more = false
			return err
		}
		for _, step := range []func(context.Context, *sql.Tx) (bool, error){
			receipt.eraseFaces, receipt.erasePhotosOfFaces, receipt.searchImages, receipt.erasePhotosOfFaces, receipt.eraseAbsorbed,
			receipt.eraseChanges, receipt.eraseMentions,
		} {
			if more, err = step(ctx, tx); err != nil || more {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, updateErasureFinished, id)
		return err
	})
	return more, err
}

// eraseFaces makes faces nobody's that are theirs, or that photos of theirs are.
func (e *Erasure) eraseFaces(ctx context.Context, tx *sql.Tx) (more bool, err error) {
	var images []int64
	for chunk := range slices.Chunk(e.People, maxValues) {
		list, args := placeholders(chunk)
		some, err := query(ctx, tx, scanID, fmt.Sprintf(selectImagesOfPeople, list), append(args, erasedAtOnce)...)
		if err != nil {
			return false, err
		}
		if images = append(images, some...); len(images) >= erasedAtOnce {
			break
		}
	}
	some, err := query(ctx, tx, scanID, selectImagesOfErased, e.ID, erasedAtOnce)
	if images = append(images, some...); err != nil || len(images) == 0 {
		return false, err
	}
	images = distinctIDs(images)
	return true, e.eraseIn(ctx, tx, images[:min(len(images), erasedAtOnce)], e.Progress.Searched)
}

// searchImages looks for whatever else names them in the next pictures. It holds these: so
// whoever had written one before the persons were erased has committed, and whoever writes
// it later sees that they are.
func (e *Erasure) searchImages(ctx context.Context, tx *sql.Tx) (more bool, err error) {
	if e.Progress.Searched >= e.Progress.Of {
		return false, nil
	}
	images, err := query(ctx, tx, scanID, lockNextImages, e.Progress.Searched, e.Progress.Of, searchedAtOnce)
	if err != nil {
		return false, err
	}
	searched := e.Progress.Of
	if len(images) == searchedAtOnce {
		searched = images[len(images)-1]
	}
	faces, err := readFaces(ctx, tx, images, false)
	if err != nil {
		return false, err
	}
	people, photos := setOf(e.People), setOf(e.Photos)
	var naming []int64
	for _, face := range faces {
		if people[face.given] || slices.ContainsFunc(face.likes, func(l like) bool { return people[l.Person] || photos[l.Photo] }) {
			naming = append(naming, face.imageID)
		}
	}
	return true, e.eraseIn(ctx, tx, naming, searched)
}

// eraseIn decides the pictures again, which makes nobody's what is theirs, and notes that.
func (e *Erasure) eraseIn(ctx context.Context, tx *sql.Tx, images []int64, searched int64) error {
	pictures, err := lockPictures(ctx, tx, images)
	if err != nil {
		return err
	}
	if err := e.markPhotosFaces(ctx, tx, pictures); err != nil {
		return err
	}
	if _, err := redecide(ctx, tx, pictures, false); err != nil {
		return err
	}
	faces, in := 0, 0
	for _, p := range pictures {
		erased := 0
		for _, face := range p.faces {
			if face.Erased && !p.before[face.ID].Erased {
				erased++
			}
		}
		if faces += erased; erased > 0 {
			in++
		}
	}
	_, err = tx.ExecContext(ctx, updateErasedFaces, faces, in, e.Progress.Searched, searched, e.ID)
	return err
}

// eraseChanges takes away what changes that touch them set. Who made which change, and
// when, stays.
func (e *Erasure) eraseChanges(ctx context.Context, tx *sql.Tx) (more bool, err error) {
	for chunk := range slices.Chunk(e.People, maxValues) {
		list, args := placeholders(chunk)
		changes, err := query(ctx, tx, scanID, fmt.Sprintf(selectValuesOf, list), append(args, maxValues)...)
		if err != nil {
			return false, err
		}
		if len(changes) == 0 {
			continue
		}
		if err := execChunks(ctx, tx, deleteValues, changes); err != nil {
			return false, err
		}
		_, err = tx.ExecContext(ctx, updateErasedChanges, len(changes), e.ID)
		return true, err
	}
	return false, nil
}

// eraseMentions takes away what other people's rows say of them.
func (e *Erasure) eraseMentions(ctx context.Context, tx *sql.Tx) (more bool, err error) {
	if err := execChunks(ctx, tx, deleteExclusionsOf, e.People); err != nil {
		return false, err
	}
	for chunk := range slices.Chunk(e.People, maxValues) {
		list, args := placeholders(chunk)
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(deleteDifferentOf, list), slices.Concat(args, args)...); err != nil {
			return false, err
		}
	}
	digests, err := erasedNamesOf(ctx, tx, e.Photos)
	if err != nil {
		return false, err
	}
	people := setOf(e.People)
	var naming []int64
	_, err = query(ctx, tx, func(rows *sql.Rows) (id int64, err error) {
		var person int64
		var photo string
		err = rows.Scan(&id, &person, &photo)
		if people[person] || digests[erasedName(photo)] {
			naming = append(naming, id)
		}
		return id, err
	}, selectAlike)
	if err != nil {
		return false, err
	}
	// Photos that were refused as theirs show what they look like.
	if err := execChunks(ctx, tx, deleteErasedDescriptors, distinctIDs(naming)); err != nil {
		return false, err
	}
	return false, execChunks(ctx, tx, updateAlike, distinctIDs(naming))
}

const selectNamesOf = `
	SELECT image_name
	FROM person_images
	WHERE id IN `

// erasedNamesOf gives what the rows of erased photos have instead of names.
func erasedNamesOf(ctx context.Context, tx *sql.Tx, photos []int64) (map[string]bool, error) {
	names := map[string]bool{}
	for chunk := range slices.Chunk(photos, maxValues) {
		list, args := placeholders(chunk)
		_, err := query(ctx, tx, func(rows *sql.Rows) (name string, err error) {
			err = rows.Scan(&name)
			names[name] = true
			return name, err
		}, selectNamesOf+list, args...)
		if err != nil {
			return nil, err
		}
	}
	return names, nil
}
