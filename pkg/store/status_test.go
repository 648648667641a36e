package store_test

import (
	"testing"
	"time"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// A status that a statement forgets leaves its pictures lying for ever.
func TestEveryStatusIsKnownToTheStatements(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	for _, status := range lineup.Statuses {
		id := db.submit(t, string(status))[0].ID
		db.exec(t, `UPDATE images
			SET status = ?, queued_at = NULL, updated_at = UTC_TIMESTAMP(6) - INTERVAL 1 DAY
			WHERE id = ?`, status, id)
	}
	due := map[string]bool{}
	for _, image := range db.due(t, time.Hour) {
		due[image.Path] = true
	}
	for _, status := range lineup.Statuses {
		if !due[string(status)] {
			t.Errorf("%s for a day, never queued: it is not due", status)
		}
		id := db.submit(t, string(status))[0].ID
		if waits := db.image(t, id).Status == lineup.Pending; waits != (status == lineup.Pending || status.IsFailure()) {
			t.Errorf("%s, posted again: it is pending: %v", status, waits)
		}
		if status.IsFailure() { // is pending again by now
			db.exec(t, "UPDATE images SET status = ? WHERE id = ?", status, id)
		}
		claim := db.claim(t, id, time.Minute)
		switch {
		case claim.Outcome == store.Won && !status.Final():
			if final := db.finish(t, claim, store.Result{}, false); !final.Final() {
				t.Errorf("%s: finished as %s, which is not final", status, final)
			}
		case claim.Outcome == store.Done && status.Final():
		default:
			t.Errorf("%s: the claim ended with %d", status, claim.Outcome)
		}
	}
}

func TestAFolderCountsEveryStatus(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	id := db.submitFolder(t, "a/")
	walk := db.claimFolder(t, id)
	db.submitWalked(t, &walk, "b.jpg", "a/b.jpg")
	for _, status := range lineup.Statuses {
		db.exec(t, "UPDATE images SET status = ?", status)
		var want lineup.Folder
		switch {
		case status.IsFailure():
			want.Failed = 1
		case status.Final():
			want.Done = 1
		}
		if got := db.folder(t, id); got.Submitted != 1 || got.Failed != want.Failed || got.Done != want.Done {
			t.Errorf("%s: %d submitted, %d failed, %d done; want 1, %d, %d", status, got.Submitted, got.Failed, got.Done, want.Failed, want.Done)
		}
	}
}
