package store_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// The name of somebody who is to be erased, and the beginning of the names of their photos.
const somebody, theirPhotos = "Xqzvortex", "xqzvortex-"

// erased erases somebody whole: the answer, the files as receive removes them, the batches.
func (d database) erased(t *testing.T, person int64) store.Erasure {
	t.Helper()
	receipt := testkit.Must(d.ErasePerson(t.Context(), person, "tester"))(t)
	files := testkit.Must(d.FilesToErase(t.Context(), receipt.ID, 0, 100))(t)
	var photos []int64
	for _, file := range files {
		photos = append(photos, file.Photo)
	}
	testkit.Succeed(t, d.MarkFilesErased(t.Context(), receipt.ID, photos))
	for more := true; more; {
		more = testkit.Must(d.EraseMore(t.Context(), receipt.ID))(t)
	}
	return testkit.Must(d.Erasure(t.Context(), receipt.ID))(t)
}

// columns gives every value of every column of every table that holds one of these.
func (d database) columns(t *testing.T, of ...[]byte) (found []string) {
	t.Helper()
	tables := testkit.Must(d.sql.QueryContext(t.Context(), "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"))(t)
	defer tables.Close()
	for tables.Next() {
		var table string
		testkit.Succeed(t, tables.Scan(&table))
		rows := testkit.Must(d.sql.QueryContext(t.Context(), "SELECT * FROM "+table))(t)
		defer rows.Close()
		names := testkit.Must(rows.Columns())(t)
		for rows.Next() {
			values, into := make([][]byte, len(names)), make([]any, len(names))
			for i := range values {
				into[i] = &values[i]
			}
			testkit.Succeed(t, rows.Scan(into...))
			for i, value := range values {
				if slices.ContainsFunc(of, func(one []byte) bool { return bytes.Contains(bytes.ToLower(value), bytes.ToLower(one)) }) {
					found = append(found, fmt.Sprintf("%s.%s: %.80q", table, names[i], value))
				}
			}
		}
		testkit.Succeed(t, rows.Err())
	}
	testkit.Succeed(t, tables.Err())
	return found
}

func descriptorBytes(numbers []float32) []byte {
	var all []byte
	for _, n := range numbers {
		all = binary.LittleEndian.AppendUint32(all, math.Float32bits(n))
	}
	return all
}

// theirs are somebody's traces in every place that has some: name and former name, photos
// of every state, faces by machine and by hand, candidates, a merge, and what others are like.
type theirs struct {
	person, merged int64
	machine, hand  int64 // pictures
	other          lineup.Person
	change         store.Change // a merge
}

func (d database) leaveTraces(t *testing.T) (all theirs) {
	t.Helper()
	all.person = d.usable(t, somebody+" the first", theirPhotos+"1.jpg", face(10)).Person.ID
	name := somebody
	testkit.Must(d.PatchPerson(t.Context(), all.person, store.PersonPatch{Name: &name}, ""))(t)
	all.merged = d.usable(t, somebody+" again", theirPhotos+"2.jpg", face(60)).Person.ID
	all.other = d.usable(t, "Other", "other.jpg", face(170)).Person.Person
	d.enrol(t, store.Enrolment{PersonID: all.person}, theirPhotos+"pending.jpg")
	removed := d.enrol(t, store.Enrolment{PersonID: all.person}, theirPhotos+"removed.jpg")
	testkit.Must(d.RemovePhoto(t.Context(), all.person, removed.Photos[0].ID, ""))(t)
	like := d.enrol(t, store.Enrolment{Name: "Other"}, "like.jpg")
	o := d.seen(t, face(11))
	o.Candidates = []store.PhotoCandidate{{PhotoID: d.candidate(t, theirPhotos+"1.jpg", 0).PhotoID, ImageName: theirPhotos + "1.jpg", Similarity: .95}}
	if photo := d.finishPhoto(t, like.Photos[0].ID, o); photo.State != store.PhotoUnusable || !strings.Contains(photo.Reason, somebody) {
		t.Fatalf("a photo like theirs is %+v", photo)
	}
	look := func(path string, f lineup.Face) int64 {
		claim := d.win(t, path)
		d.finish(t, claim, compared(f), true)
		return claim.ID
	}
	all.machine = look("machine.jpg", seen(0, face(10.5), d.candidate(t, theirPhotos+"1.jpg", .9)))
	all.hand = look("hand.jpg", seen(0, face(60.5), d.candidate(t, "other.jpg", .7), d.candidate(t, theirPhotos+"2.jpg", .65)))
	d.decide(t, d.image(t, all.hand).Faces[0].ID, store.FaceDecision{Person: &all.merged})
	look("candidate.jpg", seen(0, face(150), d.candidate(t, "other.jpg", .8), d.candidate(t, theirPhotos+"1.jpg", .3)))
	d.merge(t, all.person, all.merged)
	all.change = d.lastChange(t)
	testkit.Must(d.DifferentPeople(t.Context(), all.person, []int64{all.other.ID}, ""))(t)
	return all
}

