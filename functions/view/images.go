package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// imageList is one page of a list of pictures.
type imageList struct {
	Images []lineup.Image `json:"images"` // the newest first
	Next   *string        `json:"next"`   // URL path and query of the page behind, null on the last
	Newest string         `json:"-"`      // URL of the first page, empty on it
}

// readImages reads the page of pictures that the query asks for.
func (v *view) readImages(r *http.Request, q query, f store.Filter) (list imageList, err error) {
	if f.Before, err = q.id("before"); err != nil {
		return list, err
	}
	if f.Limit, err = q.limit(v.options); err != nil {
		return list, err
	}
	images, more, err := v.db.Images(r.Context(), f)
	if err != nil {
		return list, err
	}
	list.Images = append([]lineup.Image{}, images...) // none is [] in JSON, not null
	if more {
		list.Next = q.next("before", images[len(images)-1].ID)
	}
	if f.Before != 0 {
		list.Newest = q.with("before", "")
	}
	return list, nil
}

// imagesPage is the table of all pictures, or of those that a filter leaves.
type imagesPage struct {
	imageList
	Status  lineup.Status  `json:"-"` // shown alone, empty for every status
	Person  *lineup.Person `json:"-"` // shown alone, nil for everybody
	Choices []choice       `json:"-"` // of the status
	Anybody string         `json:"-"` // URL of the table without the filter by person
}

// choice is a link to the table with another filter.
type choice struct {
	Label, URL string
	Current    bool
}

func (v *view) images(r *http.Request) (page, error) {
	q, err := parseQuery(r)
	if err != nil {
		return page{}, err
	}
	status, err := q.status()
	if err != nil {
		return page{}, err
	}
	personID, err := q.id("person")
	if err != nil {
		return page{}, err
	}
	content := imagesPage{Status: status, Choices: choices(q, status), Anybody: q.with("person", "", "before", "")}
	if personID != 0 {
		profile, err := v.db.Person(r.Context(), personID)
		if errors.Is(err, store.ErrNotFound) {
			return page{}, badRequest(fmt.Sprintf("person=%d is nobody's id. The people are at /people.", personID))
		}
		if err != nil {
			return page{}, err
		}
		content.Person = &profile.Person
	}
	content.imageList, err = v.readImages(r, q, store.Filter{Status: status, Person: personID})
	if err != nil {
		return page{}, err
	}
	return page{
		template: "images",
		title:    "Pictures",
		waits:    content.Newest == "" && slices.ContainsFunc(content.Images, waits),
		content:  content,
	}, nil
}

// waits tells whether the picture's status is about to change by itself.
func waits(image lineup.Image) bool {
	return image.Status == lineup.Pending || image.Status == lineup.Processing
}

func choices(q query, current lineup.Status) []choice {
	choices := []choice{{"all", q.with("status", "", "before", ""), current == ""}}
	for _, status := range lineup.Statuses {
		choices = append(choices, choice{string(status), q.with("status", string(status), "before", ""), status == current})
	}
	return choices
}

// imagePage is one picture.
type imagePage struct {
	lineup.Image
	Missing string `json:"-"` // why the picture itself cannot be shown, else empty
}

func (v *view) image(r *http.Request) (page, error) {
	image, err := v.readImage(r)
	if err != nil {
		return page{}, err
	}
	content := imagePage{Image: image}
	if !serve.WantsJSON(r) {
		if err := v.check(r.Context(), image.Path); err != nil {
			content.Missing = v.note(r, pictureProblem(err), err, "image", image.ID).Detail
		}
	}
	return page{template: "image", title: fmt.Sprintf("Picture %d", image.ID), waits: waits(image), content: content}, nil
}

// readImage reads the picture whose id is in the URL.
func (v *view) readImage(r *http.Request) (lineup.Image, error) {
	id, ok := pathID(r)
	if !ok {
		return lineup.Image{}, notFound("A picture's id is a whole number. The pictures are at /.")
	}
	image, err := v.db.Image(r.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return lineup.Image{}, notFound(fmt.Sprintf("There is no picture with the id %d. The pictures are at /.", id))
	}
	return image, err
}

func pathID(r *http.Request) (id int64, ok bool) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	return id, err == nil
}
