package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

// Rematched is a face of a range: as it is, and then as the face server compared it.
type Rematched struct {
	FaceID, ImageID int64
	Embedding       []float32
	Model           string
	Occluded        bool
	Candidates      []lineup.Candidate // nil: the face server cannot compare it
	Strangers       []lineup.Candidate // the same of people without a name
}

// Answer is one of those that a picture had: in its round-th round, changed that often.
type Answer struct {
	ID, Round, Revision int64
}

const selectRematch = `
	SELECT
		id,
		image_id,
		embedding,
		model,
		problems
	FROM faces
	WHERE image_id BETWEEN ? AND ?
		AND gallery_state < ?
	ORDER BY
		image_id,
		id
	LIMIT ?`

// ReadRematch gives up to limit faces of the range that are to be compared again.
func (s *Store) ReadRematch(ctx context.Context, c RematchClaim, limit int) (faces []Rematched, err error) {
	err = s.do(ctx, fmt.Sprintf("read the faces from image %d on", c.FirstImage), func() (err error) {
		faces, err = query(ctx, s.db, func(rows *sql.Rows) (f Rematched, err error) {
			var embedding []byte
			var problems string
			err = rows.Scan(&f.FaceID, &f.ImageID, &embedding, &f.Model, &problems)
			f.Embedding = decodeEmbedding(embedding)
			_, f.Occluded = readProblems(problems)
			return f, err
		}, selectRematch, c.FirstImage, c.FirstImage+RematchRange-1, c.GalleryState, limit)
		return err
	})
	return faces, err
}

// rematchChunk is how many pictures one transaction decides again: a row that is held is
// held for milliseconds.
const rematchChunk = 50

// ApplyRematch decides the pictures of these faces again, by what the face server told of
// them. Faces that were compared with a later state meanwhile, or have another descriptor,
// keep what they have; hands are never overturned. It gives the answers that
// changed, to be announced unless nobody waits for that.
func (s *Store) ApplyRematch(ctx context.Context, faces []Rematched, comparison Comparison, announced bool) (changed []Answer, err error) {
	byImage := map[int64][]Rematched{}
	var images []int64
	for _, face := range faces {
		images, byImage[face.ImageID] = append(images, face.ImageID), append(byImage[face.ImageID], face)
	}
	for chunk := range slices.Chunk(distinctIDs(images), rematchChunk) {
		var some []Answer
		err := s.transact(ctx, "write what was compared again", func(tx *sql.Tx) (err error) {
			some, err = rematch(ctx, tx, chunk, byImage, comparison, announced)
			return err
		})
		if err != nil {
			return changed, err
		}
		changed = append(changed, some...)
	}
	return changed, nil
}

func rematch(ctx context.Context, tx *sql.Tx, images []int64, answers map[int64][]Rematched, comparison Comparison, announced bool) ([]Answer, error) {
	pictures, err := lockPictures(ctx, tx, images)
	if err != nil {
		return nil, err
	}
	var state int64
	if err := tx.QueryRowContext(ctx, selectGallery).Scan(&state); err != nil {
		return nil, err
	}
	state = min(state, comparison.GalleryState)
	var told []lineup.Face
	for _, p := range pictures {
		for _, answer := range answers[p.id] {
			told = append(told, lineup.Face{Candidates: answer.Candidates, Strangers: answer.Strangers})
		}
	}
	owners, err := ownersOf(ctx, tx, told)
	if err != nil {
		return nil, err
	}
	for _, p := range pictures {
		for _, answer := range answers[p.id] {
			i := slices.IndexFunc(p.faces, func(f faceRow) bool { return f.ID == answer.FaceID })
			if i < 0 {
				continue
			}
			face := &p.faces[i]
			as := faceRow{Face: lineup.Face{Embedding: answer.Embedding, Model: answer.Model}}
			if !sameEmbedding(*face, as) || !face.comparable() || face.state.Int64 >= state {
				continue
			}
			face.state = sql.NullInt64{Int64: state, Valid: true}
			if answer.Candidates != nil {
				p.rule = &comparison.Rule
				likes := owners.likes(lineup.Face{Candidates: answer.Candidates, Strangers: answer.Strangers}, false)
				face.likes = keepChances(face.likes, slices.DeleteFunc(likes, func(l like) bool { return l.face == face.ID }))
			}
		}
	}
	return redecide(ctx, tx, pictures, announced)
}

// sameChance is how far a chance may move before it is written. It moves with every photo that
// the gallery gets, and what differs is written to every row.
const sameChance = 0.1

// keepChances gives likes as they are now the chances that they had before, where hardly any
// differs.
func keepChances(before, now []like) []like {
	for i, l := range now {
		was := slices.IndexFunc(before, func(b like) bool { return b.Photo == l.Photo && b.ChanceWrong != nil })
		if was >= 0 && l.ChanceWrong != nil && math.Abs(*l.ChanceWrong-*before[was].ChanceWrong) <= sameChance**before[was].ChanceWrong {
			now[i].ChanceWrong = before[was].ChanceWrong
		}
	}
	return now
}
