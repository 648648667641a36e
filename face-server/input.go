package main

import (
	"io"

	"lineup.dev/lineup/pkg/photo"
)

// readLimited reads a picture that a command was given, of no more bytes than that.
func readLimited(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, photo.TooLarge(body, "more than the %d bytes that MAX_PICTURE allows", limit)
	}
	return body, nil
}
