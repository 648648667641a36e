package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
)

// handPerson is to whom a hand gave the face; 0 for nobody.
func (f faceRow) handPerson() int64 {
	if f.byHand() {
		return f.given
	}
	return 0
}

// handValues are what a hand changes of a face to make it after, as values of a change.
func (f faceRow) handValues(after faceRow) (values []changeValue) {
	add := func(field string, before, after any) {
		values = append(values, changeValue{subject("face", f.ID, field), before, after})
	}
	if f.handPerson() != after.handPerson() {
		add("person", idValue(f.handPerson()), idValue(after.handPerson()))
	}
	if !slices.Equal(f.Not, after.Not) {
		add("not", append([]int64{}, f.Not...), append([]int64{}, after.Not...))
	}
	if f.Ignored != after.Ignored {
		add("ignored", f.Ignored, after.Ignored)
	}
	return values
}

// idValue is an id as a change has it: null for 0.
func idValue(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// newSetting is the value as undoing it would read it.
func newSetting(v changeValue) (s setting, err error) {
	s.subject = v.Subject
	parts := strings.Split(v.Subject, "/")
	if s.kind, s.field = parts[0], parts[2]; s.kind != "face" {
		return s, fmt.Errorf("%q is not about a face", v.Subject)
	}
	if _, err := fmt.Sscan(parts[1], &s.id); err != nil {
		return s, err
	}
	if s.before, err = json.Marshal(v.After); err != nil { // setFaces sets what before says
		return s, err
	}
	s.after, err = json.Marshal(v.Before)
	return s, err
}

// drawn is a face as a hand drew it.
type drawn struct {
	Image int64      `json:"image"`
	Box   lineup.Box `json:"box"`
}

const insertDrawn = `
	INSERT INTO faces (id, image_id, box_x, box_y, box_width, box_height, gallery_state, drawn)
	VALUES (?, ?, ?, ?, ?, ?, NULL, 1)`

// drawFace inserts a face that a hand drew, under its id where it had one.
func drawFace(ctx context.Context, tx *sql.Tx, id int64, d drawn) (int64, error) {
	result, err := tx.ExecContext(ctx, insertDrawn, nullableID(id), d.Image, d.Box.X, d.Box.Y, d.Box.Width, d.Box.Height)
	if err != nil {
		return 0, err
	}
	added, err := result.LastInsertId()
	return cmp.Or(id, added), err
}

const (
	deleteExclusions = `
		DELETE FROM face_exclusions
		WHERE face_id = ?`

	insertExclusion = `
		INSERT INTO face_exclusions (face_id, person_id)
		VALUES (?, ?)`
)

// setFaces sets what hands say of faces to what the settings have before, and decides their
// pictures again. It tells which photos of the gallery came or went by that: faces that a
// hand gives to somebody, and are good enough.
func setFaces(ctx context.Context, tx *sql.Tx, settings []setting) (photos []int64, err error) {
	redrawn, err := setDrawn(ctx, tx, settings)
	if err != nil {
		return nil, err
	}
	var faces []int64
	for _, s := range settings {
		faces = append(faces, s.id)
	}
	list, args := placeholders(faces)
	images, err := query(ctx, tx, scanID, fmt.Sprintf(selectImagesOfFaces, list), args...)
	if err != nil {
		return nil, err
	}
	pictures, err := lockPictures(ctx, tx, append(images, redrawn...))
	if err != nil {
		return nil, err
	}
	for _, p := range pictures {
		p.touched = slices.Contains(redrawn, p.id)
		for i := range p.faces {
			if !slices.Contains(faces, p.faces[i].ID) {
				continue
			}
			face := &p.faces[i]
			if err := face.set(ctx, tx, settings); err != nil {
				return nil, err
			}
			moved, err := syncPhoto(ctx, tx, *face)
			if err != nil {
				return nil, err
			}
			photos = append(photos, moved...)
		}
	}
	_, err = redecide(ctx, tx, pictures, false)
	return photos, err
}

// setDrawn draws faces and takes drawn ones away, and tells in which pictures.
func setDrawn(ctx context.Context, tx *sql.Tx, settings []setting) (images []int64, err error) {
	for _, s := range settings {
		if s.field != "drawn" || !s.sets() {
			continue
		}
		var d *drawn
		if string(s.before) == jsonNull { // undo: what was drawn is known from after
			if err := json.Unmarshal(s.after, &d); err != nil {
				return nil, err
			}
			if _, err := lockPictures(ctx, tx, []int64{d.Image}); err != nil {
				return nil, err
			}
			if err := removeFaces(ctx, tx, []int64{s.id}); err != nil {
				return nil, err
			}
		} else {
			if err := json.Unmarshal(s.before, &d); err != nil {
				return nil, err
			}
			if _, err := lockPictures(ctx, tx, []int64{d.Image}); err != nil {
				return nil, err
			}
			there, err := query(ctx, tx, scanID, fmt.Sprintf(selectImagesOfFaces, "(?)"), s.id)
			if err != nil {
				return nil, err
			}
			if len(there) == 0 {
				if _, err := drawFace(ctx, tx, s.id, *d); err != nil {
					return nil, err
				}
			}
		}
		images = append(images, d.Image)
	}
	return images, nil
}

// set sets what the settings say of this face.
func (f *faceRow) set(ctx context.Context, tx *sql.Tx, settings []setting) error {
	given := f.handPerson()
	for _, s := range settings {
		if s.id != f.ID || !s.sets() {
			continue
		}
		switch s.field {
		case "person":
			var person *int64
			if err := json.Unmarshal(s.before, &person); err != nil {
				return err
			}
			if given = 0; person != nil {
				given = *person
			}
		case "ignored":
			if err := json.Unmarshal(s.before, &f.Ignored); err != nil {
				return err
			}
		case "not":
			if err := json.Unmarshal(s.before, &f.Not); err != nil {
				return err
			}
			if err := f.writeExclusions(ctx, tx); err != nil {
				return err
			}
		}
	}
	f.given, f.DecidedBy = given, lineup.ByMachine
	if given != 0 || f.Ignored {
		f.DecidedBy = lineup.ByHand
	}
	f.erased = f.erased && f.Ignored // a hand said that it is somebody else
	return nil
}

func (f *faceRow) writeExclusions(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, deleteExclusions, f.ID); err != nil {
		return err
	}
	for _, person := range f.Not {
		if _, err := tx.ExecContext(ctx, insertExclusion, f.ID, person); err != nil {
			return err
		}
	}
	return nil
}

