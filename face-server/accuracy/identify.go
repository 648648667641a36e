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
	Trials     []Trial // the same, search by search
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
	others, trials := enrolments(photos), newTrialMaker(photos)
	for i, photo := range photos {
		if photo.Asked {
			o.ask(photo, trials, others.known(photo), found[i], rule)
		}
	}
	return o
}

// ask asks about the faces found in a photo of some known people.
func (o *Outcome) ask(photo Described, trials trialMaker, known []string, found []face, rule match.Rule) {
	miss := func(format string, words ...any) {
		o.Misses = append(o.Misses, Miss{photo.File, fmt.Sprintf(format, words...)})
	}
	var recognised []string
	var unnamed []face
	for i, f := range found {
		o.Strangers++
		o.Trials = append(o.Trials, strangerTrial(photo, i, f, rule))
		if len(known) == 0 {
			o.Outsiders++
			if f.decide(rule, f.others) == match.None {
				o.Named++
				miss("a stranger taken for %v", f.others[0])
			}
			continue
		}
		switch {
		case f.decide(rule, f.all) != match.None:
			unnamed = append(unnamed, f)
		case slices.Contains(known, f.all[0].person):
			recognised = append(recognised, f.all[0].person)
		default:
			o.Mistaken++
			miss("%s taken for %v", strings.Join(known, " or "), f.all[0])
		}
		if f.decide(rule, f.others) == match.None {
			o.Named++
			miss("taken for %v when %s is not in the gallery", f.others[0], strings.Join(known, " or "))
		}
	}
	o.Known += len(known)
	for _, person := range known {
		o.Trials = append(o.Trials, trials.mated(photo, person, found, rule))
		// Which face of a group is the person's is not known, but it may be one that is nearest to them.
		theirs := slices.IndexFunc(unnamed, func(f face) bool { return !photo.Group || f.all[0].person == person })
		switch {
		case slices.Contains(recognised, person):
			o.Recognised++
		case theirs >= 0:
			miss("%s not recognised: %s", person, unnamed[theirs].refusal(rule, unnamed[theirs].all))
		case photo.Group && len(found) > 0:
			miss("%s not recognised: no face left is nearest to them", person)
		}
	}
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
