package main

import (
	"cmp"
	"slices"

	"google.golang.org/protobuf/proto"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/gallery"
	facerecog "lineup.dev/lineup/proto"
)

// matcher decides who a face is, and puts it into the words of proto/face.proto.
type matcher struct {
	gallery.Rule
	candidates int // how many persons an answer names as possible
}

// refusals has each of the gallery's decisions.
var refusals = map[gallery.Decision]facerecog.Refusal{
	gallery.Match:          facerecog.Refusal_NONE,
	gallery.NobodyEnrolled: facerecog.Refusal_NOBODY_ENROLLED,
	gallery.BelowThreshold: facerecog.Refusal_NOBODY_NEAR,
	gallery.Ambiguous:      facerecog.Refusal_COIN_TOSS,
}

// nearest finds at most count persons, those most similar to an embedding first.
type nearest func(embedding []float32, count int) []gallery.Candidate

// answer says who the faces are: those that are known first, the most similar first;
// what is equal in that, in the order of the detector's score.
func (m matcher) answer(found []face.Face, nearest nearest, model string) *facerecog.IdentifyResponse {
	response := &facerecog.IdentifyResponse{ImageName: facerecog.NotFound}
	for _, f := range found {
		response.Faces = append(response.Faces, m.face(f, nearest(f.Embedding, max(m.candidates, 2)), model))
	}
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

func (m matcher) face(f face.Face, candidates []gallery.Candidate, model string) *facerecog.Face {
	response := &facerecog.Face{
		Box:       box(f.Box),
		Score:     proto.Float32(f.Score),
		Embedding: f.Embedding,
		Model:     model,
		Liveness:  f.Liveness,
	}
	decision := m.Decide(candidates)
	response.Refusal = refusals[decision]
	if len(candidates) > 1 {
		response.Margin = proto.Float32(candidates[0].Similarity - candidates[1].Similarity)
	}
	if len(candidates) > 0 {
		response.Similarity = proto.Float32(candidates[0].Similarity)
		if decision == gallery.Match {
			response.ImageName = candidates[0].ImageName
		}
	}
	for _, c := range candidates[:min(len(candidates), m.candidates)] {
		response.Candidates = append(response.Candidates, &facerecog.Candidate{ImageName: c.ImageName, Person: c.Person, Similarity: c.Similarity})
	}
	return response
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
