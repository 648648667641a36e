package main

import (
	"os/exec"
	"reflect"
	"testing"

	"lineup.dev/lineup/pkg/lineup"
)

func TestWho(t *testing.T) {
	dad, mom := lineup.Person{ID: 1, Name: "Dad"}, lineup.Person{ID: 2, Name: "Mom"}
	of := func(people ...lineup.Person) (faces []lineup.Face) {
		for _, p := range people {
			faces = append(faces, lineup.Face{Person: &p})
		}
		return faces
	}
	for name, c := range map[string]struct {
		image lineup.Image
		want  whom
	}{
		"a pending picture's person is awaited":              {lineup.Image{Status: lineup.Pending}, whom{Words: "Pending..."}},
		"so is one's that is looked at":                      {lineup.Image{Status: lineup.Processing}, whom{Words: "Pending..."}},
		"so is one's that is looked at again":                {lineup.Image{Status: lineup.Pending, Person: &dad, Faces: of(dad)}, whom{Words: "Pending..."}},
		"a known person is named":                            {lineup.Image{Status: lineup.Identified, Person: &dad, Faces: of(dad)}, whom{People: []lineup.Person{dad}}},
		"the surest person comes first and nobody twice":     {lineup.Image{Status: lineup.Identified, Person: &mom, Faces: of(dad, mom, dad)}, whom{People: []lineup.Person{mom, dad}}},
		"of many people the surest four are named":           {lineup.Image{Status: lineup.Identified, Person: &dad, Faces: of(dad, mom, lineup.Person{ID: 3}, lineup.Person{ID: 4}, lineup.Person{ID: 5}, lineup.Person{ID: 6})}, whom{People: []lineup.Person{dad, mom, {ID: 3}, {ID: 4}}, More: 2}},
		"a face that nobody knows":                           {lineup.Image{Status: lineup.Unknown, Faces: make([]lineup.Face, 1)}, whom{Words: "Nobody known"}},
		"several faces that nobody knows":                    {lineup.Image{Status: lineup.Unknown, Faces: make([]lineup.Face, 3)}, whom{Words: "Nobody known, 3 faces"}},
		"a picture without a face":                           {lineup.Image{Status: lineup.Unknown}, whom{Words: "No face found"}},
		"a picture that failed says why":                     {lineup.Image{Status: lineup.Failed, Reason: "no picture"}, whom{Words: "no picture"}},
		"a picture that failed for no reason":                {lineup.Image{Status: lineup.Failed}, whom{Words: "Nobody noted why"}},
		"a status that was written by hand":                  {lineup.Image{Status: "lost"}, whom{Words: "–"}},
		"a status that was written by hand, with the person": {lineup.Image{Status: "lost", Person: &dad}, whom{People: []lineup.Person{dad}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := who(c.image); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestShellGivesOneWordWhateverTheTextHolds(t *testing.T) {
	for _, text := range []string{"Dad", "", "D'Artagnan", "'; touch x; '", "$(id) `id` \\ \"", "two\nlines", "''''"} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+shell(text)).Output()
		if err != nil || string(out) != text {
			t.Errorf("shell(%q) = %s is %q to a shell, %v", text, shell(text), out, err)
		}
	}
}

func TestInitial(t *testing.T) {
	for name, want := range map[string]string{"dad": "D", "łucja": "Ł", "山田": "山"} {
		if got := initial(name); got != want {
			t.Errorf("initial(%q) = %q, want %q", name, got, want)
		}
	}
}
