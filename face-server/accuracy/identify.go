package accuracy

import (
	"fmt"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/match"
)

// Outcome is how the people in the photos that were asked about fared.
//
// A person is known who is in the gallery by another photo than the one asked
// about. Known people are looked for among all other photos. Then every face is
// asked about once more as a stranger, without the photos of the people who are in
// its photo, and should not be named.
type Outcome struct {
	Known      int // people to recognise
	Recognised int
	Mistaken   int // faces in photos of known people that were given another's name
	Strangers  int // faces asked about as strangers
	Outsiders  int // of these, those in photos of nobody in the gallery
	Named      int // strangers who were given a name
	Misses     []Miss
}

// Miss is what went wrong with a photo, in words.
type Miss struct{ File, What string }

// identify asks about the faces, which were compared with all others.
func identify(faces []face, photos []Described, rule match.Rule) Outcome {
	o := Outcome{Misses: unusable(photos)}
	found := make([][]face, len(photos))
	for _, f := range faces {
		found[f.photo] = append(found[f.photo], f)
	}
	others := enrolments(photos)
	for i, photo := range photos {
		if photo.Asked {
			o.ask(photo, others.known(photo), found[i], rule)
		}
	}
	return o
}

// ask asks about the faces found in a photo of some known people.
func (o *Outcome) ask(photo Described, known []string, found []face, rule match.Rule) {
	miss := func(format string, words ...any) {
		o.Misses = append(o.Misses, Miss{photo.File, fmt.Sprintf(format, words...)})
	}
	var recognised []string
	var unnamed []nearest
	for _, f := range found {
		o.Strangers++
		if len(known) == 0 {
			o.Outsiders++
			if decide(rule, f.others) == match.None {
				o.Named++
				miss("a stranger taken for %v", f.others[0])
			}
			continue
		}
		switch {
		case decide(rule, f.all) != match.None:
			unnamed = append(unnamed, f.all)
		case slices.Contains(known, f.all[0].person):
			recognised = append(recognised, f.all[0].person)
		default:
			o.Mistaken++
			miss("%s taken for %v", strings.Join(known, " or "), f.all[0])
		}
		if decide(rule, f.others) == match.None {
			o.Named++
			miss("taken for %v when %s is not in the gallery", f.others[0], strings.Join(known, " or "))
		}
	}
	o.Known += len(known)
	for _, person := range known {
		// Which face of a group is the person's is not known, but it may be one that is nearest to them.
		theirs := slices.IndexFunc(unnamed, func(n nearest) bool { return !photo.Group || n[0].person == person })
		switch {
		case slices.Contains(recognised, person):
			o.Recognised++
		case theirs >= 0:
			miss("%s not recognised: %s", person, refusal(rule, unnamed[theirs]))
		case photo.Group && len(found) > 0:
			miss("%s not recognised: no face left is nearest to them", person)
		}
	}
}

// decide is why a face with these nearest persons is nobody's, if it is. Each is asked about
// by itself: who else is in its photo is no part of what is measured.
func decide(rule match.Rule, n nearest) match.Refusal {
	var candidates []match.Candidate[string]
	for _, m := range n {
		if m.person != "" {
			candidates = append(candidates, match.Candidate[string]{Person: m.person, ImageName: m.file, Similarity: m.similarity})
		}
	}
	return match.Decide(rule, []match.Face[string]{{Candidates: candidates}})[0].Refusal
}

// refusal says why a face is not given a name.
func refusal(rule match.Rule, n nearest) string {
	switch decide(rule, n) {
	case match.NobodyEnrolled:
		return "the gallery is empty"
	case match.BelowThreshold:
		return fmt.Sprintf("nearest is %v, below %.2f", n[0], rule.Threshold)
	}
	return fmt.Sprintf("%v is too near to %v", n[0], n[1])
}

func (m likeness) String() string {
	return fmt.Sprintf("%s (%s, similarity %.3f)", m.person, m.file, m.similarity)
}

// enrolled counts the photos by which each person is in the gallery.
type enrolled map[string]int

func enrolments(photos []Described) enrolled {
	count := enrolled{}
	for _, photo := range photos {
		if photo.Enrolled {
			count[photo.People[0]]++
		}
	}
	return count
}

// known is who of a photo's people is in the gallery by another photo.
func (e enrolled) known(photo Described) (people []string) {
	for _, person := range photo.People {
		if photo.Enrolled && e[person] > 1 || !photo.Enrolled && e[person] > 0 {
			people = append(people, person)
		}
	}
	return people
}

// unusable is the photos that show no face.
func unusable(photos []Described) (misses []Miss) {
	for _, photo := range photos {
		switch {
		case photo.Err != nil:
			misses = append(misses, Miss{photo.File, photo.Err.Error()})
		case len(photo.Faces) == 0:
			misses = append(misses, Miss{photo.File, "no face found"})
		}
	}
	return misses
}
