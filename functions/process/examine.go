package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

// maxShown is how many faces of a photo its row tells of.
const maxShown = 100

// examine says what becomes of a photo by what it shows, whoever it may be like. Chosen
// is which of its faces counts, from 1, left to right; with 0 it is the only one, or the
// largest, where the face server says that the others are in the background. A photo that
// was not described, or without a descriptor, is unchecked: it can be compared with
// nothing here, and the face server does as it pleases.
func examine(described *facerecog.Photo, chosen int) store.PhotoOutcome {
	if described == nil {
		return store.PhotoOutcome{State: store.PhotoUnchecked}
	}
	ordered := leftToRight(described)
	counts, reason := faceThatCounts(described, ordered, chosen)
	outcome := store.PhotoOutcome{State: store.PhotoUnusable, Reason: reason, Shown: shownFaces(ordered, counts)}
	if counts == nil {
		return outcome
	}
	face := readFace(counts.GetFace())
	outcome.Quality = store.PhotoQuality{Width: number(counts.GetWidth()), Light: number(counts.GetLight()), Sharpness: number(counts.GetSharpness())}
	outcome.Descriptor, outcome.Model = face.Embedding, face.Model
	if reason != "" {
		return outcome
	}
	outcome.State = store.PhotoUsable
	if chosen == 0 || !slices.Contains(described.GetProblems(), facerecog.Problem_SEVERAL_FACES) {
		outcome.Warning = described.GetAdvice() // else it asks for what somebody has chosen
	}
	if len(face.Embedding) == 0 || face.Model == "" {
		outcome.State, outcome.Descriptor = store.PhotoUnchecked, nil
	}
	outcome.GalleryState, outcome.Threshold = described.GetComparison().GetGalleryState(), number(described.GetComparison().GetThreshold())
	for _, c := range counts.GetFace().GetCandidates() {
		if similarity := within(c.GetSimilarity(), -1, 1); similarity != nil {
			outcome.Candidates = append(outcome.Candidates, store.PhotoCandidate{
				PersonID: c.GetPersonId(), PhotoID: c.GetPhotoId(), ImageName: imageName(c.GetImageName()), Similarity: *similarity,
			})
		}
	}
	return outcome
}

// cropOf is the picture that stands for a photo, and how large it may be: its face that
// counts, or all of it where none does.
func cropOf(described *facerecog.Photo, chosen int) (body []byte, most int) {
	if counts, _ := faceThatCounts(described, leftToRight(described), chosen); counts != nil {
		return counts.GetFace().GetCrop(), cropBytes
	}
	return described.GetThumbnail(), thumbnailBytes
}

// leftToRight are the photo's faces in the order in which people count them.
func leftToRight(described *facerecog.Photo) []*facerecog.PhotoFace {
	faces := described.GetFaces()
	ordered := slices.Clone(faces[:min(maxShown, len(faces))])
	slices.SortStableFunc(ordered, func(a, b *facerecog.PhotoFace) int { return cmp.Compare(leftOf(a), leftOf(b)) })
	return ordered
}

// faceThatCounts gives the face by which its person is to be known, nil where it is open
// which, and what keeps it from being used, empty where nothing does.
func faceThatCounts(described *facerecog.Photo, ordered []*facerecog.PhotoFace, chosen int) (counts *facerecog.PhotoFace, reason string) {
	largest := described.GetFaces()
	switch n := len(ordered); {
	case n == 0:
		return nil, cmp.Or(described.GetAdvice(), reasons(described.GetProblems()), problemReasons[facerecog.Problem_NO_FACE])
	case chosen > n:
		return nil, fmt.Sprintf("it has no face %d: choose one from 1 to %d, left to right", chosen, n)
	case chosen > 0:
		counts = ordered[chosen-1]
	case n > 1 && slices.Contains(described.GetProblems(), facerecog.Problem_SEVERAL_FACES) && !described.GetUsable():
		return nil, fmt.Sprintf("it shows %d faces: choose the person's from 1 to %d, left to right, or take a photo of one", n, n)
	default:
		counts = largest[0]
	}
	problems := counts.GetFace().GetProblems()
	if counts == largest[0] { // a face server may tell the photo's alone, which are those of the largest face
		problems = append(slices.Clone(problems), described.GetProblems()...)
	}
	reason = reasons(problems)
	if reason == "" && counts == largest[0] && !described.GetUsable() && !slices.Contains(described.GetProblems(), facerecog.Problem_SEVERAL_FACES) {
		reason = cmp.Or(described.GetAdvice(), "the face server does not take it")
	}
	return counts, reason
}

// problemReasons say in words what is wrong with a face, and what helps.
var problemReasons = map[facerecog.Problem]string{
	facerecog.Problem_UNREADABLE: "it cannot be read: take a picture that a viewer shows",
	facerecog.Problem_NO_FACE:    "no face was found: take a photo that shows the face from the front",
	facerecog.Problem_TOO_SMALL:  "the face is too small: take a photo from closer or in a higher resolution",
	facerecog.Problem_TOO_DARK:   "the face is too dark: take a photo with more light",
	facerecog.Problem_BLURRED:    "the face is blurred: take a sharper photo",
	facerecog.Problem_OCCLUDED:   "the face is covered in part or turned aside: take a photo that shows all of it from the front",
}

// reasons are those of the problems that a face has by itself, each once.
func reasons(problems []facerecog.Problem) string {
	var all []string
	for _, problem := range slices.Compact(slices.Sorted(slices.Values(problems))) {
		if reason := problemReasons[problem]; reason != "" {
			all = append(all, reason)
		}
	}
	return strings.Join(all, "; ")
}

// shownFaces are the faces as they are shown, left to right.
func shownFaces(faces []*facerecog.PhotoFace, counts *facerecog.PhotoFace) []lineup.PhotoFace {
	shown := []lineup.PhotoFace{}
	for _, f := range faces {
		face := lineup.PhotoFace{Width: number(f.GetWidth()), Light: number(f.GetLight()), Sharpness: number(f.GetSharpness()), Used: f == counts}
		if f.GetFace().GetBox() != nil {
			face.Box = clip(f.GetFace().GetBox())
		}
		shown = append(shown, face)
	}
	return shown
}

// leftOf is where a face begins; one that nobody knows the place of is at the end.
func leftOf(f *facerecog.PhotoFace) float64 {
	box := f.GetFace().GetBox()
	if box == nil {
		return 2
	}
	return number(box.GetX())
}

// number is a number that a row and JSON can hold.
func number(f float32) float64 {
	if n := float64(f); n >= -1e9 && n <= 1e9 { // nor is NaN
		return n
	}
	return 0
}
