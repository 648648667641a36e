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

	"lineup.dev/lineup/face-server/accuracy"
	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/pkg/photo"

	"golang.org/x/sync/errgroup"
)

// accuracy measures how well the people in a folder's photos, or in the pairs of a
// CSV, are told apart. It prints the report to out, and to errs how far it came. It
// gives the exit code.
func (s settings) accuracy(ctx context.Context, log *slog.Logger, path string, out, errs io.Writer) int {
	report, err := s.measure(ctx, log, path, &progress{to: errs, now: time.Now})
	if err == nil {
		err = report.Print(out)
	}
	if err != nil {
		fmt.Fprintf(errs, "face-server: %s: %v\n", path, err)
		return 2
	}
	return 0
}

func (s settings) measure(ctx context.Context, log *slog.Logger, path string, told *progress) (report accuracy.Report, err error) {
	dir, pairs, photos, err := photosAt(path)
	if err != nil {
		return report, err
	}
	if len(photos) > s.MaxPhotos {
		return report, fmt.Errorf("%d photos, MAX_PHOTOS allows %d; next: raise it (every pair takes 4 bytes of memory) or take fewer", len(photos), s.MaxPhotos)
	}
	e, err := s.open(log)
	if err != nil {
		return report, err
	}
	defer e.close()
	described, err := s.describe(ctx, e.workers.look, dir, photos, told)
	if err != nil {
		return report, err
	}
	report = accuracy.Report{Model: e.models.Name, Photos: len(photos), Rule: e.Rule}
	if pairs != nil {
		report.Scores, report.Misses = accuracy.ComparePairs(pairs, described, e.Threshold)
		return report, nil
	}
	if faces := accuracy.Faces(described); faces > s.MaxPhotos {
		return report, fmt.Errorf("%d faces, MAX_PHOTOS allows %d; next: raise it (every pair takes 4 bytes of memory) or take fewer group photos", faces, s.MaxPhotos)
	}
	told.begin("faces compared")
	scores, outcome, err := accuracy.Compare(ctx, described, report.Rule, told.part)
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
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, nil, err
	}
	defer file.Close()
	pairs, err = accuracy.ReadPairs(file)
	return os.DirFS(filepath.Dir(path)), pairs, accuracy.PhotosOf(pairs), err
}

// describe looks at all photos. One that cannot be used is not an error, but that
// none can be is.
func (s settings) describe(ctx context.Context, look func(context.Context, []byte) ([]face.Face, error), dir fs.FS, photos []accuracy.Photo, told *progress) ([]accuracy.Described, error) {
	told.begin("photos looked at")
	described := make([]accuracy.Described, len(photos))
	var mutex sync.Mutex
	done, faces := 0, 0
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(s.Workers)
	for i, p := range photos {
		group.Go(func() error {
			found, err := s.lookAt(ctx, look, dir, p.File)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			described[i] = accuracy.Described{Photo: p, Faces: found, Err: err}
			mutex.Lock()
			defer mutex.Unlock()
			done++
			faces += len(found)
			told.part(float64(done) / float64(len(photos)))
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

// lookAt gives the embeddings of a photo's faces, the largest face first.
func (s settings) lookAt(ctx context.Context, look func(context.Context, []byte) ([]face.Face, error), dir fs.FS, file string) ([][]float32, error) {
	body, err := readPhoto(dir, file, s.MaxPicture)
	if err != nil {
		return nil, err
	}
	found, err := look(ctx, body)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b face.Face) int { return cmp.Compare(b.Box.Area(), a.Box.Area()) })
	var embeddings [][]float32
	for _, f := range found {
		embeddings = append(embeddings, f.Embedding)
	}
	return embeddings, nil
}

func readPhoto(dir fs.FS, name string, limit int64) ([]byte, error) {
	file, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	body, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("%w: more than the %d bytes that MAX_PICTURE allows", photo.ErrTooLarge, limit)
	}
	return body, nil
}

// progressPause lies between two lines that tell how far the work is.
const progressPause = 2 * time.Second

// progress tells how far long work is; short work ends before it says a word.
type progress struct {
	to          io.Writer
	now         func() time.Time
	what        string
	begun, told time.Time
}

// begin begins a piece of work.
func (p *progress) begin(what string) {
	p.what, p.begun = what, p.now()
	p.told = p.begun
}

// part says how much of it is done, 0 to 1.
func (p *progress) part(done float64) {
	now := p.now()
	if now.Sub(p.told) < progressPause || done <= 0 {
		return
	}
	p.told = now
	left := time.Duration(float64(now.Sub(p.begun)) * (1 - done) / done)
	fmt.Fprintf(p.to, "%s: %.0f %%, about %v to go\n", p.what, 100*done, left.Round(time.Second))
}
