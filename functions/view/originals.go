package main

import (
	"archive/zip"
	"context"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/lineup"
)

// leftOut is the file that says which of the chosen pictures are not among the others, and why.
const leftOut = "NOT-INCLUDED.txt"

// originals answers with the chosen pictures as one archive, each as its own page gives it. It
// is sent while it is made: only one picture is in memory, whose time to be read and sent is
// that of one picture.
func (v *view) originals(w http.ResponseWriter, r *http.Request) {
	images, err := v.chosenOriginals(r)
	if err != nil {
		v.refuse(w, r, v.report(r, problemOf(err), err))
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="pictures.zip"`)
	w.Header().Set("Cache-Control", "private, no-store")
	archive := zip.NewWriter(w)
	names := map[string]bool{leftOut: true}
	var missing []string
	for _, image := range images {
		// Where the connection cannot be given a deadline, the answer goes without one.
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(v.options.SendTimeout))
		why, err := v.addOriginal(r, archive, image, names)
		if err != nil {
			v.log.Info("a download was broken off", "error", err, auth.Caller(r.Context()))
			return
		}
		if why != "" {
			missing = append(missing, fmt.Sprintf("Picture %d, %s: %s\r\n", image.ID, plain(image.Path), why))
		}
	}
	if len(missing) > 0 {
		file, err := archive.Create(leftOut)
		if err != nil {
			return
		}
		file.Write([]byte(strings.Join(missing, ""))) //nolint:errcheck // whoever went away has no error to be told
	}
	archive.Close()
}

// chosenOriginals are the pictures that the request names.
func (v *view) chosenOriginals(r *http.Request) ([]lineup.Image, error) {
	q, err := parseQuery(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), v.options.RequestTimeout)
	defer cancel()
	list, err := v.chosenImages(r.WithContext(ctx), q, v.options.DownloadMost, "DOWNLOAD_MOST")
	if err != nil {
		return nil, err
	}
	if len(list.Images) == 0 {
		return nil, notFound("None of these pictures is there any more. The pictures are at /.")
	}
	return list.Images, nil
}

// addOriginal adds one picture to the archive, or gives the reason why it is left out. The
// error is that of the archive, which ends with it.
func (v *view) addOriginal(r *http.Request, archive *zip.Writer, image lineup.Image, names map[string]bool) (why string, err error) {
	ctx, cancel := context.WithTimeout(r.Context(), v.options.RequestTimeout)
	defer cancel()
	body, _, release, err := v.original(ctx, image)
	if err != nil {
		return v.report(r, pictureProblem(err), err, "image", image.ID).Detail, r.Context().Err()
	}
	defer release()
	file, err := archive.CreateHeader(&zip.FileHeader{Name: nameWithin(names, image), Method: zip.Store, Modified: image.CreatedAt})
	if err != nil {
		return "", err
	}
	_, err = file.Write(body)
	return "", err
}

// nameWithin is what a picture is called in an archive: as its file, and where another is
// called so, with its id before that.
func nameWithin(names map[string]bool, image lineup.Image) string {
	name := image.FileName
	if name == "" {
		name = image.Path
	}
	name = plain(path.Base(strings.ReplaceAll(name, `\`, "/")))
	if strings.Trim(name, ".") == "" || names[name] {
		name = fmt.Sprintf("%d-%s", image.ID, strings.Trim(name, "."))
	}
	names[name] = true
	return name
}
