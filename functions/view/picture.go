package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// shownKinds are the kinds of pictures that are served. SVG is none of them: it
// can hold a program.
var shownKinds = []string{"image/jpeg", "image/png", "image/webp", "image/gif"}

// picture answers with the picture itself, at the URL that its page shows it from.
func (v *view) picture(w http.ResponseWriter, r *http.Request) {
	image, err := v.readImage(r)
	if err != nil {
		v.refuse(w, r, v.note(r, problemOf(err), err))
		return
	}
	release, err := v.hold(r.Context())
	if err != nil {
		v.refuse(w, r, v.note(r, pictureProblem(err), err, "image", image.ID))
		return
	}
	defer release()
	body, kind, err := v.read(r.Context(), image.Path)
	if err != nil {
		v.refuse(w, r, v.note(r, pictureProblem(err), err, "image", image.ID))
		return
	}
	header := w.Header()
	header.Set("Content-Type", kind)
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	header.Set("Cache-Control", "private, max-age=300")
	header.Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(body)))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// check tells why the picture cannot be shown, nil when it can.
func (v *view) check(ctx context.Context, path string) error {
	release, err := v.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	_, _, err = v.read(ctx, path)
	return err
}

// hold waits until one more picture may be in memory. Call release when it is
// there no more.
func (v *view) hold(ctx context.Context) (release func(), err error) {
	select {
	case v.slots <- struct{}{}:
		return func() { <-v.slots }, nil
	case <-ctx.Done():
		return nil, errBusy
	}
}

// read gives the picture and its kind, told from its first bytes, never from its name.
func (v *view) read(ctx context.Context, path string) (body []byte, kind string, err error) {
	body, err = v.pictures.Read(ctx, path, v.options.MaxPicture)
	if err != nil {
		return nil, "", err
	}
	kind = http.DetectContentType(body)
	if !slices.Contains(shownKinds, kind) {
		return nil, "", errNotPicture
	}
	return body, kind, nil
}
