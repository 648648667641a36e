package photo

import (
	"context"
	"iter"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// isCalled tells whether the store calls the bucket so, whichever store it is.
func (b *bucket) isCalled(name string) bool {
	_, called, _ := strings.Cut(b.name, "://")
	return called == strings.ToLower(name)
}

func (b *bucket) walk(ctx context.Context, folder, after string, pass func(string) bool) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		input := &s3.ListObjectsV2Input{Prefix: b.key(folder)}
		if begin := b.prefix + folder + after; begin != "" {
			input.StartAfter = &begin
		}
		for page, err := range b.pages(ctx, input) {
			if err != nil {
				yield("", err)
				return
			}
			for _, object := range page.Contents {
				// Not every store can begin behind a key.
				name := aws.ToString(object.Key)[len(b.prefix+folder):]
				if name <= after || hidden(name) || path.Clean(name) != name || pass(name) {
					continue
				}
				if !yield(name, nil) {
					return
				}
			}
		}
	}
}

func (b *bucket) top(ctx context.Context, folder string) (entries []string, err error) {
	for page, err := range b.pages(ctx, &s3.ListObjectsV2Input{Prefix: b.key(folder), Delimiter: aws.String("/")}) {
		if err != nil {
			return nil, err
		}
		for _, object := range page.Contents {
			// Without a name: the object that consoles make to show the prefix as a folder.
			if name := aws.ToString(object.Key)[len(b.prefix):]; name != folder {
				entries = append(entries, name)
			}
		}
		for _, below := range page.CommonPrefixes {
			entries = append(entries, aws.ToString(below.Prefix)[len(b.prefix):])
		}
		if len(entries) > 0 {
			break
		}
	}
	return entries, nil
}
