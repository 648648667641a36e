package match_test

import (
	"math"
	"slices"
	"testing"

	"lineup.dev/lineup/pkg/match"
)

type (
	candidate = match.Candidate[string]
	face      = match.Face[string]
)

func like(person string, similarity float32) candidate {
	return candidate{Person: person, ImageName: person + ".jpg", Similarity: similarity}
}

func is(person string) *string { return &person }

func TestDecide(t *testing.T) {
	rule := match.Rule{Threshold: 0.5, Margin: 0.25}
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		faces    []face
		persons  []string // "" for nobody
		refusals []match.Refusal
	}{
		"nobody enrolled": {[]face{{}}, []string{""}, []match.Refusal{match.NobodyEnrolled}},
		"near enough":     {[]face{{Candidates: []candidate{like("ann", 0.5)}}}, []string{"ann"}, []match.Refusal{match.None}},
		"not near enough": {[]face{{Candidates: []candidate{like("ann", 0.4)}}}, []string{""}, []match.Refusal{match.BelowThreshold}},
		"no number":       {[]face{{Candidates: []candidate{like("ann", nan)}}}, []string{""}, []match.Refusal{match.BelowThreshold}},
		"by the margin":   {[]face{{Candidates: []candidate{like("ann", 0.75), like("bea", 0.5)}}}, []string{"ann"}, []match.Refusal{match.None}},
		"too close":       {[]face{{Candidates: []candidate{like("bea", 0.625), like("ann", 0.75)}}}, []string{""}, []match.Refusal{match.Ambiguous}},
		"two photos of one person do not compete": {
			[]face{{Candidates: []candidate{like("ann", 0.75), {Person: "ann", ImageName: "other.jpg", Similarity: 0.7}}}},
			[]string{"ann"}, []match.Refusal{match.None},
		},
		"ruled out by hand": {
			[]face{{Candidates: []candidate{like("ann", 0.9), like("bea", 0.8)}, Not: []string{"ann"}}},
			[]string{"bea"}, []match.Refusal{match.None},
		},
		"given by hand": {
			[]face{{Candidates: []candidate{like("ann", 0.9)}, Is: is("cal")}},
			[]string{"cal"}, []match.Refusal{match.None},
		},
		"ignored": {
			[]face{{Candidates: []candidate{like("ann", 0.9)}, Ignored: true}},
			[]string{""}, []match.Refusal{match.Ignored},
		},
		"one person once a picture": {
			[]face{{Candidates: []candidate{like("ann", 0.7), like("bea", 0.1)}}, {Candidates: []candidate{like("ann", 0.9)}}},
			[]string{"", "ann"}, []match.Refusal{match.Taken, match.None},
		},
		"by hand before by machine": {
			[]face{{Candidates: []candidate{like("ann", 0.99)}}, {Is: is("ann")}},
			[]string{"", "ann"}, []match.Refusal{match.Taken, match.None},
		},
		"two by hand may be one": {
			[]face{{Is: is("ann")}, {Is: is("ann")}},
			[]string{"ann", "ann"}, []match.Refusal{match.None, match.None},
		},
		"of equals the first": {
			[]face{{Candidates: []candidate{like("ann", 0.9)}}, {Candidates: []candidate{like("ann", 0.9)}}},
			[]string{"ann", ""}, []match.Refusal{match.None, match.Taken},
		},
	} {
		decisions := match.Decide(rule, c.faces)
		var persons []string
		var refusals []match.Refusal
		for i, d := range decisions {
			person := ""
			if d.Person != nil {
				person = *d.Person
			}
			persons, refusals = append(persons, person), append(refusals, d.Refusal)
			if byHand := c.faces[i].Is != nil || c.faces[i].Ignored; d.ByHand != byHand {
				t.Errorf("%s: face %d: by hand is %v", name, i, d.ByHand)
			}
		}
		if !slices.Equal(persons, c.persons) || !slices.Equal(refusals, c.refusals) {
			t.Errorf("%s: %q %v, want %q %v", name, persons, refusals, c.persons, c.refusals)
		}
	}
}

func TestCandidatesAreEachPersonOnceTheNearestFirst(t *testing.T) {
	given := []candidate{like("bea", 0.3), {Person: "ann", ImageName: "b.jpg", Similarity: 0.9}, {Person: "ann", ImageName: "a.jpg", Similarity: 0.9}, like("cal", 0.5)}
	before := slices.Clone(given)
	d := match.Decide(match.Rule{}, []face{{Candidates: given, Not: []string{"bea"}}})[0]
	if len(d.Candidates) != 2 || d.Candidates[0].ImageName != "a.jpg" || d.Candidates[1].Person != "cal" {
		t.Errorf("candidates are %v", d.Candidates)
	}
	if similarity, ok := d.Similarity(); !ok || similarity != 0.9 {
		t.Errorf("similarity is %v, %v", similarity, ok)
	}
	if margin, ok := d.Margin(); !ok || math.Abs(float64(margin)-0.4) > 1e-6 {
		t.Errorf("margin is %v, %v", margin, ok)
	}
	if !slices.Equal(given, before) {
		t.Error("what was asked about was changed")
	}
}
