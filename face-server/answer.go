package main

import (
	"cmp"
	"slices"

	"lineup/face-server/face"
	"lineup/face-server/gallery"
	facerecog "lineup/proto"

	"google.golang.org/protobuf/proto"
)

// notFound is the image_name of a picture in which nobody is known.
const notFound = "not_found"

// nearest finds the gallery photo whose face is nearest to an embedding; ok is
// false when the gallery is empty.
type nearest func(embedding []float32) (m gallery.Match, ok bool)

// answer names the faces whose nearest photo is as similar as the threshold asks,
// the surest match first; faces without any are in the order of their score.
func answer(found []face.Face, nearest nearest, threshold float64, model string) *facerecog.IdentifyResponse {
	response := &facerecog.IdentifyResponse{ImageName: notFound}
	for _, f := range found {
		shown := &facerecog.Face{
			Box:       box(f.Box),
			Score:     proto.Float32(f.Score),
			Embedding: f.Embedding,
			Model:     model,
		}
		if match, ok := nearest(f.Embedding); ok {
			shown.Similarity = proto.Float32(match.Similarity)
			if match.Similarity >= float32(threshold) {
				shown.ImageName = match.ImageName
			}
		}
		response.Faces = append(response.Faces, shown)
	}
	slices.SortStableFunc(response.Faces, func(a, b *facerecog.Face) int {
		return cmp.Or(cmp.Compare(b.GetSimilarity(), a.GetSimilarity()), cmp.Compare(b.GetScore(), a.GetScore()))
	})
	if len(response.Faces) > 0 && response.Faces[0].ImageName != "" {
		response.ImageName = response.Faces[0].ImageName
	}
	return response
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
