package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

// ToDescribe is what a model did not describe yet: a picture's faces, or a person's photo.
type ToDescribe struct {
	Image   int64
	Path    string // of the picture
	Content string // of the file that the faces were found in; empty where nobody knows

	Photo     int64
	ImageName string      // of the photo
	Chosen    int         // which of its faces counts, 0 for the only one or the largest
	Used      *lineup.Box // where the face lies that counts, if anybody knows

	Tries int // before this one
}

const (
	// A picture that failed before comes after the others.
	selectImagesToDescribe = `
		SELECT
			i.id,
			i.path,
			COALESCE(i.faces_content, ''),
			COALESCE(MAX(d.tries), 0) AS tries
		FROM faces f
		JOIN images i ON i.id = f.image_id
		JOIN models m ON m.name = ? AND m.state IN ('` + string(ModelDescribing) + `', '` + string(ModelCurrent) + `')
		LEFT JOIN face_descriptors d ON d.model = m.name AND d.face_id = f.id AND d.beside = CRC32(f.embedding)
		WHERE f.image_id BETWEEN ? AND ?
			AND f.model <> ''
			AND f.model <> m.name
			AND d.settled IS NOT TRUE
		GROUP BY
			i.id,
			i.path,
			i.faces_content
		ORDER BY
			tries,
			i.id DESC
		LIMIT ?`

	selectPhotosToDescribe = `
		SELECT
			i.id,
			i.image_name,
			COALESCE(i.chosen, 0),
			i.shown,
			COALESCE(u.tries, 0) AS tries` + fromPhotosOfFiles + `
			AND d.photo_id IS NULL
			AND u.settled IS NOT TRUE
			AND i.id BETWEEN ? AND ?
			AND EXISTS (SELECT 1 FROM models WHERE name = ? AND state IN ('` + string(ModelDescribing) + `', '` + string(ModelCurrent) + `'))
		ORDER BY
			tries,
			i.id DESC
		LIMIT ?`
)

// ReadToDescribe gives photos and pictures of the range that its model did not describe yet,
// up to limit of each, the photos first.
func (s *Store) ReadToDescribe(ctx context.Context, c RematchClaim, limit int) (all []ToDescribe, err error) {
	last := c.FirstImage + RematchRange - 1
	err = s.do(ctx, fmt.Sprintf("read what is to be described from %d on", c.FirstImage), func() (err error) {
		all, err = query(ctx, s.db, func(rows *sql.Rows) (t ToDescribe, err error) {
			var shown sql.NullString
			err = rows.Scan(&t.Photo, &t.ImageName, &t.Chosen, &shown, &t.Tries)
			t.Used = usedBox(shown.String)
			return t, err
		}, selectPhotosToDescribe, c.DescribeBy, c.DescribeBy, c.FirstImage, last, c.DescribeBy, limit)
		if err != nil {
			return err
		}
		images, err := query(ctx, s.db, func(rows *sql.Rows) (t ToDescribe, err error) {
			err = rows.Scan(&t.Image, &t.Path, &t.Content, &t.Tries)
			return t, err
		}, selectImagesToDescribe, c.DescribeBy, c.FirstImage, last, limit)
		all = append(all, images...)
		return err
	})
	return all, err
}

// usedBox is where the face lies that counts, by what the row tells of a photo.
func usedBox(shown string) *lineup.Box {
	var faces []lineup.PhotoFace
	if json.Unmarshal([]byte(shown), &faces) != nil {
		return nil
	}
	for _, face := range faces {
		if face.Used {
			return face.Box
		}
	}
	return nil
}

// Redescribed is what a model made of what it was asked about.
type Redescribed struct {
	ToDescribe
	Model   string
	Settled bool          // it is not asked again about what it gave no descriptor of
	Faces   []lineup.Face // of a picture: what it found; of a photo: the one that counts
}

// WriteDescribed writes it beside the descriptors of the model before, which go on counting.
// What changed meanwhile stays to be described.
func (s *Store) WriteDescribed(ctx context.Context, r Redescribed) error {
	what := "write what model " + r.Model + " described"
	if r.Photo != 0 {
		return s.transact(ctx, what, func(tx *sql.Tx) error { return describePhoto(ctx, tx, r) })
	}
	return s.transact(ctx, what, func(tx *sql.Tx) error { return describeFaces(ctx, tx, r) })
}

const (
	lockPhotoOfFile = `
		SELECT id
		FROM person_images
		WHERE id = ?
			AND state = '` + string(PhotoUsable) + `'
			AND removed_at IS NULL
			AND face_id IS NULL
		FOR UPDATE`

	insertUndescribedPhoto = `
		INSERT INTO undescribed_photos (model, photo_id, tries, settled)
		VALUES (?, ?, 1, ?)
		ON DUPLICATE KEY UPDATE
			tries = tries + 1,
			settled = VALUES(settled)`
)

func describePhoto(ctx context.Context, tx *sql.Tx, r Redescribed) error {
	held, err := query(ctx, tx, scanID, lockPhotoOfFile, r.Photo)
	if err != nil || len(held) == 0 { // it was removed, or waits to be looked at again
		return err
	}
	if len(r.Faces) == 0 {
		_, err := tx.ExecContext(ctx, insertUndescribedPhoto, r.Model, r.Photo, r.Settled)
		return err
	}
	if _, err := tx.ExecContext(ctx, insertFaceDescriptor, r.Photo, r.Model, encodeEmbedding(r.Faces[0].Embedding)); err != nil {
		return err
	}
	return stampDescribed(ctx, tx, r.Model, []int64{r.Photo})
}

