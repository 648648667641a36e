package store

import (
	"context"
	"database/sql"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
)

// erasedAmong tells whom of those that the faces were given to are erased.
func erasedAmong(ctx context.Context, tx *sql.Tx, faces []faceRow) (map[int64]bool, error) {
	var given []int64
	for _, face := range faces {
		given = append(given, face.given)
	}
	who, err := survivors(ctx, tx, given)
	erased := map[int64]bool{}
	for id, one := range who {
		erased[id] = one.Erased
	}
	return erased, err
}

// markErased makes the face nobody's business, as it was an erased person's. What it looks
// like is kept until it is written: so a new look finds it again.
func (f *faceRow) markErased() {
	f.Erased, f.Ignored, f.DecidedBy, f.given = true, true, lineup.ByHand, 0
}

const selectUnused = `
	SELECT
		id,
		erased_at IS NOT NULL
	FROM person_images
	WHERE (removed_at IS NOT NULL OR state = 'unusable')
		AND id IN `

// readUnused reads which of the photos count no more, and which of these are erased.
func (k *known) readUnused(ctx context.Context, tx *sql.Tx, photos []int64) error {
	k.photos, k.erased = map[int64]bool{}, map[int64]bool{}
	for chunk := range slices.Chunk(distinctIDs(photos), maxValues) {
		list, args := placeholders(chunk)
		_, err := query(ctx, tx, func(rows *sql.Rows) (id int64, err error) {
			var erased bool
			err = rows.Scan(&id, &erased)
			k.photos[id], k.erased[id] = true, erased
			return id, err
		}, selectUnused+list, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// likesErased are the candidates who are erased: they still compete for the face, so that
// a late answer does not make it somebody else's.
func (f *faceRow) likesErased(k known) (all []match.Candidate[int64]) {
	for _, l := range f.likes {
		if one := k.who[l.Person]; one.Erased && l.Similarity != nil {
			all = append(all, match.Candidate[int64]{Person: one.ID, PhotoID: l.Photo, ImageName: l.ImageName, Similarity: *l.Similarity})
		}
	}
	return all
}

// forget makes a face nobody's that is an erased person's by what was decided, and one of
// which only another face of the picture kept that; and leaves nobody erased among the
// candidates.
func (f *faceRow) forget(k known, d match.Decision[int64]) {
	theirs := f.Erased || k.who[f.given].Erased
	if d.Refusal == match.Taken {
		theirs = theirs || slices.ContainsFunc(f.likes, func(l like) bool {
			return l.Photo == d.Candidates[0].PhotoID && k.who[l.Person].Erased
		})
	}
	if theirs {
		f.markErased()
		f.told, f.photoID, f.ImageName = 0, 0, ""
		f.Similarity, f.Margin, f.ChanceWrong, f.Refusal = nil, nil, nil, refusals[match.Ignored]
		f.Embedding, f.Model, f.likes = nil, "", nil
	}
	if f.likes != nil {
		f.likes = slices.DeleteFunc(slices.Clone(f.likes), func(l like) bool { return k.who[l.Person].Erased || k.erased[l.Photo] })
	}
}

const updateUndescribed = `
	UPDATE faces
	SET embedding = NULL,
		model = ''
	WHERE id IN `

const deleteFaceDescriptors = `
	DELETE FROM face_descriptors
	WHERE face_id IN `

// undescribe takes the descriptors and crops of erased persons' faces away.
func undescribe(ctx context.Context, tx *sql.Tx, faces []faceRow) error {
	var ids []int64
	for _, face := range faces {
		if face.Erased {
			ids = append(ids, face.ID)
		}
	}
	for chunk := range slices.Chunk(ids, maxValues) {
		list, args := placeholders(chunk)
		for _, statement := range []string{updateUndescribed, deleteFaceDescriptors} {
			if _, err := tx.ExecContext(ctx, statement+list, args...); err != nil {
				return err
			}
		}
	}
	return leaveCrops(ctx, tx, ids, nil)
}
