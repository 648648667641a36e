package main

import (
	"cmp"
	"math"
	"slices"

	"google.golang.org/protobuf/proto"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/pkg/match"
	facerecog "lineup.dev/lineup/proto"
)

// matcher decides who a face is, and puts it into the words of proto/face.proto.
type matcher struct {
	match.Rule // of a small gallery
	certainty  match.Certainty
	chance     float64                       // of naming a stranger, at most
	size       func() (named, strangers int) // of the gallery, in photos
	candidates int                           // how many persons an answer names as possible
	strangers  nearest                       // who has no name; nil for nobody
}

// refusals has each of package match's.
var refusals = map[match.Refusal]facerecog.Refusal{
	match.None:           facerecog.Refusal_NONE,
	match.NobodyEnrolled: facerecog.Refusal_NOBODY_ENROLLED,
	match.BelowThreshold: facerecog.Refusal_NOBODY_NEAR,
	match.Ambiguous:      facerecog.Refusal_COIN_TOSS,
	match.Taken:          facerecog.Refusal_TAKEN,
	match.Ignored:        facerecog.Refusal_NONE, // a hand says that, which the face server knows nothing of
}

// thresholdSteps is in how many steps the threshold rises from 0 to 1. Each picture's row has the
// one that decided its faces: it would be written anew for every photo that a gallery gets.
const thresholdSteps = 500

// rule is that of a gallery of so many photos: the threshold at which a stranger is named no
// more often than may be, or up to a step more, but at least that of a small one.
func (m matcher) rule(photos int) match.Rule {
	r := m.Rule
	if m.certainty.FalseMatches.Known() && m.chance > 0 && m.chance < 1 {
		r.Threshold = max(r.Threshold, math.Ceil(thresholdSteps*m.certainty.FalseMatches.Threshold(m.chance, photos))/thresholdSteps)
		r.StrangerThreshold = max(r.StrangerThreshold, r.Threshold)
	}
	return r
}

// compared is how many photos a face is compared with; 0 where nobody told.
func (m matcher) compared() int {
	if m.size == nil {
		return 0
	}
	named, _ := m.size()
	return named
}

// nearest finds for each embedding at most count persons, the most similar first.
type nearest func(descriptors [][]float32, count int) [][]gallery.Candidate

// strangersTold is how many strangers an answer names: several that a face is near to are one.
const strangersTold = 5

// look finds who faces could be: two at least, if there are, for the margin.
func (m matcher) look(descriptors [][]float32, near nearest) []match.Face[gallery.Person] {
	looked := make([]match.Face[gallery.Person], len(descriptors))
	for i, found := range near(descriptors, max(m.candidates, 2)) {
		looked[i].Candidates = found
	}
	return looked
}

// answer says who the faces of a picture are, found ones together with who they could be:
// those that are known first, the most similar first; what is equal in that, in the order
// of the detector's score.
func (m matcher) answer(found []gallery.Face, near nearest, described describer) *facerecog.IdentifyResponse {
	response := &facerecog.IdentifyResponse{ImageName: facerecog.NotFound, Faces: m.faces(found, near, described)}
	slices.SortStableFunc(response.Faces, func(a, b *facerecog.Face) int {
		return cmp.Or(
			-compareTruth(a.ImageName != "", b.ImageName != ""),
			cmp.Compare(b.GetSimilarity(), a.GetSimilarity()),
			cmp.Compare(b.GetScore(), a.GetScore()))
	})
	if len(response.Faces) > 0 && response.Faces[0].ImageName != "" {
		response.ImageName = response.Faces[0].ImageName
	}
	return response
}

// faces is the same in the order of found.
func (m matcher) faces(found []gallery.Face, near nearest, described describer) (faces []*facerecog.Face) {
	descriptors := make([][]float32, len(found))
	for i, f := range found {
		descriptors[i] = f.Embedding
	}
	strangers := m.tellStrangers(descriptors)
	looked := m.look(descriptors, near)
	for i := range looked {
		looked[i].Occluded = found[i].Occluded
	}
	for i, decision := range match.Decide(m.rule(m.compared()), looked) {
		face := m.face(decision, found[i].Occluded)
		face.Strangers = strangers[i]
		described.describe(face, found[i])
		faces = append(faces, face)
	}
	return faces
}

