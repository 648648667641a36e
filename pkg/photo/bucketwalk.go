package photo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
)

// isCalled tells whether the store calls the bucket so, whichever store it is.
func (b *bucket) isCalled(name string) bool {
	_, called, _ := strings.Cut(b.name, "://")
	return called == strings.ToLower(name)
}

func (b *bucket) walk(ctx context.Context, folder, after string, pass func(string) bool) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		store, err := b.connect()
		if err != nil {
			yield("", fmt.Errorf("%w: %w", ErrUnreachable, err))
			return
		}
		objects := store.List(&blob.ListOptions{Prefix: folder, BeforeList: startAfter(b.prefix + folder + after)})
		for {
			object, err := objects.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield("", fmt.Errorf("%w: list: %w", ErrUnreachable, err))
				return
			}
			// Not every store can begin behind a key.
			name := object.Key[len(folder):]
			if name <= after || hidden(name) || path.Clean(name) != name || pass(name) {
				continue
			}
			if !yield(name, nil) {
				return
			}
		}
	}
}

// startAfter makes an S3 store's first page begin behind the key; the next ones go on
// from there.
func startAfter(key string) func(func(any) bool) error {
	return func(as func(any) bool) error {
		var input *s3.ListObjectsV2Input
		if as(&input) && input.ContinuationToken == nil && key != "" {
			input.StartAfter = &key
		}
		return nil
	}
}
