package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
)

// answer tells the client what became of its pictures, with their results if it waits for
// them and they come in time.
func (r *receiver) answer(w http.ResponseWriter, request *http.Request, pictures []picture) {
	status := http.StatusUnprocessableEntity
	if anyAccepted(pictures) {
		status = http.StatusAccepted
		if isAPI(request) && len(pictures) == 1 && pictures[0].ID != 0 {
			w.Header().Set("Location", imageURL(pictures[0].ID))
		}
	}
	switch {
	case status == http.StatusAccepted && r.waitForResults(w, request, pictures):
		serve.JSON(w, http.StatusOK, itemsOf(pictures))
	case wantsText(request):
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		for _, p := range pictures {
			p.writeText(w)
		}
	case status == http.StatusAccepted:
		serve.JSON(w, status, itemsOf(pictures))
	default:
		writeRefusal(w, pictures)
	}
}

func anyAccepted(pictures []picture) bool {
	return slices.ContainsFunc(pictures, picture.accepted)
}

// accepted tells whether what was posted has a row.
func (p picture) accepted() bool { return p.ID != 0 || p.folder != nil && p.folder.ID != 0 }

// refusal is why the picture, or the folder, is refused; empty when it is not.
func (p picture) refusal() string {
	if p.folder != nil {
		return p.folder.Error
	}
	return p.Error
}

// items are the pictures and the folders of an answer in JSON.
type items struct {
	Images  []picture `json:"images"`
	Folders []*folder `json:"folders,omitempty"` // absent where none was posted
}

func itemsOf(pictures []picture) items {
	all := items{Images: []picture{}}
	for _, p := range pictures {
		if p.folder != nil {
			all.Folders = append(all.Folders, p.folder)
		} else {
			all.Images = append(all.Images, p)
		}
	}
	return all
}

// writeText is the original API's answer, line for line. It knows no picture that was
// looked at before: the third line then is ours.
func (p picture) writeText(w http.ResponseWriter) {
	fmt.Fprintf(w, "got path: {Path:%s}\n", lineBreaks.Replace(p.posted))
	if p.folder != nil {
		p.folder.writeText(w)
		return
	}
	if !writeSaved(w, "image", p.ID, p.known, p.Error) {
		return
	}
	switch {
	case p.Status.Final():
		fmt.Fprintln(w, "image already looked at")
	case *p.Sent:
		fmt.Fprintln(w, "image sent to nsq")
	default:
		fmt.Fprintln(w, "image not sent to nsq yet, it will be")
	}
}

var lineBreaks = strings.NewReplacer("\n", " ", "\r", " ")

// writeText tells of a folder in the manner of the original API, which has none.
func (f *folder) writeText(w io.Writer) {
	if !writeSaved(w, "folder", f.ID, f.known, f.Error) {
		return
	}
	if f.finished {
		fmt.Fprintf(w, "images found: %d\n", f.Found)
	} else {
		fmt.Fprintf(w, "images found so far: %d, the others will be\n", f.Found)
	}
}

// writeSaved writes the second line, and tells whether what was posted has a row.
func writeSaved(w io.Writer, what string, id int64, known bool, refused string) bool {
	switch {
	case refused != "":
		fmt.Fprintf(w, "%s not saved: %s\n", what, refused)
	case known:
		fmt.Fprintf(w, "%s already saved with id: %d\n", what, id)
	default:
		fmt.Fprintf(w, "%s saved with id: %d\n", what, id)
	}
	return refused == ""
}

// writeRefusal answers when no picture was accepted: a problem (RFC 9457) that
// carries the pictures as an extension member, so that it has the shape of the
// other answers as well.
func writeRefusal(w http.ResponseWriter, pictures []picture) {
	detail := "none of the pictures can be accepted; each has its error"
	if len(pictures) == 1 {
		detail = pictures[0].refusal()
	}
	w.Header().Set("Content-Type", "application/problem+json")
	serve.JSON(w, http.StatusUnprocessableEntity, struct {
		serve.Problem
		items
	}{
		serve.Problem{Status: http.StatusUnprocessableEntity, Detail: detail}.Named(),
		itemsOf(pictures),
	})
}

// apiPrefix begins the addresses for programs, which view hands on from its own address.
const apiPrefix = lineup.APIPrefix

// isAPI tells of requests to such an address.
func isAPI(request *http.Request) bool { return strings.HasPrefix(request.URL.Path, apiPrefix+"/") }

func imageURL(id int64) string { return fmt.Sprintf("%s/images/%d", apiPrefix, id) }

func personURL(id int64) string { return fmt.Sprintf("%s/people/%d", apiPrefix, id) }
