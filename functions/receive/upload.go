package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"lineup.dev/lineup/pkg/serve"
)

// upload is a picture that came with a request.
type upload struct {
	body []byte
	hash string // sha256, in hex
	kind string // file name extension: jpg, png, webp or gif
	err  error  // why it is refused
}

// newUpload tells a picture by its first bytes, never by what the client calls it.
func newUpload(body []byte) upload {
	kinds := map[string]string{"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}
	kind, ok := kinds[http.DetectContentType(body)]
	if !ok {
		return upload{err: &serve.Problem{Status: http.StatusUnsupportedMediaType, Detail: "not a picture: send JPEG, PNG, WebP or GIF"}}
	}
	sum := sha256.Sum256(body)
	return upload{body: body, hash: hex.EncodeToString(sum[:]), kind: kind}
}

// path is where the picture lies below the first root: the same picture always
// in the same place.
func (u upload) path() string {
	return fmt.Sprintf("uploads/%s/%s.%s", u.hash[:2], u.hash, u.kind)
}

// postPictures takes pictures themselves: one as the body, or several in a form.
func (r *receiver) postPictures(w http.ResponseWriter, request *http.Request) error {
	kind, _, _ := mime.ParseMediaType(request.Header.Get("Content-Type"))
	var uploads []upload
	switch {
	case kind == "multipart/form-data":
		form, err := r.readForm(w, request, "image")
		if err != nil {
			return err
		}
		uploads = form.uploads
	case strings.HasPrefix(kind, "image/"):
		body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, r.MaxPicture))
		if err != nil {
			return bodyError(err)
		}
		uploads = []upload{newUpload(body)}
	default:
		return &serve.Problem{Status: http.StatusUnsupportedMediaType,
			Detail: "send one picture as image/*, or pictures as multipart/form-data in fields named image; paths go to /image/post"}
	}
	if len(uploads) == 0 {
		return malformed("it holds no picture; send one or more fields named image")
	}
	if len(uploads) == 1 && uploads[0].err != nil {
		return uploads[0].err
	}
	ctx, cancel := r.limited(request)
	defer cancel()
	pictures := make([]posted, len(uploads))
	for i, u := range uploads {
		if u.err != nil {
			pictures[i] = posted{err: u.err}
			continue
		}
		pictures[i] = posted{path: u.path(), trace: traceOf(request)}
		if err := r.roots.Save(ctx, u.path(), u.body); err != nil {
			return fmt.Errorf("%w: %w", errSave, err)
		}
	}
	answers, err := r.accept(ctx, pictures)
	if err != nil {
		return err
	}
	return answer(w, request, pictures, answers)
}

// form is what a multipart request brought.
type form struct {
	values  map[string]string
	uploads []upload
}

// readForm reads a multipart form whose files are in fields named file, and whose
// other fields must be among values.
func (r *receiver) readForm(w http.ResponseWriter, request *http.Request, file string, values ...string) (form, error) {
	request.Body = http.MaxBytesReader(w, request.Body, r.MaxUpload)
	parts, err := request.MultipartReader()
	if err != nil {
		return form{}, malformed("%v", err)
	}
	f := form{values: map[string]string{}}
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return f, nil
		}
		if err != nil {
			return form{}, bodyError(err)
		}
		if err := r.readPart(&f, part, file, values); err != nil {
			return form{}, err
		}
	}
}

// valueBytes limits a form's text fields.
const valueBytes = 4096

func (r *receiver) readPart(f *form, part *multipart.Part, file string, values []string) error {
	for _, name := range values {
		if part.FormName() == name {
			value, err := readLimited(part, name, valueBytes)
			f.values[name] = string(value)
			return err
		}
	}
	if part.FormName() != file {
		return malformed("field %q means nothing here; send files as %s", part.FormName(), strings.Join(append(values, file), ", "))
	}
	if len(f.uploads) == r.MaxBatch {
		return &serve.Problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("more than the %d pictures allowed in one request", r.MaxBatch)}
	}
	body, err := readLimited(part, file, r.MaxPicture)
	problem, isProblem := errors.AsType[*serve.Problem](err)
	switch {
	case isProblem:
		f.uploads = append(f.uploads, upload{err: problem})
	case err != nil:
		return err
	default:
		f.uploads = append(f.uploads, newUpload(body))
	}
	return nil
}

func readLimited(part io.Reader, name string, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(part, limit+1))
	if err != nil {
		return nil, bodyError(err)
	}
	if int64(len(body)) > limit {
		return nil, tooLargeProblem(name, limit)
	}
	return body, nil
}
