package gallery

import (
	"math"
	"slices"
	"testing"

	"lineup.dev/lineup/face-server/face"
)

func TestProblems(t *testing.T) {
	required := Requirements{MinFace: 24, MinLight: 0.08, MinSharpness: 0.04, MaxSecond: 0.5}
	good := Quality{Width: 24, Light: 0.08, Sharpness: 0.04}
	sized := func(areas ...float64) (faces []Face) {
		for _, area := range areas {
			faces = append(faces, Face{Face: face.Face{Box: face.Box{Width: area, Height: 1}}, Quality: good})
		}
		return faces
	}
	of := func(q Quality) []Face { return []Face{{Face: sized(1)[0].Face, Quality: q}} }
	for name, c := range map[string]struct {
		shown    []Face
		problems []Problem
		usable   bool
	}{
		"one face that can just be seen":      {sized(1), nil, true},
		"no face":                             {nil, []Problem{NoFace}, false},
		"somebody in the background":          {sized(1, 0.5), []Problem{SeveralFaces}, true},
		"two of the same size":                {sized(1, 0.51), []Problem{SeveralFaces}, false},
		"a face too small":                    {of(Quality{23.9, 0.5, 0.1}), []Problem{TooSmall}, false},
		"a face in the dark":                  {of(Quality{50, 0.07, 0.1}), []Problem{TooDark}, false},
		"a face out of focus":                 {of(Quality{50, 0.5, 0.03}), []Problem{Blurred}, false},
		"all that can be wrong with one face": {of(Quality{1, 0, 0}), []Problem{TooSmall, TooDark, Blurred}, false},
	} {
		t.Run(name, func(t *testing.T) {
			problems, usable := required.problems(c.shown)
			if !slices.Equal(problems, c.problems) || usable != c.usable {
				t.Errorf("problems %v, usable %v; want %v, %v", problems, usable, c.problems, c.usable)
			}
		})
	}
	for p := Unreadable; p <= Blurred; p++ {
		if p.Advice() == "" {
			t.Errorf("problem %d says nothing to the user", p)
		}
	}
}

func like(person, imageName string, similarity float32) Candidate {
	return Candidate{Person: Person{Name: person}, ImageName: imageName, Similarity: similarity}
}

func TestInsertKeepsTheBestOfEachPerson(t *testing.T) {
	var best []Candidate
	for _, c := range []Candidate{
		like("a", "a1", 0.5), like("b", "b1", 0.9), like("a", "a2", 0.7), like("a", "a3", 0.6),
		like("c", "c1", 0.7), like("d", "d1", 0.1), like("e", "nan", float32(math.NaN())), like("b", "b0", 0.9),
	} {
		best = insert(best, c, 3)
	}
	if want := []Candidate{like("b", "b0", 0.9), like("a", "a2", 0.7), like("c", "c1", 0.7)}; !slices.Equal(best, want) {
		t.Errorf("best are %v, want %v", best, want)
	}
	if got := insert(nil, Candidate{}, 0); len(got) != 0 {
		t.Errorf("of none wanted there are %v", got)
	}
}
