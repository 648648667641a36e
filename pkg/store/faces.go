package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"math"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

// ownersOf tells whose the gallery photos are that the faces matched.
func ownersOf(ctx context.Context, tx *sql.Tx, faces []lineup.Face) (map[string]lineup.Person, error) {
	owners := map[string]lineup.Person{}
	var names []string
	for _, face := range faces {
		if face.ImageName != "" {
			names = append(names, face.ImageName)
		}
	}
	for chunk := range slices.Chunk(names, statementRows) {
		list, args := in(chunk)
		_, err := query(ctx, tx, func(rows *sql.Rows) (name string, err error) {
			var person lineup.Person
			err = rows.Scan(&name, &person.ID, &person.Name)
			owners[name] = person
			return name, err
		}, `SELECT i.image_name, p.id, p.name FROM person_images i JOIN person p ON p.id=i.person_id
			WHERE i.image_name IN `+list, args...)
		if err != nil {
			return nil, err
		}
	}
	return owners, nil
}

// identify gives every face its person. A photo that is nobody's matches nobody.
func identify(faces []lineup.Face, owners map[string]lineup.Person) []lineup.Face {
	identified := slices.Clone(faces)
	for i := range identified {
		if person, known := owners[identified[i].ImageName]; known {
			identified[i].Person = &person
		}
	}
	return identified
}

// surest is the person whose face matched best, nil when nobody is known. Where
// the face server tells no similarity, the first known face is.
func surest(faces []lineup.Face) *lineup.Person {
	var best *lineup.Person
	highest := math.Inf(-1)
	for _, face := range faces {
		if face.Person == nil {
			continue
		}
		similarity := math.Inf(-1)
		if face.Similarity != nil {
			similarity = *face.Similarity
		}
		if best == nil || similarity > highest {
			best, highest = face.Person, similarity
		}
	}
	return best
}

const faceColumns = "box_x, box_y, box_width, box_height, person_id, image_name, similarity, score, embedding, model"

// faceRows is how many faces one statement writes: with embeddings of 4,096 numbers,
// every byte of them escaped, less than the 4 MB that a server takes as one packet
// if nobody has raised its limit.
const faceRows = 100

// writeFaces puts faces in the place of those the picture has.
func writeFaces(ctx context.Context, tx *sql.Tx, imageID int64, faces []lineup.Face) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM faces WHERE image_id=?", imageID); err != nil {
		return err
	}
	for chunk := range slices.Chunk(faces, faceRows) {
		values, args := "", []any{}
		for _, face := range chunk {
			var x, y, width, height, person any
			if box := face.Box; box != nil {
				x, y, width, height = box.X, box.Y, box.Width, box.Height
			}
			if face.Person != nil {
				person = face.Person.ID
			}
			values += ",(?,?,?,?,?,?,?,?,?,?,?)"
			args = append(args, imageID, x, y, width, height, person, face.ImageName, face.Similarity, face.Score,
				pack(face.Embedding), face.Model)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO faces (image_id, "+faceColumns+") VALUES "+values[1:], args...); err != nil {
			return err
		}
	}
	return nil
}

// facesOf gives the faces of each picture, the surest match first, without their embeddings.
func facesOf(ctx context.Context, q querier, images []int64) (map[int64][]lineup.Face, error) {
	faces := make(map[int64][]lineup.Face, len(images))
	for chunk := range slices.Chunk(images, statementRows) {
		list, args := in(chunk)
		_, err := query(ctx, q, func(rows *sql.Rows) (image int64, err error) {
			var (
				face                lineup.Face
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
			faces[image] = append(faces[image], face)
			return image, err
		}, `SELECT f.image_id, f.box_x, f.box_y, f.box_width, f.box_height, f.person_id, p.name, f.image_name, f.similarity, f.score
			FROM faces f LEFT JOIN person p ON p.id=f.person_id WHERE f.image_id IN `+list+`
			ORDER BY f.image_id, f.person_id IS NULL, f.similarity DESC, f.id`, args...)
		if err != nil {
			return nil, err
		}
	}
	return faces, nil
}

// pack is an embedding as it lies in its column; nil for none.
func pack(embedding []float32) []byte {
	if len(embedding) == 0 {
		return nil
	}
	bytes := make([]byte, 0, 4*len(embedding))
	for _, f := range embedding {
		bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(f))
	}
	return bytes
}
