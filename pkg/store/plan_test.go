package store_test

import (
	"slices"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

func TestFacesOfAnEarlierStateAreComparedAgain(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.exec(t, `INSERT INTO images (id, path, status, created_at, updated_at)
		SELECT seq, CONCAT(seq, '.jpg'), 'unknown', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM seq_1_to_1600`)
	db.exec(t, "INSERT INTO faces (image_id, gallery_state) VALUES (1, 0), (2, 5), (499, 0), (500, 5), (1000, 4), (1500, 5)")
	plan := func(want int) {
		t.Helper()
		if n, err := db.PlanRematches(t.Context()); err != nil || n != want {
			t.Errorf("%d ranges are planned, %v; want %d", n, err, want)
		}
	}
	due := func(want ...store.Rematch) {
		t.Helper()
		got := testkit.Must(db.DueRematches(t.Context(), time.Minute, 10))(t)
		if !slices.Equal(got, want) {
			t.Errorf("due are %v, want %v", got, want)
		}
		var first []int64
		for _, r := range got {
			first = append(first, r.FirstImage)
		}
		testkit.Succeed(t, db.MarkRematchesQueued(t.Context(), first))
	}
	plan(0) // nothing counts yet
	db.exec(t, "UPDATE gallery SET state = 5, named_state = 5")
	plan(2)
	due(store.Rematch{FirstImage: 1000, GalleryState: 5}, store.Rematch{GalleryState: 5})
	plan(2) // they are under way
	due()
	db.exec(t, "UPDATE rematches SET finished_at = UTC_TIMESTAMP(6) WHERE first_image = 1000")
	plan(2) // a look that was under way has written a face of the earlier state meanwhile
	due(store.Rematch{FirstImage: 1000, GalleryState: 5})
	db.exec(t, "UPDATE gallery SET state = 6, named_state = 6")
	plan(4)
	due(store.Rematch{FirstImage: 1500, GalleryState: 6}, store.Rematch{FirstImage: 1000, GalleryState: 6}, store.Rematch{FirstImage: 500, GalleryState: 6}, store.Rematch{GalleryState: 6})
	db.exec(t, "UPDATE rematches SET queued_at = UTC_TIMESTAMP(6) - INTERVAL 2 MINUTE WHERE first_image = 0")
	due(store.Rematch{GalleryState: 6}) // its hint was lost
	db.exec(t, "UPDATE rematches SET lease_until = UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE, queued_at = UTC_TIMESTAMP(6) - INTERVAL 2 MINUTE WHERE first_image = 0")
	due() // somebody does it
}
