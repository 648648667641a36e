package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/lineup"
)

// row is a picture as a line of text.
func row(image lineup.Image) string {
	who := image.Reason
	if image.Status != lineup.Failed {
		who = people(image)
	}
	return fmt.Sprintf("%6d  %-10s  %s  %-24s  %s", image.ID, image.Status, image.UpdatedAt.Local().Format(time.DateTime), who, image.Path)
}

// people says who is in the picture: Ada, Ben and 2 unknown.
func people(image lineup.Image) string {
	var names []string
	unknown := 0
	for _, face := range image.Faces {
		switch {
		case face.Person == nil:
			unknown++
		case !slices.Contains(names, face.Person.Name):
			names = append(names, face.Person.Name)
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
