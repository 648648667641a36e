package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"lineup.dev/lineup/face-server/accuracy"
	"lineup.dev/lineup/face-server/face"
)

// recogniser finds and describes the faces in a picture, and tells how wide it is.
type recogniser func(ctx context.Context, body []byte) (found []face.Face, width int, err error)

// reader reads a photo.
type reader func(file string) ([]byte, error)

// readerOf reads the photos of a folder, none of more bytes than limit.
func readerOf(dir fs.FS, limit int64) reader {
	return func(name string) ([]byte, error) {
		file, err := dir.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		return readLimited(file, limit)
	}
}

// describe describes the faces of all photos. One that cannot be used is not an error,
// but that none can be is.
func describe(ctx context.Context, workers int, recognise recogniser, read reader, photos []accuracy.Photo, bar *progress) ([]accuracy.Described, error) {
	bar.begin("photos described")
	described := make([]accuracy.Described, len(photos))
	err := eachPhoto(ctx, workers, len(photos), bar, func(ctx context.Context, i int) {
		described[i] = describeFile(ctx, recognise, read, photos[i])
	})
	if err != nil {
		return nil, err
	}
	if accuracy.Faces(described) == 0 {
		return nil, errors.Join(errors.New("no face in any of the photos; next: see whether they are the right ones"), described[0].Err)
	}
	return described, nil
}

// eachPhoto does something with each of so many photos, several at a time. The error is ctx's.
func eachPhoto(ctx context.Context, workers, photos int, bar *progress, do func(ctx context.Context, i int)) error {
	var mutex sync.Mutex
	done := 0
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i := range photos {
		group.Go(func() error {
			do(ctx, i)
			mutex.Lock()
			defer mutex.Unlock()
			done++
			bar.part(float64(done) / float64(photos))
			return ctx.Err()
		})
	}
	return group.Wait()
}

// describeFile gives the embeddings of a photo's faces, the largest face first.
func describeFile(ctx context.Context, recognise recogniser, read reader, p accuracy.Photo) accuracy.Described {
	d := accuracy.Described{Photo: p}
	body, err := read(p.File)
	if err != nil {
		d.Err = err
		return d
	}
	found, width, err := recognise(ctx, body)
	d.Err = err
	describeFaces(&d, found, width)
	return d
}

// describeFaces takes over what was found in a picture so many pixels wide.
func describeFaces(d *accuracy.Described, found []face.Face, width int) {
	slices.SortStableFunc(found, byArea)
	for _, f := range found {
		d.Faces = append(d.Faces, accuracy.Face{Embedding: f.Embedding, Occluded: f.Occluded})
	}
	if len(found) > 0 {
		d.Width = found[0].Box.Width * float64(width)
	}
}

// byArea has the largest face first.
func byArea(a, b face.Face) int { return cmp.Compare(b.Box.Area(), a.Box.Area()) }

// progressPause lies between two lines that tell how far the work is.
const progressPause = 2 * time.Second

// progress prints how far long work is; short work ends before it prints anything.
type progress struct {
	to               io.Writer
	now              func() time.Time
	what             string
	started, printed time.Time
}

// begin begins a piece of work.
func (p *progress) begin(what string) {
	p.what, p.started = what, p.now()
	p.printed = p.started
}

// part tells how much of it is done, 0 to 1.
func (p *progress) part(done float64) {
	now := p.now()
	if now.Sub(p.printed) < progressPause || done <= 0 {
		return
	}
	p.printed = now
	left := time.Duration(float64(now.Sub(p.started)) * (1 - done) / done)
	fmt.Fprintf(p.to, "%s: %.0f %%, about %v to go\n", p.what, 100*done, left.Round(time.Second))
}
