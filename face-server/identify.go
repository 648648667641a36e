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
		fmt.Fprintf(errs, "face-server: %s: %v\n", e.source(config), err)
		return someUnread
	}
	code := everyoneKnown
	for _, path := range photos {
		fmt.Fprintln(out, "Checking image:", path)
		response, err := identifyFile(ctx, e, path, config.MaxPicture)
		if err != nil {
			fmt.Fprintln(errs, "face-server:", err)
			code = max(code, someUnread)
			continue
		}
		if response.Warning != "" {
			fmt.Fprintf(errs, "face-server: %s: %s\n", path, response.Warning)
		}
		if response.ImageName == facerecog.NotFound {
			fmt.Fprintln(out, facerecog.NotFound)
			code = max(code, someUnknown)
			continue
		}
		fmt.Fprintln(out, "matched id:", response.ImageName)
	}
	return code
}

func identifyFile(ctx context.Context, e *engine, path string, limit int64) (*facerecog.IdentifyResponse, error) {
	file, err := os.Open(path) //nolint:gosec // whoever gives the command names the file
	if err != nil {
		return nil, err
	}
	defer file.Close()
	body, err := readLimited(file, limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	response, err := e.identify(ctx, body, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return response, nil
}
