package main

import (
	"fmt"
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
		return nil, fmt.Errorf("%w: more than the %d bytes that MAX_PICTURE allows", photo.ErrTooLarge, limit)
	}
	return body, nil
}
