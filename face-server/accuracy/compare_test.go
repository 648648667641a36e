package accuracy

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"

	"lineup.dev/lineup/pkg/match"
)

// faceAt is a face at an angle in degrees: two faces are as similar as the cosine of
// the angle between them.
func faceAt(angle float64) Face {
	return Face{Embedding: []float32{float32(math.Cos(angle * math.Pi / 180)), float32(math.Sin(angle * math.Pi / 180))}}
}

func cos(angle float64) float32 { return float32(math.Cos(angle * math.Pi / 180)) }

func knownPhoto(file, person string, angle float64) Described {
	return Described{Photo: Photo{File: file, People: []string{person}, Enrolled: true}, Faces: []Face{faceAt(angle)}}
}

func unknownPhoto(file, person string, angle float64) Described {
	return Described{Photo: Photo{File: file, People: []string{person}, Asked: true}, Faces: []Face{faceAt(angle)}}
}

func knownAndAsked(file, person string, angle float64) Described {
	return Described{Photo: Photo{File: file, People: []string{person}, Enrolled: true, Asked: true}, Faces: []Face{faceAt(angle)}}
}

func occluded(d Described) Described {
	d.Faces[0].Occluded = true
	return d
}

func groupPhoto(file string, people []string, angles ...float64) Described {
	d := Described{Photo: Photo{File: file, People: people, Group: true, Asked: true}}
	for _, angle := range angles {
		d.Faces = append(d.Faces, faceAt(angle))
	}
	return d
}

