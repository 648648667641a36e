package store

import (
	"context"
	"database/sql"
	"slices"
	"strconv"

	"lineup.dev/lineup/pkg/match"
)

// known is what the table says of the persons and photos that faces may be like.
type known struct {
	who    map[int64]survivor
	photos map[int64]bool // those that count no more
	erased map[int64]bool // and of these the erased ones
	own    map[int64]ownPhoto
	model  string // the current one, where a picture has faces of two; else empty
}

// know reads it for the pictures.
func know(ctx context.Context, tx *sql.Tx, pictures []*picture) (k known, err error) {
	var people, photos []int64
	for _, p := range pictures {
		people = append(people, peopleIn(p.faces)...)
		for _, face := range p.faces {
			for _, l := range face.likes {
				photos = append(photos, l.Photo)
			}
		}
	}
	if k.own, err = ownPhotos(ctx, tx, pictures); err != nil {
		return k, err
	}
	for _, photo := range k.own {
		people = append(people, photo.person)
	}
	if k.who, err = survivors(ctx, tx, people); err != nil {
		return k, err
	}
	if slices.ContainsFunc(pictures, (*picture).mixed) {
		if k.model, err = currentModel(ctx, tx); err != nil {
			return k, err
		}
	}
	err = k.readUnused(ctx, tx, photos)
	return k, err
}

// of is what is known for one of these pictures: which model is the current one does not matter
// where its faces are of one.
func (k known) of(p *picture) known {
	if !p.mixed() {
		k.model = ""
	}
	return k
}

// mixed tells whether the picture has faces that are described by two models.
func (p *picture) mixed() bool {
	model := ""
	for _, face := range p.faces {
		if model == "" {
			model = face.Model
		}
		if face.Model != "" && face.Model != model {
			return true
		}
	}
	return false
}

// ownPhoto is the photo that a face is, of somebody.
type ownPhoto struct{ photo, person int64 }

const selectOwnPhotos = `
	SELECT
		face_id,
		id,
		person_id
	FROM person_images
	WHERE state = '` + string(PhotoUsable) + `'
		AND removed_at IS NULL
		AND face_id IN `

// ownPhotos gives the photos that faces of the pictures are, by the faces' ids.
func ownPhotos(ctx context.Context, tx *sql.Tx, pictures []*picture) (map[int64]ownPhoto, error) {
	var faces []int64
	for _, p := range pictures {
		for _, face := range p.faces {
			faces = append(faces, face.ID)
		}
	}
	own := map[int64]ownPhoto{}
	for chunk := range slices.Chunk(distinctIDs(faces), maxValues) {
		list, args := placeholders(chunk)
		_, err := query(ctx, tx, func(rows *sql.Rows) (face int64, err error) {
			var photo ownPhoto
			err = rows.Scan(&face, &photo.photo, &photo.person)
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
	c := match.Candidate[int64]{Person: one.ID, PhotoID: photo.photo, ImageName: FacePhotoName(f.ID), Similarity: 1}
	if one.Name != "" {
		face.Candidates = append(face.Candidates, c)
	} else {
		face.Strangers = append(face.Strangers, c)
	}
}

// FacePhotoName is the image_name of the photo that a face is.
func FacePhotoName(face int64) string { return facePhotoPrefix + strconv.FormatInt(face, 10) }
