package photo_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/buckets"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/photo"
)

// Docs/operations.md says what each of these means; face-server and process do the rest.
func TestStoresThatRefuseOrBreakOff(t *testing.T) {
	t.Parallel()
	forbidden := func(keys ...string) buckets.Fault {
		return buckets.Refuse(http.StatusForbidden, "AccessDenied", keys...)
	}
	for name, c := range map[string]struct {
		fault buckets.Fault
		err   error
		says  string
	}{
		"one object is archived":            {buckets.Archive("a.jpg"), photo.ErrDenied, "archived"},
		"one object is forbidden":           {forbidden("a.jpg"), photo.ErrDenied, "AccessDenied"},
		"one object's key is gone":          {buckets.Refuse(http.StatusBadRequest, "KMS.DisabledException", "a.jpg"), photo.ErrDenied, "KMS.DisabledException"},
		"every object is forbidden":         {forbidden("a.jpg", "b.jpg", "c.jpg"), photo.ErrUnreachable, "keys and rights"},
		"everything is forbidden":           {forbidden(), photo.ErrUnreachable, "keys and rights"},
		"the credentials are out of date":   {buckets.Refuse(http.StatusBadRequest, "ExpiredToken"), photo.ErrUnreachable, "ExpiredToken"},
		"the credentials are wrong":         {buckets.Refuse(http.StatusForbidden, "InvalidAccessKeyId"), photo.ErrUnreachable, "InvalidAccessKeyId"},
		"the region is wrong":               {buckets.Refuse(http.StatusMovedPermanently, "PermanentRedirect"), photo.ErrUnreachable, "PermanentRedirect"},
		"it is not there":                   {buckets.Refuse(http.StatusNotFound, "NoSuchKey", "a.jpg"), photo.ErrNotFound, ""},
		"the bucket is gone":                {buckets.Refuse(http.StatusNotFound, "NoSuchBucket"), photo.ErrUnreachable, "NoSuchBucket"},
		"it is not there, and nothing said": {missing, photo.ErrNotFound, ""},
		"the store is busy":                 {buckets.Refuse(http.StatusServiceUnavailable, "SlowDown"), photo.ErrUnreachable, "SlowDown"},
		"the store fails":                   {buckets.Refuse(http.StatusInternalServerError, "InternalError"), photo.ErrUnreachable, "InternalError"},
		"there are too many requests":       {buckets.Refuse(http.StatusTooManyRequests, "TooManyRequests"), photo.ErrUnreachable, "TooManyRequests"},
		"the connection breaks on the way":  {buckets.Break("a.jpg"), photo.ErrUnreachable, "read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := buckets.Serve(t, "pics")
			for _, key := range []string{"a.jpg", "b.jpg", "c.jpg"} {
				o.Put(t, "pics", key, "picture")
			}
			o.Misbehave(c.fault)
			roots := testkit.Must(photo.Patience{ReadTimeout: time.Minute, RootWait: time.Minute}.Open(o.Root("pics")))(t)
			body, _, err := roots.Read(t.Context(), "a.jpg", plenty)
			if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.says) || len(body) > 0 {
				t.Fatalf("read %q, %v; want %v that says %q", body, err, c.err, c.says)
			}
			dead := errors.Is(c.err, photo.ErrUnreachable)
			if dead && (errors.Is(err, photo.ErrDenied) || photo.RetryAfter(err) < time.Second) {
				t.Errorf("%v, wait %v", err, photo.RetryAfter(err))
			}
			o.Behave()
			_, _, err = roots.Read(t.Context(), "a.jpg", plenty)
			if got := errors.Is(err, photo.ErrUnreachable); got != dead || err != nil && !dead {
				t.Errorf("right after: %v, want a pause: %v", err, dead)
			}
		})
	}
}

// missing is a store that answers who may not list that it is not there.
func missing(w http.ResponseWriter, r *http.Request, key string) bool {
	if key == "a.jpg" {
		return buckets.Refuse(http.StatusNotFound, "NoSuchKey")(w, r, key)
	}
	return buckets.Refuse(http.StatusForbidden, "AccessDenied", "")(w, r, key)
}

// Without the right to list, S3 says of what is not there that it is forbidden: other roots
// may have it.
func TestWhatOneRootRefusesAnotherMayHave(t *testing.T) {
	t.Parallel()
	o := buckets.Serve(t, "pics")
	o.Put(t, "pics", "b.jpg", "picture")
	folder := t.TempDir()
	write(t, "from the folder", folder, "a.jpg")
	roots := open(t, o.Root("pics")+","+folder)
	o.Misbehave(buckets.Refuse(http.StatusForbidden, "AccessDenied", "a.jpg", "c.jpg"))
	if body, _, err := roots.Read(t.Context(), "a.jpg", plenty); string(body) != "from the folder" {
		t.Errorf("read %q, %v", body, err)
	}
	if _, _, err := roots.Read(t.Context(), "c.jpg", plenty); !errors.Is(err, photo.ErrDenied) {
		t.Errorf("what none has: %v, want the refusal", err)
	}
}

