package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
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

func TestRegionsOfAnAnswerAreNotTrusted(t *testing.T) {
	box := &facerecog.Box{X: 0.5, Y: 0.5, Width: 0.25, Height: 0.25}
	told := []*facerecog.Region{
		{Box: box, Name: "  Anna \u00a0 Kay "},
		{Box: box, Name: strings.Repeat("A", 201)},
		{Box: box, Name: "a\x00b"},
		{Box: box, Name: "\u200b"},
		{Box: box},
		{Name: "Bea"},
		{Box: &facerecog.Box{X: 2, Y: 0, Width: 1, Height: 1}, Name: "Bea"},
		{Box: box, Ignored: true, NotNames: []string{"", "Cal", "\x01"}},
	}
	want := []store.Region{
		{Box: lineup.Box{X: 0.5, Y: 0.5, Width: 0.25, Height: 0.25}, Name: "Anna Kay"},
		{Box: lineup.Box{X: 0.5, Y: 0.5, Width: 0.25, Height: 0.25}, Ignored: true, Not: []string{"Cal"}},
	}
	if got := readRegions(told); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := readRegions(slices.Repeat(told[:1], 5000)); len(got) != maxFaces {
		t.Errorf("of 5,000 regions %d are taken", len(got))
	}
}
