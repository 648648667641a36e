package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// usedFace is the face of a photo by which the person is known, nil where there is none.
func usedFace(p store.Photo) *lineup.PhotoFace {
	for _, face := range facesIn(p) {
		if face.Used {
			return &face
		}
	}
	return nil
}

// facesIn are the faces that a photo shows, as far as its row can be read.
func facesIn(p store.Photo) (faces []lineup.PhotoFace) {
	if json.Unmarshal(p.Faces, &faces) != nil {
		return nil
	}
	return faces
}

// From where on a face is large, its light good, and it sharp.
const (
	largeFrom  = 160 // pixels
	smallBelow = 90
	darkBelow  = 0.25
	brightFrom = 0.8
	sharpFrom  = 0.1
	softBelow  = 0.05
)

// quality is what a photo is good for, in words: how it is as a photo of its person, or why
// it does not count.
func quality(p store.Photo) string {
	switch p.State {
	case store.PhotoPending:
		return "Waits to be looked at."
	case store.PhotoUnusable:
		reason, _, _ := strings.Cut(p.Reason, toChoose)
		return cmp.Or(sentence(reason), "Does not count; no reason was recorded.") + howToChoose(p)
	case store.PhotoUnchecked:
		return "Counts; the face server does not say how good it is."
	}
	if p.IsFace() {
		return "A face of a picture."
	}
	face := usedFace(p)
	if face == nil {
		return cmp.Or(sentence(p.Warning), "How good it is, is not known.")
	}
	text := fmt.Sprintf("%s (%.0f px), %s, %s.",
		grade(face.Width, smallBelow, largeFrom, "Small", "Medium-sized", "Large"), face.Width,
		grade(face.Sharpness, softBelow, sharpFrom, "soft", "fairly sharp", "sharp"),
		grade(face.Light, darkBelow, brightFrom, "dark", "well lit", "very bright"))
	if p.Warning != "" {
		text += " " + sentence(p.Warning)
	}
	return text
}

// toChoose is what the reason of a photo that shows several people goes on with: what to send to the API.
const toChoose = ": choose the person's from "

// howToChoose tells of a photo that shows several people how to say who is meant.
func howToChoose(p store.Photo) string {
	if p.Similar != nil || len(facesIn(p)) < 2 {
		return ""
	}
	return " Add it again by itself to choose one."
}

func grade(value, low, high float64, below, between, above string) string {
	switch {
	case value < low:
		return below
	case value < high:
		return between
	}
	return above
}

// photoWord is a photo's state in a word, and photoClass the CSS class of it.
func photoWord(s store.PhotoState) string {
	switch s {
	case store.PhotoUsable, store.PhotoUnchecked:
		return "counts"
	case store.PhotoUnusable:
		return "unusable"
	}
	return "waits"
}

func photoClass(s store.PhotoState) string {
	switch s {
	case store.PhotoUsable, store.PhotoUnchecked:
		return "identified"
	case store.PhotoUnusable:
		return "failed"
	}
	return "pending"
}

// isCover tells whether the photo was chosen to stand for the person.
func isCover(p store.Profile, photo store.Photo) bool { return p.Cover != nil && *p.Cover == photo.ID }

// portraitOf is the crop that stands for a person: of the photo that was chosen, else of the
// best of their own, else of the best of those who were merged into them; empty where there is none.
func portraitOf(p store.Profile) lineup.Derived {
	var best store.Photo
	for _, photo := range p.Photos {
		switch {
		case photo.Crop == "":
		case p.Cover != nil && photo.ID == *p.Cover:
			return photo.Crop
		case best.ID == 0 || standsBefore(photo, best, p.ID):
			best = photo
		}
	}
	return best.Crop
}

// standsBefore tells whether a photo stands for the person rather than another.
func standsBefore(photo, other store.Photo, person int64) bool {
	if own := photo.PersonID == person; own != (other.PersonID == person) {
		return own
	}
	return goodness(photo) > goodness(other)
}

// goodness puts photos that count before those that do not, and larger, sharper ones first.
func goodness(p store.Photo) float64 {
	good := 0.0
	if p.Counts() {
		good = 1
	}
	if face := usedFace(p); face != nil {
		good += face.Width * min(face.Sharpness, 0.1)
	}
	return good
}

// unlikeBelow is a similarity that 1 in 100 pairs of photos of one person lacks, and 95 of two
// people's: true_matches and false_matches of the models at 0.20, see docs/recognition.md.
const unlikeBelow = 0.2

// countingPhotos are the ids of the person's photos that count.
func countingPhotos(p store.Profile) (counting []int64) {
	for _, photo := range p.Photos {
		if photo.Counts() {
			counting = append(counting, photo.ID)
		}
	}
	return counting
}

// notCounting is how many of a person's photos do not count.
func notCounting(p store.Profile) (n int) {
	for _, photo := range p.Photos {
		if !photo.Counts() {
			n++
		}
	}
	return n
}

// cropsOf are the faces of photos, by the photos' ids, as far as there are any.
func (v *view) cropsOf(ctx context.Context, photos []int64) (map[int64]lineup.Derived, error) {
	photos = slices.Compact(slices.Sorted(slices.Values(photos)))
	crops := map[int64]lineup.Derived{}
	if len(photos) == 0 {
		return crops, nil
	}
	found, err := v.db.Photos(ctx, photos)
	for _, photo := range found {
		crops[photo.ID] = photo.Crop
	}
	return crops, err
}
