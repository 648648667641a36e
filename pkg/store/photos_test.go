package store_test

import (
	"strings"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

func TestAUsablePhotoKeepsItsWarningUntilItIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	enrolled := db.enrol(t, store.Enrolment{Name: "Anna"}, "anna.jpg")
	photo := enrolled.Photos[0].ID
	outcome := db.seen(t, face(0))
	outcome.Warning = "the file is damaged" + strings.Repeat(".", store.WarningWidth)
	db.finishPhoto(t, photo, outcome)
	for _, one := range []store.Photo{testkit.Must(db.Photo(t.Context(), photo))(t), testkit.Must(db.Person(t.Context(), enrolled.Person.ID))(t).Photos[0]} {
		if one.State != store.PhotoUsable || !strings.HasPrefix(one.Warning, "the file is damaged") || one.Reason != "" {
			t.Errorf("it is %+v", one)
		}
	}
	db.enrol(t, store.Enrolment{Name: "Anna", Chosen: 1}, "anna.jpg")
	if one := testkit.Must(db.Photo(t.Context(), photo))(t); one.State != store.PhotoPending || one.Warning != "" {
		t.Errorf("to be looked at again it is %+v", one)
	}
}
