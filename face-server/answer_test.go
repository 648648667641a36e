package main

import (
	"testing"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/gallery"
	facerecog "lineup.dev/lineup/proto"
)

// nearestTo knows persons by the first number of an embedding.
func nearestTo(known map[float32][]gallery.Candidate) nearest {
	return func(embedding []float32, count int) []gallery.Candidate {
		all := known[embedding[0]]
		return all[:min(count, len(all))]
	}
}

func TestAnswer(t *testing.T) {
	dad, mom, stranger, twin := []float32{1}, []float32{2}, []float32{3}, []float32{4}
	known := nearestTo(map[float32][]gallery.Candidate{
		1: {{ImageName: "dad.jpg", Person: "dad", Similarity: 0.8}, {ImageName: "mom.jpg", Person: "mom", Similarity: 0.1}},
		2: {{ImageName: "mom.jpg", Person: "mom", Similarity: 0.9}, {ImageName: "dad.jpg", Person: "dad", Similarity: 0.1}, {ImageName: "son.jpg", Person: "son"}},
		3: {{ImageName: "mom.jpg", Person: "mom", Similarity: 0.41}},
		4: {{ImageName: "one.jpg", Person: "one", Similarity: 0.95}, {ImageName: "other.jpg", Person: "other", Similarity: 0.94}},
	})
	nobody := nearestTo(nil)
	for name, c := range map[string]struct {
		found     []face.Face
		nearest   nearest
		imageName string
		faces     []string // the faces' image names, in order
	}{
		"no face is not found":                {nil, known, facerecog.NotFound, nil},
		"a known face gives its photo's name": {[]face.Face{{Embedding: dad}}, known, "dad.jpg", []string{"dad.jpg"}},
		"the most similar of several comes first": {
			[]face.Face{{Embedding: stranger, Score: 1}, {Embedding: dad, Score: .9}, {Embedding: mom, Score: .8}},
			known, "mom.jpg", []string{"mom.jpg", "dad.jpg", ""}},
		"below the threshold nobody is named":        {[]face.Face{{Embedding: stranger}}, known, facerecog.NotFound, []string{""}},
		"a coin toss is nobody, however near":        {[]face.Face{{Embedding: twin}}, known, facerecog.NotFound, []string{""}},
		"who is known comes before a nearer unknown": {[]face.Face{{Embedding: twin}, {Embedding: dad}}, known, "dad.jpg", []string{"dad.jpg", ""}},
		"with an empty gallery nobody is":            {[]face.Face{{Embedding: dad}, {Embedding: mom}}, nobody, facerecog.NotFound, []string{"", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			got := matcher{Rule: gallery.Rule{Threshold: 0.42, Margin: 0.1}, candidates: 2}.answer(c.found, c.nearest, "model")
			if got.ImageName != c.imageName || len(got.Faces) != len(c.faces) {
				t.Fatalf("answer is %v, want %s and %d faces", got, c.imageName, len(c.faces))
			}
			for i, f := range got.Faces {
				if f.ImageName != c.faces[i] || (f.ImageName == "") != (f.Refusal != facerecog.Refusal_NONE) {
					t.Errorf("face %d is %q, refused for %v; want %q", i, f.ImageName, f.Refusal, c.faces[i])
				}
				if f.Model != "model" || f.Score == nil || f.Box == nil || len(f.Embedding) != 1 {
					t.Errorf("face %d lacks something: %v", i, f)
				}
				candidates := c.nearest(f.Embedding, 2)
				if len(f.Candidates) != len(candidates) || (f.Similarity != nil) != (len(candidates) > 0) {
					t.Fatalf("face %d: %d candidates, similarity %v; want %d", i, len(f.Candidates), f.Similarity, len(candidates))
				}
				if (f.Margin != nil) != (len(candidates) > 1) || f.Margin != nil && *f.Margin != candidates[0].Similarity-candidates[1].Similarity {
					t.Errorf("face %d: margin is %v", i, f.Margin)
				}
				for j, candidate := range candidates {
					if got := f.Candidates[j]; got.ImageName != candidate.ImageName || got.Person != candidate.Person || got.Similarity != candidate.Similarity {
						t.Errorf("face %d: candidate %d is %v, want %v", i, j, got, candidate)
					}
				}
			}
		})
	}
	t.Run("with an empty gallery the face of the highest score comes first", func(t *testing.T) {
		got := matcher{}.answer([]face.Face{{Embedding: dad, Score: .8}, {Embedding: mom, Score: .9}}, nobody, "")
		if got.Faces[0].GetScore() != .9 {
			t.Errorf("first comes a score of %v, want 0.9", got.Faces[0].GetScore())
		}
	})
	t.Run("with no candidates wanted the margin still counts", func(t *testing.T) {
		got := matcher{Rule: gallery.Rule{Threshold: 0.42, Margin: 0.1}}.answer([]face.Face{{Embedding: twin}}, known, "")
		if f := got.Faces[0]; f.Refusal != facerecog.Refusal_COIN_TOSS || len(f.Candidates) != 0 {
			t.Errorf("refusal %v with %d candidates, want COIN_TOSS and none", f.Refusal, len(f.Candidates))
		}
	})
}

// A decision without a refusal would read as a match.
func TestEveryDecisionButMatchHasARefusal(t *testing.T) {
	for decision := range gallery.DecisionCount {
		refusal, ok := refusals[decision]
		if !ok || (refusal == facerecog.Refusal_NONE) != (decision == gallery.Match) {
			t.Errorf("decision %d has the refusal %v, named: %v", decision, refusal, ok)
		}
	}
}

func TestBoxIsCutToThePicture(t *testing.T) {
	got := box(face.Box{X: -0.25, Y: 0.5, Width: 0.5, Height: 0.75})
	if got.X != 0 || got.Y != 0.5 || got.Width != 0.25 || got.Height != 0.5 {
		t.Errorf("box is %v, want 0, 0.5, 0.25, 0.5", got)
	}
}
