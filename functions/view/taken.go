package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"lineup.dev/lineup/pkg/serve"
)

// madeAnswer is what a form needs of an answer of the API.
type madeAnswer struct {
	ID     int64  `json:"id"`
	Detail string `json:"detail"`
	Type   string `json:"type"`
	sentFiles
	Folders []struct {
		ID int64 `json:"id"`
	} `json:"folders"`
	Count    *int64  `json:"count"` // of pictures that are looked at again, where many are by one request
	Changes  []int64 `json:"-"`     // that were made
	Gone     int     `json:"-"`     // how much of what was to be deleted was gone already
	Requests int     `json:"-"`     // that were done
}

// changed tells a page which changes were made, to be undone, and after a dot how much was gone.
func (a madeAnswer) changed() string {
	text := cmp.Or(idList(a.Changes), "0")
	if a.Gone > 0 {
		text += fmt.Sprintf(".%d", a.Gone)
	}
	return text
}

// looked tells a page how many pictures are looked at again.
func (a madeAnswer) looked() string {
	if a.Count != nil {
		return fmt.Sprintf("%s.%d", doneLooks, *a.Count)
	}
	return fmt.Sprintf("%s.%d", doneLooks, a.Requests)
}

// notAllTaken is the problem that some files of an upload were refused, and others taken.
func (a madeAnswer) notAllTaken() error {
	files := a.files(true)
	bad := 0
	for _, f := range files {
		if f.Why != "" {
			bad++
		}
	}
	if bad == 0 { // what was left out was to be
		return nil
	}
	bad += len(a.LeftOut)
	return &refusedForm{
		title: "Not all were taken", id: a.ID, sentFiles: a.sentFiles, taken: true,
		problem: &serve.Problem{
			Status: http.StatusUnprocessableEntity,
			Detail: fmt.Sprintf("%d of %d files were not taken, the others were.", bad, len(files)),
		},
	}
}

// added is the page that shows what was added: the folder, the picture, or the pictures, where
// these are no more than a page shows.
func (a madeAnswer) added(most int) string {
	var pictures []string
	for _, image := range a.Images {
		if id := strconv.FormatInt(image.ID, 10); !slices.Contains(pictures, id) { // the same may be sent twice
			pictures = append(pictures, id)
		}
	}
	address := url.URL{Path: "/"}
	values := url.Values{doneParameter: {fmt.Sprintf("%s.%d", doneTaken, len(pictures))}}
	switch {
	case len(a.Folders) == 1:
		address.Path = fmt.Sprintf("/folders/%d", a.Folders[0].ID)
	case len(pictures) == 1:
		address.Path = "/images/" + pictures[0]
	case len(pictures) <= most:
		values["image"] = pictures
	}
	address.RawQuery = values.Encode()
	return address.String()
}
