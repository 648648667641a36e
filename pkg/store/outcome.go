package store

import (
	"context"
	"database/sql"
	"fmt"

	"lineup.dev/lineup/pkg/lineup"
)

// PhotoOutcome is what became of a photo that was looked at.
type PhotoOutcome struct {
	State   PhotoState // usable, unusable or unchecked
	Reason  string     // why it is unusable
	Warning string     // of one that is used: what could not be seen of it
	Shown   any        // the faces found in it, for people and programs; nil when nobody knows

	Crop lineup.Derived // the face that counts, or the photo where none does

	// Of the face that counts:
	Quality    PhotoQuality
	Descriptor []float32
	Model      string
	// Candidates are whom it is like, as the face server told, and GalleryState what it
	// was compared with: 0 where that has no number. Threshold is how similar makes one.
	Candidates   []PhotoCandidate
	GalleryState int64
	Threshold    float64
}

// PhotoQuality is how well a face can be seen.
type PhotoQuality struct {
	Width     float64 // in pixels
	Light     float64 // mean, 0 to 1
	Sharpness float64
}

// PhotoCandidate is a person by the photo that is most similar.
type PhotoCandidate struct {
	PersonID   int64
	PhotoID    int64
	ImageName  string
	Similarity float64 // cosine

	descriptor []float32 // where it was just read
}

const (
	selectPhotoClaimed = `
		SELECT ` + photoRowColumns + `
		FROM person_images i
		WHERE i.id = ?
			AND i.claim = ?
			AND i.state = '` + string(PhotoPending) + `'
			AND i.removed_at IS NULL
		FOR UPDATE`

	lockGallery = `
		SELECT state
		FROM gallery
		WHERE id = 1
		FOR UPDATE`
)

// FinishPhoto writes what became of the photo and ends the claim. A photo that is usable
// by itself is unusable all the same if it is like a photo of another named person
// (Similar tells whom), or the same as one that the person has; what the face server did
// not see of that, because it was enrolled, named or taken apart meanwhile, is looked at
// here. ErrClaimLost when the claim was another's by then.
func (s *Store) FinishPhoto(ctx context.Context, c PhotoClaim, o PhotoOutcome) (photo Photo, err error) {
	if c.PersonID == 0 {
		return s.finishAdopted(ctx, c, o)
	}
	err = s.transact(ctx, fmt.Sprintf("write the outcome of photo %d", c.ID), func(tx *sql.Tx) error {
		rows, err := query(ctx, tx, scanPhotoRow, selectPhotoClaimed, c.ID, c.token)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return ErrClaimLost
		}
		if err := leave(ctx, tx, []lineup.Derived{rows[0].Crop}); err != nil {
			return err
		}
		outcome := o
		var similar *Similar
		if o.State == PhotoUsable {
			// Nobody enrols, merges or names until this is committed.
			if err := tx.QueryRowContext(ctx, lockGallery).Scan(new(int64)); err != nil {
				return err
			}
			var reason string
			if similar, reason, err = judge(ctx, tx, rows[0].Photo, o); err != nil {
				return err
			}
			if reason != "" {
				outcome.State, outcome.Reason, outcome.Warning = PhotoUnusable, reason, ""
			}
		}
		if err := writeOutcome(ctx, tx, c.ID, outcome, similar); err != nil {
			return err
		}
		if outcome.State == PhotoUsable {
			if _, err = bumpGallery(ctx, tx, nil, []int64{c.ID}); err != nil {
				return err
			}
		}
		photo, err = writtenPhoto(ctx, tx, c.ID)
		return err
	})
	return photo, err
}
