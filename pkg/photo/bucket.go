package photo

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// keyBytes is how long an object's key can be, in S3 as in the stores like it.
const keyBytes = 1024

// bucket is a root in an object store. Its client is made at first use.
type bucket struct {
	name   string // s3://bucket, in lower case
	bucket string // as the URL has it
	prefix string // of every key, from the URL's parameter
	way    *s3Client

	mu     sync.Mutex
	client *s3.Client // nil until it was made
}

func newBucket(address string) (root, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("it is no URL")
	}
	if u.Scheme != "s3" {
		return nil, fmt.Errorf("%s:// is no kind of bucket that Lineup knows; use one of file, s3", u.Scheme)
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
	way, err := readParameters(parameters)
	if err != nil {
		return nil, err
	}
	return &bucket{
		name:   strings.ToLower(u.Scheme + "://" + u.Host),
		bucket: u.Host,
		prefix: parameters.Get("prefix"),
		way:    way,
	}, nil
}

func (b *bucket) close() error { return nil }

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
	client, err := b.find(name)
	if err != nil {
		return Entry{}, err
	}
	object, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.bucket, Key: b.key(name)})
	if err != nil {
		return Entry{}, b.failure(ctx, name, err)
	}
	return entryOf(name, object.ContentLength, object.LastModified, object.ETag), nil
}

func (b *bucket) open(ctx context.Context, name string) (io.ReadCloser, Entry, error) {
	client, err := b.find(name)
	if err != nil {
		return nil, Entry{}, err
	}
	object, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.bucket, Key: b.key(name)})
	if err != nil {
		return nil, Entry{}, b.failure(ctx, name, err)
	}
	return objectBody{object.Body}, entryOf(name, object.ContentLength, object.LastModified, object.ETag), nil
}

// entryOf is the same of an object that is read, asked for and listed: so must its mark be.
func entryOf(name string, size *int64, modified *time.Time, etag *string) Entry {
	return Entry{Name: name, Size: aws.ToInt64(size), ModTime: aws.ToTime(modified), ETag: aws.ToString(etag)}
}

// objectBody tells a connection that broke from an object that ends.
type objectBody struct{ io.ReadCloser }

func (o objectBody) Read(p []byte) (int, error) {
	n, err := o.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: read: %v", ErrUnreachable, err) //nolint:errorlint // whoever reads takes io.ErrUnexpectedEOF for the end
	}
	return n, err
}

// find is connect, to find an object of that name.
func (b *bucket) find(name string) (*s3.Client, error) {
	if len(b.prefix)+len(name) > keyBytes {
		return nil, ErrNotFound // a store would refuse the request: no outage
	}
	return b.connect()
}

func (b *bucket) key(name string) *string { return aws.String(b.prefix + name) }

// failure tells a picture that is not there, or that is not given, from a bucket that is not
// there or does not answer, and from what would be a folder on a disk.
func (b *bucket) failure(ctx context.Context, name string, err error) error {
	if statusOf(err) == http.StatusNotFound {
		return b.missing(ctx, name, err)
	}
	return refusal(err)
}

