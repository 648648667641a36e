package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/lineup"
)

// shown is a picture as view tells it.
type shown struct{ lineup.Image }

// text is the picture as a line for people.
func (s shown) text() string {
	who := s.Reason
	if !s.Status.IsFailure() {
		who = people(s.Image)
	}
	if s.Warning != "" {
		who += " (" + s.Warning + ")"
	}
	return fmt.Sprintf("%6d  %-10s  %s  %-24s  %s", s.ID, s.Status, s.UpdatedAt.Local().Format(time.DateTime), who, cmp.Or(s.FileName, s.Path))
}

// folder is a folder as view tells it.
type folder struct{ lineup.Folder }

// final tells whether every picture in it has its result.
func (f folder) final() bool { return f.FinishedAt != nil && f.Done+f.Failed >= f.Submitted }

func (f folder) text() string {
	return fmt.Sprintf("folder %d  %d looked at, %d failed  %s", f.ID, f.Done, f.Failed, f.Path)
}

// people says who is in the picture: Ada, Ben and 2 unknown.
func people(image lineup.Image) string {
	var names []string
	unknown := 0
	for _, face := range image.Faces {
		switch {
		case face.Person == nil:
			unknown++
		case !slices.Contains(names, string(face.Person.Name)):
			names = append(names, string(face.Person.Name))
		}
	}
	switch {
	case !image.Status.Final():
		return "–"
	case len(image.Faces) == 0:
		return "no face"
	case unknown > 0:
		names = append(names, fmt.Sprintf("%d unknown", unknown))
	}
	return strings.Join(names, ", ")
}
