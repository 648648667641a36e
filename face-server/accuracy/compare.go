package accuracy

import (
	"context"
	"slices"

	"lineup.dev/lineup/pkg/match"
)

// Described is a photo whose faces were described.
type Described struct {
	Photo
	// Faces are those in the photo, the largest first. Of a photo of one person only
	// the first counts.
	Faces []Face
	Width float64 // of the largest of them in pixels
	Err   error   // why the photo could not be read
}

// Face is a face as the server's rule sees it.
type Face struct {
	Embedding []float32 // of length 1
	Occluded  bool      // it is covered in part, which takes more similarity
}

// counted is how similar two faces are as the server's rule takes it, where one may be covered.
func counted(a, b Face, similarity float32) float32 {
	return float32(match.Counted(float64(similarity), a.Occluded || b.Occluded))
}

func (d Described) counted() []Face {
	if d.Group {
		return d.Faces
	}
	return d.Faces[:min(1, len(d.Faces))]
}

// Compare compares all faces with each other. Two photos of one person each make a
// pair; a face of a group makes one with every photo of a person who is not in the
// group, and with the other faces of the group, and these are all pairs of two
// persons. The scores are as the rule takes them. Progress is told, now and then, how much of the work is done, 0 to 1.
// The error is ctx's.
func Compare(ctx context.Context, photos []Described, rule match.Rule, progress func(part float64)) (Scores, Outcome, error) {
	faces := make([]face, 0, Faces(photos))
	for i, photo := range photos {
		for _, found := range photo.counted() {
			faces = append(faces, face{Face: found, photo: i})
		}
	}
	scores := Scores{Different: make([]float32, 0, PairsOf(len(faces)))} // most are
	for i := range faces {
		if err := ctx.Err(); err != nil {
			return Scores{}, Outcome{}, err
		}
		progress(float64(i) * float64(i) / (float64(len(faces)) * float64(len(faces))))
		for j := range i {
			a, b := &faces[i], &faces[j]
			similarity := cosine(a.Embedding, b.Embedding)
			switch kindOf(photos, a.photo, b.photo) {
			case same:
				scores.Same = append(scores.Same, counted(a.Face, b.Face, similarity))
			case different:
				scores.Different = append(scores.Different, counted(a.Face, b.Face, similarity))
			}
			a.compare(photos, b.photo, similarity)
			b.compare(photos, a.photo, similarity)
		}
	}
	scores.Sort()
	return scores, identify(faces, photos, rule), nil
}

// Ask asks about photos as they look now, made harder say, among others that stay as they
// were: asked has the same photos as enrolled, in the same order.
func Ask(ctx context.Context, enrolled, asked []Described, rule match.Rule) (Outcome, error) {
	var faces []face
	for i, photo := range asked {
		if !photo.Asked {
			continue
		}
		if err := ctx.Err(); err != nil {
			return Outcome{}, err
		}
		for _, found := range photo.counted() {
			f := face{Face: found, photo: i}
			for j, other := range enrolled {
				for _, of := range other.counted() {
					f.compare(enrolled, j, cosine(f.Embedding, of.Embedding))
				}
			}
			faces = append(faces, f)
		}
	}
	return identify(faces, asked, rule), nil
}

type kind int

const (
	untold kind = iota
	same
	different
)

// kindOf tells whether faces of two photos are one person's.
func kindOf(photos []Described, i, j int) kind {
	a, b := photos[i], photos[j]
	switch {
	case i == j:
		return different // there is more than one face in a group only
	case a.Group && b.Group:
		return untold // the strangers in both may be the same
	case !a.Group && !b.Group:
		if a.People[0] == b.People[0] {
			return same
		}
		return different
	case a.Group:
		a, b = b, a
	}
	if slices.Contains(b.People, a.People[0]) {
		return untold // which face of the group is the person's is not known
	}
	return different
}

// Faces is how many faces Compare compares.
func Faces(photos []Described) (n int) {
	for _, photo := range photos {
		n += len(photo.counted())
	}
	return n
}

// Enrolled is how many photos the gallery has that show a face.
func Enrolled(photos []Described) (n int) {
	for _, photo := range photos {
		if photo.Enrolled && len(photo.Faces) > 0 {
			n++
		}
	}
	return n
}

// Covered is how many of the faces that Compare compares are covered in part.
func Covered(photos []Described) (n int) {
	for _, photo := range photos {
		for _, face := range photo.counted() {
			if face.Occluded {
				n++
			}
		}
	}
	return n
}

// PairsOf is how many pairs Compare compares for so many faces. It keeps 4 bytes of
// each.
func PairsOf(faces int) int { return faces * (faces - 1) / 2 }

// face is one that is asked about or enrolled, and who is nearest to it.
type face struct {
	Face
	photo  int
	all    nearest // of the gallery without the face's own photo
	others nearest // of the gallery without the people who are in the face's photo
}

// compare tells a face how similar the face of another photo is.
func (f *face) compare(photos []Described, other int, similarity float32) {
	asked, enrolled := photos[f.photo], photos[other]
	if !asked.Asked || !enrolled.Enrolled || other == f.photo {
		return
	}
	person := enrolled.People[0]
	m := likeness{person, enrolled.File, similarity}
	f.all.offer(m)
	if !slices.Contains(asked.People, person) {
		f.others.offer(m)
	}
}

// likeness is a person of the gallery by the photo of theirs that is nearest.
type likeness struct {
	person, file string
	similarity   float32
}

// nearest is the two nearest persons, the nearer first; a person is "" when there
// are fewer.
type nearest [2]likeness

func (n *nearest) offer(m likeness) {
	switch {
	case n[0].person == "" || m.person == n[0].person && m.similarity > n[0].similarity:
		n[0] = m
	case m.person == n[0].person:
	case m.similarity > n[0].similarity:
		n[0], n[1] = m, n[0]
	case n[1].person == "" || m.similarity > n[1].similarity:
		n[1] = m
	}
}

// cosine is that of the angle between two vectors of length 1. Four sums at a time
// keep the processor from waiting for each.
func cosine(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return min(max(s0+s1+s2+s3, -1), 1)
}
