package store_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
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

// Each program's account may do what the program does with people, under MariaDB, which
// asks for the same rights as MySQL but for rows that are locked.
func TestEveryProgramMayDoItsPartWithPeople(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	as := func(program string) database {
		settings := store.Settings{Database: store.Database{DSN: deptest.Account(t, db.dsn, program)}, Connections: 2}
		return database{open(t, settings), db.sql, db.dsn}
	}
	receive, process, view := as("receive"), as("process"), as("view")

	anna := receive.enrol(t, store.Enrolment{Name: "Anna"}, "anna.jpg", "another.jpg")
	ben := receive.enrol(t, store.Enrolment{Name: "Ben"}, "ben.jpg")
	for _, enrolled := range []store.Enrolled{anna, ben} {
		process.finishPhoto(t, enrolled.Photos[0].ID, process.seen(t, face(float64(enrolled.Person.ID)*60)))
	}
	claim := testkit.Must(process.ClaimPhoto(t.Context(), anna.Photos[1].ID, time.Minute))(t)
	testkit.Must(receive.PatchPerson(t.Context(), ben.Person.ID, store.PersonPatch{Name: new("Benno"), Cover: &ben.Photos[0].ID}, ""))(t)
	testkit.Must(receive.UndoChange(t.Context(), receive.merge(t, anna.Person.ID, ben.Person.ID), ""))(t)
	for what, err := range map[string]error{
		"give back a photo": process.GiveBackPhoto(t.Context(), claim, 0, false),
		"different people":  second(receive.DifferentPeople(t.Context(), anna.Person.ID, []int64{ben.Person.ID}, "")),
		"remove a photo":    second(receive.RemovePhoto(t.Context(), anna.Person.ID, anna.Photos[1].ID, "")),
		"withdraw":          receive.Withdraw(t.Context(), receive.enrol(t, store.Enrolment{Name: "Eva"}, "eva.jpg"), "", keepFile),
		"queued photos":     receive.MarkPhotosQueued(t.Context(), []int64{anna.Photos[0].ID}),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	adopted := receive.adopt(t, "carl_1.jpg")
	process.finishPhoto(t, adopted[len(adopted)-1], process.seen(t, face(250)))
	testkit.Succeed(t, receive.LosePhotos(t.Context(), adopted))
	listing, _, err := receive.ClaimAdoption(t.Context(), time.Minute, 0)
	testkit.Succeed(t, errors.Join(err, receive.FailAdoption(t.Context(), listing, "away"), receive.ReleaseAdoption(t.Context(), listing)))
	process.finishRegions(t, testkit.Must(process.Claim(t.Context(), db.submit(t, "regions.jpg")[0].ID, time.Minute))(t), "1", []lineup.Face{faceAt(0.1, face(0))},
		store.Region{Box: at(0.1), Name: "Dora", Not: []string{"Anna"}}, store.Region{Box: at(0.5), Name: "Anna"})
	testkit.Must(view.Stats(t.Context()))(t)
	testkit.Must(receive.UndoChange(t.Context(), receive.lastChange(t).ID, ""))(t)
	testkit.Must(receive.DuePhotos(t.Context(), time.Minute, 1))(t)
	testkit.Must(view.AlikeAmong(t.Context(), []int64{anna.Person.ID, anna.Person.ID + 1}, 0))(t)
	testkit.Must(view.UnlikeOthers(t.Context(), []int64{1, 2}, 0))(t)
	testkit.Must(view.Glimpses(t.Context(), []int64{anna.Person.ID}, 1))(t)
	testkit.Must(view.PicturesNamed(t.Context(), store.Change{ID: 1, Action: store.ActionMerge}))(t)
	_, _, err = view.LeastSure(t.Context(), store.SureFilter{Person: anna.Person.ID, Among: 1, Limit: 1})
	testkit.Succeed(t, err)
	for _, reader := range []database{receive, view} {
		testkit.Must(reader.Person(t.Context(), anna.Person.ID))(t)
		testkit.Must(reader.SimilarPeople(t.Context(), anna.Person.ID, 0))(t)
		reader.lastChange(t)
		if _, _, err := reader.Profiles(t.Context(), store.PeopleFilter{Limit: 1}); err != nil {
			t.Error(err)
		}
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

func TestAMissingRightIsNamedWithItsStatement(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	dsn := deptest.Account(t, db.dsn, "view")
	err := open(t, store.Settings{Database: store.Database{DSN: dsn}, Connections: 1}).TellParts(t.Context(), store.Part{Name: "view", State: "ready"})
	if !errors.Is(err, store.ErrDenied) {
		t.Fatalf("view wrote: %v, want ErrDenied", err)
	}
	var name string
	db.scan(t, "SELECT DATABASE()", &name)
	account := testkit.Must(mysql.ParseDSN(dsn))(t).User
	for _, want := range []string{"GRANT INSERT", " ON " + name + ".parts TO '" + account + "'", "docs/operations.md"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not say %q", err, want)
		}
	}
}
