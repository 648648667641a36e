package main

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// imageList is one page of a list of pictures.
type imageList struct {
	Images []lineup.Image `json:"images"` // the newest first
	Next   *string        `json:"next"`   // URL path and query of the next page, null on the last
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

// changes tells whether the picture's status can still change.
func changes(image lineup.Image) bool { return !image.Status.Final() }

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
