package main

import (
	"fmt"
	"math"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
	"lineup.dev/lineup/pkg/store"
)

// decision is why a face is whose it is, or nobody's, in a sentence.
func decision(f lineup.Face) string {
	switch {
	case f.Erased:
		return "This person was erased; the face is not compared any more."
	case f.Ignored:
		return "Ignored: somebody said that it is nobody's business."
	case f.DecidedBy == lineup.ByHand && f.Person != nil:
		return "Somebody said that it is " + shortName(*f.Person) + "."
	case f.DecidedBy == lineup.ByHand:
		return "Drawn by hand; nobody said whose it is."
	case f.Person != nil && f.DecidedBy == lineup.ByMachine && f.ImageName == store.FacePhotoName(f.ID): // compared with itself
		return calledIn(*f.Person) + ": this face is one of the photos that they are known by."
	case f.Person != nil:
		return sure(f) + covered(f)
	}
	return refused(f) + covered(f)
}

// covered tells why a face had to be more alike than others.
func covered(f lineup.Face) string {
	if !f.Occluded {
		return ""
	}
	return " The face is partly covered or turned aside, so it had to be more alike."
}

func sure(f lineup.Face) string {
	if f.DecidedBy == lineup.ByStranger {
		return stranger(f)
	}
	text := shortName(*f.Person)
	if f.Similarity == nil {
		return text + "."
	}
	if f.DecidedBy == lineup.ByMachine {
		text += surety(f.ChanceWrong)
	}
	return text + fmt.Sprintf(": %.2f", *f.Similarity) + besides(f) + wrongness(f) + "."
}

// besides is who else it could be. Somebody without a name may be nearer than who it is, since
// those with a name are asked first.
func besides(f lineup.Face) string {
	for _, c := range f.Candidates {
		switch {
		case c.Person.ID == f.Person.ID:
		case c.Similarity > *f.Similarity:
			return fmt.Sprintf(", though %s is nearer with %.2f", shortName(c.Person), c.Similarity)
		default:
			return fmt.Sprintf(", next is %s with %.2f", shortName(c.Person), c.Similarity)
		}
	}
	return ", and nobody else comes near"
}

// Up to which chance of being wrong a name is sure, likely, or may be; and from which on no
// number tells more than that it is wrong about as often as right.
const (
	sureUpTo     = 0.01
	likelyUpTo   = 0.1
	evenFrom     = 0.4
	perhapsUpTo  = 0.5
	withoutComma = 1000
)

// surety is how sure a name is, by how likely it is wrong. Where nobody told that, nothing is
// said of it.
func surety(chance *float64) string {
	switch {
	case chance == nil:
		return ""
	case *chance <= sureUpTo:
		return ", sure"
	case *chance <= likelyUpTo:
		return ", likely"
	case *chance <= perhapsUpTo:
		return ", perhaps"
	}
	return ", doubtful"
}

// wrongness is how often such a name is wrong, in words.
func wrongness(f lineup.Face) string {
	chance := f.ChanceWrong
	switch {
	case f.DecidedBy != lineup.ByMachine:
		return ""
	case chance == nil:
		return "; how often it is wrong is not known"
	case *chance > perhapsUpTo:
		return "; more likely wrong than right"
	case *chance > evenFrom:
		return "; about as often wrong as right"
	case *chance <= match.LeastStated:
		return "; wrong once in 10,000 at most"
	}
	times := 1 / *chance
	digit := math.Pow(10, math.Floor(math.Log10(times)))
	once := int(math.Round(times/digit) * digit)
	if once < withoutComma {
		return fmt.Sprintf("; wrong about once in %d", once)
	}
	return fmt.Sprintf("; wrong about once in %d,%03d", once/withoutComma, once%withoutComma)
}

// stranger is the sentence of a face that is a stranger's: its similarity is that to the nearest who is known, and
// how like it is to the stranger's other faces is among the candidates, unless it is the first of them.
func stranger(f lineup.Face) string {
	text, nearest := "Somebody whom nobody has named yet.", ""
	for _, c := range f.Candidates {
		switch {
		case c.Person.ID == f.Person.ID:
			text = fmt.Sprintf("Looks like another picture of the same stranger, whom nobody has named yet: %.2f.", c.Similarity)
		case c.Person.Name != "" && nearest == "":
			nearest = fmt.Sprintf(" Of those who are known, the nearest is %s with %.2f.", shortName(c.Person), c.Similarity)
		}
	}
	return text + nearest
}

// likeness is how like a face is to whose it is; a dash when there is nothing to compare it with.
func likeness(f lineup.Face) string {
	if f.DecidedBy != lineup.ByStranger {
		return twoDigits(f.Similarity)
	}
	for _, c := range f.Candidates {
		if f.Person != nil && c.Person.ID == f.Person.ID {
			return twoDigits(&c.Similarity)
		}
	}
	return twoDigits(nil)
}

// refused is why the machine took a face for nobody.
func refused(f lineup.Face) string {
	var first, second lineup.Candidate
	if len(f.Candidates) > 0 {
		first = f.Candidates[0]
	}
	if len(f.Candidates) > 1 {
		second = f.Candidates[1]
	}
	switch f.Refusal {
	case "ambiguous":
		if !isTooClose(f) {
			return fmt.Sprintf("Like %s (%.2f), and compared again by itself: who else it could be has changed since.", shortName(first.Person), first.Similarity)
		}
		return fmt.Sprintf("As like %s (%.2f) as %s (%.2f): too close to tell.", shortName(first.Person), first.Similarity, shortName(second.Person), second.Similarity)
	case "taken":
		return fmt.Sprintf("Like %s (%.2f), who is in this picture already as a face that is more like them.", shortName(first.Person), first.Similarity)
	case "nobody_enrolled":
		return "Nobody is known yet to compare it with."
	case "below_threshold":
		if first.Person.Name == "" { // nobody, or a stranger
			return "Like nobody who is known."
		}
		return fmt.Sprintf("Like nobody who is known: the nearest is %s with %.2f.", shortName(first.Person), first.Similarity)
	}
	return nobodyKnown + "."
}

// isTooClose tells whether the machine could not tell between the first two whom a face is like. These
// are others where two were merged or one erased since, until the face is compared again.
func isTooClose(f lineup.Face) bool {
	if f.Refusal != "ambiguous" || len(f.Candidates) < 2 {
		return false
	}
	return f.Margin == nil || f.Candidates[0].Similarity-f.Candidates[1].Similarity <= *f.Margin+rounding
}

// rounding is more than similarities lose by it, and less than tells people apart.
const rounding = 0.005

const nobodyKnown = "Nobody known"

// personName is how a person is called, who may have no name.
func personName(p lineup.Person) string {
	if p.Name == "" {
		return fmt.Sprintf("Stranger %d", p.ID)
	}
	return string(p.Name)
}

// How many letters of a name stand within a sentence, and beside a box in a picture.
const (
	sentenceLetters = 60
	boxLetters      = 20
)

// calledIn is the same within a sentence.
func calledIn(p lineup.Person) string { return isolated(shortened(personName(p), sentenceLetters)) }

// shortName is the same where it would cover the next face.
func shortName(p lineup.Person) string { return isolated(shortened(personName(p), boxLetters)) }

// shortened is a name of so many letters at most.
func shortened(name string, most int) string {
	letters := []rune(name)
	if len(letters) <= most {
		return name
	}
	return strings.TrimSpace(string(letters[:most-1])) + "…"
}
