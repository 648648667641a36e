package main

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/photo"
)

const derivedPath = "/derived/"

// maxDerived is more than any derived picture has, in bytes.
const maxDerived = 8 << 20

// derived answers with a thumbnail or a crop of a face. Under its name it never changes, so
// that a browser keeps it.
func (v *view) derived(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	body, err := v.pictures.ReadDerived(r.Context(), name, maxDerived)
	if errors.Is(err, photo.ErrNotFound) {
		v.refuse(w, r, *notFound("There is no such thumbnail or crop. It is made anew when the picture is looked at again."))
		return
	}
	if err != nil {
		v.refuse(w, r, v.report(r, pictureProblem(err), err, "derived", name))
		return
	}
	header := w.Header()
	header.Set("Content-Type", "image/jpeg")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	kept := "public"
	if v.auth.NeedsKey() { // no cache between may show it to who has none
		kept = "private"
	}
	header.Set("Cache-Control", kept+", max-age=31536000, immutable")
	header.Set("ETag", `"`+name+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// isUncounted tells of requests that are no use of the rate limit: what receive counts, and
// derived pictures, of which a page has a hundred, each cheaper than to count it.
func (v *view) isUncounted(r *http.Request) bool {
	return v.isHandedOn(r) || strings.HasPrefix(r.URL.Path, derivedPath)
}
