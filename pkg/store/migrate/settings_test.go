package main

import (
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	testkit.Settings(t, func() any { return &settings{Timeout: 10 * time.Minute} })
}
