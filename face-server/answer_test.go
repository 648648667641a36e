package main

import (
	"testing"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/match"
	facerecog "lineup.dev/lineup/proto"
)

// nearestTo knows persons by the first number of an embedding.
func nearestTo(known map[float32][]gallery.Candidate) nearest {
	return func(embeddings [][]float32, count int) (found [][]gallery.Candidate) {
		for _, embedding := range embeddings {
			all := known[embedding[0]]
			found = append(found, all[:min(count, len(all))])
		}
		return found
	}
}

func TestAnswer(t *testing.T) {
	dad, mom, stranger, twin := []float32{1}, []float32{2}, []float32{3}, []float32{4}
	known := nearestTo(map[float32][]gallery.Candidate{
		1: {{ImageName: "dad.jpg", Person: gallery.Person{Name: "dad"}, Similarity: 0.8}, {ImageName: "mom.jpg", Person: gallery.Person{Name: "mom"}, Similarity: 0.1}},
		2: {{ImageName: "mom.jpg", Person: gallery.Person{Name: "mom"}, Similarity: 0.9}, {ImageName: "dad.jpg", Person: gallery.Person{Name: "dad"}, Similarity: 0.1}, {ImageName: "son.jpg", Person: gallery.Person{Name: "son"}}},
		3: {{ImageName: "mom.jpg", Person: gallery.Person{Name: "mom"}, Similarity: 0.41}},
		4: {{ImageName: "one.jpg", Person: gallery.Person{Name: "one"}, Similarity: 0.95}, {ImageName: "other.jpg", Person: gallery.Person{Name: "other"}, Similarity: 0.94}},
	})
	nobody := nearestTo(nil)
	for name, c := range map[string]struct {
		found     []gallery.Face
		nearest   nearest
		imageName string
		faces     []string // the faces' image names, in order
	}{
		"no face is not found":                {nil, known, facerecog.NotFound, nil},
		"a known face gives its photo's name": {[]gallery.Face{{Face: face.Face{Embedding: dad}}}, known, "dad.jpg", []string{"dad.jpg"}},
		"the most similar of several comes first": {
			[]gallery.Face{{Face: face.Face{Embedding: stranger, Score: 1}}, {Face: face.Face{Embedding: dad, Score: .9}}, {Face: face.Face{Embedding: mom, Score: .8}}},
			known, "mom.jpg", []string{"mom.jpg", "dad.jpg", ""}},
		"below the threshold nobody is named":        {[]gallery.Face{{Face: face.Face{Embedding: stranger}}}, known, facerecog.NotFound, []string{""}},
		"a coin toss is nobody, however near":        {[]gallery.Face{{Face: face.Face{Embedding: twin}}}, known, facerecog.NotFound, []string{""}},
		"who is known comes before a nearer unknown": {[]gallery.Face{{Face: face.Face{Embedding: twin}}, {Face: face.Face{Embedding: dad}}}, known, "dad.jpg", []string{"dad.jpg", ""}},
		"with an empty gallery nobody is":            {[]gallery.Face{{Face: face.Face{Embedding: dad}}, {Face: face.Face{Embedding: mom}}}, nobody, facerecog.NotFound, []string{"", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			got := matcher{Rule: match.Rule{Threshold: 0.42, Margin: 0.1}, candidates: 2}.answer(c.found, c.nearest, describer{model: "model"})
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
				candidates := c.nearest([][]float32{f.Embedding}, 2)[0]
				if len(f.Candidates) != len(candidates) || (f.Similarity != nil) != (len(candidates) > 0) {
					t.Fatalf("face %d: %d candidates, similarity %v; want %d", i, len(f.Candidates), f.Similarity, len(candidates))
				}
				if (f.Margin != nil) != (len(candidates) > 1) || f.Margin != nil && *f.Margin != candidates[0].Similarity-candidates[1].Similarity {
					t.Errorf("face %d: margin is %v", i, f.Margin)
				}
				for j, candidate := range candidates {
					if got := f.Candidates[j]; got.ImageName != candidate.ImageName || got.Person != candidate.Person.Name || got.Similarity != candidate.Similarity {
						t.Errorf("face %d: candidate %d is %v, want %v", i, j, got, candidate)
					}
				}
			}
		})
	}
	t.Run("with an empty gallery the face of the highest score comes first", func(t *testing.T) {
		got := matcher{}.answer([]gallery.Face{{Face: face.Face{Embedding: dad, Score: .8}}, {Face: face.Face{Embedding: mom, Score: .9}}}, nobody, describer{})
		if got.Faces[0].GetScore() != .9 {
			t.Errorf("first comes a score of %v, want 0.9", got.Faces[0].GetScore())
		}
	})
	t.Run("with no candidates wanted the margin still counts", func(t *testing.T) {
		got := matcher{Rule: match.Rule{Threshold: 0.42, Margin: 0.1}}.answer([]gallery.Face{{Face: face.Face{Embedding: twin}}}, known, describer{})
		if f := got.Faces[0]; f.Refusal != facerecog.Refusal_COIN_TOSS || len(f.Candidates) != 0 {
			t.Errorf("refusal %v with %d candidates, want COIN_TOSS and none", f.Refusal, len(f.Candidates))
		}
	})
}

