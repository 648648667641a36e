package photo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/s3blob" // s3://
	"gocloud.dev/gcerrors"
)

// keyBytes is how long an object's key can be, in S3 as in the stores like it.
const keyBytes = 1024

// bucket is a root in an object store. It is opened at first use.
type bucket struct {
	address string
	name    string // scheme://bucket, in lower case
	prefix  string // of every key, from the URL's parameter

	mu    sync.Mutex
	store *blob.Bucket // nil until it was opened
}

func newBucket(address string) (root, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("it is no URL")
	}
	if !blob.DefaultURLMux().ValidBucketScheme(u.Scheme) {
		return nil, fmt.Errorf("%s:// is no kind of bucket that Lineup knows; use one of file, %s",
			u.Scheme, strings.Join(blob.DefaultURLMux().BucketSchemes(), ", "))
	}
	if u.Host == "" {
		return nil, fmt.Errorf("it names no bucket: write %s://BUCKET", u.Scheme)
	}
	parameters, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("its parameters, behind the question mark, cannot be read")
	}
	return &bucket{
		address: address,
		name:    strings.ToLower(u.Scheme + "://" + u.Host),
		prefix:  parameters.Get("prefix"),
	}, nil
}

func (b *bucket) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.store == nil {
		return nil
	}
	return b.store.Close()
}

func (b *bucket) locate(p string) (string, bool) {
	if path.IsAbs(p) {
		return "", false
	}
	name, key, isURL := splitURL(p)
	if !isURL {
		return p, true
	}
	key, below := strings.CutPrefix(key, b.prefix)
	return key, name == b.name && below && key != ""
}

func (b *bucket) open(ctx context.Context, name string) (io.ReadCloser, Entry, error) {
	if len(b.prefix)+len(name) > keyBytes {
		return nil, Entry{}, ErrNotFound // a store would refuse the request: no outage
	}
	store, err := b.connect()
	if err != nil {
		return nil, Entry{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	reader, err := store.NewReader(ctx, name, nil)
	if err != nil {
		return nil, Entry{}, b.failure(ctx, store, err)
	}
	return reader, Entry{Name: name, Size: reader.Size(), ModTime: reader.ModTime()}, nil
}

// failure tells a picture that is not there from a bucket that is not there.
func (b *bucket) failure(ctx context.Context, store *blob.Bucket, err error) error {
	if gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if there, err := store.IsAccessible(ctx); err != nil || !there {
		return fmt.Errorf("%w: no bucket %s", ErrUnreachable, b.name)
	}
	return ErrNotFound
}

func (b *bucket) save(ctx context.Context, name string, body []byte) error {
	store, err := b.connect()
	if err == nil {
		err = store.WriteAll(ctx, name, body, nil)
	}
	if err != nil {
		return fmt.Errorf("save: %w: %w", ErrUnreachable, err)
	}
	return nil
}

func (b *bucket) list(ctx context.Context, folder string) ([]Entry, error) {
	store, err := b.connect()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	prefix := ""
	if folder != "" {
		prefix = folder + "/"
	}
	var entries []Entry
	for objects := store.List(&blob.ListOptions{Prefix: prefix, Delimiter: "/"}); ; {
		object, err := objects.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: list: %w", ErrUnreachable, err)
		}
		// Without a name: the object that consoles make to show the prefix as a folder.
		if name := object.Key[len(prefix):]; !object.IsDir && name != "" && !strings.HasPrefix(name, ".") {
			entries = append(entries, Entry{Name: object.Key, Size: object.Size, ModTime: object.ModTime})
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return entries, nil
}

func (b *bucket) remove(ctx context.Context, name string) error {
	store, err := b.connect()
	if err == nil {
		err = store.Delete(ctx, name)
	}
	if err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("remove: %w: %w", ErrUnreachable, err)
	}
	return nil
}

// connect opens the bucket unless it is open; what fails is tried again by the next.
//
//nolint:contextcheck // the clients of some stores keep the context: it must not end with a request
func (b *bucket) connect() (*blob.Bucket, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.store != nil {
		return b.store, nil
	}
	store, err := blob.OpenBucket(context.Background(), b.address)
	if err != nil {
		return nil, err
	}
	b.store = store
	return store, nil
}
