package main

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/serve"
)

// smallBody is how many bytes are made room for because a request says that it has so many.
const smallBody = 16 << 10

// postPaths takes the original API's JSON, whatever its Content-Type is.
func (r *receiver) postPaths(w http.ResponseWriter, request *http.Request) error {
	r.prewarm(request)
	pictures, ignored, err := r.readPictures(w, request)
	if err != nil {
		return err
	}
	if ignored {
		serve.JSON(w, http.StatusAccepted, itemsOf(nil))
		return nil
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	if err := r.submit(ctx, pictures); err != nil {
		return err
	}
	r.answer(w, request, pictures)
	return nil
}

// readPictures reads the paths of a request. A picture itself, or a form with one, is told where it goes.
func (r *receiver) readPictures(w http.ResponseWriter, request *http.Request) (pictures []picture, ignored bool, err error) {
	body, err := readAll(http.MaxBytesReader(w, request.Body, r.limits.MaxBody), request.ContentLength, smallBody)
	if err != nil {
		err = bodyError(err)
	} else {
		pictures, ignored, err = r.picturesOfBody(request, event.WithoutBOM(body))
	}
	if err != nil && isPicture(request, body) {
		err = &serve.Problem{Status: http.StatusUnsupportedMediaType,
			Detail: `here go paths, {"path": "..."}; a picture itself goes to POST /images: curl -F image=@FILE .../images`}
	}
	return pictures, ignored, err
}

// isPicture tells whether the body, as much of it as there is, holds a picture or a form
// with one.
func isPicture(request *http.Request, body []byte) bool {
	mediaType, _, _ := mime.ParseMediaType(request.Header.Get("Content-Type"))
	_, known := photo.FormatOf(body)
	return known || strings.HasPrefix(mediaType, "image/") || mediaType == "multipart/form-data"
}

// picturesOfBody reads paths, and at the address of events an object store's as well;
// ignored says that it told of no picture that arrived.
func (r *receiver) picturesOfBody(request *http.Request, body []byte) (pictures []picture, ignored bool, err error) {
	if request.URL.Path == "/" {
		objects, isStorage, err := event.Objects(body)
		if err != nil {
			return nil, false, unreadable(err)
		}
		if isStorage {
			pictures = r.picturesOfObjects(objects, event.TraceOfHeader(request.Header))
			return pictures, len(pictures) == 0, nil
		}
	}
	paths, err := parsePaths(body)
	for _, path := range paths {
		pictures = append(pictures, newPicture(path, event.TraceOfHeader(request.Header)))
	}
	return pictures, false, err
}

// parsePaths reads {"path": "..."} and {"paths": [{"path": "..."}]}, and nothing else.
func parsePaths(body []byte) (paths []string, err error) {
	if !utf8.Valid(body) { // decoding would replace the invalid bytes
		return nil, &serve.Problem{Status: http.StatusUnprocessableEntity, Detail: "path refused: the body is not valid UTF-8"}
	}
	type entry struct {
		Path *string `json:"path"`
	}
	var message struct { // without entry inside, by whose name encoding/json would call its path in errors
		Path  *string `json:"path"`
		Paths []entry `json:"paths"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&message); err != nil {
		return nil, malformed(`the body cannot be read: %s; send {"path": "..."} or {"paths": [{"path": "..."}]}`, strings.TrimPrefix(event.JSONError(err).Error(), "json: "))
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, malformed("the body cannot be read: something follows the JSON object")
	}
	fields := 0 // that were read
	if message.Path != nil {
		paths, fields = append(paths, *message.Path), 1
	}
	if message.Paths != nil {
		fields += 1 + len(message.Paths)
	}
	if event.Fields(body) != fields { // else each was written once
		if name := event.DuplicateField(body, 2); name != "" {
			return nil, malformed("the body cannot be read: one object has the field %q twice", name)
		}
	}
	for i, entry := range message.Paths {
		if entry.Path == nil {
			return nil, malformed("paths[%d] has no path", i)
		}
		paths = append(paths, *entry.Path)
	}
	return paths, nil
}