func TestAnErasedPersonLeavesNoTrace(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	them := db.leaveTraces(t)
	traces := [][]byte{[]byte(somebody), descriptorBytes(face(10)), descriptorBytes(face(60)), descriptorBytes(face(10.5)), descriptorBytes(face(60.5))}
	for _, trace := range traces {
		if len(db.columns(t, trace)) == 0 {
			t.Fatalf("there is no %q to be erased", trace)
		}
	}
	would := testkit.Must(db.Erasable(t.Context(), them.merged))(t)
	if len(would.People) != 2 || len(would.Photos) != 5 || would.Counts.Files != 4 || would.Counts.Faces != 2 || would.Counts.Pictures != 2 {
		t.Errorf("it would erase %+v", would)
	}
	if photos, files, err := db.ErasablePhotos(t.Context(), them.merged); photos != 5 || files != 4 || err != nil {
		t.Errorf("it would erase %d photos and %d files: %v", photos, files, err)
	}
	before := db.state(t)

	receipt := testkit.Must(db.ErasePerson(t.Context(), them.merged, "tester"))(t)
	for _, trace := range db.columns(t, []byte(somebody), descriptorBytes(face(10)), descriptorBytes(face(60))) {
		if !strings.HasPrefix(trace, "person_images.") && !strings.HasPrefix(trace, "faces.") {
			t.Errorf("right after the answer there still is %s", trace)
		}
	}
	if db.state(t) != before+1 {
		t.Error("the gallery's state was not counted up")
	}
	if again := testkit.Must(db.ErasePerson(t.Context(), them.person, ""))(t); again.ID != receipt.ID {
		t.Errorf("erased again there is receipt %d, want %d", again.ID, receipt.ID)
	}
	for _, one := range db.image(t, them.machine).Faces {
		if one.Person != nil || one.ImageName != "" || len(one.Candidates) != 0 || !one.Erased {
			t.Errorf("right after the answer a face is still %+v", one)
		}
	}

	receipt = db.erased(t, them.person)
	if receipt.Finished == nil || receipt.Gone.Files != 4 || receipt.Gone.Faces != 2 || receipt.Gone.Pictures != 2 || receipt.Gone != would.Counts || receipt.Gone.Changes < 5 ||
		!slices.Equal(receipt.People, []int64{them.person, them.merged}) || len(receipt.Photos) != 5 || receipt.By != "tester" {
		t.Errorf("the receipt is %+v", receipt)
	}
	if left := db.columns(t, traces...); len(left) > 0 {
		t.Errorf("what is left: %s", strings.Join(left, "\n"))
	}
	for _, picture := range []int64{them.machine, them.hand} {
		image := db.image(t, picture)
		if image.Status != lineup.Unknown || len(image.Faces) != 1 || !image.Faces[0].Ignored || !image.Faces[0].Erased || image.Faces[0].Person != nil {
			t.Errorf("their picture is %+v", image)
		}
	}
	if _, err := db.UndoChange(t.Context(), them.change.ID, ""); !errors.Is(err, store.ErrErased) {
		t.Errorf("undoing their merge: %v, want ErrErased", err)
	}
	if _, err := db.UndoChange(t.Context(), db.lastChange(t).ID, ""); !errors.Is(err, store.ErrErased) {
		t.Errorf("undoing the erasing: %v, want ErrErased", err)
	}
	if is := persons(db.image(t, 3)); len(is) != 1 || !slices.Contains(slices.Collect(mapValues(is)), "Other") {
		t.Errorf("another's picture: %v", is)
	}
}

