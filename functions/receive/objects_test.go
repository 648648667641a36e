package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"lineup.dev/lineup/local/buckets"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/photo"
)

// newBucketSystem has a bucket as its only root, of which the part below in/ counts.
func newBucketSystem(t *testing.T) (s *system, put func(key string)) {
	t.Helper()
	server := buckets.Serve(t, "pictures")
	s = newSystem(t)
	s.roots = testkit.Must(photo.Open(server.Root("pictures", "&prefix=in/")))(t)
	s.walker.roots, s.comparer.roots = s.roots, s.roots
	return s, func(key string) {
		t.Helper()
		server.Put(t, "pictures", key, "x")
	}
}

// record is one of S3's, with the key as S3 writes it.
func record(event, bucket, key string) string {
	return fmt.Sprintf(`{"eventName":%q,"s3":{"bucket":{"name":%q},"object":{"key":%q}}}`, event, bucket, url.QueryEscape(key))
}

func records(records ...string) string { return `{"Records":[` + strings.Join(records, ",") + `]}` }

func TestAnObjectThatArrivesIsSubmitted(t *testing.T) {
	s, _ := newBucketSystem(t)
	const put = "s3:ObjectCreated:Put"
	for _, c := range []struct {
		name, body string
		status     int
		paths      []string
	}{
		{"one", records(record(put, "pictures", "in/a b+%ä.jpg")), http.StatusAccepted, []string{"a b+%ä.jpg"}},
		{"two, one of them removed", records(record("ObjectCreated:Copy", "pictures", "in/c.jpg"), record("ObjectRemoved:Delete", "pictures", "in/d.jpg")), http.StatusAccepted, []string{"c.jpg"}},
		{"removed", records(record("s3:ObjectRemoved:Delete", "pictures", "in/d.jpg")), http.StatusAccepted, nil},
		{"beside the root's prefix", records(record(put, "pictures", "out/a.jpg")), http.StatusAccepted, nil},
		{"no picture by its name", records(record(put, "pictures", "in/a.txt")), http.StatusAccepted, nil},
		{"a hidden one", records(record(put, "pictures", "in/.a.jpg")), http.StatusAccepted, nil},
		{"what Lineup makes itself", records(record(put, "pictures", "in/derived/a.jpg")), http.StatusAccepted, nil},
		{"what stands for a folder", records(record(put, "pictures", "in/a/")), http.StatusAccepted, nil},
		{"nothing", records(), http.StatusAccepted, nil},
		{"S3's trial", `{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"pictures"}`, http.StatusAccepted, nil},
		{"another bucket", records(record(put, "other", "in/a.jpg")), http.StatusUnprocessableEntity, nil},
		{"another bucket beside", records(record(put, "other", "in/a.jpg"), record(put, "pictures", "in/e.jpg")), http.StatusAccepted, []string{"", "e.jpg"}},
		{"no record", `{"Records":[{"eventName":"ObjectCreated:Put"}]}`, http.StatusBadRequest, nil},
	} {
		got := s.do(t, "/", c.body, "Content-Type", "application/json")
		if got.status != c.status {
			t.Errorf("%s: %d %s, want %d", c.name, got.status, got.body, c.status)
		}
		if got.status != http.StatusAccepted {
			continue
		}
		images := got.images(t)
		if len(images) != len(c.paths) {
			t.Errorf("%s: %s, want %q", c.name, got.body, c.paths)
			continue
		}
		for i, path := range c.paths {
			if images[i].Path != path || (images[i].ID == 0) != (path == "") {
				t.Errorf("%s: %s, want %q", c.name, got.body, c.paths)
			}
		}
	}
	if got := s.paths(t); len(got) != 3 {
		t.Errorf("rows of %v", got)
	}
}

func TestStorageEventsAsCloudEvents(t *testing.T) {
	s, _ := newBucketSystem(t)
	for _, c := range []struct {
		kind, body string
		status     int
		path       string
	}{
		{"google.cloud.storage.object.v1.finalized", `{"bucket":"pictures","name":"in/a+b%20.jpg"}`, http.StatusAccepted, "a+b%20.jpg"},
		{"google.cloud.storage.object.v1.deleted", `{"bucket":"pictures","name":"in/b.jpg"}`, http.StatusAccepted, ""},
		{"google.cloud.storage.object.v1.finalized", `{"bucket":"other","name":"in/b.jpg"}`, http.StatusUnprocessableEntity, ""},
		{"google.cloud.storage.object.v1.finalized", `[]`, http.StatusUnprocessableEntity, ""},
		{"com.example.s3", records(record("ObjectCreated:Put", "pictures", "in/c.jpg")), http.StatusAccepted, "c.jpg"},
		{"com.example.s3", record("ObjectCreated:Put", "pictures", "in/d.jpg"), http.StatusAccepted, "d.jpg"},
		{"com.example.other", `{"a":1}`, http.StatusUnprocessableEntity, ""},
	} {
		before := s.paths(t)
		got := s.do(t, "/", c.body, "Ce-Specversion", "1.0", "Ce-Id", "1", "Ce-Source", "/store", "Ce-Type", c.kind, "Content-Type", "application/json")
		if got.status != c.status || c.status == http.StatusAccepted && got.body != "" {
			t.Errorf("%s %s: %d %q, want %d", c.kind, c.body, got.status, got.body, c.status)
		}
		after := s.paths(t)
		if c.path != "" && !after[c.path] || c.path == "" && len(after) != len(before) {
			t.Errorf("%s %s: rows of %v", c.kind, c.body, after)
		}
	}
}

// Only the address of events takes what stores send: elsewhere it is no path.
func TestStorageEventsHaveOneAddress(t *testing.T) {
	s, _ := newBucketSystem(t)
	body := records(record("ObjectCreated:Put", "pictures", "in/a.jpg"))
	if got := s.do(t, "/images/post", body); got.status != http.StatusBadRequest {
		t.Errorf("%d %s", got.status, got.body)
	}
	recorder := httptest.NewRecorder() // MinIO asks so whether somebody is there
	s.handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodHead, "/", nil))
	if recorder.Code != http.StatusOK {
		t.Errorf("HEAD: %d", recorder.Code)
	}
}

func TestABucketsPrefixIsAFolder(t *testing.T) {
	s, put := newBucketSystem(t)
	for i := range 1100 { // more than a page of the store's, and two batches
		put(fmt.Sprintf("in/a/%05d.jpg", i))
	}
	for _, key := range []string{"in/b.jpg", "in/a/.c.jpg", "in/a/d//e.jpg", "in/a/", "out/a/f.jpg"} {
		put(key)
	}
	if got := s.do(t, "/", `{"path":"s3://pictures/in/a/"}`).folders(t); got[0].Found != 1100 {
		t.Errorf("%+v", got)
	}
	if got := s.paths(t); len(got) != 1100 || !got["a/01099.jpg"] {
		t.Errorf("%d rows", len(got))
	}
	s.exec(t, "UPDATE folders SET finished_at = NULL, position = '01097.jpg', found = 1098")
	testkit.Succeed(t, s.ping(t.Context()))
	if got := s.folder(t, 1); got.Found != 1100 || got.FinishedAt == nil {
		t.Errorf("gone on behind a key: %+v", got)
	}
	for path, status := range map[string]int{"s3://pictures/in/none/": http.StatusUnprocessableEntity, "s3://pictures/out/": http.StatusUnprocessableEntity, "s3://pictures/in/": http.StatusAccepted} {
		if got := s.do(t, "/", fmt.Sprintf(`{"path":%q}`, path)); got.status != status {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}