const (
	selectFacePhoto = `
		SELECT
			id,
			person_id,
			removed_at IS NOT NULL,
			COALESCE(stranger, 0)
		FROM person_images
		WHERE face_id = ?
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

// goodPhoto tells whether the face counts as a photo of the person whom a hand gave it to.
func (f faceRow) goodPhoto() bool {
	return f.handPerson() != 0 && !f.Ignored && len(f.Problems) == 0 && len(f.Embedding) > 0 && f.Model != ""
}

// facePhotoPrefix begins the image_name of a photo that is a face; no file has it.
const facePhotoPrefix = "faces/"

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
	var photo int64
	switch {
	case len(found) == 0 && !f.goodPhoto():
		return nil, nil
	case len(found) == 0:
		result, err := tx.ExecContext(ctx, insertFacePhoto, facePhotoName(f.ID), f.given, f.ID)
		if err != nil {
			return nil, err
		}
		if photo, err = result.LastInsertId(); err != nil {
			return nil, err
		}
	case !f.goodPhoto() && found[0].removed, f.goodPhoto() && !found[0].removed && found[0].person == f.given:
		return nil, nil
	default:
		photo = found[0].id
		person := found[0].person
		if f.goodPhoto() {
			person = f.given
		}
		if _, err := tx.ExecContext(ctx, updateFacePhoto, person, !f.goodPhoto(), photo); err != nil {
			return nil, err
		}
	}
	if f.goodPhoto() {
		_, err = tx.ExecContext(ctx, insertFaceDescriptor, photo, f.Model, encodeEmbedding(f.Embedding))
	}
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
