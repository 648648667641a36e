package store

import (
	"context"
	"database/sql"
	"fmt"

	"lineup.dev/lineup/pkg/match"
)

// ownPhoto is the photo that a face is, of somebody.
type ownPhoto struct{ photo, person, stranger int64 }

const (
	selectOwnPhotos = `
		SELECT
			face_id,
			id,
			person_id,
			COALESCE(stranger, 0)
		FROM person_images
		WHERE state = '` + string(PhotoUsable) + `'
			AND removed_at IS NULL
			AND face_id IN `

	countStrangerPhotos = `
		SELECT COUNT(*)
		FROM person_images
		WHERE state = '` + string(PhotoUsable) + `'
			AND removed_at IS NULL
			AND person_id IN `

	// A photo that the machine took away before comes back.
	insertStrangerPhoto = `
		INSERT INTO person_images (image_name, person_id, state, stranger, face_id, created_at)
		VALUES (?, ?, '` + string(PhotoUsable) + `', ?, ?, UTC_TIMESTAMP(6))
		ON DUPLICATE KEY UPDATE
			id = LAST_INSERT_ID(id),
			person_id = VALUES(person_id),
			stranger = VALUES(stranger),
			state = VALUES(state),
			removed_at = NULL`

	updatePhotosDropped = `
		UPDATE person_images
		SET removed_at = UTC_TIMESTAMP(6)
		WHERE id IN `
)

// ownPhotos gives the photos that faces of the pictures are, by the faces' ids.
func ownPhotos(ctx context.Context, tx *sql.Tx, pictures []*picture) (map[int64]ownPhoto, error) {
	var faces []int64
	for _, p := range pictures {
		for _, face := range p.faces {
			faces = append(faces, face.ID)
		}
	}
	own := map[int64]ownPhoto{}
	for chunk := range chunks(distinctIDs(faces)) {
		list, args := placeholders(chunk)
		_, err := query(ctx, tx, func(rows *sql.Rows) (face int64, err error) {
			var photo ownPhoto
			err = rows.Scan(&face, &photo.photo, &photo.person, &photo.stranger)
			own[face] = photo
			return face, err
		}, selectOwnPhotos+list, args...)
		if err != nil {
			return nil, err
		}
	}
	return own, nil
}

// addItself tells the rule that a face is as near as can be to whom it is a photo of.
func (k known) addItself(f *faceRow, face *match.Face[int64]) {
	photo, is := k.own[f.ID]
	one, there := k.who[photo.person]
	if !is || !there || one.Removed || f.byHand() {
		return
	}
	c := match.Candidate[int64]{Person: one.ID, PhotoID: photo.photo, ImageName: facePhotoName(f.ID), Similarity: 1}
	if one.Name != "" {
		face.Candidates = append(face.Candidates, c)
	} else {
		face.Strangers = append(face.Strangers, c)
	}
}

func facePhotoName(face int64) string { return fmt.Sprintf("faces/%d", face) }

// dropPhotos takes photos from strangers whose faces are not theirs any more: who was
// enrolled or named meanwhile, has them. It counts as a change of strangers alone.
func dropPhotos(ctx context.Context, tx *sql.Tx, pictures []*picture, k known) error {
	var dropped []int64
	for _, p := range pictures {
		for _, face := range p.faces {
			photo, is := k.own[face.ID]
			if is && photo.stranger != 0 && !face.byHand() && k.who[photo.person].Name == "" && (face.given == 0 || k.who[face.given].ID != k.who[photo.person].ID) {
				dropped = append(dropped, photo.photo)
			}
		}
	}
	if dropped = distinctIDs(dropped); len(dropped) == 0 {
		return nil
	}
	for chunk := range chunks(dropped) {
		list, args := placeholders(chunk)
		if _, err := tx.ExecContext(ctx, updatePhotosDropped+list, args...); err != nil {
			return err
		}
	}
	_, err := bumpStrangers(ctx, tx, 0, nil, dropped)
	return err
}

// mayBecomePhoto tells whether no hand made the face a photo, or took it out.
func mayBecomePhoto(ctx context.Context, tx *sql.Tx, face int64) (bool, error) {
	found, err := facePhotos(ctx, tx, face)
	return err == nil && (len(found) == 0 || found[0].stranger != 0), err
}

func addStrangerPhoto(ctx context.Context, tx *sql.Tx, f faceRow, stranger int64) (photo int64, err error) {
	result, err := tx.ExecContext(ctx, insertStrangerPhoto, facePhotoName(f.ID), stranger, stranger, f.ID)
	if err != nil {
		return 0, err
	}
	if photo, err = result.LastInsertId(); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, insertFaceDescriptor, photo, f.Model, encodeEmbedding(f.Embedding))
	return photo, err
}
