package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	facerecog "lineup.dev/lineup/proto"
)

// What `face-server identify` ends with.
const (
	everyoneKnown = 0
	someUnknown   = 1
	someUnread    = 2 // some photo, or the gallery
)

// identifyFiles prints who is in each of these files, to out, and on errs what
// cannot be read. It gives the exit code.
func identifyFiles(ctx context.Context, config settings, log *slog.Logger, photos []string, out, errs io.Writer) int {
	e, err := newEngine(config, log)
	if err != nil {
		fmt.Fprintln(errs, "face-server:", err)
		return someUnread
	}
	defer e.close()
	if err := e.gallery.Read(ctx); err != nil {
		fmt.Fprintf(errs, "face-server: KNOWN_PEOPLE=%s: %v\n", config.KnownPeople, err)
		return someUnread
	}
	code := everyoneKnown
	for _, path := range photos {
		fmt.Fprintln(out, "Checking image:", path)
		name, err := identifyFile(ctx, e, path, config.MaxPicture)
		switch {
		case err != nil:
			fmt.Fprintln(errs, "face-server:", err)
			code = max(code, someUnread)
		case name == facerecog.NotFound:
			fmt.Fprintln(out, facerecog.NotFound)
			code = max(code, someUnknown)
		default:
			fmt.Fprintln(out, "matched id:", name)
		}
	}
	return code
}

func identifyFile(ctx context.Context, e *engine, path string, limit int64) (imageName string, err error) {
	file, err := os.Open(path) //nolint:gosec // whoever gives the command names the file
	if err != nil {
		return "", err
	}
	defer file.Close()
	body, err := readLimited(file, limit)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	response, err := e.identify(ctx, body)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return response.ImageName, nil
}
