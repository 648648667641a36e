package main

import (
	"fmt"
	"net/http"
	"strings"

	"lineup.dev/lineup/pkg/serve"
)

// answer tells the client what became of its pictures.
func answer(w http.ResponseWriter, r *http.Request, pictures []picture) {
	status := http.StatusUnprocessableEntity
	if anyAccepted(pictures) {
		status = http.StatusAccepted
	}
	switch {
	case wantsText(r):
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		for _, p := range pictures {
			p.writeText(w)
		}
	case status == http.StatusAccepted:
		serve.JSON(w, status, map[string]any{"images": pictures})
	default:
		writeRefusal(w, pictures)
	}
}

func anyAccepted(pictures []picture) bool {
	for _, p := range pictures {
		if p.ID != 0 {
			return true
		}
	}
	return false
}

// writeText is the original API's answer, line for line. It knows no picture that was
// looked at before: the third line then is ours.
func (p picture) writeText(w http.ResponseWriter) {
	fmt.Fprintf(w, "got path: {Path:%s}\n", strings.NewReplacer("\n", " ", "\r", " ").Replace(p.posted))
	switch {
	case p.Error != "":
		fmt.Fprintf(w, "image not saved: %s\n", p.Error)
		return
	case p.known:
		fmt.Fprintf(w, "image already saved with id: %d\n", p.ID)
	default:
		fmt.Fprintf(w, "image saved with id: %d\n", p.ID)
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

// writeRefusal answers when no picture was accepted: a problem (RFC 9457) that
// carries the pictures as an extension member, so that it has the shape of the
// other answers as well.
func writeRefusal(w http.ResponseWriter, pictures []picture) {
	detail := "none of the pictures can be accepted; each has its error"
	if len(pictures) == 1 {
		detail = pictures[0].Error
	}
	w.Header().Set("Content-Type", "application/problem+json")
	serve.JSON(w, http.StatusUnprocessableEntity, struct {
		serve.Problem
		Images []picture `json:"images"`
	}{
		serve.Problem{Status: http.StatusUnprocessableEntity, Title: http.StatusText(http.StatusUnprocessableEntity), Detail: detail},
		pictures,
	})
}
