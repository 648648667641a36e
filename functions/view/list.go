package main

import (
	"cmp"
	"context"
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

// chosenImages reads the pictures that a form chose, the newest first, as readImages does
// those that a filter finds; no more than most, which that setting says.
func (v *view) chosenImages(r *http.Request, q query, most int, setting string) (list imageList, err error) {
	chosen, err := ids(q.values, "image")
	if err != nil {
		return list, err
	}
	if len(chosen) > most {
		return list, badRequest(fmt.Sprintf("%d pictures are chosen, more than the %d that %s allows. Choose fewer at once.", len(chosen), most, setting))
	}
	images, err := v.db.ImagesOf(r.Context(), chosen)
	list.Images = append([]lineup.Image{}, images...)
	slices.SortFunc(list.Images, func(a, b lineup.Image) int { return cmp.Compare(b.ID, a.ID) })
	return list, err
}

// list is one page of a list.
type list[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"` // URL path and query of the next page, null on the last
}

func newList[T any](items []T, more bool, q query, key string, id func(T) int64) list[T] {
	l := list[T]{Items: append([]T{}, items...)} // none is [] in JSON, not null
	if more {
		l.Next = q.next(key, id(items[len(items)-1]))
	}
	return l
}

// byID reads what the id of the path names.
func byID[T any](r *http.Request, what string, read func(context.Context, int64) (T, error)) (found T, err error) {
	id, ok := pathID(r)
	if !ok {
		return found, notFound(fmt.Sprintf("The id of a %s is a whole number.", what))
	}
	found, err = read(r.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return found, notFound(fmt.Sprintf("There is no %s with the id %d.", what, id))
	}
	return found, err
}

// orErased makes of the answer that there is no such person the one that there was, and was
// erased, with the receipt's address.
func (v *view) orErased(r *http.Request, err error) error {
	problem, ok := errors.AsType[*serve.Problem](err)
	if !ok || problem.Status != http.StatusNotFound {
		return err
	}
	id, ok := pathID(r)
	if !ok {
		return err
	}
	receipt, failed := v.db.ErasureOf(r.Context(), id)
	if errors.Is(failed, store.ErrNotFound) {
		return err
	}
	if failed != nil {
		return failed
	}
	return &serve.Problem{
		Type: serve.ProblemType("erased"), Status: http.StatusGone,
		Detail: fmt.Sprintf("Person %d was erased.%s%d.", id, receiptAt, receipt),
	}
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
