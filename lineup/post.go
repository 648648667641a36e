package main

import (
	"cmp"
	"context"
	"flag"
	"net/http"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"
)

// post uploads files, or posts paths.
func post(ctx context.Context, p *program, args []string) error {
	var asPaths bool
	names, err := p.parse("post", args, func(f *flag.FlagSet) {
		f.BoolVar(&asPaths, "paths", false, "post the files' absolute paths instead of uploading them")
	})
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return p.usage("say what to post: files, folders, or - for paths on stdin")
	}
	if slices.Contains(names, "-") {
		if len(names) > 1 {
			return p.usage("- stands alone: paths come from stdin")
		}
		paths, failed := lines(ctx, p.stdin)
		if err := p.postPaths(ctx, paths); err != nil {
			return err
		}
		return p.posted(failed())
	}
	files := p.find(names)
	p.report.total(len(files))
	if asPaths {
		err = p.postPaths(ctx, absolute(files))
	} else {
		err = p.upload(ctx, files)
	}
	return p.posted(err)
}

// posted is how a post ends that was stopped by err, or went through.
func (p *program) posted(err error) error {
	if err == nil && p.report.failures() > 0 {
		return errSome
	}
	return err
}

// upload posts files themselves, several at once.
func (p *program) upload(ctx context.Context, files []string) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(p.settings.AtOnce)
	for _, file := range files {
		if inner.Err() != nil {
			break
		}
		group.Go(func() error {
			result, err := p.client.upload(inner, file)
			if err == nil {
				p.tell(result)
			}
			return err
		})
	}
	return cmp.Or(group.Wait(), ctx.Err())
}

// batch is how many paths are posted in one request.
const batch = 100

// postPaths posts paths in batches, as they come.
func (p *program) postPaths(ctx context.Context, paths <-chan string) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(p.settings.AtOnce)
	for some := range chunks(inner, paths, batch) {
		group.Go(func() error { return p.postBatch(inner, some) })
	}
	return cmp.Or(group.Wait(), ctx.Err())
}

// postBatch posts these paths. Where receive allows fewer in a request, they go in halves.
func (p *program) postBatch(ctx context.Context, paths []string) error {
	results, err := p.client.postPaths(ctx, paths)
	if status, refused := refusal(err); refused {
		if status == http.StatusRequestEntityTooLarge && len(paths) > 1 {
			half := len(paths) / 2
			if err := p.postBatch(ctx, paths[:half]); err != nil {
				return err
			}
			return p.postBatch(ctx, paths[half:])
		}
		for _, path := range paths {
			p.tell(posted{File: path, Error: err.Error()})
		}
		return nil
	}
	for _, result := range results {
		p.tell(result)
	}
	return err
}

// absolute gives the files' absolute paths.
func absolute(files []string) <-chan string {
	paths := make(chan string, len(files))
	for _, file := range files {
		if full, err := filepath.Abs(file); err == nil { // it fails only where there is no working folder
			file = full
		}
		paths <- file
	}
	close(paths)
	return paths
}
