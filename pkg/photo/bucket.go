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

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
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
	if u.Path != "" && u.Path != "/" {
		return nil, fmt.Errorf("it has a path: for a part of the bucket write %s://%s?prefix=FOLDER/", u.Scheme, u.Host)
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
	key, below := b.locateFolder(p)
	return key, below && key != ""
}

func (b *bucket) locateFolder(p string) (string, bool) {
	if path.IsAbs(p) {
		return "", false
	}
	name, key, isURL := splitURL(p)
	if !isURL {
		return p, true
	}
	key, below := strings.CutPrefix(key, b.prefix)
	return key, below && name == b.name
}

func (b *bucket) spell(name string) string { return b.name + "/" + b.prefix + name }

func (b *bucket) stat(ctx context.Context, name string) (Entry, error) {
	store, err := b.reach(name)
	if err != nil {
		return Entry{}, err
	}
	object, err := store.Attributes(ctx, name)
	if err != nil {
		return Entry{}, b.failure(ctx, store, name, err)
	}
	entry := Entry{Name: name, Size: object.Size, ModTime: object.ModTime}
	if head := new(s3.HeadObjectOutput); object.As(head) {
		entry.ETag = aws.ToString(head.ETag)
	}
	return entry, nil
}

func (b *bucket) open(ctx context.Context, name string) (io.ReadCloser, Entry, error) {
	store, err := b.reach(name)
	if err != nil {
		return nil, Entry{}, err
	}
	reader, err := store.NewReader(ctx, name, nil)
	if err != nil {
		return nil, Entry{}, b.failure(ctx, store, name, err)
	}
	entry := Entry{Name: name, Size: reader.Size(), ModTime: reader.ModTime()}
	if got := new(s3.GetObjectOutput); reader.As(got) { // as stat: a mark must be the same from both
		entry.ETag = aws.ToString(got.ETag)
	}
	return reader, entry, nil
}

// reach is connect, to find an object of that name.
func (b *bucket) reach(name string) (*blob.Bucket, error) {
	if len(b.prefix)+len(name) > keyBytes {
		return nil, ErrNotFound // a store would refuse the request: no outage
	}
	store, err := b.connect()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return store, nil
}

// failure tells a picture that is not there from a bucket that is not there, and from
// what would be a folder on a disk.
func (b *bucket) failure(ctx context.Context, store *blob.Bucket, name string, err error) error {
	if gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if there, err := store.IsAccessible(ctx); err != nil || !there {
		return fmt.Errorf("%w: no bucket %s", ErrUnreachable, b.name)
	}
	if b.findFolder(ctx, name+"/") == nil {
		return fmt.Errorf("%w but %s", ErrNotFile, aFolder)
	}
	return ErrNotFound
}

// findFolder asks for one object below the prefix. The bucket itself is there when it
// answers, if empty.
func (b *bucket) findFolder(ctx context.Context, name string) error {
	store, err := b.connect()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	_, err = store.List(&blob.ListOptions{Prefix: name}).Next(ctx)
	switch {
	case errors.Is(err, io.EOF) && name == "":
		return nil
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: no object of the bucket begins so", ErrNoFolder)
	case err != nil:
		return fmt.Errorf("%w: list: %w", ErrUnreachable, err)
	}
	return nil
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