func TestAStoreThatIsSilent(t *testing.T) {
	t.Parallel()
	o := buckets.Serve(t, "pics")
	o.Put(t, "pics", "a.jpg", "picture")
	o.Misbehave(o.Silence())
	patience := photo.Patience{ReadTimeout: 200 * time.Millisecond, RootWait: time.Minute}
	for what, call := range map[string]func(r *photo.Roots) error{
		"read":        func(r *photo.Roots) error { _, _, err := r.Read(t.Context(), "a.jpg", plenty); return err },
		"first bytes": func(r *photo.Roots) error { _, err := r.Stat(t.Context(), "a.jpg"); return err },
		"entry":       func(r *photo.Roots) error { _, err := r.Entry(t.Context(), "a.jpg"); return err },
		"save":        func(r *photo.Roots) error { return r.Save(t.Context(), "a.jpg", nil) },
		"remove":      func(r *photo.Roots) error { return r.Remove(t.Context(), "a.jpg") },
		"list":        func(r *photo.Roots) error { _, err := r.List(t.Context()); return err },
		"folder":      func(r *photo.Roots) error { return r.FindFolder(t.Context(), "a/") },
		"walk": func(r *photo.Roots) (failure error) {
			for _, err := range r.Walk(t.Context(), "./", "") {
				failure = err
			}
			return failure
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			roots := testkit.Must(patience.Open(o.Root("pics")))(t)
			err := call(roots)
			if !errors.Is(err, photo.ErrUnreachable) || !strings.Contains(fmt.Sprint(err), "READ_TIMEOUT=200ms") || !strings.Contains(fmt.Sprint(err), "s3://pics/") {
				t.Errorf("%v, want one that names the root and READ_TIMEOUT", err)
			}
			if err := call(roots); !errors.Is(err, photo.ErrUnreachable) || !strings.Contains(fmt.Sprint(err), "asked again") {
				t.Errorf("right after: %v, want a pause", err)
			}
		})
	}
}

// What a later root has under the same relative path may be another picture.
func TestNoLaterRootAnswersForOneThatCannotSay(t *testing.T) {
	t.Parallel()
	o := buckets.Serve(t, "pics")
	folder := t.TempDir()
	for _, key := range []string{"a.jpg", "sub/b.jpg"} {
		o.Put(t, "pics", key, "picture")
		write(t, "another", folder, key)
	}
	patience := photo.Patience{ReadTimeout: 200 * time.Millisecond, RootWait: time.Minute}
	roots := testkit.Must(patience.Open(o.Root("pics") + "," + folder))(t)
	gate := roots.Gate(4)
	o.Misbehave(o.Silence())
	for range 2 { // the second finds a pause
		if body, file, err := roots.Read(t.Context(), "a.jpg", plenty); body != nil || file.Name != "" || !errors.Is(err, photo.ErrUnreachable) {
			t.Errorf("read %q of %+v, %v", body, file, err)
		}
	}
	if _, _, err := gate.Enter(t.Context(), "a.jpg"); !errors.Is(err, photo.ErrUnreachable) {
		t.Errorf("the gate: %v", err)
	}
	if _, err := roots.Stat(t.Context(), "a.jpg"); !errors.Is(err, photo.ErrUnreachable) {
		t.Errorf("stat: %v", err)
	}
	if err := roots.FindFolder(t.Context(), "sub/"); !errors.Is(err, photo.ErrUnreachable) {
		t.Errorf("folder: %v", err)
	}
	for name, err := range roots.Walk(t.Context(), "sub/", "") {
		if name != "" || !errors.Is(err, photo.ErrUnreachable) {
			t.Errorf("walk: %q, %v", name, err)
		}
	}
	if body, _, err := roots.Read(t.Context(), folder+"/a.jpg", plenty); string(body) != "another" || err != nil {
		t.Errorf("what is of the later root alone: %q, %v", body, err)
	}
}

func TestAStoreThatMayOnlyBeRead(t *testing.T) {
	t.Parallel()
	o := buckets.Serve(t, "pics")
	o.Put(t, "pics", "a.jpg", "picture")
	o.Misbehave(func(w http.ResponseWriter, r *http.Request, key string) bool {
		return (r.Method == http.MethodPut || r.Method == http.MethodDelete) && buckets.Refuse(http.StatusForbidden, "AccessDenied")(w, r, key)
	})
	roots := testkit.Must(photo.Patience{ReadTimeout: time.Minute, RootWait: time.Minute}.Open(o.Root("pics")))(t)
	for what, err := range map[string]error{
		"save":   roots.Save(t.Context(), "b.jpg", []byte("picture")),
		"remove": roots.Remove(t.Context(), "a.jpg"),
	} {
		if !errors.Is(err, photo.ErrDenied) || errors.Is(err, photo.ErrUnreachable) || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("%s: %v, want ErrDenied and the store's word", what, err)
		}
	}
	if body, _, err := roots.Read(t.Context(), "a.jpg", plenty); string(body) != "picture" || err != nil {
		t.Errorf("read %q, %v", body, err)
	}
	o.Misbehave(buckets.Refuse(http.StatusServiceUnavailable, "SlowDown"))
	if err := roots.Save(t.Context(), "b.jpg", nil); !errors.Is(err, photo.ErrUnreachable) {
		t.Errorf("a store that is busy: %v", err)
	}
}
