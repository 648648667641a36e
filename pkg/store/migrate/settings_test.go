package main

import (
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	testkit.Settings(t, func() any {
		return &settings{Database: store.Database{DSN: "root@tcp(127.0.0.1:3306)/lineup"}, Timeout: 10 * time.Minute}
	})
}
