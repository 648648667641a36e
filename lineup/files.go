package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/photo"
)

// find gives the files that names stand for, in order. What cannot be read is told, and the rest found.
func (p *program) find(names []string) (files []string) {
	for _, name := range names {
		info, err := os.Stat(name)
		switch {
		case err != nil:
			p.tell(posted{File: name, Error: reason(err)})
		case info.IsDir():
			refused := p.report.failures()
			found := p.walk(name)
			if len(found) == 0 && p.report.failures() == refused { // a script would take nothing for success
				p.tell(posted{File: name, Error: "it holds no file that is named like a picture: " + photo.FormatNames()})
			}
			files = append(files, found...)
		default:
			files = append(files, name)
		}
	}
	return files
}

// walk finds the files below a folder that are named like pictures. What begins with a dot is passed over, as a
// program's own; a link to a folder is not followed, as it may lead round in a circle.
func (p *program) walk(folder string) (files []string) {
	filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error { //nolint:errcheck // the function gives none
		hidden := path != folder && strings.HasPrefix(filepath.Base(path), ".")
		_, picture := photo.FormatByName(path)
		switch {
		case err != nil:
			p.tell(posted{File: path, Error: reason(err)})
		case entry.IsDir() && hidden:
			return fs.SkipDir
		case !entry.IsDir() && !hidden && picture:
			files = append(files, path)
		}
		return nil
	})
	return files
}

// longestLine is more than lineup ls prints of a picture with a thousand faces, which wait may be given.
const longestLine = 4 << 20

// lines gives what r holds, line by line; empty ones are left out. failed tells, at the end, why it could not be read.
func lines(ctx context.Context, r io.Reader) (found <-chan string, failed func() error) {
	out, result := make(chan string), make(chan error, 1)
	go func() {
		defer close(out)
		scanner := bufio.NewScanner(r)
		scanner.Buffer(nil, longestLine)
		for scanner.Scan() {
			line := strings.TrimSuffix(scanner.Text(), "\r")
			if line == "" {
				continue
			}
			select {
			case out <- line:
			case <-ctx.Done():
				return
			}
		}
		if err := scanner.Err(); err != nil {
			result <- fmt.Errorf("read stdin: %w", err)
		}
	}()
	return out, func() error {
		select {
		case err := <-result:
			return err
		default:
			return nil
		}
	}
}

// each gives what comes in until ctx ends: a terminal or a pipe on stdin may stay silent for ever.
func each[T any](ctx context.Context, in <-chan T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			select {
			case next, ok := <-in:
				if !ok || !yield(next) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// linger is how long a batch waits to be filled: whoever writes paths slowly sees them posted all the same.
const linger = 200 * time.Millisecond

// chunks gathers what comes in slices of size at most.
func chunks(ctx context.Context, in <-chan string, size int) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for first := range each(ctx, in) {
			some := []string{first}
			filling, cancel := context.WithTimeout(ctx, linger)
			for next := range each(filling, in) {
				if some = append(some, next); len(some) == size {
					break
				}
			}
			cancel()
			if !yield(some) {
				return
			}
		}
	}
}
