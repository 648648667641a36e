package gallery

import (
	"math"
	"slices"
	"testing"

	"lineup.dev/lineup/face-server/picture"
)

func TestProblems(t *testing.T) {
	required := Requirements{MinFace: 24, MinLight: 0.08, MinSharpness: 0.04, MaxSecond: 0.5}
	good := Quality{Width: 24, Light: 0.08, Sharpness: 0.04}
	for name, c := range map[string]struct {
		shown    description
		problems []Problem
		usable   bool
	}{
		"one face that can just be seen":      {description{faces: 1, quality: good}, nil, true},
		"no picture":                          {description{unreadable: picture.ErrNoPicture}, []Problem{Unreadable}, false},
		"no face":                             {description{}, []Problem{NoFace}, false},
		"somebody in the background":          {description{faces: 2, second: 0.5, quality: good}, []Problem{SeveralFaces}, true},
		"two of the same size":                {description{faces: 2, second: 0.51, quality: good}, []Problem{SeveralFaces}, false},
		"a face too small":                    {description{faces: 1, quality: Quality{23.9, 0.5, 0.1}}, []Problem{TooSmall}, false},
		"a face in the dark":                  {description{faces: 1, quality: Quality{50, 0.07, 0.1}}, []Problem{TooDark}, false},
		"a face out of focus":                 {description{faces: 1, quality: Quality{50, 0.5, 0.03}}, []Problem{Blurred}, false},
		"all that can be wrong with one face": {description{faces: 1, quality: Quality{1, 0, 0}}, []Problem{TooSmall, TooDark, Blurred}, false},
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

func TestInsertKeepsTheBestOfEachPerson(t *testing.T) {
	var best []Candidate
	for _, c := range []Candidate{
		{"a1", "a", 0.5}, {"b1", "b", 0.9}, {"a2", "a", 0.7}, {"a3", "a", 0.6},
		{"c1", "c", 0.7}, {"d1", "d", 0.1}, {"nan", "e", float32(math.NaN())}, {"b0", "b", 0.9},
	} {
		best = insert(best, c, 3)
	}
	if want := []Candidate{{"b0", "b", 0.9}, {"a2", "a", 0.7}, {"c1", "c", 0.7}}; !slices.Equal(best, want) {
		t.Errorf("best are %v, want %v", best, want)
	}
	if got := insert(nil, Candidate{}, 0); len(got) != 0 {
		t.Errorf("of none wanted there are %v", got)
	}
}
