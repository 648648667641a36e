package store_test

import (
	"os"
	"strings"
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
	if err := open(t, store.Settings{Database: store.Database{DSN: dsn}, Connections: 1}).Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTheDocumentedGrantsAreTheTestedOnes(t *testing.T) {
	t.Parallel()
	operations, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	grants, err := os.ReadFile("grants.sql")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(operations), "```sql\n"+string(grants)+"```\n") {
		t.Error("docs/operations.md does not hold grants.sql word for word")
	}
}