// tellStrangers tells which strangers faces are like. Nothing else depends on that.
func (m matcher) tellStrangers(descriptors [][]float32) [][]*facerecog.Candidate {
	told := make([][]*facerecog.Candidate, len(descriptors))
	if m.strangers == nil {
		return told
	}
	for i, found := range m.strangers(descriptors, strangersTold) {
		told[i] = candidateMessages(found)
	}
	return told
}

// face is what was decided of one.
func (m matcher) face(decision match.Decision[gallery.Person], occluded bool) *facerecog.Face {
	response := &facerecog.Face{Refusal: refusals[decision.Refusal]}
	if margin, ok := decision.Margin(); ok {
		response.Margin = proto.Float32(margin)
	}
	if similarity, ok := decision.Similarity(); ok {
		response.Similarity = proto.Float32(similarity)
	}
	if decision.Person != nil {
		response.ImageName = decision.Candidates[0].ImageName
		response.ChanceWrong = m.chanceWrong(decision.Candidates[0], occluded)
	}
	response.Candidates = candidateMessages(decision.Candidates[:min(len(decision.Candidates), m.candidates)])
	for i, candidate := range response.Candidates {
		candidate.ChanceWrong = m.chanceWrong(decision.Candidates[i], occluded)
	}
	return response
}

// chanceWrong is how likely that is not who the face shows; nil where nobody knows. One that is
// covered is held to as much more as the rule holds it to.
func (m matcher) chanceWrong(candidate gallery.Candidate, occluded bool) *float64 {
	chance, ok := m.certainty.ChanceWrong(match.Counted(float64(candidate.Similarity), occluded), m.compared())
	if !ok {
		return nil
	}
	return &chance
}

// strangerChance is how likely a stranger is as similar to somebody as this face is; ok is false
// where it is like somebody, or nobody knows.
func (m matcher) strangerChance(f *facerecog.Face) (chance float64, ok bool) {
	if f.Similarity == nil || f.Refusal != facerecog.Refusal_NOBODY_NEAR || !m.certainty.FalseMatches.Known() {
		return 0, false
	}
	return m.certainty.FalseMatches.Chance(float64(f.GetSimilarity()), m.compared()), true
}

func candidateMessages(candidates []gallery.Candidate) (messages []*facerecog.Candidate) {
	for _, c := range candidates {
		messages = append(messages, &facerecog.Candidate{
			ImageName: c.ImageName, Person: c.Person.Name, Similarity: c.Similarity, PersonId: c.Person.ID, PhotoId: c.PhotoID,
		})
	}
	return messages
}

// describer tells of a face what has nothing to do with whose it is.
type describer struct {
	model string
	gallery.Requirements
}

func (d describer) describe(response *facerecog.Face, f gallery.Face) {
	response.Box = box(f.Box)
	response.Score = proto.Float32(f.Score)
	response.Embedding = f.Embedding
	response.Model = d.model
	response.Liveness = f.Liveness
	response.Occluded = f.Occluded
	response.Problems = problemsOf(d.Requirements.Of(f))
	response.Crop = f.Crop
}

func problemsOf(found []gallery.Problem) (all []facerecog.Problem) {
	for _, problem := range found {
		all = append(all, problems[problem])
	}
	return all
}

func compareTruth(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// box is the part of b that lies in the picture.
func box(b face.Box) *facerecog.Box {
	left, top := within(b.X), within(b.Y)
	return &facerecog.Box{
		X: float32(left), Y: float32(top),
		Width:  float32(within(b.X+b.Width) - left),
		Height: float32(within(b.Y+b.Height) - top),
	}
}

func within(v float64) float64 { return min(max(v, 0), 1) }
