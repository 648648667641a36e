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
	f.Erased = f.Erased && f.Ignored // a hand said that it is somebody else
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
