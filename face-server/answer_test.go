package main

import (
	"testing"

	"lineup/face-server/face"
	"lineup/face-server/gallery"
)

// nearestTo knows the photos by the first number of an embedding.
func nearestTo(known map[float32]gallery.Match) nearest {
	return func(embedding []float32) (gallery.Match, bool) {
		m, ok := known[embedding[0]]
		return m, ok
	}
}

func TestAnswer(t *testing.T) {
	dad, mom, stranger := []float32{1}, []float32{2}, []float32{3}
	known := nearestTo(map[float32]gallery.Match{
		1: {ImageName: "dad.jpg", Similarity: 0.8},
		2: {ImageName: "mom.jpg", Similarity: 0.9},
		3: {ImageName: "mom.jpg", Similarity: 0.41},
	})
	at := nearestTo(map[float32]gallery.Match{3: {ImageName: "mom.jpg", Similarity: 0.42}})
	nobody := nearestTo(nil)

	for name, c := range map[string]struct {
		found     []face.Face
		nearest   nearest
		imageName string
		faces     []string // the faces' image names, in order
	}{
		"no face is not found":                {nil, known, notFound, nil},
		"a known face gives its photo's name": {[]face.Face{{Embedding: dad}}, known, "dad.jpg", []string{"dad.jpg"}},
		"the surest of several comes first": {
			[]face.Face{{Embedding: stranger, Score: 1}, {Embedding: dad, Score: .9}, {Embedding: mom, Score: .8}},
			known, "mom.jpg", []string{"mom.jpg", "dad.jpg", ""}},
		"below the threshold nobody is named": {[]face.Face{{Embedding: stranger}}, known, notFound, []string{""}},
		"at the threshold somebody is":        {[]face.Face{{Embedding: stranger}}, at, "mom.jpg", []string{"mom.jpg"}},
		"with an empty gallery nobody is":     {[]face.Face{{Embedding: dad}, {Embedding: mom}}, nobody, notFound, []string{"", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			got := answer(c.found, c.nearest, 0.42, "model")
			if got.ImageName != c.imageName || len(got.Faces) != len(c.faces) {
				t.Fatalf("answer is %v, want %s and %d faces", got, c.imageName, len(c.faces))
			}
			for i, f := range got.Faces {
				if f.ImageName != c.faces[i] {
					t.Errorf("face %d is %q, want %q", i, f.ImageName, c.faces[i])
				}
				if f.Model != "model" || f.Score == nil || f.Box == nil || len(f.Embedding) != 1 {
					t.Errorf("face %d lacks something: %v", i, f)
				}
				if _, near := c.nearest(f.Embedding); near != (f.Similarity != nil) {
					t.Errorf("face %d: similarity is %v", i, f.Similarity)
				}
			}
		})
	}
	t.Run("with an empty gallery the surest face comes first", func(t *testing.T) {
		got := answer([]face.Face{{Embedding: dad, Score: .8}, {Embedding: mom, Score: .9}}, nobody, 0.42, "")
		if got.Faces[0].GetScore() != .9 {
			t.Errorf("first comes a score of %v, want 0.9", got.Faces[0].GetScore())
		}
	})
}

func TestBoxIsCutToThePicture(t *testing.T) {
	got := box(face.Box{X: -0.25, Y: 0.5, Width: 0.5, Height: 0.75})
	if got.X != 0 || got.Y != 0.5 || got.Width != 0.25 || got.Height != 0.5 {
		t.Errorf("box is %v, want 0, 0.5, 0.25, 0.5", got)
	}
}
