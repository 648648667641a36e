package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// sentFiles are what the API tells of the files of a form.
type sentFiles struct {
	Photos  []store.Photo `json:"photos"`
	LeftOut []store.Photo `json:"left_out"`
	Images  []struct {
		ID    int64  `json:"id"`
		Name  string `json:"file_name"`
		Error string `json:"error"`
	} `json:"images"`
	Refused []struct {
		Number int    `json:"number"`
		Name   string `json:"name"`
		Error  string `json:"error"`
	} `json:"files"`
}

// file is what became of a file of a form.
type file struct {
	Image       int64        // the picture that it is, 0 where it is none
	Photo       *store.Photo // of a person that it is, nil where it is none
	Name        string
	Word, Class string // what became of it in a word, and the CSS class of that
	Why         string // where it was not taken
	Told        bool   // why, by the problem itself
}

// The class of what was taken, and of what was not.
const (
	goodClass = "identified"
	badClass  = "failed"
)

// files are the photos, the pictures, and those that were refused.
func (s sentFiles) files(added bool) (all []file) {
	for _, p := range s.Photos {
		all = append(all, fileOf(p, photoFate(p, added), photoClass(p.State)))
	}
	for _, p := range s.LeftOut {
		all = append(all, fileOf(p, "Left out", badClass))
	}
	for i, image := range s.Images {
		f := file{Image: image.ID, Name: cmp.Or(image.Name, numbered(i+1)), Word: "Taken", Class: goodClass}
		if image.Error != "" {
			f.Word, f.Class, f.Why = "Not taken", badClass, sentence(strings.TrimPrefix(image.Error, image.Name+": "))
		}
		all = append(all, f)
	}
	for _, f := range s.Refused {
		all = append(all, file{Name: cmp.Or(f.Name, numbered(f.Number)), Word: "Not taken", Class: badClass, Why: sentence(f.Error)})
	}
	return all
}

// sentAlone are those of a person's photos that the request sent.
func sentAlone(photos []store.Photo) []store.Photo {
	return slices.DeleteFunc(photos, func(p store.Photo) bool { return p.FileName == "" })
}

func fileOf(p store.Photo, word, class string) file {
	return file{Photo: &p, Name: p.FileName, Word: word, Class: class}
}

// photoFate is what became of a photo, or, where nothing was added, what would.
func photoFate(p store.Photo, added bool) string {
	switch {
	case !p.Counts() && p.Similar != nil:
		return "Like another"
	case !p.Counts():
		return "Unusable"
	case p.State == store.PhotoPending:
		return "Waits"
	case added:
		return "Added"
	}
	return "Can be added"
}

func numbered(file int) string { return fmt.Sprintf("File %d", file) }

// likeWhom are those whom photos are like, one for each such photo.
func likeWhom(photos []store.Photo) (like []lineup.Person) {
	for _, p := range photos {
		if p.Similar != nil {
			like = append(like, p.Similar.Person)
		}
	}
	return like
}