func compare(t *testing.T, rule match.Rule, photos ...Described) (Scores, Outcome) {
	t.Helper()
	scores, outcome, err := Compare(t.Context(), photos, rule, func(part float64) {
		if part < 0 || part > 1 {
			t.Errorf("progress says %v", part)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return scores, outcome
}

func TestPairs(t *testing.T) {
	second := knownPhoto("two.jpg", "ann", 0)
	second.Faces = append(second.Faces, faceAt(77))
	for name, c := range map[string]struct {
		photos []Described
		want   Scores
	}{
		"every two photos make a pair": {
			[]Described{knownAndAsked("", "ann", 0), knownAndAsked("", "ann", 10), knownAndAsked("", "ben", 30)},
			Scores{Same: []float32{cos(10)}, Different: []float32{cos(30), cos(20)}},
		},
		"of a photo of one person the largest face counts": {
			[]Described{second, unknownPhoto("", "ann", 20)},
			Scores{Same: []float32{cos(20)}},
		},
		"a photo without a face makes none": {
			[]Described{knownAndAsked("", "ann", 0), knownAndAsked("", "ben", 40), {Photo: Photo{People: []string{"ann"}}}},
			Scores{Different: []float32{cos(40)}},
		},
		"two faces of a group are two persons, and others than those who are not in it": {
			[]Described{knownPhoto("", "ann", 0), knownPhoto("", "ben", 80), groupPhoto("", []string{"ann"}, 10, 60)},
			Scores{Different: []float32{cos(80), cos(70), cos(50), cos(20)}},
		},
		"a covered face is less similar, by as much as the server asks more": {
			[]Described{occluded(knownAndAsked("", "ann", 0)), knownAndAsked("", "ann", 10), knownAndAsked("", "ben", 30)},
			Scores{Same: []float32{cos(10) - match.OccludedExtra}, Different: []float32{cos(30) - match.OccludedExtra, cos(20)}},
		},
		"two groups may show the same strangers": {
			[]Described{groupPhoto("", nil, 10, 20), groupPhoto("", nil, 50)},
			Scores{Different: []float32{cos(10)}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := compare(t, match.Rule{}, c.photos...)
			if !alike(got.Same, c.want.Same) || !alike(got.Different, c.want.Different) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func alike(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Abs(float64(a[i]-b[i])) > 1e-6 {
			return false
		}
	}
	return true
}

func TestIdentification(t *testing.T) {
	rule := match.Rule{Threshold: .5, Margin: .1} // 60°
	for name, c := range map[string]struct {
		photos []Described
		want   Outcome
	}{
		"known people by name, strangers not": {
			[]Described{knownPhoto("k/ann", "ann", 0), knownPhoto("k/ben", "ben", 90), unknownPhoto("u/ann", "ann", 10), unknownPhoto("u/carl", "carl", 180)},
			Outcome{Known: 1, Recognised: 1, Strangers: 2, Outsiders: 1},
		},
		"not similar enough": {
			[]Described{knownPhoto("k/ann", "ann", 0), unknownPhoto("u/ann", "ann", 66.4218)},
			Outcome{Known: 1, Strangers: 1, Misses: []Miss{
				{"u/ann", "ann not recognised: nearest is ann (k/ann, similarity 0.400), below 0.50"}}},
		},
		"similar to two people is similar to none": {
			[]Described{knownPhoto("k/ann", "ann", 0), knownPhoto("k/ben", "ben", 47), unknownPhoto("u/ann", "ann", 23), unknownPhoto("u/carl", "carl", 24)},
			Outcome{Known: 1, Strangers: 2, Outsiders: 1, Named: 1, Misses: []Miss{
				{"u/ann", "taken for ben (k/ben, similarity 0.914) when ann is not in the gallery"},
				{"u/ann", "ann not recognised: ann (k/ann, similarity 0.921) is too near to ben (k/ben, similarity 0.914)"}}},
		},
		"two photos of one person are no two people": {
			[]Described{knownPhoto("k/ann1", "ann", 0), knownPhoto("k/ann2", "ann", 5), unknownPhoto("u/ann", "ann", 2), knownPhoto("k/ann3", "ann", 3)},
			Outcome{Known: 1, Recognised: 1, Strangers: 1},
		},
		"taken for another, and a stranger for somebody": {
			[]Described{knownPhoto("k/ann", "ann", 0), knownPhoto("k/ben", "ben", 90), unknownPhoto("u/ann", "ann", 90), unknownPhoto("u/carl", "carl", 0)},
			Outcome{Known: 1, Mistaken: 1, Strangers: 2, Outsiders: 1, Named: 2, Misses: []Miss{
				{"u/ann", "ann taken for ben (k/ben, similarity 1.000)"},
				{"u/ann", "taken for ben (k/ben, similarity 1.000) when ann is not in the gallery"},
				{"u/carl", "a stranger taken for ann (k/ann, similarity 1.000)"}}},
		},
		"a folder for each person: a photo does not find itself, who has one photo is a stranger": {
			[]Described{knownAndAsked("ann/1", "ann", 0), knownAndAsked("ann/2", "ann", 10), knownAndAsked("ben/1", "ben", 120)},
			Outcome{Known: 2, Recognised: 2, Strangers: 3, Outsiders: 1},
		},
		"a group: each known person once, and a stranger among them": {
			[]Described{knownPhoto("k/s_ann", "s_ann", 0), knownPhoto("k/s_ben", "s_ben", 90), groupPhoto("u/group_s", []string{"s_ann", "s_ben"}, 5, 95, 180)},
			Outcome{Known: 2, Recognised: 2, Strangers: 3},
		},
		"a group in which one is not found and one is taken for who is not in it": {
			[]Described{knownPhoto("k/s_ann", "s_ann", 0), knownPhoto("k/s_ben", "s_ben", 90), knownPhoto("k/t", "t", 180), groupPhoto("u/group_s", []string{"s_ann", "s_ben"}, 5, 180)},
			Outcome{Known: 2, Recognised: 1, Mistaken: 1, Strangers: 2, Named: 1, Misses: []Miss{
				{"u/group_s", "s_ann or s_ben taken for t (k/t, similarity 1.000)"},
				{"u/group_s", "taken for t (k/t, similarity 1.000) when s_ann or s_ben is not in the gallery"},
				{"u/group_s", "s_ben not recognised: no face left is nearest to them"}}},
		},
		"a group in which one is not similar enough": {
			[]Described{knownPhoto("k/s_ann", "s_ann", 0), knownPhoto("k/s_ben", "s_ben", 90), groupPhoto("u/group_s", []string{"s_ann", "s_ben"}, -66.4218, 156.4218)},
			Outcome{Known: 2, Strangers: 2, Misses: []Miss{
				{"u/group_s", "s_ann not recognised: nearest is s_ann (k/s_ann, similarity 0.400), below 0.50"},
				{"u/group_s", "s_ben not recognised: nearest is s_ben (k/s_ben, similarity 0.400), below 0.50"}}},
		},
		"a photo without a face is a person not recognised": {
			[]Described{knownPhoto("k/ann", "ann", 0), {Photo: Photo{File: "u/ann", People: []string{"ann"}, Asked: true}}},
			Outcome{Known: 1, Misses: []Miss{{"u/ann", "no face found"}}},
		},
		"nor is one whose enrolled photo is broken": {
			[]Described{{Photo: Photo{File: "k/ann", People: []string{"ann"}, Enrolled: true}, Err: errors.New("no picture")}, unknownPhoto("u/ann", "ann", 0)},
			Outcome{Known: 1, Strangers: 1, Misses: []Miss{{"k/ann", "no picture"}, {"u/ann", "ann not recognised: the gallery is empty"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := compare(t, rule, c.photos...)
			if searches := got.Known + got.Strangers; len(got.Trials) != searches {
				t.Errorf("%d searches are told of, want %d", len(got.Trials), searches)
			}
			got.Trials = nil
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// The two nearest persons do not depend on the order in which a face meets them.
func TestNearestInEveryOrder(t *testing.T) {
	matches := []likeness{{"ann", "1", .9}, {"ann", "2", .4}, {"ben", "3", .8}, {"ben", "4", .85}, {"carl", "5", .7}}
	want := nearest{matches[0], matches[3]}
	var permute func(done []likeness, left []likeness)
	permute = func(done, left []likeness) {
		if len(left) == 0 {
			var got nearest
			for _, m := range done {
				got.offer(m)
			}
			if got != want {
				t.Errorf("in the order %v they are %v, want %v", done, got, want)
			}
		}
		for i := range left {
			rest := append(append([]likeness(nil), left[:i]...), left[i+1:]...)
			permute(append(done[:len(done):len(done)], left[i]), rest)
		}
	}
	permute(nil, matches)
}

func TestCompareEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := Compare(ctx, []Described{knownAndAsked("", "ann", 0)}, match.Rule{}, func(float64) {})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want that of the context", err)
	}
}

// BenchmarkCompare is a thousand faces of 512 numbers, each with all others.
func BenchmarkCompare(b *testing.B) {
	var photos []Described
	for i := range 1000 {
		d := knownAndAsked("", string(rune('a'+i%100)), 0)
		d.Faces[0].Embedding = make([]float32, 512)
		d.Faces[0].Embedding[i%512] = 1
		photos = append(photos, d)
	}
	for b.Loop() {
		if _, _, err := Compare(b.Context(), photos, match.Rule{Threshold: .42}, func(float64) {}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*PairsOf(len(photos))), "ns/pair")
}

// A covered face must be as much more similar as the server asks, known or a stranger's.
func TestACoveredFaceIsHeldToTheServersRule(t *testing.T) {
	rule := match.Rule{Threshold: 0.42, Margin: 0.1}
	for _, c := range []struct {
		angle      float64 // of 0.45 and 0.55: between the two thresholds, and above both
		occluded   bool
		recognised int
	}{{63, false, 1}, {63, true, 0}, {56, true, 1}} {
		asked := unknownPhoto("asked.jpg", "ann", c.angle)
		asked.Faces[0].Occluded = c.occluded
		_, o := compare(t, rule, knownPhoto("ann.jpg", "ann", 0), knownPhoto("ben.jpg", "ben", 180), asked)
		if o.Recognised != c.recognised {
			t.Errorf("at %v°, occluded %v, %d are recognised, want %d: %v", c.angle, c.occluded, o.Recognised, c.recognised, o.Misses)
		}
		stranger := unknownPhoto("asked.jpg", "zoe", c.angle)
		stranger.Faces = asked.Faces
		if _, o := compare(t, rule, knownPhoto("ann.jpg", "ann", 0), stranger); o.Named != c.recognised {
			t.Errorf("at %v°, occluded %v, %d strangers are named, want %d", c.angle, c.occluded, o.Named, c.recognised)
		}
		if got := Covered([]Described{asked, stranger}); (got == 2) != c.occluded {
			t.Errorf("of two faces %d are covered, occluded %v", got, c.occluded)
		}
		for _, trial := range o.Trials {
			if trial.Occluded != c.occluded {
				t.Errorf("at %v° the search %+v forgets that the face is occluded: %v", c.angle, trial, c.occluded)
			}
		}
	}
}

// A search tells whether the margin alone keeps anybody from being named, also below the threshold.
func TestASearchTellsThatTwoAreTooNear(t *testing.T) {
	near := []Described{knownPhoto("ann.jpg", "ann", 0), knownPhoto("ben.jpg", "ben", 47), unknownPhoto("u.jpg", "ann", 23)}
	far := []Described{knownPhoto("ann.jpg", "ann", 0), knownPhoto("ben.jpg", "ben", 90), unknownPhoto("u.jpg", "ann", 23)}
	for _, threshold := range []float64{.5, .99} {
		for want, photos := range map[bool][]Described{true: near, false: far} {
			_, o := compare(t, match.Rule{Threshold: threshold, Margin: .1}, photos...)
			for _, trial := range o.Trials {
				if trial.Ambiguous != (want && trial.Mated) { // with ann's photo taken out there is one person
					t.Errorf("at a threshold of %v the search %+v is ambiguous, want %v", threshold, trial, want)
				}
			}
		}
	}
}
