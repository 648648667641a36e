package main

import (
	"testing"

	"lineup.dev/lineup/pkg/lineup"
)

// Pictures of one name are told apart in a list by as much of their paths as that takes.
func TestPicturesOfOneNameAreToldApart(t *testing.T) {
	t.Parallel()
	const one, other = "uploads/3f/3fa94c11.jpg", "uploads/81/81b0d7e2.jpg"
	pictures := []lineup.Image{
		{ID: 1, Path: "2025/summer/a.jpg"}, {ID: 2, Path: "2026/summer/a.jpg"}, {ID: 3, Path: "2026/winter/a.jpg"}, {ID: 4, Path: "a.jpg"},
		{ID: 5, Path: "2026/winter/b.jpg"}, {ID: 6, Path: one, FileName: "a.jpg"}, {ID: 7, Path: other, FileName: "c.jpg"}, {ID: 8, Path: "x\u202e/b.jpg"},
	}
	got := labels(pictures)
	for id, want := range map[int64]label{
		1: {Apart: "2025/summer/", Base: "a.jpg"},
		2: {Apart: "2026/summer/", Base: "a.jpg"},
		3: {Folder: "2026/", Apart: "winter/", Base: "a.jpg"},
		4: {Base: "a.jpg"},
		5: {Folder: "2026/", Apart: "winter/", Base: "b.jpg"},
		6: {Base: "a.jpg", Mark: "3fa94c"},
		7: {Base: "c.jpg"},
		8: {Apart: "x\ufffd/", Base: "b.jpg"},
	} {
		if got[id] != want {
			t.Errorf("picture %d is %+v, want %+v", id, got[id], want)
		}
	}
}
