package gallery_test

import (
	"testing"

	"lineup.dev/lineup/local/buckets"
	"lineup.dev/lineup/pkg/photo"
)

func TestInABucket(t *testing.T) {
	store, err := photo.Open(buckets.Serve(t, "people").Root("people"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	for name, text := range map[string]string{"dad.jpg": "d", "mom.jpg": "m"} {
		if err := store.Save(t.Context(), name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	p := people{log: new(journal)}
	p.Folder = newFolder(store, p.log)
	p.read(t)
	p.mustKnow(t, 'd', "dad.jpg")
	p.mustKnow(t, 'm', "mom.jpg")
}
