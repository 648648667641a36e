// Package buckets gives tests an S3 server in the process that can be told to misbehave.
package buckets

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// keyBytes is the longest key that S3 takes.
const keyBytes = 1024

// Server is an S3 server that asks nobody for a key.
type Server struct {
	URL    string
	stored *s3mem.Backend
	fault  atomic.Pointer[Fault]
	ended  chan struct{}
}

// Fault answers in the server's stead, unless it gives false. The key is empty for a
// request that is about the bucket: a list.
type Fault func(w http.ResponseWriter, r *http.Request, key string) bool

// Serve starts a server with these buckets, until the test ends.
func Serve(t testing.TB, names ...string) *Server {
	t.Helper()
	s := &Server{stored: s3mem.New(), ended: make(chan struct{})}
	for _, name := range names {
		if err := s.stored.CreateBucket(name); err != nil {
			t.Fatal(err)
		}
	}
	fake := gofakes3.New(s.stored).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, key, _ := strings.Cut(r.URL.Path[1:], "/")
		if fault := s.fault.Load(); fault != nil && (*fault)(w, r, key) {
			return
		}
		if len(key) > keyBytes {
			answer(w, r, http.StatusBadRequest, "KeyTooLongError")
			return
		}
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { close(s.ended); server.Close() })
	s.URL = server.URL
	return s
}

// Root is the bucket's URL as a picture root, with more parameters, each "&name=value".
func (s *Server) Root(bucket string, more ...string) string {
	return fmt.Sprintf("s3://%s?region=us-east-1&anonymous=true&use_path_style=true&endpoint=%s%s", bucket, s.URL, strings.Join(more, ""))
}

// Put stores an object.
func (s *Server) Put(t testing.TB, bucket, key, body string) {
	t.Helper()
	if _, err := s.stored.PutObject(bucket, key, nil, strings.NewReader(body), int64(len(body)), nil); err != nil {
		t.Fatal(err)
	}
}

// Keys lists the objects of a bucket.
func (s *Server) Keys(t testing.TB, bucket string) (keys []string) {
	t.Helper()
	list, err := s.stored.ListBucket(bucket, &gofakes3.Prefix{}, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range list.Contents {
		keys = append(keys, object.Key)
	}
	return keys
}

// Misbehave makes the server do so from now on.
func (s *Server) Misbehave(fault Fault) { s.fault.Store(&fault) }

// Behave ends it.
func (s *Server) Behave() { s.fault.Store(nil) }

// Refuse is the fault of a store that answers so, to what is about these keys; without any,
// to everything. To a HEAD it says no more than the status, as S3 does.
func Refuse(status int, code string, keys ...string) Fault {
	return func(w http.ResponseWriter, r *http.Request, key string) bool {
		if len(keys) > 0 && !slices.Contains(keys, key) {
			return false
		}
		answer(w, r, status, code)
		return true
	}
}

// Archive is the fault of an object in an archive: it can be asked for, and not be read.
func Archive(archived string) Fault {
	refuse := Refuse(http.StatusForbidden, "InvalidObjectState", archived)
	return func(w http.ResponseWriter, r *http.Request, key string) bool {
		return r.Method == http.MethodGet && refuse(w, r, key)
	}
}

// Silence is the fault of a server that takes requests and never answers; about keys it
// is as with Refuse.
func (s *Server) Silence(keys ...string) Fault {
	return func(_ http.ResponseWriter, r *http.Request, key string) bool {
		if len(keys) > 0 && !slices.Contains(keys, key) {
			return false
		}
		select {
		case <-r.Context().Done():
		case <-s.ended:
		}
		return true
	}
}

// Break is the fault of a connection that breaks in the middle of this object.
func Break(broken string) Fault {
	return func(w http.ResponseWriter, r *http.Request, key string) bool {
		if key != broken || r.Method != http.MethodGet {
			return false
		}
		const told = 1000
		w.Header().Set("Content-Length", strconv.Itoa(told))
		w.Header().Set("Last-Modified", "Fri, 27 Nov 2026 08:00:00 GMT")
		w.Header().Set("ETag", `"broken"`)
		fmt.Fprint(w, strings.Repeat("x", told/2))
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

func answer(w http.ResponseWriter, r *http.Request, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>told to</Message></Error>", code)
	}
}