func mapValues(m map[int64]string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// What was under way when somebody was erased brings nobody back.
func TestWhatComesLateErasesToo(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	person := db.usable(t, somebody, theirPhotos+"1.jpg", face(10)).Person.ID
	db.usable(t, "Other", "other.jpg", face(60))
	candidate := db.candidate(t, theirPhotos+"1.jpg", .9)
	late, known, again := db.win(t, "late.jpg"), db.win(t, "known.jpg"), db.win(t, "again.jpg")
	for _, claim := range []store.Claim{known, again} {
		db.finish(t, claim, compared(seen(0, face(10.5), candidate)), true)
	}
	enrolled := db.enrol(t, store.Enrolment{PersonID: person}, theirPhotos+"2.jpg")
	photo := testkit.Must(db.ClaimPhoto(t.Context(), enrolled.Photos[0].ID, time.Minute))(t)
	receipt := testkit.Must(db.ErasePerson(t.Context(), person, ""))(t)

	if _, err := db.FinishPhoto(t.Context(), photo, db.seen(t, face(12))); !errors.Is(err, store.ErrClaimLost) {
		t.Errorf("a late enrolment: %v, want ErrClaimLost", err)
	}
	other := db.candidate(t, "other.jpg", .6)
	db.finish(t, late, compared(seen(0, face(10.5), candidate, other)), true)
	rematched := []store.Rematched{{FaceID: db.image(t, known.ID).Faces[0].ID, ImageID: known.ID, Embedding: face(10.5), Model: "m", Candidates: []lineup.Candidate{other}}}
	testkit.Must(db.ApplyRematch(t.Context(), rematched, store.Comparison{GalleryState: db.state(t), Rule: compared().Comparison.Rule}, true))(t)
	testkit.Must(db.Look(t.Context(), []int64{again.ID}))(t)
	db.finish(t, db.claim(t, again.ID, time.Minute), compared(seen(0, face(10.5), other)), true)
	for name, id := range map[string]int64{"a late look": late.ID, "a late re-match": known.ID, "a new look": again.ID} {
		if image := db.image(t, id); image.Faces[0].Person != nil || !image.Faces[0].Ignored || image.Status != lineup.Unknown {
			t.Errorf("after %s it is %+v", name, image)
		}
	}
	if left := db.columns(t, descriptorBytes(face(10.5)), descriptorBytes(face(12))); len(left) > 0 {
		t.Errorf("descriptors are left: %v", left)
	}
	for more := true; more; {
		more = testkit.Must(db.EraseMore(t.Context(), receipt.ID))(t)
	}
	// After all that, a look at the same file finds the face again, and leaves it alone.
	testkit.Must(db.Look(t.Context(), []int64{late.ID}))(t)
	db.finish(t, db.claim(t, late.ID, time.Minute), compared(seen(0, face(10.5), other)), true)
	if image := db.image(t, late.ID); image.Faces[0].Person != nil || len(db.columns(t, descriptorBytes(face(10.5)))) > 0 {
		t.Errorf("looked at again it is %+v", image)
	}
	// A hand may say that it was somebody else.
	id := db.image(t, late.ID).Faces[0].ID
	if is := persons(db.decide(t, id, store.FaceDecision{NewName: ptr("Other")})); is[id] != "Other" {
		t.Errorf("given by hand it is %v", is)
	}
}

// A file's time may change alone: who was erased is no stranger of it.
func TestATouchedFileBringsNoErasedPersonBack(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		mark string
		back bool
	}{
		"the same":            {"100 2026-05-01T12:00:00Z", false},
		"one that is touched": {"100 2026-05-02T12:00:00Z", false},
		"another":             {"1000 2026-05-02T12:00:00Z", true},
	} {
		db := newDatabase(t)
		person := db.usable(t, somebody, theirPhotos+"1.jpg", face(10)).Person.ID
		look := compared(seen(0, face(10.5), db.candidate(t, theirPhotos+"1.jpg", .9)), seen(.5, face(100)))
		look.Content = "100 2026-05-01T12:00:00Z"
		claim := db.win(t, "a.jpg")
		db.finish(t, claim, look, true)
		db.erased(t, person)
		again := compared(seen(.5, face(100)), seen(0.01, face(10.5)))
		again.Content, again.MaxStrangers, again.Comparison.Rule.StrangerThreshold = c.mark, 10, .6
		testkit.Must(db.Look(t.Context(), []int64{claim.ID}))(t)
		db.finish(t, db.claim(t, claim.ID, time.Minute), again, true)
		theirs := db.image(t, claim.ID).Faces[0]
		if theirs.Box.X > .1 {
			theirs = db.image(t, claim.ID).Faces[1]
		}
		left := len(db.columns(t, descriptorBytes(face(10.5)))) > 0
		if theirs.Ignored == c.back || left != c.back {
			t.Errorf("of %s file their face is %+v, and is described: %v", what, theirs, left)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestAnErasedNameIsSomebodyNew(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	person := db.usable(t, somebody, theirPhotos+"1.jpg", face(10)).Person.ID
	testkit.Must(db.ErasePerson(t.Context(), person, ""))(t)
	if _, err := db.Enrol(t.Context(), with(store.Enrolment{Name: somebody}, theirPhotos+"1.jpg")); !errors.Is(err, store.ErrErasing) {
		t.Fatalf("while the file is there: %v, want ErrErasing", err)
	}
	db.erased(t, person)
	is := testkit.Must(db.ErasedFiles(t.Context(), []string{theirPhotos + "1.jpg", "another.jpg"}))(t)
	if _, there := is[theirPhotos+"1.jpg"]; !there || len(is) != 1 {
		t.Errorf("erased are %v", is)
	}
	if again := db.usable(t, somebody, theirPhotos+"1.jpg", face(10)); !again.Created || again.Person.ID == person {
		t.Errorf("enrolled again it is %+v, was %d", again, person)
	}
	if is := testkit.Must(db.ErasedFiles(t.Context(), []string{theirPhotos + "1.jpg"}))(t); len(is) > 0 {
		t.Errorf("erased are %v, though a hand enrolled it again", is)
	}
	for _, err := range []error{
		second(db.PatchPerson(t.Context(), person, store.PersonPatch{Name: ptr("Back")}, "")),
		second(db.MergePeople(t.Context(), 2, []int64{person}, "")),
		second(db.Enrol(t.Context(), with(store.Enrolment{PersonID: person}, "b.jpg"))),
		second(db.Person(t.Context(), person)),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("what is done to who was erased: %v, want ErrNotFound", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestATombstoneStaysUntilTheFileIsGoneForADay(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	receipt := db.erased(t, db.usable(t, somebody, theirPhotos+"1.jpg", face(10)).Person.ID)
	dropped := func(want int64, when string) {
		t.Helper()
		if there := testkit.Must(db.AnyOldTombstone(t.Context()))(t); there != (want > 0) {
			t.Errorf("%s: there is one that may go: %t", when, there)
		}
		if n := testkit.Must(db.DropTombstones(t.Context()))(t); n != want {
			t.Errorf("%s: %d rows went, want %d", when, n, want)
		}
	}
	dropped(0, "at once")
	db.exec(t, "UPDATE person_images SET file_gone_at = file_gone_at - INTERVAL 25 HOUR WHERE erased_at IS NOT NULL")
	dropped(0, "while the erasing is young")
	db.exec(t, "UPDATE erasures SET finished_at = finished_at - INTERVAL 25 HOUR")
	if back := testkit.Must(db.FilesBack(t.Context(), []string{"another.jpg", theirPhotos + "1.jpg"}))(t); !slices.Equal(back, []string{theirPhotos + "1.jpg"}) {
		t.Errorf("back are %v", back)
	}
	dropped(0, "when the file was back")
	db.exec(t, "UPDATE person_images SET file_gone_at = file_gone_at - INTERVAL 25 HOUR WHERE erased_at IS NOT NULL")
	dropped(1, "when it has been gone for a day")
	if again := testkit.Must(db.Erasure(t.Context(), receipt.ID))(t); len(again.Photos) != 1 {
		t.Errorf("the receipt is %+v", again)
	}
}

func TestRetention(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	person := db.usable(t, "Other", "other.jpg", face(10)).Person.ID
	old, young := db.win(t, "uploads/old.jpg"), db.win(t, "young.jpg")
	for _, claim := range []store.Claim{old, young} {
		db.finish(t, claim, compared(seen(0, face(40))), true)
		db.decide(t, db.image(t, claim.ID).Faces[0].ID, store.FaceDecision{Person: &person})
	}
	waiting := db.submit(t, "waiting.jpg")[0]
	db.exec(t, "UPDATE images SET created_at = created_at - INTERVAL 2 DAY WHERE id IN (?, ?)", old.ID, waiting.ID)
	expired := testkit.Must(db.Expired(t.Context(), 24*time.Hour, 10))(t)
	if len(expired) != 2 || !slices.ContainsFunc(expired, func(r store.Ref) bool { return r.ID == old.ID && r.Path == "uploads/old.jpg" }) {
		t.Fatalf("too old are %+v", expired)
	}
	for _, one := range []int64{old.ID, waiting.ID, young.ID} {
		testkit.Succeed(t, db.Expire(t.Context(), one, 24*time.Hour, keepFile))
	}
	if left, _, err := db.Images(t.Context(), store.Filter{Limit: 10}); err != nil || len(left) != 1 || left[0].ID != young.ID {
		t.Errorf("left are %+v, %v", left, err)
	}
	var values int
	db.scan(t, fmt.Sprintf("SELECT COUNT(*) FROM change_values v JOIN changes c ON c.id = v.change_id WHERE c.image_id = %d", old.ID), &values)
	if left := db.columns(t, []byte("old.jpg")); len(left) > 0 || values > 0 {
		t.Errorf("left of a picture that is too old: %v and %d values of changes", left, values)
	}
}
