package main

import (
	"strings"
	"testing"

	facerecog "lineup.dev/lineup/proto"
)

func TestMalformedFacesAreLeftOut(t *testing.T) {
	nan, half := float32(0), float32(0.5)
	nan /= nan
	response := &facerecog.IdentifyResponse{}
	response.Faces = append(response.Faces,
		&facerecog.Face{ImageName: strings.Repeat("x", 300), Similarity: &nan, Score: &half, Box: &facerecog.Box{X: nan}},
		&facerecog.Face{ImageName: "not_found", Model: strings.Repeat("m", 101), Embedding: []float32{1}})
	for range 10_000 {
		response.Faces = append(response.Faces, &facerecog.Face{})
	}
	faces := readFaces(response)
	if len(faces) != maxFaces {
		t.Fatalf("%d faces kept, want %d", len(faces), maxFaces)
	}
	if f := faces[0]; f.ImageName != "" || f.Similarity != nil || f.Box != nil || *f.Score != 0.5 {
		t.Errorf("kept %+v", f)
	}
	if f := faces[1]; f.ImageName != "" || f.Model != "" || f.Embedding != nil {
		t.Errorf("kept %+v", f)
	}
}
