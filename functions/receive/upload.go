package main

import (
	"errors"
	"mime"
	"net/http"
	"strings"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/serve"
)

// postPictures takes pictures themselves: one as the body, or several in a form.
func (r *receiver) postPictures(w http.ResponseWriter, request *http.Request) error {
	r.prewarm(request) // before a large picture is read
	pictures, err := r.takeUploads(w, request)
	if err != nil {
		return err
	}
	r.answer(w, request, pictures)
	return nil
}

// takeUploads saves and submits the pictures of a request, whose memory is free again when
// it returns.
func (r *receiver) takeUploads(w http.ResponseWriter, request *http.Request) ([]picture, error) {
	release, err := r.uploads.reserve(request, r.limits.MaxUpload)
	if err != nil {
		return nil, err
	}
	defer release()
	uploads, err := r.readUploads(w, request)
	if err != nil {
		return nil, err
	}
	if len(uploads) == 0 {
		return nil, nothingSent("the body holds no picture; send one or more fields named image")
	}
	if len(uploads) == 1 && uploads[0].err != nil {
		return nil, noFileTaken(uploads)
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	pictures := make([]picture, len(uploads))
	for i, u := range uploads {
		if u.err != nil {
			pictures[i] = refusedPicture(errors.New(u.refusal()))
		} else {
			pictures[i] = newPicture(u.path(), event.TraceOfHeader(request.Header))
			saved, err := save(ctx, r.roots, u.path(), u.body)
			if err != nil {
				return nil, err
			}
			if !saved {
				pictures[i].upload = u.body
			}
		}
		pictures[i].FileName = u.fileName
	}
	return pictures, r.submit(ctx, pictures)
}

func (r *receiver) readUploads(w http.ResponseWriter, request *http.Request) ([]upload, error) {
	mediaType, _, _ := mime.ParseMediaType(request.Header.Get("Content-Type"))
	switch {
	case mediaType == "multipart/form-data":
		form, err := r.readForm(w, request, "image")
		return form.uploads, err
	case strings.HasPrefix(mediaType, "image/"):
		name := fileNameOf(request)
		body, err := readAll(http.MaxBytesReader(w, request.Body, r.limits.MaxPicture), request.ContentLength, r.limits.MaxPicture)
		if err != nil {
			return nil, bodyError(err)
		}
		return []upload{newUpload(body, name)}, nil
	}
	return nil, &serve.Problem{Status: http.StatusUnsupportedMediaType,
		Detail: "send one picture as image/*, or pictures as multipart/form-data in fields named image; paths go to /image/post"}
}
