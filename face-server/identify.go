package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"lineup.dev/lineup/pkg/photo"
)

// What `face-server identify` ends with.
const (
	everyoneKnown = 0
	someUnknown   = 1
	someUnread    = 2 // or the gallery is
)

// identify prints who is in each of these files, to out, and says on errs what
// cannot be read. It gives the exit code.
func (s settings) identify(ctx context.Context, log *slog.Logger, photos []string, out, errs io.Writer) int {
	e, err := s.open(log)
	if err != nil {
		fmt.Fprintln(errs, "face-server:", err)
		return someUnread
	}
	defer e.close()
	if err := e.gallery.Read(ctx); err != nil {
		fmt.Fprintf(errs, "face-server: KNOWN_PEOPLE=%s: %v\n", s.KnownPeople, err)
		return someUnread
	}
	code := everyoneKnown
	for _, path := range photos {
		fmt.Fprintln(out, "Checking image:", path)
		name, err := e.identify(ctx, path, s.MaxPicture)
		switch {
		case err != nil:
			fmt.Fprintln(errs, "face-server:", err)
			code = max(code, someUnread)
		case name == notFound:
			fmt.Fprintln(out, notFound)
			code = max(code, someUnknown)
		default:
			fmt.Fprintln(out, "matched id:", name)
		}
	}
	return code
}

func (e *engine) identify(ctx context.Context, path string, limit int64) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	body, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return "", err
	}
	if int64(len(body)) > limit {
		return "", fmt.Errorf("%s: %w: more than the %d bytes that MAX_PICTURE allows", path, photo.ErrTooLarge, limit)
	}
	found, err := e.workers.look(ctx, body)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return e.answer(found).ImageName, nil
}
