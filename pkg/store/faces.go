package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
)

const selectOwners = `
	SELECT
		i.image_name,
		p.id,
		p.name
	FROM person_images i
	JOIN person p ON p.id = i.person_id
	WHERE i.image_name IN `

// ownersOf tells whose the gallery photos are that the faces matched.
func ownersOf(ctx context.Context, tx *sql.Tx, faces []lineup.Face) (map[string]lineup.Person, error) {
	owners := map[string]lineup.Person{}
	var names []string
	for _, face := range faces {
		if face.ImageName != "" {
			names = append(names, face.ImageName)
		}
	}
	for chunk := range slices.Chunk(names, maxValues) {
		list, args := placeholders(chunk)
		_, err := query(ctx, tx, func(rows *sql.Rows) (name string, err error) {
			var person lineup.Person
			err = rows.Scan(&name, &person.ID, &person.Name)
			owners[name] = person
			return name, err
		}, selectOwners+list, args...)
		if err != nil {
			return nil, err
		}
	}
	return owners, nil
}

const (
	deleteFaces = `
		DELETE FROM faces
		WHERE image_id = ?`

	insertFaces = `
		INSERT INTO faces (
			image_id,
			box_x,
			box_y,
			box_width,
			box_height,
			person_id,
			image_name,
			similarity,
			score,
			embedding,
			model
		)
		VALUES `
	insertFacesRow = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
)

// maxFaces is how many faces one statement writes: with embeddings of 4,096 numbers,
// every byte of them escaped, less than the 4 MB that a server takes as one packet
// if nobody has raised its limit.
const maxFaces = 100

// writeFaces puts faces in the place of those the picture has.
func writeFaces(ctx context.Context, tx *sql.Tx, imageID int64, faces []lineup.Face) error {
	if _, err := tx.ExecContext(ctx, deleteFaces, imageID); err != nil {
		return err
	}
	for chunk := range slices.Chunk(faces, maxFaces) {
		var rows []string
		var args []any
		for _, face := range chunk {
			rows, args = append(rows, insertFacesRow), append(args, faceValues(imageID, face)...)
		}
		if _, err := tx.ExecContext(ctx, insertFaces+strings.Join(rows, ", "), args...); err != nil {
			return err
		}
	}
	return nil
}

// faceValues are the values of insertFacesRow.
func faceValues(imageID int64, face lineup.Face) []any {
	var x, y, width, height, person any
	if box := face.Box; box != nil {
		x, y, width, height = box.X, box.Y, box.Width, box.Height
	}
	if face.Person != nil {
		person = face.Person.ID
	}
	return []any{
		imageID,
		x,
		y,
		width,
		height,
		person,
		face.ImageName,
		face.Similarity,
		face.Score,
		encodeEmbedding(face.Embedding),
		face.Model,
	}
}

const (
	selectFaces = `
		SELECT
			f.image_id,
			f.box_x,
			f.box_y,
			f.box_width,
			f.box_height,
			f.person_id,
			p.name,
			f.image_name,
			f.similarity,
			f.score
		FROM faces f
		LEFT JOIN person p ON p.id = f.person_id
		WHERE f.image_id IN `
	bestMatchFirst = `
		ORDER BY
			f.image_id,
			f.person_id IS NULL,
			f.similarity DESC,
			f.id`
)

// facesOf gives the faces of each picture, the best match first, without their embeddings.
func facesOf(ctx context.Context, q querier, images []int64) (map[int64][]lineup.Face, error) {
	faces := make(map[int64][]lineup.Face, len(images))
	for chunk := range slices.Chunk(images, maxValues) {
		list, args := placeholders(chunk)
		_, err := query(ctx, q, func(rows *sql.Rows) (image int64, err error) {
			image, face, err := scanFace(rows)
			faces[image] = append(faces[image], face)
			return image, err
		}, selectFaces+list+bestMatchFirst, args...)
		if err != nil {
			return nil, err
		}
	}
	return faces, nil
}

func scanFace(rows *sql.Rows) (image int64, face lineup.Face, err error) {
	var (
		x, y, width, height sql.NullFloat64
		person              sql.NullInt64
		name                sql.NullString
	)
	err = rows.Scan(&image, &x, &y, &width, &height, &person, &name, &face.ImageName, &face.Similarity, &face.Score)
	if x.Valid && y.Valid && width.Valid && height.Valid {
		face.Box = &lineup.Box{X: x.Float64, Y: y.Float64, Width: width.Float64, Height: height.Float64}
	}
	if name.Valid {
		face.Person = &lineup.Person{ID: person.Int64, Name: name.String}
	}
	return image, face, err
}

// encodeEmbedding gives an embedding as it lies in its column; nil for none.
func encodeEmbedding(embedding []float32) []byte {
	if len(embedding) == 0 {
		return nil
	}
	bytes := make([]byte, 0, 4*len(embedding))
	for _, f := range embedding {
		bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(f))
	}
	return bytes
}

// decodeEmbedding is encodeEmbedding's inverse.
func decodeEmbedding(encoded []byte) []float32 {
	embedding := make([]float32, len(encoded)/4)
	for i := range embedding {
		embedding[i] = math.Float32frombits(binary.LittleEndian.Uint32(encoded[4*i:]))
	}
	return embedding
}
