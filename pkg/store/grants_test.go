package store_test

import (
	"testing"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/pkg/store"
)

func TestMigrateNeedsNoMoreRightsThanItIsGranted(t *testing.T) {
	t.Parallel()
	dsn := deptest.MySQL(t)
	account := deptest.Account(t, dsn, "migrate")
	for range 2 {
		if err := store.Migrate(t.Context(), account); err != nil {
			t.Fatal(err)
		}
	}
	if err := open(t, store.Settings{DSN: dsn, Connections: 1}).Ready(t.Context()); err != nil {
		t.Error(err)
	}
}
