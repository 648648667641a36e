package accuracy

import (
	"fmt"

	"lineup.dev/lineup/pkg/match"
)

// trialMaker makes trials of what was found. It knows the years of the enrolled photos.
type trialMaker map[string][]photoYear

type photoYear struct {
	file string
	year int
}

func newTrialMaker(photos []Described) trialMaker {
	m := trialMaker{}
	for _, photo := range photos {
		if year := yearOf(photo.File); photo.Enrolled && year > 0 {
			m[photo.People[0]] = append(m[photo.People[0]], photoYear{photo.File, year})
		}
	}
	return m
}

// mated is the search for an enrolled person in a photo: by the face that is most like them
// of those that are like nobody more, as which of a group's is theirs is not known.
func (m trialMaker) mated(photo Described, person string, found []face, rule match.Rule) Trial {
	t := Trial{File: photo.File, Person: person, Mated: true, Group: photo.Group, Width: photo.Width, Years: m.years(photo, person)}
	for _, f := range found {
		first := f.all[0].person == person
		if t.Score != nil && (t.First && !first || first == t.First && f.all[0].similarity <= *t.Score) {
			continue
		}
		t.First, t.Score, t.Occluded = first, &f.all[0].similarity, f.Occluded
		t.Ambiguous = f.ambiguous(rule, f.all)
		t.Named = f.decide(rule, f.all) == match.None && (first || !photo.Group)
		t.Right = t.Named && first
	}
	return t
}

// years is how far the person's enrolled photos are from this one, by the nearest.
func (m trialMaker) years(photo Described, person string) (nearest *int) {
	year := yearOf(photo.File)
	if year == 0 {
		return nil
	}
	for _, other := range m[person] {
		apart := max(year-other.year, other.year-year)
		if other.file != photo.File && (nearest == nil || apart < *nearest) {
			nearest = &apart
		}
	}
	return nearest
}

// strangerTrial is the search for the i-th face of a photo where its person is not enrolled.
func strangerTrial(photo Described, i int, f face, rule match.Rule) Trial {
	t := Trial{
		File: photo.File, Person: photo.File, Width: photo.Width, Occluded: f.Occluded,
		Ambiguous: f.ambiguous(rule, f.others), Named: f.decide(rule, f.others) == match.None,
	}
	if photo.Group {
		t.File = fmt.Sprintf("%s face %d", photo.File, i+1)
	} else {
		t.Person = photo.People[0]
	}
	if f.others[0].person != "" {
		t.Score = &f.others[0].similarity
	}
	return t
}
