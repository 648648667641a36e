package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

const (
	// Faces that were photos which counted as the person's.
	selectImagesOfErased = `
		SELECT DISTINCT f.image_id
		FROM person_images i
		JOIN faces f ON f.id = i.face_id
		WHERE i.erasure_id = ?
		ORDER BY f.image_id
		LIMIT ?`

	selectErasedFaceIDs = `
		SELECT face_id
		FROM person_images
		WHERE erasure_id = ?
			AND face_id IN `

	updateFacesErased = `
		UPDATE person_images
		SET face_id = NULL
		WHERE erasure_id = ?
			AND face_id IN `

	selectImagesOfOthers = `
		SELECT DISTINCT f.image_id` + photosOfErased + `
		ORDER BY f.image_id
		LIMIT ?`

	selectOthersPhotos = `
		SELECT i.id` + photosOfErased + `
			AND f.image_id IN `

	photosOfErased = `
		FROM person_images i
		JOIN faces f ON f.id = i.face_id
			AND f.erased = 1
		WHERE i.erased_at IS NULL`

	// What the pictures are searched for has become more.
	updateErasedMore = `
		UPDATE erasures
		SET photos = IF(photos = '[]', ?, CONCAT(LEFT(photos, CHAR_LENGTH(photos) - 1), ?)),
			searched = 0,
			last_image = (SELECT COALESCE(MAX(id), 0) FROM images)
		WHERE id = ?`
)

// markPhotosFaces marks the faces that photos of theirs are, whoever has them by now: what
// such a face looks like is what the photo did. A hand that gave one to somebody since is right.
func (e *Erasure) markPhotosFaces(ctx context.Context, tx *sql.Tx, pictures []*picture) error {
	var ids []int64
	for _, p := range pictures {
		for _, face := range p.faces {
			ids = append(ids, face.ID)
		}
	}
	for chunk := range slices.Chunk(ids, maxValues) {
		list, args := placeholders(chunk)
		args = append([]any{e.ID}, args...)
		found, err := query(ctx, tx, scanID, selectErasedFaceIDs+list, args...)
		if err != nil {
			return err
		}
		theirs := setOf(found)
		for _, p := range pictures {
			for i := range p.faces {
				if face := &p.faces[i]; theirs[face.ID] && face.handPerson() == 0 {
					face.markErased()
				}
			}
		}
		if len(found) == 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, updateFacesErased+list, args...); err != nil {
			return err
		}
	}
	return nil
}

// erasePhotosOfFaces makes tombstones of others' photos that are erased faces: those of a
// stranger whose faces were the person's. One of whom no photo is left is forgotten by a ping.
func (e *Erasure) erasePhotosOfFaces(ctx context.Context, tx *sql.Tx) (more bool, err error) {
	if 0 < e.Progress.Searched && e.Progress.Searched < e.Progress.Of { // before the search, and after it
		return false, nil
	}
	images, err := query(ctx, tx, scanID, selectImagesOfOthers, erasedAtOnce)
	if err != nil || len(images) == 0 {
		return false, err
	}
	photos, people, err := lockPhotosOfErased(ctx, tx, images)
	if err != nil || len(photos) == 0 {
		return true, err
	}
	var ids []int64
	for _, photo := range photos {
		ids = append(ids, photo.id)
	}
	if err := erasePhotos(ctx, tx, e.ID, ids, photos); err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, updateErasedMore, idsJSON(ids), ","+idsJSON(ids)[1:], e.ID); err != nil {
		return false, err
	}
	who, err := survivors(ctx, tx, people)
	if err != nil {
		return false, err
	}
	for _, one := range who {
		if one.Name != "" {
			_, err = bumpGallery(ctx, tx, nil, ids)
			return true, err
		}
	}
	_, err = bumpStrangers(ctx, tx, 0, nil, ids)
	return true, err
}

// lockPhotosOfErased holds the photos that are erased faces of the pictures, and tells whose they are.
func lockPhotosOfErased(ctx context.Context, tx *sql.Tx, images []int64) (photos []erasedPhoto, people []int64, err error) {
	list, args := placeholders(images)
	if _, err := query(ctx, tx, scanID, fmt.Sprintf(lockImages, list), args...); err != nil {
		return nil, nil, err
	}
	ids, err := query(ctx, tx, scanID, selectOthersPhotos+list, args...)
	if err != nil {
		return nil, nil, err
	}
	rows, err := lockPhotos(ctx, tx, ids)
	for _, row := range rows {
		if !strings.HasPrefix(row.ImageName, erasedPrefix) { // else whose it was has been erased just now
			photos, people = append(photos, erasedPhoto{id: row.ID, name: row.ImageName}), append(people, row.PersonID)
		}
	}
	return photos, people, err
}

const (
	// Strangers whose photos were faces of the erased person. Those whom no hand touched pings forget.
	selectAbsorbed = `
		SELECT DISTINCT i.person_id
		FROM person_images i
		JOIN person p ON p.id = i.person_id
		WHERE i.erasure_id = ?
			AND p.name IS NULL
			AND p.erased_at IS NULL
			AND EXISTS (SELECT 1 FROM change_people c WHERE c.person_id = p.id)`

	selectAnythingLeft = `
		(SELECT id
		FROM person_images
		WHERE erased_at IS NULL
			AND person_id IN %[1]s
		LIMIT 1)
		UNION ALL
		(SELECT id
		FROM faces
		WHERE person_id IN %[1]s
		LIMIT 1)`

	updateErasedPeopleMore = `
		UPDATE erasures
		SET people = CONCAT(LEFT(people, CHAR_LENGTH(people) - 1), ?)
		WHERE id = ?`
)

// eraseAbsorbed erases with the person the strangers whose faces were theirs: a hand may have given
// such a one the same name before, and taken it back. Of one who is also somebody else, the
// former names go alone.
func (e *Erasure) eraseAbsorbed(ctx context.Context, tx *sql.Tx) (more bool, err error) {
	absorbed, err := query(ctx, tx, scanID, selectAbsorbed, e.ID)
	if err != nil {
		return false, err
	}
	who, err := survivors(ctx, tx, absorbed)
	if err != nil {
		return false, err
	}
	for _, id := range distinctIDs(absorbed) {
		if who[id].Name != "" || who[id].Erased {
			continue
		}
		people, err := members(ctx, tx, who[id].ID)
		if err != nil {
			return false, err
		}
		rows, err := lockPeople(ctx, tx, people...)
		if err != nil {
			return false, err
		}
		for _, row := range rows {
			if row.Name != "" { // since just now, or merged and named otherwise
				people = nil
			}
		}
		if len(people) == 0 {
			continue
		}
		if err := eraseFormerNames(ctx, tx, people); err != nil {
			return false, err
		}
		list, args := placeholders(people)
		left, err := query(ctx, tx, scanID, fmt.Sprintf(selectAnythingLeft, list), slices.Concat(args, args)...)
		if err != nil {
			return false, err
		}
		if len(left) > 0 {
			continue
		}
		if err := execChunks(ctx, tx, updateErasedPeople, people); err != nil {
			return false, err
		}
		_, err = tx.ExecContext(ctx, updateErasedPeopleMore, ","+idsJSON(people)[1:], e.ID)
		return true, err
	}
	return false, nil
}

func setOf(ids []int64) map[int64]bool {
	set := make(map[int64]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}
