package photo_test

import (
	"context"
	"errors"
	"net/url"
	"sync/atomic"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"lineup.dev/lineup/pkg/photo"
)

// opener opens buckets in memory, but fails the first time. Its tests are not
// parallel: they write the table of schemes that the others read.
type opener struct{ calls atomic.Int32 }

func (o *opener) OpenBucketURL(context.Context, *url.URL) (*blob.Bucket, error) {
	if o.calls.Add(1) == 1 {
		return nil, errors.New("no credentials yet")
	}
	return memblob.OpenBucket(nil), nil
}

func TestABucketThatFailedToOpenIsTriedAgain(t *testing.T) {
	var o opener
	blob.DefaultURLMux().RegisterBucket("flaky", &o)
	roots := open(t, "flaky://pics")
	if err := roots.Save(t.Context(), "a.jpg", []byte("picture")); !errors.Is(err, photo.ErrUnreachable) {
		t.Fatalf("the first time: %v, want ErrUnreachable", err)
	}
	if err := roots.Save(t.Context(), "a.jpg", []byte("picture")); err != nil {
		t.Fatalf("the second time: %v", err)
	}
	if body, _, err := roots.Read(t.Context(), "a.jpg", plenty); string(body) != "picture" || err != nil {
		t.Errorf("read %q, %v", body, err)
	}
	if calls := o.calls.Load(); calls != 2 {
		t.Errorf("it was opened %d times, want 2", calls)
	}
}

func TestClosingABucketDoesNotOpenIt(t *testing.T) {
	var o opener
	blob.DefaultURLMux().RegisterBucket("unused", &o)
	roots, err := photo.Open("unused://pics")
	if err != nil {
		t.Fatal(err)
	}
	if err := roots.Close(); err != nil {
		t.Error(err)
	}
	if calls := o.calls.Load(); calls != 0 {
		t.Errorf("it was opened %d times", calls)
	}
}
