package main

import (
	"math"
	"unicode/utf8"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

// Limits of what a face server may answer.
const (
	responseBytes = 32 << 20
	maxFaces      = 1000
	maxDescriptor = 4096 // its length
)

// readFaces trusts nothing that a face server says: a number outside the range that
// the contract names is left out, and so is what would not fit a row. A server that
// knows only the original API's field tells one face, or none.
func readFaces(response *facerecog.IdentifyResponse) []lineup.Face {
	if name := imageName(response.GetImageName()); len(response.GetFaces()) == 0 && name != "" {
		return []lineup.Face{{ImageName: name}}
	}
	faces := []lineup.Face{}
	for _, f := range response.GetFaces()[:min(maxFaces, len(response.GetFaces()))] {
		faces = append(faces, readFace(f))
	}
	return faces
}

func readFace(f *facerecog.Face) lineup.Face {
	face := lineup.Face{ImageName: imageName(f.GetImageName())}
	if len(f.GetEmbedding()) <= maxDescriptor && utf8.RuneCountInString(f.GetModel()) <= store.ModelWidth {
		face.Embedding, face.Model = f.GetEmbedding(), f.GetModel()
	}
	if f.Similarity != nil {
		face.Similarity = within(*f.Similarity, -1, 1)
	}
	if f.Score != nil {
		face.Score = within(*f.Score, 0, 1)
	}
	if f.GetBox() != nil {
		face.Box = clip(f.GetBox())
	}
	return face
}

// readContent leaves out what does not fit a row. A part of it would tell nothing.
func readContent(content string) string {
	if len(content) > store.ContentBytes {
		return ""
	}
	return content
}

func imageName(name string) string {
	if name == facerecog.NotFound || utf8.RuneCountInString(name) > store.ImageNameWidth {
		return ""
	}
	return name
}

// rounding is how far out of its range a number may be for having been rounded.
const rounding = 1e-3

// within is a number of that range; nil for any other, which means something else
// than the contract says.
func within(f float32, low, high float64) *float64 {
	n := float64(f)
	if !(n >= low-rounding && n <= high+rounding) { // nor is NaN
		return nil
	}
	n = min(max(n, low), high)
	return &n
}

// clip is the part of a box that lies in the picture; nil when none does.
func clip(b *facerecog.Box) *lineup.Box {
	cut := func(from, length float32) (start, end float64, ok bool) {
		start, end = float64(from), float64(from)+float64(length)
		return max(start, 0), min(end, 1), start < end && start < 1 && end > 0 && !math.IsInf(start, 0) && !math.IsInf(end, 0)
	}
	left, right, across := cut(b.GetX(), b.GetWidth())
	top, bottom, down := cut(b.GetY(), b.GetHeight())
	if !across || !down {
		return nil
	}
	return &lineup.Box{X: left, Y: top, Width: right - left, Height: bottom - top}
}
