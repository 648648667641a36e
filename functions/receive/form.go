package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/serve"
)

// form is a multipart request's content.
type form struct {
	values  map[string]string
	uploads []upload
}

// readForm reads a multipart form whose files are in fields named file, and whose
// other fields must be among values.
func (r *receiver) readForm(w http.ResponseWriter, request *http.Request, file string, values ...string) (form, error) {
	request.Body = http.MaxBytesReader(w, request.Body, r.limits.MaxUpload)
	parts, err := request.MultipartReader()
	if errors.Is(err, http.ErrNotMultipart) {
		return form{}, malformed("the Content-Type is not multipart/form-data: send a form whose field %s is the file", file)
	}
	if err != nil {
		return form{}, unreadable(err)
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

// maxValue limits a form's text field, in bytes.
const maxValue = 4096

func (r *receiver) readPart(f *form, part *multipart.Part, file string, values []string) error {
	for _, name := range values {
		if part.FormName() == name {
			if _, twice := f.values[name]; twice {
				return malformed("the field %s stands twice", name)
			}
			value, err := readLimited(part, name, maxValue, "")
			f.values[name] = string(value)
			return err
		}
	}
	if part.FormName() != file {
		return malformed("unknown field %q; the fields are %s", part.FormName(), strings.Join(append(values, file), ", "))
	}
	body, err := readLimited(part, file, r.limits.MaxPicture, "MAX_PICTURE")
	if err == nil && len(body) == 0 && part.FileName() == "" { // browsers send a field in which nothing is chosen
		return nil
	}
	if len(f.uploads) == r.limits.MaxBatch {
		return &serve.Problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("more than the %d pictures allowed in one request", r.limits.MaxBatch)}
	}
	name := cleanFileName(part.FileName())
	problem, isProblem := errors.AsType[*serve.Problem](err)
	switch {
	case isProblem:
		f.uploads = append(f.uploads, upload{fileName: name, err: problem})
	case err != nil:
		return err
	default:
		f.uploads = append(f.uploads, newUpload(body, name))
	}
	return nil
}

// accepted are the uploads that are not refused.
func (f form) accepted() []upload {
	return slices.DeleteFunc(slices.Clone(f.uploads), func(u upload) bool { return u.err != nil })
}

// readLimited reads a part of no more bytes than the limit, which a setting may set.
func readLimited(part io.Reader, name string, limit int64, setting string) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(part, limit+1))
	if err != nil {
		return nil, bodyError(err)
	}
	if int64(len(body)) > limit {
		return nil, tooLargeProblem(name, limit, setting)
	}
	return body, nil
}

// nothingSent is of a form without a file.
func nothingSent(detail string) error {
	return &serve.Problem{Type: serve.ProblemType("nothing-sent"), Status: http.StatusBadRequest, Detail: detail}
}

// upload is a picture or photo that came with a request.
type upload struct {
	body      []byte
	hash      string         // SHA-256, in hex
	extension string         // of a file name, without the dot
	fileName  string         // what the client calls it, cleaned; empty when it does not
	err       *serve.Problem // why it is refused, nil where it is not
}

// refusal is why it is refused, with its name before that: it may be one of several.
func (u upload) refusal() string {
	if u.fileName == "" {
		return u.err.Detail
	}
	return u.fileName + ": " + u.err.Detail
}

// refusedFile is a file of a request that is refused.
type refusedFile struct {
	Number int    `json:"number"` // which of the files sent, from 1
	Name   string `json:"name"`   // as it was sent, empty where it had none
	Error  string `json:"error"`
}

// refusedFiles are those of the uploads.
func refusedFiles(uploads []upload) (refused []refusedFile) {
	for i, u := range uploads {
		if u.err != nil {
			refused = append(refused, refusedFile{i + 1, u.fileName, u.err.Detail})
		}
	}
	return refused
}

// noFileTaken is the problem that every file is refused; it carries them.
func noFileTaken(uploads []upload) error {
	problem := serve.Problem{Status: http.StatusUnprocessableEntity, Detail: "none of the files can be accepted; each has its error"}
	if len(uploads) == 1 {
		problem = serve.Problem{Status: uploads[0].err.Status, Detail: uploads[0].refusal()}
	}
	return &explanation{problem, func(p serve.Problem) any {
		return struct {
			serve.Problem
			Files []refusedFile `json:"files"`
		}{p, refusedFiles(uploads)}
	}}
}

// newUpload recognises a picture by its first bytes, never by its name or Content-Type.
func newUpload(body []byte, fileName string) upload {
	format, ok := photo.FormatOf(body)
	if !ok {
		return upload{fileName: fileName, err: &serve.Problem{Status: http.StatusUnsupportedMediaType, Detail: "not a picture: send " + photo.FormatNames()}}
	}
	sum := sha256.Sum256(body)
	return upload{body: body, hash: hex.EncodeToString(sum[:]), extension: format.Extension, fileName: fileName}
}

// uploadFolder is where uploads lie below the first root.
const uploadFolder = "uploads/"

// path is where the picture lies below the first root: the same picture always has
// the same path.
func (u upload) path() string {
	return fmt.Sprintf(uploadFolder+"%s/%s.%s", u.hash[:2], u.hash, u.extension)
}
