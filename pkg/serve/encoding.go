package serve

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Decoded gives h the bodies that come with a Content-Encoding as they were before:
// gzip is unpacked while it is read, so that h's own limits count the unpacked bytes.
// Any other encoding is refused, with what is understood (RFC 9110, section 15.5.16). A
// body that is not what it says gives a *Problem when it is read.
func Decoded(h http.Handler, refuse func(http.ResponseWriter, *http.Request, Problem)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch encoding := strings.ToLower(strings.TrimSpace(strings.Join(r.Header.Values("Content-Encoding"), ","))); encoding {
		case "", "identity":
		case "gzip", "x-gzip":
			r = r.Clone(r.Context())
			r.Header.Del("Content-Encoding")
			r.Header.Del("Content-Length")
			r.ContentLength = -1 // nobody knows yet
			r.Body = &gzipBody{packed: r.Body}
		default:
			w.Header().Set("Accept-Encoding", "gzip")
			refuse(w, r, Problem{Status: http.StatusUnsupportedMediaType,
				Detail: fmt.Sprintf("Content-Encoding %q is not understood: send the body as it is, or packed by gzip", encoding)})
			return
		}
		h.ServeHTTP(w, r)
	})
}

// gzipBody unpacks a body from the first time it is read.
type gzipBody struct {
	packed   io.ReadCloser
	unpacked *gzip.Reader
}

func (b *gzipBody) Read(p []byte) (n int, err error) {
	if b.unpacked == nil {
		if b.unpacked, err = gzip.NewReader(b.packed); err != nil {
			return 0, gzipProblem(err)
		}
	}
	n, err = b.unpacked.Read(p)
	return n, gzipProblem(err)
}

func (b *gzipBody) Close() error { return b.packed.Close() }

// gzipProblem keeps what is wrong with the packed bytes apart from what was wrong with
// reading them.
func gzipProblem(err error) error {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	if !corrupt && !errors.Is(err, gzip.ErrHeader) && !errors.Is(err, gzip.ErrChecksum) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return &Problem{Status: http.StatusBadRequest, Detail: "the body is not what its Content-Encoding gzip says: " + err.Error()}
}
