package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"

	"lineup.dev/lineup/pkg/photo"
)

// picture answers with the picture itself, at the URL that its page shows it from.
func (v *view) picture(w http.ResponseWriter, r *http.Request) {
	image, err := v.readImage(r)
	if err != nil {
		v.refuse(w, r, v.report(r, problemOf(err), err))
		return
	}
	release, err := v.acquire(r.Context())
	if err != nil {
		v.refuse(w, r, v.report(r, pictureProblem(err), err, "image", image.ID))
		return
	}
	defer release()
	body, format, err := v.read(r.Context(), image.Path)
	if err != nil {
		v.refuse(w, r, v.report(r, pictureProblem(err), err, "image", image.ID))
		return
	}
	header := w.Header()
	header.Set("Content-Type", format.MediaType)
	if !format.Browsers {
		header.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="picture-%d.%s"`, image.ID, format.Extension))
	}
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	header.Set("Cache-Control", "private, max-age=300")
	header.Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(body)))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// acquire waits until one more picture may be in memory. Call release when it no
// longer is.
func (v *view) acquire(ctx context.Context) (release func(), err error) {
	select {
	case v.slots <- struct{}{}:
		return func() { <-v.slots }, nil
	case <-ctx.Done():
		return nil, errBusy
	}
}

// read gives the picture and its format, by its first bytes, never by its name.
func (v *view) read(ctx context.Context, path string) ([]byte, photo.Format, error) {
	body, err := v.pictures.Read(ctx, path, v.options.MaxPicture)
	if err != nil {
		return nil, photo.Format{}, err
	}
	format, ok := photo.FormatOf(body)
	if !ok {
		return nil, photo.Format{}, errNotPicture
	}
	return body, format, nil
}

// checkPicture gives the reason why the picture cannot be shown, nil when it can. It
// reads the first bytes only.
func (v *view) checkPicture(ctx context.Context, path string) error {
	info, err := v.pictures.Stat(ctx, path)
	switch {
	case err != nil:
		return err
	case info.Size > v.options.MaxPicture:
		return photo.ErrTooLarge
	case info.Format == photo.Format{}:
		return errNotPicture
	case !info.Format.Browsers:
		return errNotShown
	}
	return nil
}