// refusal tells what the store does not do for whoever asks from a store that cannot.
func refusal(err error) error {
	switch status := statusOf(err); {
	case status == http.StatusNotFound: // the bucket
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
	case codeOf(err) == "InvalidObjectState":
		return fmt.Errorf("%w: it is archived (%s)", errOwn, codeOf(err))
	case status == http.StatusForbidden:
		return fmt.Errorf("%w: %s", errForbidden, codeOf(err))
	case status >= 400 && status < 500:
		return fmt.Errorf("%w: %s", ErrDenied, codeOf(err))
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

func (b *bucket) missing(ctx context.Context, name string, err error) error {
	// To a HEAD no store says what it is that is not there.
	switch failure := b.findFolder(ctx, name+"/"); {
	case failure == nil:
		return fmt.Errorf("%w but %s", ErrNotFile, aFolder)
	case errors.Is(failure, ErrNoFolder):
		return ErrNotFound
	case statusOf(failure) == http.StatusForbidden && codeOf(err) == noSuchKey:
		return ErrNotFound // there is nothing but the right to list
	default:
		return failure
	}
}

// noSuchKey is S3's code of an object that is not there, in a bucket that is.
const noSuchKey = "NoSuchKey"

// codeOf is what the store calls the failure. Its message may name users and hosts, and
// is for nobody else.
func codeOf(err error) string {
	code := http.StatusText(statusOf(err))
	if failure, ok := errors.AsType[smithy.APIError](err); ok {
		code = failure.ErrorCode()
	}
	return code
}

// statusOf is that of the store's answer; 0 when it did not answer.
func statusOf(err error) int {
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return answer.HTTPStatusCode()
	}
	return 0
}

// findFolder asks for one object below the prefix. The bucket itself is there when it
// answers, if empty.
func (b *bucket) findFolder(ctx context.Context, name string) error {
	for page, err := range b.pages(ctx, &s3.ListObjectsV2Input{Prefix: b.key(name), MaxKeys: aws.Int32(1)}) {
		if err != nil {
			return err
		}
		if len(page.Contents) > 0 || name == "" {
			return nil
		}
	}
	return fmt.Errorf("%w: no object of the bucket begins so", ErrNoFolder)
}

func (b *bucket) save(ctx context.Context, name string, body []byte) error {
	client, err := b.connect()
	if err != nil {
		return fmt.Errorf("save: %w", err)
	}
	object := &s3.PutObjectInput{
		Bucket: &b.bucket, Key: b.key(name), Body: bytes.NewReader(body), ContentType: aws.String(http.DetectContentType(body)),
		ServerSideEncryption: b.way.encryption,
	}
	if b.way.key != "" {
		object.SSEKMSKeyId = &b.way.key
	}
	if _, err := client.PutObject(ctx, object); err != nil {
		return fmt.Errorf("save: %w", refusal(err))
	}
	return nil
}

// saveUnsynced is save: what a store took, it has.
func (b *bucket) saveUnsynced(ctx context.Context, name string, body []byte) error {
	return b.save(ctx, name, body)
}

func (b *bucket) list(ctx context.Context) ([]Entry, error) {
	var entries []Entry
	for page, err := range b.pages(ctx, &s3.ListObjectsV2Input{Prefix: b.key(""), Delimiter: aws.String("/")}) {
		if err != nil {
			return nil, err
		}
		for _, object := range page.Contents {
			name := aws.ToString(object.Key)[len(b.prefix):]
			// Without a name: the object that consoles make to show the prefix as a folder.
			if name != "" && !strings.HasPrefix(name, ".") {
				entries = append(entries, entryOf(name, object.Size, object.LastModified, object.ETag))
			}
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return entries, nil
}

func (b *bucket) remove(ctx context.Context, name string) error {
	client, err := b.connect()
	if err != nil {
		return fmt.Errorf("remove: %w", err)
	}
	_, err = client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.bucket, Key: b.key(name)})
	if err != nil && statusOf(err) != http.StatusNotFound {
		return fmt.Errorf("remove: %w", refusal(err))
	}
	return nil
}

// pages lists the bucket, with keys as they are: in XML not all can be spelled.
func (b *bucket) pages(ctx context.Context, input *s3.ListObjectsV2Input) iter.Seq2[*s3.ListObjectsV2Output, error] {
	return func(yield func(*s3.ListObjectsV2Output, error) bool) {
		client, err := b.connect()
		if err != nil {
			yield(nil, err)
			return
		}
		input.Bucket, input.EncodingType = &b.bucket, types.EncodingTypeUrl
		for pages := s3.NewListObjectsV2Paginator(client, input); pages.HasMorePages(); {
			page, err := pages.NextPage(ctx)
			if err == nil {
				err = decode(page, *input.Prefix)
			}
			if err != nil {
				yield(nil, fmt.Errorf("%w: list: %w", ErrUnreachable, err))
				return
			}
			if !yield(page, nil) {
				return
			}
		}
	}
}

// decode leaves the page with the objects and folders below the prefix. Not every store
// encodes keys, or keeps to the prefix.
func decode(page *s3.ListObjectsV2Output, prefix string) error {
	below := func(key *string) (_ *string, ok bool, err error) {
		plain := aws.ToString(key)
		if page.EncodingType == types.EncodingTypeUrl {
			plain, err = url.QueryUnescape(plain)
		}
		return &plain, strings.HasPrefix(plain, prefix), err
	}
	var objects []types.Object
	for _, object := range page.Contents {
		key, ok, err := below(object.Key)
		if err != nil {
			return err
		}
		if object.Key = key; ok {
			objects = append(objects, object)
		}
	}
	var folders []types.CommonPrefix
	for _, folder := range page.CommonPrefixes {
		name, ok, err := below(folder.Prefix)
		if err != nil {
			return err
		}
		if folder.Prefix = name; ok {
			folders = append(folders, folder)
		}
	}
	page.Contents, page.CommonPrefixes = objects, folders
	return nil
}

// connect makes the client unless there is one; what fails is tried again by the next.
//
//nolint:contextcheck // credentials are asked for anew later: they must not end with a request
func (b *bucket) connect() (*s3.Client, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.client != nil {
		return b.client, nil
	}
	client, err := b.way.open(context.Background())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	b.client = client
	return client, nil
}
