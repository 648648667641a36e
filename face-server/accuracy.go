package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"lineup.dev/lineup/face-server/accuracy"
	"lineup.dev/lineup/face-server/face"
)

// measureAccuracy measures how well the people in a folder's photos, or in the pairs of a
// CSV, are told apart. It prints the report to out, and to errs how far it came. It
// gives the exit code.
func measureAccuracy(ctx context.Context, config settings, log *slog.Logger, path string, out, errs io.Writer) int {
	report, err := measure(ctx, config, log, path, &progress{to: errs, now: time.Now})
	if err == nil {
		err = report.Print(out)
	}
	if err != nil {
		fmt.Fprintf(errs, "face-server: %s: %v\n", path, err)
		return 2
	}
	return 0
}

func measure(ctx context.Context, config settings, log *slog.Logger, path string, bar *progress) (report accuracy.Report, err error) {
	dir, pairs, photos, err := photosAt(path)
	if err != nil {
		return report, err
	}
	if len(photos) > config.MaxPhotos {
		return report, fmt.Errorf("%d photos, MAX_PHOTOS allows %d; next: raise it (every pair takes 4 bytes of memory) or take fewer", len(photos), config.MaxPhotos)
	}
	e, err := newEngine(config, log)
	if err != nil {
		return report, err
	}
	defer e.close()
	described, err := describe(ctx, config, e.workers.recognise, dir, photos, bar)
	if err != nil {
		return report, err
	}
	report = accuracy.Report{Model: e.models.Name, Photos: len(photos), Rule: e.Rule}
	if pairs != nil {
		report.Scores, report.Misses = accuracy.ComparePairs(pairs, described, e.Threshold)
		return report, nil
	}
	if faces := accuracy.Faces(described); faces > config.MaxPhotos {
		return report, fmt.Errorf("%d faces, MAX_PHOTOS allows %d; next: raise it (every pair takes 4 bytes of memory) or take fewer group photos", faces, config.MaxPhotos)
	}
	bar.begin("faces compared")
	scores, outcome, err := accuracy.Compare(ctx, described, report.Rule, bar.part)
	report.Scores, report.Outcome, report.Misses = scores, &outcome, outcome.Misses
	return report, err
}

// photosAt reads what is to be measured: a folder, or a CSV of pairs.
func photosAt(path string) (dir fs.FS, pairs []accuracy.Pair, photos []accuracy.Photo, err error) {
	if !strings.EqualFold(filepath.Ext(path), ".csv") {
		dir = os.DirFS(path)
		photos, err = accuracy.Photos(dir)
		return dir, nil, photos, err
	}
	file, err := os.Open(path) //nolint:gosec // whoever gives the command names the file
	if err != nil {
		return nil, nil, nil, err
	}
	defer file.Close()
	pairs, err = accuracy.ReadPairs(file)
	return os.DirFS(filepath.Dir(path)), pairs, accuracy.PhotosOf(pairs), err
}

// recogniser finds and describes the faces in a picture.
type recogniser func(ctx context.Context, body []byte) (found []face.Face, warning string, err error)

// describe describes the faces of all photos. One that cannot be used is not an error,
// but that none can be is.
func describe(ctx context.Context, config settings, recognise recogniser, dir fs.FS, photos []accuracy.Photo, bar *progress) ([]accuracy.Described, error) {
	bar.begin("photos described")
	described := make([]accuracy.Described, len(photos))
	var mutex sync.Mutex
	done, faces := 0, 0
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(config.Workers)
	for i, p := range photos {
		group.Go(func() error {
			found, err := embeddings(ctx, recognise, dir, p.File, config.MaxPicture)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			described[i] = accuracy.Described{Photo: p, Faces: found, Err: err}
			mutex.Lock()
			defer mutex.Unlock()
			done++
			faces += len(found)
			bar.part(float64(done) / float64(len(photos)))
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if faces == 0 {
		return nil, errors.Join(errors.New("no face in any of the photos; next: see whether they are the right ones"), described[0].Err)
	}
	return described, nil
}

// embeddings gives those of a photo's faces, the largest face first.
func embeddings(ctx context.Context, recognise recogniser, dir fs.FS, file string, limit int64) (all [][]float32, err error) {
	body, err := readPhoto(dir, file, limit)
	if err != nil {
		return nil, err
	}
	found, _, err := recognise(ctx, body)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b face.Face) int { return cmp.Compare(b.Box.Area(), a.Box.Area()) })
	for _, f := range found {
		all = append(all, f.Embedding)
	}
	return all, nil
}

func readPhoto(dir fs.FS, name string, limit int64) ([]byte, error) {
	file, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readLimited(file, limit)
}

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
