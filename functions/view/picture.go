package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/photo"
)

// picture answers with the picture itself, at the URL that its page shows it from.
func (v *view) picture(w http.ResponseWriter, r *http.Request) {
	image, err := v.readImage(r)
	if err != nil {
		v.refuse(w, r, v.report(r, problemOf(err), err))
		return
	}
	refuse := func(err error) { v.refuse(w, r, v.report(r, pictureProblem(err), err, "image", image.ID)) }
	asked := r.URL.Query().Get(contentParameter)
	if asked != "" && asked != contentTag(image) {
		refuse(errChanged)
		return
	}
	body, format, release, err := v.original(r.Context(), image)
	if err != nil {
		refuse(err)
		return
	}
	defer release()
	header := w.Header()
	header.Set("Content-Type", format.MediaType)
	if !format.Browsers {
		header.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="picture-%d.%s"`, image.ID, format.Extension))
	}
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	header.Set("Cache-Control", "private, no-cache")
	if asked != "" || image.Status.Final() && image.Content == "" {
		header.Set("Cache-Control", "private, max-age=300") // under this URL it stays what it is, or nobody can tell
	}
	header.Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(body)))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// original is a picture as it is given out. Call release when it is no longer in memory.
func (v *view) original(ctx context.Context, image lineup.Image) (body []byte, format photo.Format, release func(), err error) {
	ctx, release, err = v.acquire(ctx, image)
	if err != nil {
		return nil, format, nil, err
	}
	if body, format, err = v.read(ctx, image); err != nil {
		release()
		return nil, format, nil, err
	}
	if v.options.Originals != "as-is" {
		body = photo.Strip(body)
	}
	return body, format, release, nil
}

// acquire waits until one more picture may be in memory, which is read with the context
// that it gives. Call release when it no longer is.
func (v *view) acquire(ctx context.Context, image lineup.Image) (inside context.Context, release func(), err error) {
	inside, release, err = v.slots.Enter(ctx, image.Path)
	if err != nil && ctx.Err() != nil {
		return nil, nil, errBusy
	}
	return inside, release, err
}

// read gives the picture and its format, by its first bytes, never by its name. It gives
// none that is not the one that was looked at: an answer is never shown beside another.
func (v *view) read(ctx context.Context, image lineup.Image) ([]byte, photo.Format, error) {
	body, file, err := v.pictures.Read(ctx, image.Path, v.options.MaxPicture)
	switch {
	case file.Name != "" && isChanged(image, file):
		return nil, photo.Format{}, errChanged
	case err != nil:
		return nil, photo.Format{}, err
	}
	format, ok := photo.FormatOf(body)
	if !ok {
		return nil, photo.Format{}, errNotPicture
	}
	return body, format, nil
}

// isChanged tells whether the file is another than the one that was looked at.
func isChanged(image lineup.Image, file photo.Entry) bool {
	return image.Content != "" && !file.Is(image.Content)
}

// noPicture begins the reason of a file that is no picture, or a broken one: those of face-server's
// status.go.
const noPicture = "no picture"

// checkPicture gives the reason why the picture cannot be shown, nil when it can. It
// reads the first bytes only.
func (v *view) checkPicture(ctx context.Context, image lineup.Image) error {
	info, err := v.pictures.Stat(ctx, image.Path)
	switch {
	case err != nil:
		return err
	case isChanged(image, info.Entry):
		return errChanged
	case info.Size > v.options.MaxPicture:
		return photo.ErrTooLarge
	case info.Format == photo.Format{}:
		return errNotPicture
	case !info.Format.Browsers:
		return errNotShown
	case strings.HasPrefix(image.Reason, noPicture):
		return errBroken
	}
	return nil
}
