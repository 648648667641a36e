package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/blas/gonum"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
)

// faceRow is a face as its row has it. Of its lineup.Face, Person and Candidates are not
// set: persons are resolved when somebody reads.
type faceRow struct {
	lineup.Face
	imageID int64
	given   int64         // the person whom it was given to; 0 for nobody
	told    int64         // who that was when the answer was last told
	photoID int64         // the row of ImageName
	likes   []like        // whom it is like, the nearest first; nil where nobody compared it
	state   sql.NullInt64 // of the gallery that it was compared with
	drawn   bool          // by a hand: it stays where a look does not find it
}

// like is a candidate as a row keeps it.
type like struct {
	Person     int64    `json:"person"` // whose the photo is
	Photo      int64    `json:"photo"`
	ImageName  string   `json:"image_name"`
	Similarity *float32 `json:"similarity"`     // nil where the face server did not tell
	Told       bool     `json:"told,omitempty"` // the face server said that it is this person
	// ChanceWrong is how likely it is wrong to give the face this name; nil where the face server did not tell.
	ChanceWrong *float64 `json:"chance_wrong,omitempty"`

	face int64 // that is the photo, where somebody just read it; a face is not like itself
}

// comparable tells whether the machine compares it with the gallery.
func (f faceRow) comparable() bool { return len(f.Embedding) > 0 && f.Model != "" && !f.byHand() }

// byHand tells whether a hand said whose it is, or that it is nobody's business.
func (f faceRow) byHand() bool { return f.DecidedBy == lineup.ByHand }

// said tells whether a hand said anything of it: then it is not forgotten where a look does
// not find it.
func (f faceRow) said() bool { return f.drawn || f.byHand() || len(f.Not) > 0 }

// serverSaid is whom the face server said that it is; nil where it left that to the rule.
func (f faceRow) serverSaid() *like {
	if i := slices.IndexFunc(f.likes, func(l like) bool { return l.Told }); i >= 0 {
		return &f.likes[i]
	}
	return nil
}

// candidates are whom it is like, persons resolved: those with a name, and strangers. Those
// that count no more are left out.
func (f faceRow) candidates(who map[int64]survivor) (named, strangers []match.Candidate[int64]) {
	for _, l := range f.likes {
		one, there := who[l.Person]
		if !there || one.Removed || l.Similarity == nil {
			continue
		}
		c := match.Candidate[int64]{Person: one.ID, PhotoID: l.Photo, ImageName: l.ImageName, Similarity: *l.Similarity}
		if one.Name != "" {
			named = append(named, c)
		} else {
			strangers = append(strangers, c)
		}
	}
	return named, strangers
}

// isNot are the persons that it was said not to be, resolved.
func (f faceRow) isNot(who map[int64]survivor) (all []int64) {
	for _, id := range f.Not {
		if one, there := who[id]; there {
			all = append(all, one.ID)
		}
	}
	return all
}

// peopleIn are all persons that the faces name.
func peopleIn(rows []faceRow) (ids []int64) {
	for _, row := range rows {
		ids = append(append(ids, row.given), row.Not...)
		for _, l := range row.likes {
			ids = append(ids, l.Person)
		}
	}
	return ids
}

const (
	selectFaces = `
		SELECT
			id,
			image_id,
			box_x,
			box_y,
			box_width,
			box_height,
			person_id,
			told_person,
			decided_by,
			ignored,
			erased,
			image_name,
			photo_id,
			similarity,
			margin,
			chance_wrong,
			refusal,
			candidates,
			score,
			model,
			problems,
			gallery_state,
			drawn,
			crop,
			IF(?, embedding, NULL)
		FROM faces
		WHERE image_id IN `
	inOrder = `
		ORDER BY
			image_id,
			id`

	selectExclusions = `
		SELECT
			x.face_id,
			x.person_id
		FROM face_exclusions x
		JOIN faces f ON f.id = x.face_id
		WHERE f.image_id IN `
	exclusionsInOrder = `
		ORDER BY
			x.face_id,
			x.person_id`
)

// readFaces reads the faces of the pictures, in the order of the pictures' and their ids.
func readFaces(ctx context.Context, q querier, images []int64, embeddings bool) (all []faceRow, err error) {
	for chunk := range slices.Chunk(distinctIDs(images), maxValues) {
		list, args := placeholders(chunk)
		rows, err := query(ctx, q, scanFace, selectFaces+list+inOrder, slices.Concat([]any{embeddings}, args)...)
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			continue
		}
		not := map[int64][]int64{}
		_, err = query(ctx, q, func(rows *sql.Rows) (face int64, err error) {
			var person int64
			err = rows.Scan(&face, &person)
			not[face] = append(not[face], person)
			return face, err
		}, selectExclusions+list+exclusionsInOrder, args...)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			rows[i].Not = append(rows[i].Not, not[rows[i].ID]...)
		}
		all = append(all, rows...)
	}
	return all, nil
}

func scanFace(rows *sql.Rows) (f faceRow, err error) {
	var (
		x, y, width, height sql.NullFloat64
		person, told, photo sql.NullInt64
		candidates          sql.NullString
		problems            string
		crop                sql.NullString
		embedding           []byte
	)
	err = rows.Scan(&f.ID, &f.imageID, &x, &y, &width, &height, &person, &told, &f.DecidedBy, &f.Ignored, &f.Erased, &f.ImageName, &photo,
		&f.Similarity, &f.Margin, &f.ChanceWrong, &f.Refusal, &candidates, &f.Score, &f.Model, &problems, &f.state, &f.drawn, &crop, &embedding)
	if err != nil {
		return f, err
	}
	if x.Valid && y.Valid && width.Valid && height.Valid {
		f.Box = &lineup.Box{X: x.Float64, Y: y.Float64, Width: width.Float64, Height: height.Float64}
	}
	f.given, f.told, f.photoID, f.Not, f.GalleryState = person.Int64, told.Int64, photo.Int64, []int64{}, f.state.Int64
	f.Crop = lineup.Derived(crop.String)
	f.Problems, f.Occluded = readProblems(problems)
	if candidates.Valid && json.Unmarshal([]byte(candidates.String), &f.likes) != nil {
		f.likes = nil // edited by hand: as if nobody had compared it
	}
	f.Embedding = decodeEmbedding(embedding)
	return f, nil
}

// readProblems reads their column; none for an empty one.
func readProblems(column string) (problems []string, occluded bool) {
	if column == "" {
		return nil, false
	}
	problems = strings.Split(column, ",")
	return problems, slices.Contains(problems, lineup.Occluded)
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

// decodeEmbedding is the way back; nil for what is no embedding.
func decodeEmbedding(encoded []byte) []float32 {
	if len(encoded) == 0 || len(encoded)%4 != 0 {
		return nil
	}
	embedding := make([]float32, len(encoded)/4)
	for i := range embedding {
		embedding[i] = math.Float32frombits(binary.LittleEndian.Uint32(encoded[4*i:]))
	}
	return embedding
}

func sameEmbedding(a, b faceRow) bool {
	return a.Model == b.Model && bytes.Equal(encodeEmbedding(a.Embedding), encodeEmbedding(b.Embedding))
}

// cosine is how similar two descriptors of length 1 are; -1 where they cannot be compared.
func cosine(a, b []float32) float64 {
	if len(a) != len(b) {
		return -1
	}
	return min(max(float64(gonum.Implementation{}.Sdot(len(a), a, 1, b, 1)), -1), 1) // lengths are 1 but for rounding
}
