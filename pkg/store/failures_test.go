package store_test

import (
	"slices"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

func TestFailuresAreGroupedByReasonTheMostFrequentFirst(t *testing.T) {
	t.Parallel()
	s := newDatabase(t)
	if got := testkit.Must(s.Failures(t.Context()))(t); got == nil || len(got) != 0 {
		t.Errorf("%v, want an empty list", got)
	}
	s.exec(t, `INSERT INTO images (id, path, status, reason, created_at, updated_at) VALUES
		(1, 'a', 'failed', 'too large', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)), (2, 'b', 'failed', 'not there', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)),
		(3, 'c', 'unknown', NULL, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)), (4, 'd', 'failed', 'not there', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`)
	want := []store.Failures{{Reason: "not there", Pictures: 2, Newest: 4}, {Reason: "too large", Pictures: 1, Newest: 1}}
	if got := testkit.Must(s.Failures(t.Context()))(t); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