func TestOnePersonIsOneFaceOfAPicture(t *testing.T) {
	known := nearestTo(map[float32][]gallery.Candidate{
		1: {{ImageName: "dad.jpg", PhotoID: 7, Person: gallery.Person{ID: 3, Name: "dad"}, Similarity: 0.8}},
		2: {{ImageName: "old.jpg", PhotoID: 8, Person: gallery.Person{ID: 3, Name: "dad"}, Similarity: 0.9}},
	})
	got := matcher{Rule: match.Rule{Threshold: 0.5}, candidates: 1}.answer(
		[]gallery.Face{{Face: face.Face{Embedding: []float32{1}}}, {Face: face.Face{Embedding: []float32{2}}}}, known, describer{})
	first, second := got.Faces[0], got.Faces[1]
	if got.ImageName != "old.jpg" || first.ImageName != "old.jpg" || second.ImageName != "" || second.Refusal != facerecog.Refusal_TAKEN {
		t.Errorf("the answer is %v, want old.jpg and TAKEN", got)
	}
	if c := second.Candidates[0]; c.PersonId != 3 || c.PhotoId != 7 {
		t.Errorf("the candidate is %v, want person 3 by photo 7", c)
	}
}

// How likely a name is wrong is told of every person it could be, and of whom it is: more of a
// larger gallery, and of a face that is covered, which Match is told as well.
func TestAnAnswerTellsHowLikelyANameIsWrong(t *testing.T) {
	known := nearestTo(map[float32][]gallery.Candidate{
		1: {{ImageName: "dad.jpg", Person: gallery.Person{Name: "dad"}, Similarity: 0.6}, {ImageName: "mom.jpg", Person: gallery.Person{Name: "mom"}, Similarity: 0.3}},
		2: {{ImageName: "dad.jpg", Person: gallery.Person{Name: "dad"}, Similarity: 0.2}},
	})
	photos := 30
	m := matcher{
		Rule: match.Rule{Threshold: 0.42, Margin: 0.1}, candidates: 2, size: func() (named, strangers int) { return photos, 1000 },
		certainty: match.Certainty{FalseMatches: match.Calibration{{0.3, 1e-2}, {0.5, 1e-4}}, Strangers: 0.5},
	}
	of := func(number float32, occluded bool) *facerecog.Face {
		return m.answer([]gallery.Face{{Face: face.Face{Embedding: []float32{number}, Occluded: occluded}}}, known, describer{}).Faces[0]
	}
	dad := of(1, false)
	if dad.ChanceWrong == nil || dad.GetChanceWrong() != dad.Candidates[0].GetChanceWrong() || dad.Candidates[1].GetChanceWrong() <= dad.GetChanceWrong() {
		t.Errorf("of dad it is %v, of the candidates %v", dad.ChanceWrong, dad.Candidates)
	}
	if covered := of(1, true); covered.GetChanceWrong() <= dad.GetChanceWrong() {
		t.Errorf("of a covered face it is %v, of another %v", covered.ChanceWrong, dad.ChanceWrong)
	}
	if nobody := of(2, false); nobody.ChanceWrong != nil || nobody.Candidates[0].ChanceWrong == nil {
		t.Errorf("of nobody it is %v, of the candidate %v", nobody.ChanceWrong, nobody.Candidates)
	}
	if chance, ok := m.strangerChance(of(2, false)); !ok || chance <= 0.1 || chance > 1 {
		t.Errorf("a stranger is as similar with %v, %v; want most of them", chance, ok)
	}
	if chance, ok := m.strangerChance(dad); ok {
		t.Errorf("dad counts as like nobody, with %v", chance)
	}
	photos = 300
	if larger := of(1, false); larger.GetChanceWrong() <= dad.GetChanceWrong() {
		t.Errorf("of a larger gallery it is %v, of a small one %v", larger.ChanceWrong, dad.ChanceWrong)
	}
	m.certainty = match.Certainty{}
	if untold := of(1, false); untold.ChanceWrong != nil || untold.Candidates[0].ChanceWrong != nil {
		t.Errorf("where the models tell nothing it is %v", untold.ChanceWrong)
	}
}

// As a gallery grows the threshold rises in steps, so that pictures are not written again for
// every photo, and no stranger is named more often than may be.
func TestTheThresholdRisesInSteps(t *testing.T) {
	manifest := testkit.Must(face.ReadManifest("kodata"))(t)
	m := matcher{
		Rule:      match.Rule{Threshold: manifest.Threshold, Margin: manifest.Margin, StrangerThreshold: manifest.Threshold},
		certainty: match.Certainty{FalseMatches: manifest.FalseMatches}, chance: 0.01,
	}
	before, steps := manifest.Threshold, 0
	for photos := range 3000 {
		rule := m.rule(photos)
		exact := max(manifest.Threshold, manifest.FalseMatches.Threshold(m.chance, photos))
		if rule.Threshold < exact || rule.Threshold > exact+1./thresholdSteps || rule.Threshold < before || rule.StrangerThreshold != rule.Threshold {
			t.Fatalf("of %d photos the rule is %+v, after %v; want at least %v, and less than a step above", photos, rule, before, exact)
		}
		if rule.Threshold != before {
			before, steps = rule.Threshold, steps+1
		}
	}
	if steps < 10 || steps > 80 {
		t.Errorf("3000 photos make %d steps, want some tens", steps)
	}
	m.chance = 1
	if got := m.rule(3000); got != m.Rule {
		t.Errorf("without a chance to keep it is %+v, want %+v", got, m.Rule)
	}
}

// A face that is refused must not read as one that is not.
func TestEveryRefusalHasItsWord(t *testing.T) {
	for _, refusal := range match.Refusals() {
		word, ok := refusals[refusal]
		if !ok || (word == facerecog.Refusal_NONE) != (refusal == match.None || refusal == match.Ignored) {
			t.Errorf("refusal %d has the word %v, %v", refusal, word, ok)
		}
	}
}

func TestBoxIsCutToThePicture(t *testing.T) {
	got := box(face.Box{X: -0.25, Y: 0.5, Width: 0.5, Height: 0.75})
	if got.X != 0 || got.Y != 0.5 || got.Width != 0.25 || got.Height != 0.5 {
		t.Errorf("box is %v, want 0, 0.5, 0.25, 0.5", got)
	}
}
