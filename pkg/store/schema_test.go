package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func TestEightMigratorsAtOnce(t *testing.T) {
	t.Parallel()
	dsn := deptest.MySQL(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := store.Migrate(t.Context(), dsn); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	db := database{open(t, store.Settings{Database: store.Database{DSN: dsn}, Connections: 10}), deptest.SQL(t, dsn), dsn}
	var versions, distinct int
	db.scan(t, "SELECT COUNT(*), COUNT(DISTINCT version_id) FROM goose_db_version", &versions, &distinct)
	if versions != distinct {
		t.Errorf("%d migrations were noted, %d of them once", versions, distinct)
	}
	db.finish(t, db.win(t, "a.jpg"), store.Result{Faces: []lineup.Face{{}}}, false)
}

// everything calls every method of the store, and tells their errors by name.
func everything(t *testing.T, s *store.Store) map[string]error {
	t.Helper()
	errs := map[string]error{}
	ctx := t.Context()
	errs["Ready"] = s.Ready(ctx)
	_, errs["Submit"] = s.Submit(ctx, store.Paths("a.jpg"))
	_, errs["LookAgain"] = s.LookAgain(ctx, []store.Submission{{Ref: store.Ref{Path: "a.jpg"}, Content: "old"}})
	_, errs["Reposted"] = s.Reposted(ctx, 1)
	errs["MarkCompared"] = s.MarkCompared(ctx, []int64{1})
	_, errs["Due"] = s.Due(ctx, 0, 1)
	_, errs["DueAgain"] = s.DueAgain(ctx, 0, 1)
	errs["MarkQueued"] = s.MarkQueued(ctx, []int64{1})
	claim, err := s.Claim(ctx, 1, time.Minute)
	errs["Claim"] = err
	errs["GiveBack"] = s.GiveBack(ctx, claim, 0, false, "")
	claim, errs["Claim again"] = s.Claim(ctx, 1, time.Minute)
	_, errs["Finish"] = s.Finish(ctx, claim, store.Result{Reason: "no picture"}, false)
	errs["MarkAnnounced"] = s.MarkAnnounced(ctx, 1, 1, 0)
	_, errs["Image"] = s.Image(ctx, 1)
	_, _, errs["Images"] = s.Images(ctx, store.Filter{Limit: 1})
	_, errs["SubmitFolder"] = s.SubmitFolder(ctx, "a/")
	_, errs["DueFolders"] = s.DueFolders(ctx, 1)
	walk, err := s.ClaimFolder(ctx, 1, time.Minute)
	errs["ClaimFolder"] = err
	_, errs["SubmitWalked"] = s.SubmitWalked(ctx, walk, store.Paths("a/b.jpg"))
	errs["MoveWalk"] = s.MoveWalk(ctx, &walk, "b.jpg", 1)
	errs["ReleaseWalk"] = s.ReleaseWalk(ctx, walk, "")
	walk, errs["ClaimFolder again"] = s.ClaimFolder(ctx, 1, time.Minute)
	errs["FinishWalk"] = s.FinishWalk(ctx, walk)
	_, errs["Folder"] = s.Folder(ctx, 1)
	_, _, errs["Folders"] = s.Folders(ctx, 0, 1)
	_, errs["Enrol"] = s.Enrol(ctx, store.Enrolment{Name: "Dad"})
	_, errs["Enrol with a photo"] = s.Enrol(ctx, store.Enrolment{Name: "Mum", Photos: []store.NewPhoto{{ImageName: "mum.jpg"}}})
	_, errs["InNoPicture"] = s.InNoPicture(ctx, []int64{1})
	_, errs["Photos"] = s.Photos(ctx, []int64{1})
	_, errs["DuePhotos"] = s.DuePhotos(ctx, 0, 1)
	errs["MarkPhotosQueued"] = s.MarkPhotosQueued(ctx, []int64{1})
	photo, err := s.ClaimPhoto(ctx, 1, time.Minute)
	errs["ClaimPhoto"] = err
	errs["GiveBackPhoto"] = s.GiveBackPhoto(ctx, photo, 0, false)
	photo, errs["ClaimPhoto again"] = s.ClaimPhoto(ctx, 1, time.Minute)
	_, errs["FinishPhoto"] = s.FinishPhoto(ctx, photo, store.PhotoOutcome{State: store.PhotoUnchecked})
	_, errs["RemovePhoto"] = s.RemovePhoto(ctx, 2, 1, "")
	_, errs["PatchPerson"] = s.PatchPerson(ctx, 1, store.PersonPatch{Hidden: new(true)}, "")
	_, errs["DifferentPeople"] = s.DifferentPeople(ctx, 1, []int64{2}, "")
	_, errs["SimilarPeople"] = s.SimilarPeople(ctx, 1, 0)
	_, errs["AlikeAmong"] = s.AlikeAmong(ctx, []int64{1, 2}, 0)
	_, errs["UnlikeOthers"] = s.UnlikeOthers(ctx, []int64{1, 2}, 0)
	_, errs["Glimpses"] = s.Glimpses(ctx, []int64{1, 2}, 1)
	_, _, errs["LeastSure"] = s.LeastSure(ctx, store.SureFilter{Person: 1, Among: 1, Limit: 1})
	_, errs["PicturesNamed"] = s.PicturesNamed(ctx, store.Change{ID: 1, Action: store.ActionMerge})
	_, errs["MergePeople"] = s.MergePeople(ctx, 1, []int64{2}, "")
	_, _, errs["Changes"] = s.Changes(ctx, store.ChangeFilter{Limit: 1})
	_, errs["UndoChange"] = s.UndoChange(ctx, 5, "")
	errs["Withdraw"] = s.Withdraw(ctx, store.Enrolled{Change: 6}, "", keepFile)
	_, _, errs["Profiles"] = s.Profiles(ctx, store.PeopleFilter{Limit: 1})
	_, errs["Person"] = s.Person(ctx, 1)
	_, _, errs["People"] = s.People(ctx, 0, 1)
	_, errs["Expired"] = s.Expired(ctx, time.Hour, 1)
	errs["Expire"] = s.Expire(ctx, 1, time.Hour, keepFile)
	_, errs["Erasable"] = s.Erasable(ctx, 1)
	_, _, errs["ErasablePhotos"] = s.ErasablePhotos(ctx, 1)
	erasure, err := s.ErasePerson(ctx, 1, "")
	errs["ErasePerson"] = err
	_, errs["EraseMore"] = s.EraseMore(ctx, erasure.ID)
	_, errs["FilesToErase"] = s.FilesToErase(ctx, erasure.ID, 0, 1)
	errs["MarkFilesErased"] = s.MarkFilesErased(ctx, erasure.ID, []int64{1})
	errs["SetErasureProblem"] = s.SetErasureProblem(ctx, erasure.ID, "why")
	_, errs["UnfinishedErasures"] = s.UnfinishedErasures(ctx)
	_, errs["ErasureOf"] = s.ErasureOf(ctx, 1)
	_, errs["ErasedFiles"] = s.ErasedFiles(ctx, []string{"a.jpg"})
	_, errs["AnyOldTombstone"] = s.AnyOldTombstone(ctx)
	errs["PassErased"] = s.PassErased(ctx, []string{"a.jpg"})
	errs["NoteErasedContents"] = s.NoteErasedContents(ctx, map[int64]string{1: "x"})
	_, errs["FilesBack"] = s.FilesBack(ctx, []string{"a.jpg"})
	_, errs["DropTombstones"] = s.DropTombstones(ctx)
	return errs
}

func TestNothingWorksUntilTheSchemaIsNewEnough(t *testing.T) {
	t.Parallel()
	dsn := deptest.MySQL(t)
	db := database{open(t, store.Settings{Database: store.Database{DSN: dsn}, Connections: 10}), deptest.SQL(t, dsn), dsn}
	refused := func(when, version string) {
		t.Helper()
		for name, err := range everything(t, db.Store) {
			if !errors.Is(err, store.ErrSchema) || !strings.Contains(err.Error(), "version "+version) || !strings.Contains(err.Error(), "make migrate") {
				t.Errorf("%s on %s: %v, want ErrSchema with the version and what to do", name, when, err)
			}
		}
	}
	refused("an empty database", "0")
	if err := store.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	before := db.undoNewest(t)
	refused("a schema of the version before", before)
	if err := store.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	for name, err := range everything(t, db.Store) { // the same store, not a new one
		if err != nil {
			t.Errorf("%s after the migration: %v", name, err)
		}
	}
}

// undoNewest takes the newest migration back, and tells the version that is left.
func (d database) undoNewest(t *testing.T) (version string) {
	t.Helper()
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no migrations: ", err)
	}
	newest, err := os.ReadFile(files[len(files)-1])
	if err != nil {
		t.Fatal(err)
	}
	_, down, _ := strings.Cut(string(newest), "-- +goose Down")
	for statement := range strings.SplitSeq(down, ";") {
		if strings.TrimSpace(statement) != "" {
			d.exec(t, statement)
		}
	}
	d.exec(t, "DELETE FROM goose_db_version ORDER BY version_id DESC LIMIT 1")
	d.scan(t, "SELECT MAX(version_id) FROM goose_db_version", &version)
	return version
}

func TestASchemaOneVersionAheadWorks(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.exec(t, "INSERT INTO goose_db_version (version_id, is_applied) SELECT MAX(version_id)+1, 1 FROM goose_db_version")
	db.exec(t, "ALTER TABLE images ADD COLUMN of_the_next_version INT NULL")
	for name, err := range everything(t, open(t, store.Settings{Database: store.Database{DSN: db.dsn}, Connections: 10})) {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := store.Migrate(t.Context(), db.dsn); err != nil {
		t.Errorf("migrate to a version before: %v", err)
	}
}
