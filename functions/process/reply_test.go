package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"lineup.dev/lineup/pkg/store"
)

func TestWhatFailedAtTheDatabaseIsSaid(t *testing.T) {
	for want, err := range map[string]error{
		"make migrate":                   store.ErrSchema,
		"the database is full":           store.ErrFull,
		"the database is read-only":      store.ErrReadOnly,
		"the database does not answer; ": errors.New("connection refused"),
	} {
		got := databaseFailed(slog.New(slog.DiscardHandler), fmt.Errorf("claim: %w", err))
		if got.status != http.StatusServiceUnavailable || got.wait != databaseWait || !strings.Contains(got.reason, want) {
			t.Errorf("%v: %+v, want 503 with %q", err, got, want)
		}
	}
}