// stampDescribed has face servers read the photos' descriptors. While another model answers,
// no answer moves.
func stampDescribed(ctx context.Context, tx *sql.Tx, model string, photos []int64) error {
	if len(photos) == 0 {
		return nil
	}
	current, err := currentModel(ctx, tx)
	if err != nil {
		return err
	}
	if current == model {
		_, err = bumpGallery(ctx, tx, nil, photos)
	} else {
		_, err = bumpStrangers(ctx, tx, 0, nil, photos)
	}
	return err
}

const (
	insertFaceBeside = `
		INSERT INTO face_descriptors (model, face_id, beside, descriptor, tries, settled)
		SELECT ?, id, CRC32(embedding), ?, 1, ?
		FROM faces
		WHERE id = ?
			AND model <> ''
		ON DUPLICATE KEY UPDATE
			tries = IF(beside = VALUES(beside), tries + 1, 1),
			descriptor = VALUES(descriptor),
			settled = VALUES(settled),
			beside = VALUES(beside)`

	selectPhotosOfFace = `
		SELECT id
		FROM person_images
		WHERE face_id = ?
			AND state = '` + string(PhotoUsable) + `'
			AND removed_at IS NULL
		FOR UPDATE`
)

// describeFaces gives each face of the picture the descriptor of the found one that lies where
// it does.
func describeFaces(ctx context.Context, tx *sql.Tx, r Redescribed) error {
	pictures, err := lockPictures(ctx, tx, []int64{r.Image})
	if err != nil || len(pictures) == 0 {
		return err
	}
	p := pictures[0]
	if p.content != r.Content { // it was looked at again meanwhile
		return nil
	}
	found := make([]faceRow, len(r.Faces))
	for i, face := range r.Faces {
		found[i] = faceRow{Face: face}
	}
	is := correspond(found, p.faces, sameContent)
	var photos []int64
	for j, face := range p.faces {
		if face.Model == "" || face.Model == r.Model || face.Erased {
			continue
		}
		var descriptor []byte
		if i := slices.Index(is, j); i >= 0 {
			descriptor = encodeEmbedding(found[i].Embedding)
		}
		settled := r.Settled || descriptor != nil
		if _, err := tx.ExecContext(ctx, insertFaceBeside, r.Model, descriptor, settled, face.ID); err != nil {
			return err
		}
		of, err := describeItsPhotos(ctx, tx, face.ID, r.Model, descriptor)
		if err != nil {
			return err
		}
		photos = append(photos, of...)
	}
	return stampDescribed(ctx, tx, r.Model, photos)
}

// describeItsPhotos gives the photos that the face is its descriptor, where it has one.
func describeItsPhotos(ctx context.Context, tx *sql.Tx, face int64, model string, descriptor []byte) ([]int64, error) {
	if descriptor == nil {
		return nil, nil
	}
	photos, err := query(ctx, tx, scanID, selectPhotosOfFace, face)
	for _, photo := range photos {
		if _, err := tx.ExecContext(ctx, insertFaceDescriptor, photo, model, descriptor); err != nil {
			return nil, err
		}
	}
	return photos, err
}

const (
	selectToTakeOver = `
		SELECT DISTINCT f.image_id
		FROM faces f
		JOIN face_descriptors d ON d.face_id = f.id AND d.beside = CRC32(f.embedding)
		WHERE f.image_id BETWEEN ? AND ?
			AND d.model = ?
			AND d.descriptor IS NOT NULL`

	// A face that the machine decides is to be compared again.
	updateFacesTakenOver = `
		UPDATE faces f
		JOIN face_descriptors d ON d.face_id = f.id AND d.model = ? AND d.beside = CRC32(f.embedding) AND d.descriptor IS NOT NULL
		SET f.embedding = d.descriptor,
			f.model = d.model,
			f.gallery_state = IF(f.gallery_state IS NULL, NULL, 0)
		WHERE f.image_id IN `

	deleteTakenOver = `
		DELETE d
		FROM face_descriptors d
		JOIN faces f ON f.id = d.face_id AND f.model = d.model
		WHERE d.model = ?
			AND f.image_id IN `
)

// TakeOver gives the faces of the range the descriptors of the current model, which were made
// beside those of the one before.
func (s *Store) TakeOver(ctx context.Context, c RematchClaim) error {
	var model string
	var images []int64
	what := fmt.Sprintf("take over the descriptors of the faces from image %d on", c.FirstImage)
	err := s.do(ctx, what, func() (err error) {
		if model, err = currentModel(ctx, s.db); err != nil || model == "" {
			return err
		}
		images, err = query(ctx, s.db, scanID, selectToTakeOver, c.FirstImage, c.FirstImage+RematchRange-1, model)
		return err
	})
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(distinctIDs(images), rematchChunk) {
		list, args := placeholders(chunk)
		args = slices.Concat([]any{model}, args)
		err := s.transact(ctx, what, func(tx *sql.Tx) error {
			if _, err := lockPictures(ctx, tx, chunk); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, updateFacesTakenOver+list, args...); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, deleteTakenOver+list, args...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const updateRematchDescribed = `
	UPDATE rematches
	SET describe_by = ''
	WHERE first_image = ?
		AND claim = ?`

// FinishDescribing ends the range's describing; the claim goes on.
func (s *Store) FinishDescribing(ctx context.Context, c RematchClaim) error {
	return s.execClaimed(ctx, fmt.Sprintf("finish describing from %d on", c.FirstImage), updateRematchDescribed, c.FirstImage, c.token)
}
