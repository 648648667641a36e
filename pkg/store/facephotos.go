package store

import (
	"context"
	"database/sql"
	"strings"
)

const (
	selectFacePhoto = `
		SELECT
			id,
			person_id,
			removed_at IS NOT NULL,
			COALESCE(stranger, 0)
		FROM person_images
		WHERE face_id = ?
			AND erased_at IS NULL
		ORDER BY id
		FOR UPDATE`

	insertFacePhoto = `
		INSERT INTO person_images (image_name, person_id, state, anyway, face_id, created_at)
		VALUES (?, ?, '` + string(PhotoUsable) + `', 1, ?, UTC_TIMESTAMP(6))`

	updateFacePhoto = `
		UPDATE person_images
		SET person_id = ?,
			state = '` + string(PhotoUsable) + `',
			removed_at = IF(?, UTC_TIMESTAMP(6), NULL)
		WHERE id = ?`

	insertFaceDescriptor = `
		INSERT INTO descriptors (photo_id, model, descriptor)
		VALUES (?, ?, ?)
		ON DUPLICATE KEY UPDATE descriptor = VALUES(descriptor)`
)

// handPerson is to whom a hand gave the face; 0 for nobody.
func (f faceRow) handPerson() int64 {
	if f.byHand() {
		return f.given
	}
	return 0
}

// goodPhoto tells whether the face counts as a photo of the person whom a hand gave it to.
func (f faceRow) goodPhoto() bool {
	return f.handPerson() != 0 && !f.Ignored && len(f.Problems) == 0 && len(f.Embedding) > 0 && f.Model != ""
}

// facePhotoPrefix begins the image_name of a photo that is a face; no file has it.
const facePhotoPrefix = "faces/"

// IsFace tells whether the photo is a face of a picture: it has no file of its own.
func (p Photo) IsFace() bool { return strings.HasPrefix(p.ImageName, facePhotoPrefix) }

// facePhoto is the photo that a face is.
type facePhoto struct {
	id, person int64
	removed    bool
	stranger   int64 // whose photo the machine made it; 0 for a hand's
}

func facePhotos(ctx context.Context, tx *sql.Tx, face int64) ([]facePhoto, error) {
	return query(ctx, tx, func(rows *sql.Rows) (p facePhoto, err error) {
		err = rows.Scan(&p.id, &p.person, &p.removed, &p.stranger)
		return p, err
	}, selectFacePhoto, face)
}

// syncPhoto makes the face a photo of the person whom it was given to, or no more one. It
// tells the photos that came, went or changed hands.
func syncPhoto(ctx context.Context, tx *sql.Tx, f faceRow) (photos []int64, err error) {
	found, err := facePhotos(ctx, tx, f.ID)
	if err != nil {
		return nil, err
	}
	if len(found) > 0 && found[0].stranger != 0 && !f.byHand() {
		return giveBack(ctx, tx, found[0])
	}
	if f.goodPhoto() {
		return beginPhoto(ctx, tx, f, found)
	}
	if len(found) == 0 || found[0].removed {
		return nil, nil
	}
	_, err = tx.ExecContext(ctx, updateFacePhoto, found[0].person, true, found[0].id)
	return []int64{found[0].id}, err
}

// beginPhoto makes the face a photo of the person whom it was given to, its photo if it has one.
func beginPhoto(ctx context.Context, tx *sql.Tx, f faceRow, found []facePhoto) ([]int64, error) {
	var photo int64
	if len(found) == 0 {
		result, err := tx.ExecContext(ctx, insertFacePhoto, FacePhotoName(f.ID), f.given, f.ID)
		if err != nil {
			return nil, err
		}
		if photo, err = result.LastInsertId(); err != nil {
			return nil, err
		}
	} else {
		photo = found[0].id
		if !found[0].removed && found[0].person == f.given {
			return nil, nil
		}
		if _, err := tx.ExecContext(ctx, updateFacePhoto, f.given, false, photo); err != nil {
			return nil, err
		}
	}
	_, err := tx.ExecContext(ctx, insertFaceDescriptor, photo, f.Model, encodeEmbedding(f.Embedding))
	return []int64{photo}, err
}

// giveBack makes a photo the stranger's again whose it was before a hand said something: that
// was taken back. Whether the face is theirs, the rule says then.
func giveBack(ctx context.Context, tx *sql.Tx, photo facePhoto) ([]int64, error) {
	who, err := survivors(ctx, tx, []int64{photo.stranger})
	if err != nil {
		return nil, err
	}
	one, there := who[photo.stranger]
	gone := !there || one.Removed
	if gone == photo.removed && photo.person == photo.stranger || gone && photo.removed {
		return nil, nil
	}
	if !gone {
		photo.person = photo.stranger
	}
	_, err = tx.ExecContext(ctx, updateFacePhoto, photo.person, gone, photo.id)
	return []int64{photo.id}, err
}

const selectUndescribed = `
	SELECT i.id
	FROM person_images i
	LEFT JOIN descriptors d ON d.photo_id = i.id AND d.model = ?
	WHERE i.face_id = ?
		AND i.removed_at IS NULL
		AND d.photo_id IS NULL`

// describePhotos gives faces that are photos the descriptors of a new model.
func describePhotos(ctx context.Context, tx *sql.Tx, faces []faceRow) error {
	var moved []int64
	for _, f := range faces {
		if f.ID == 0 || !f.goodPhoto() {
			continue
		}
		photos, err := query(ctx, tx, scanID, selectUndescribed, f.Model, f.ID)
		if err != nil {
			return err
		}
		for _, photo := range photos {
			if _, err := tx.ExecContext(ctx, insertFaceDescriptor, photo, f.Model, encodeEmbedding(f.Embedding)); err != nil {
				return err
			}
		}
		moved = append(moved, photos...)
	}
	if len(moved) == 0 {
		return nil
	}
	_, err := bumpGallery(ctx, tx, nil, moved)
	return err
}
