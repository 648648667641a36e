package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
)

const (
	updatePhotoFinished = `
		UPDATE person_images
		SET state = ?,
			reason = ?,
			warning = ?,
			shown = ?,
			similar_to = ?,
			similar_photo = ?,
			similarity = ?,
			width = ?,
			light = ?,
			sharpness = ?,
			crop = ?,
			prior_claim = NULL,
			claim = NULL,
			lease_until = NULL,
			retry_at = NULL
		WHERE id = ?`

	deleteDescriptor = `
		DELETE FROM descriptors
		WHERE photo_id = ?
			AND model = ?`

	insertDescriptor = `
		INSERT INTO descriptors (photo_id, model, descriptor)
		VALUES (?, ?, ?)`
)

func writeOutcome(ctx context.Context, tx *sql.Tx, id int64, o PhotoOutcome, similar *Similar) error {
	var shown sql.NullString
	if o.Shown != nil {
		text, err := json.Marshal(o.Shown)
		if err != nil {
			return err
		}
		shown = sql.NullString{String: string(text), Valid: len(text) <= ShownBytes}
	}
	var similarTo, similarPhoto, similarity any
	if similar != nil {
		similarTo, similarPhoto, similarity = similar.Person.ID, similar.ImageName, similar.Similarity
	}
	if _, err := tx.ExecContext(ctx, updatePhotoFinished, o.State, nullable(truncate(o.Reason, ReasonWidth)), nullable(truncate(o.Warning, WarningWidth)), shown,
		similarTo, similarPhoto, similarity, o.Quality.Width, o.Quality.Light, o.Quality.Sharpness, nullable(string(o.Crop)), id); err != nil {
		return err
	}
	if len(o.Descriptor) == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, deleteDescriptor, id, o.Model); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, insertDescriptor, id, o.Model, encodeEmbedding(o.Descriptor))
	return err
}

// writtenPhoto reads a photo in the transaction that wrote it, as another may remove it
// right after the commit.
func writtenPhoto(ctx context.Context, tx *sql.Tx, id int64) (Photo, error) {
	written, err := query(ctx, tx, scanPhotoRow, selectPhotos+"(?)", id)
	if err != nil || len(written) == 0 {
		return Photo{}, cmp.Or(err, ErrNotFound)
	}
	return written[0].Photo, nil
}
