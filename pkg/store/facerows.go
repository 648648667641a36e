package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
)

// sameButForState tells whether nothing of what was decided of a row need be written, but
// perhaps the state that it was compared with: that is most of what a re-match writes.
func sameButForState(a, b faceRow) bool {
	if a.state.Valid && b.state.Valid {
		a.state = b.state
	}
	return slices.Equal(decisionValues(a), decisionValues(b))
}

// decisionColumns are what decisionValues gives, and seenColumns what seenValues does.
var (
	decisionColumns = []string{
		"person_id", "told_person", "decided_by", "ignored", "erased", "image_name", "photo_id",
		"similarity", "margin", "chance_wrong", "refusal", "candidates", "gallery_state",
	}
	seenColumns = []string{
		"box_x", "box_y", "box_width", "box_height", "score", "embedding", "model", "problems", "drawn", "crop",
	}
)

// decisionValues are what was decided of a face, as values that can be compared.
func decisionValues(f faceRow) []any {
	var candidates sql.NullString
	if f.likes != nil {
		text, _ := json.Marshal(f.likes) //nolint:errchkjson // numbers that are none never come into it
		candidates = sql.NullString{String: string(text), Valid: true}
	}
	return []any{
		nullableID(f.given),
		nullableID(f.told),
		string(f.DecidedBy),
		f.Ignored,
		f.Erased,
		f.ImageName,
		nullableID(f.photoID),
		nullFloat(f.Similarity),
		nullFloat(f.Margin),
		nullFloat(f.ChanceWrong),
		f.Refusal,
		candidates,
		f.state,
	}
}

// seenValues are what was seen of a face.
func seenValues(f faceRow) []any {
	var x, y, width, height any
	if box := f.Box; box != nil {
		x, y, width, height = box.X, box.Y, box.Width, box.Height
	}
	return []any{x, y, width, height, f.Score, encodeEmbedding(f.Embedding), f.Model, strings.Join(f.Problems, ","), f.drawn, nullable(string(f.Crop))}
}

func nullFloat(f *float64) sql.NullFloat64 {
	if f == nil {
		return sql.NullFloat64{}
	}
	return sql.NullFloat64{Float64: *f, Valid: true}
}

// maxFaces is how many faces one statement writes: with embeddings of 4,096 numbers,
// every byte of them escaped, and candidates less than the 4 MB that a server takes as
// one packet if nobody has raised its limit.
const maxFaces = 50

// writeDecisions writes what was decided of faces that are there.
func writeDecisions(ctx context.Context, tx *sql.Tx, faces []faceRow) error {
	return putFaces(ctx, tx, faces, decisionColumns, decisionValues)
}

const updateFacesState = `
	UPDATE faces
	SET gallery_state = ?
	WHERE id IN `

// stampFaces writes the state that the faces were compared with.
func stampFaces(ctx context.Context, tx *sql.Tx, ids []int64, state int64) error {
	for chunk := range slices.Chunk(ids, maxValues) {
		list, args := placeholders(chunk)
		if _, err := tx.ExecContext(ctx, updateFacesState+list, append([]any{state}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

// writeFaces writes faces whole: new ones, whose ids are 0, and those that are there.
func writeFaces(ctx context.Context, tx *sql.Tx, faces []faceRow) error {
	columns := slices.Concat(decisionColumns, seenColumns)
	values := func(f faceRow) []any { return slices.Concat(decisionValues(f), seenValues(f)) }
	var added, there []faceRow // in statements of their own: an id that is told may confuse the count of those that are not
	for _, face := range faces {
		if face.ID == 0 {
			added = append(added, face)
		} else {
			there = append(there, face)
		}
	}
	if err := putFaces(ctx, tx, there, columns, values); err != nil {
		return err
	}
	return putFaces(ctx, tx, added, columns, values)
}

// addFace writes a new face and gives its id.
func addFace(ctx context.Context, tx *sql.Tx, face faceRow) (int64, error) {
	columns := slices.Concat([]string{"image_id"}, decisionColumns, seenColumns)
	list, args := placeholders(slices.Concat([]any{face.imageID}, decisionValues(face), seenValues(face)))
	//nolint:gosec // the columns are this file's
	result, err := tx.ExecContext(ctx, "INSERT INTO faces ("+strings.Join(columns, ", ")+") VALUES "+list, args...)
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

// putFaces writes these columns, many rows with one statement.
func putFaces(ctx context.Context, tx *sql.Tx, faces []faceRow, columns []string, values func(faceRow) []any) error {
	row := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)+2), ", ") + ")"
	updates := make([]string, len(columns))
	for i, column := range columns {
		updates[i] = column + " = VALUES(" + column + ")"
	}
	for chunk := range slices.Chunk(faces, maxFaces) {
		var args []any
		for _, face := range chunk {
			args = append(append(args, nullableID(face.ID), face.imageID), values(face)...)
		}
		rows := strings.TrimSuffix(strings.Repeat(row+", ", len(chunk)), ", ")
		//nolint:gosec // the columns are this file's
		statement := "INSERT INTO faces (id, image_id, " + strings.Join(columns, ", ") + ") VALUES " + rows +
			" ON DUPLICATE KEY UPDATE " + strings.Join(updates, ", ")
		if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
			return err
		}
	}
	return nil
}

const deleteFaces = `
	DELETE FROM faces
	WHERE id IN `

func removeFaces(ctx context.Context, tx *sql.Tx, ids []int64) error {
	for chunk := range slices.Chunk(ids, maxValues) {
		if err := leaveCrops(ctx, tx, chunk, nil); err != nil {
			return err
		}
		list, args := placeholders(chunk)
		if _, err := tx.ExecContext(ctx, deleteFaces+list, args...); err != nil {
			return err
		}
	}
	return nil
}
