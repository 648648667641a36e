package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/buckets"
	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func (s *system) sendPing(t *testing.T) {
	t.Helper()
	r := s.do(t, "/", "", "Ce-Specversion", "1.0", "Ce-Type", "dev.knative.sources.ping", "Ce-Source", "/test", "Ce-Id", "1")
	if r.status != http.StatusAccepted {
		t.Fatalf("a ping is answered %d %s", r.status, r.body)
	}
}

func (s *system) photoFiles(t *testing.T) (names []string) {
	t.Helper()
	for _, entry := range testkit.Must(os.ReadDir(s.gallery))(t) {
		names = append(names, entry.Name())
	}
	return names
}

func TestAPersonIsErased(t *testing.T) {
	s := newSystem(t)
	s.limits.EnrolWait = time.Minute
	s.examine(t)
	person := s.enrol(t, "/people", "Xqzvortex", "", "1 1,0")
	path := fmt.Sprintf("people/%d", person.ID)

	var would store.Erasable
	s.ask(t, http.MethodDelete, path+"?dry_run=true", "", http.StatusOK, &would)
	if len(would.People) != 1 || would.People[0].Name != "Xqzvortex" || len(would.Photos) != 1 || would.Counts.Files != 1 {
		t.Errorf("it would erase %+v", would)
	}
	for _, query := range []string{"?dryrun=true", "?dry_run=yes", "?dry_run=true&dry_run=false", "?dry_run=true;x=1", "?dry_run=tru%zz"} {
		if r := s.ask(t, http.MethodDelete, path+query, "", http.StatusBadRequest, nil); !strings.Contains(r.body, "nothing was") {
			t.Errorf("%s is answered %s", query, r.body)
		}
	}
	if _, err := s.store.Person(t.Context(), person.ID); err != nil {
		t.Fatalf("asked what would go, the person is gone: %v", err)
	}

	var receipt store.Erasure
	r := s.ask(t, http.MethodDelete, path, "", http.StatusAccepted, &receipt)
	if r.header.Get("Location") != fmt.Sprintf("/api/v1/erasures/%d", receipt.ID) || receipt.Person != person.ID || receipt.Finished != nil {
		t.Errorf("the answer is %+v with %v", receipt, r.header)
	}
	if again := s.enrol(t, "/people", "Xqzvortex", "", "1 1,0"); again.status != http.StatusConflict || !strings.Contains(again.body, "erasing") {
		t.Errorf("enrolled again at once: %d %s", again.status, again.body)
	}
	s.sendPing(t)
	if files := s.photoFiles(t); len(files) > 0 {
		t.Errorf("the gallery still holds %v", files)
	}
	if receipt = testkit.Must(s.store.Erasure(t.Context(), receipt.ID))(t); receipt.Finished == nil || receipt.Gone.Files != 1 {
		t.Errorf("after a ping the receipt is %+v", receipt)
	}
	s.ask(t, http.MethodDelete, path, "", http.StatusAccepted, &store.Erasure{})
	if r := s.ask(t, http.MethodDelete, path+"?dry_run=true", "", http.StatusGone, nil); !strings.Contains(r.body, fmt.Sprintf("/api/v1/erasures/%d", receipt.ID)) {
		t.Errorf("what would go of who is gone: %s", r.body)
	}
	s.ask(t, http.MethodDelete, "people/999", "", http.StatusNotFound, nil)
	if again := s.enrol(t, "/people", "Xqzvortex", "", "1 1,0"); again.status != http.StatusCreated || again.ID == person.ID {
		t.Errorf("enrolled anew: %d %s", again.status, again.body)
	}
}

// A file that is saved after its person was erased is removed, and one that comes back
// before its row may go.
func TestAnErasedPersonsFileDoesNotStay(t *testing.T) {
	s := newSystem(t)
	s.limits.EnrolWait = time.Minute
	s.examine(t)
	person := s.enrol(t, "/people", "Xqzvortex", "", "1 1,0")
	other := s.enrol(t, "/people", "Other", "", "2 0,1")
	name := person.Photos[0].ImageName
	content := testkit.Must(os.ReadFile(filepath.Join(s.gallery, name)))(t)
	s.ask(t, http.MethodDelete, fmt.Sprintf("people/%d", person.ID), "", http.StatusAccepted, nil)
	s.sendPing(t)
	comesBack := func() { testkit.Succeed(t, os.WriteFile(filepath.Join(s.gallery, name), content, 0o600)) }
	comesBack()
	testkit.Succeed(t, s.eraser.removeSaved(t.Context(), map[string][]byte{name: content, other.Photos[0].ImageName: []byte("2 0,1")}))
	if files := s.photoFiles(t); len(files) != 1 || files[0] != other.Photos[0].ImageName {
		t.Errorf("after a late enrolment the gallery holds %v", files)
	}
	comesBack()
	s.sendPing(t) // nobody is adopted by it
	if people, _, err := s.store.People(t.Context(), 0, 10); err != nil || len(people) != 1 {
		t.Errorf("people are %v, %v", people, err)
	}
	db := deptest.SQL(t, s.dsn)
	testkit.Must(db.ExecContext(t.Context(), "UPDATE person_images SET file_gone_at = file_gone_at - INTERVAL 25 HOUR"))(t)
	testkit.Must(db.ExecContext(t.Context(), "UPDATE erasures SET finished_at = finished_at - INTERVAL 25 HOUR"))(t)
	s.sendPing(t)
	if files := s.photoFiles(t); len(files) != 1 {
		t.Errorf("after a day the gallery holds %v", files)
	}
}

// What lies under the name of an erased person's photo and is another photo is somebody's own.
func TestAnotherPhotoUnderAnErasedOnesNameIsAdopted(t *testing.T) {
	s := newSystem(t)
	s.give(t, "gus_1.jpg", "gus 1,0")
	s.give(t, "ida_1.jpg", "ida 0,1")
	s.adopted(t)
	erase := func(name string) store.Erasure {
		t.Helper()
		people, _, err := s.store.People(t.Context(), 0, 10)
		testkit.Succeed(t, err)
		i := slices.IndexFunc(people, func(p lineup.Person) bool { return string(p.Name) == name })
		var receipt store.Erasure
		s.ask(t, http.MethodDelete, fmt.Sprintf("people/%d", people[i].ID), "", http.StatusAccepted, &receipt)
		s.sendPing(t)
		return testkit.Must(s.store.Erasure(t.Context(), receipt.ID))(t)
	}
	if receipt := erase("gus"); receipt.Finished == nil || receipt.Gone.Files != 1 {
		t.Fatalf("the receipt is %+v", receipt)
	}
	aDayLater := func() {
		t.Helper()
		s.exec(t, "UPDATE person_images SET file_gone_at = file_gone_at - INTERVAL 25 HOUR")
		s.exec(t, "UPDATE erasures SET finished_at = finished_at - INTERVAL 25 HOUR")
		s.sendPing(t)
	}

	s.give(t, "gus_1.jpg", "gus 1,0")
	wantPhotos(t, "a copy", s.adopted(t), map[string]string{"ida_1.jpg": "ida usable"})
	if stats := s.galleryStats(t); stats.Withheld != 1 || stats.Listed != 2 {
		t.Errorf("stats of a copy: %+v", stats)
	}
	aDayLater()
	if files := s.photoFiles(t); !slices.Equal(files, []string{"ida_1.jpg"}) {
		t.Errorf("after a day the gallery holds %v", files)
	}
	s.give(t, "gus_1.jpg", "somebody else -1,0")
	want := map[string]string{"ida_1.jpg": "ida usable", "gus_1.jpg": "gus usable"}
	wantPhotos(t, "another photo", s.adopted(t), want)
	aDayLater()
	wantPhotos(t, "another photo, a day later", s.adopted(t), want)
	if stats := s.galleryStats(t); stats.Withheld != 0 || len(s.photoFiles(t)) != 2 {
		t.Errorf("stats of another photo: %+v, files %v", stats, s.photoFiles(t))
	}

	// Of a file that was away when it was to be erased nobody knows the content.
	testkit.Succeed(t, os.Remove(filepath.Join(s.gallery, "ida_1.jpg")))
	erase("ida")
	s.give(t, "ida_1.jpg", "ida 0,1")
	delete(want, "ida_1.jpg")
	wantPhotos(t, "one that was away", s.adopted(t), want)
	aDayLater()
	if stats := s.galleryStats(t); stats.Withheld != 1 || len(s.photoFiles(t)) != 2 {
		t.Errorf("stats of one that was away: %+v, files %v", stats, s.photoFiles(t))
	}
}

// A photo that is put there before the erased one could be removed is not removed for it.
func TestAPhotoThatReplacedAnErasedOneStays(t *testing.T) {
	s := newSystem(t)
	s.give(t, "gus_1.jpg", "gus 1,0")
	s.adopted(t)
	receipt := testkit.Must(s.store.ErasePerson(t.Context(), 1, ""))(t)
	files := testkit.Must(s.store.FilesToErase(t.Context(), receipt.ID, 0, 10))(t)
	testkit.Succeed(t, s.eraser.noteContents(t.Context(), files)) // and then it could not be removed
	s.give(t, "gus_1.jpg", "somebody else -1,0")
	s.sendPing(t)
	wantPhotos(t, "after a ping", s.adopted(t), map[string]string{"gus_1.jpg": "gus usable"})
	if receipt = testkit.Must(s.store.Erasure(t.Context(), receipt.ID))(t); receipt.Finished == nil {
		t.Errorf("the receipt is %+v", receipt)
	}
}

func TestAFileThatCannotBeErasedIsTold(t *testing.T) {
	s := newSystem(t)
	s.limits.EnrolWait = time.Minute
	s.examine(t)
	person := s.enrol(t, "/people", "Xqzvortex", "", "1 1,0")
	file := filepath.Join(s.gallery, person.Photos[0].ImageName)
	testkit.Succeed(t, os.Remove(file))
	testkit.Succeed(t, os.MkdirAll(filepath.Join(file, "full"), 0o700)) // a folder is not removed
	var receipt store.Erasure
	s.ask(t, http.MethodDelete, fmt.Sprintf("people/%d", person.ID), "", http.StatusAccepted, &receipt)
	s.sendPing(t)
	receipt = testkit.Must(s.store.Erasure(t.Context(), receipt.ID))(t)
	if receipt.Finished != nil || !strings.Contains(receipt.Problem, fmt.Sprintf("photo %d", person.Photos[0].ID)) || strings.Contains(strings.ToLower(receipt.Problem), "xqz") {
		t.Errorf("the receipt is %+v", receipt)
	}
	testkit.Succeed(t, os.RemoveAll(file))
	s.sendPing(t)
	if receipt = testkit.Must(s.store.Erasure(t.Context(), receipt.ID))(t); receipt.Finished == nil || receipt.Problem != "" {
		t.Errorf("once it can be, the receipt is %+v", receipt)
	}
}

// What takes longer than ERASE_TIME is gone on with.
func TestErasingGoesOnAtPings(t *testing.T) {
	s := newSystem(t)
	s.eraser.Time = time.Nanosecond
	person := s.enrol(t, "/people", "Xqzvortex", "", "1 1,0")
	s.ask(t, http.MethodDelete, fmt.Sprintf("people/%d", person.ID), "", http.StatusAccepted, nil)
	if more := testkit.Must(s.eraser.work(t.Context()))(t); !more {
		t.Error("it was done within no time")
	}
	s.eraser.Time = time.Minute
	s.sendPing(t)
	if left := testkit.Must(s.store.UnfinishedErasures(t.Context()))(t); len(left) > 0 {
		t.Errorf("unfinished are %v", left)
	}
}

func TestPicturesOlderThanRetentionAreForgotten(t *testing.T) {
	s := newSystem(t)
	for _, path := range []string{"uploads/ab/old.jpg", "uploads/ab/young.jpg", "own/old.jpg"} {
		testkit.Succeed(t, os.MkdirAll(filepath.Dir(filepath.Join(s.images, path)), 0o700))
		testkit.Succeed(t, os.WriteFile(filepath.Join(s.images, path), []byte("picture"), 0o600))
		testkit.Must(s.store.Submit(t.Context(), store.Paths(path)))(t)
	}
	testkit.Must(deptest.SQL(t, s.dsn).ExecContext(t.Context(), "UPDATE images SET created_at = created_at - INTERVAL 2 HOUR WHERE path LIKE '%old.jpg'"))(t)
	left := func() (paths []string) {
		images, _, err := s.store.Images(t.Context(), store.Filter{Limit: 10})
		testkit.Succeed(t, err)
		for _, image := range images {
			paths = append(paths, image.Path)
		}
		return paths
	}
	s.sendPing(t)
	if paths := left(); len(paths) != 3 {
		t.Fatalf("without RETENTION left are %v", paths)
	}
	s.eraser.Retention = time.Hour
	s.sendPing(t)
	if paths := left(); len(paths) != 1 || paths[0] != "uploads/ab/young.jpg" {
		t.Errorf("left are %v", paths)
	}
	for path, there := range map[string]bool{"uploads/ab/old.jpg": false, "uploads/ab/young.jpg": true, "own/old.jpg": true} {
		if _, err := os.Stat(filepath.Join(s.images, path)); (err == nil) != there {
			t.Errorf("%s: %v, want it there: %t", path, err, there)
		}
	}
}

// What names people beside an upload goes with it, by a hand and by age.
func TestAnUploadsSidecarsGoWithIt(t *testing.T) {
	s := newSystem(t)
	for _, name := range []string{"uploads/ab/old.jpg", "uploads/ab/new.jpg", "own/old.jpg"} {
		testkit.Succeed(t, os.MkdirAll(filepath.Dir(filepath.Join(s.images, name)), 0o700))
		for _, file := range []string{name, name + ".xmp", strings.TrimSuffix(name, ".jpg") + ".xmp"} {
			s.put(t, file, "content")
		}
		testkit.Must(s.store.Submit(t.Context(), store.Paths(name)))(t)
	}
	s.ask(t, http.MethodDelete, "images/2", "", http.StatusNoContent, nil)
	s.exec(t, "UPDATE images SET created_at = created_at - INTERVAL 2 HOUR")
	s.eraser.Retention = time.Hour
	s.sendPing(t)
	if left := testkit.Must(filepath.Glob(filepath.Join(s.images, "uploads/ab/*")))(t); len(left) > 0 {
		t.Errorf("of uploads there still is %v", left)
	}
	if own := testkit.Must(filepath.Glob(filepath.Join(s.images, "own/*")))(t); len(own) != 3 {
		t.Errorf("of a picture of one's own there is %v, want all three files", own)
	}
}

func TestBucketsKeepNothingOfWhoWasErased(t *testing.T) {
	server := buckets.Serve(t, "people", "pictures")
	s := newSystemAt(t, "", server.Root("pictures"), server.Root("people"))
	person := s.enrol(t, "/people", "Xqzvortex", "", "1 1,0").ID
	other := s.enrol(t, "/people", "Other", "", "2 0,1")
	var body bytes.Buffer
	testkit.Succeed(t, png.Encode(&body, image.NewGray(image.Rect(0, 0, 1, 1))))
	if r := s.do(t, "/images", body.String(), "Content-Type", "image/png"); r.status != http.StatusAccepted {
		t.Fatalf("an upload is answered %d %s", r.status, r.body)
	}
	picture := s.withDerived(t, 1)
	server.Put(t, "pictures", picture.Path+".xmp", "<x/>")
	s.ask(t, http.MethodPatch, fmt.Sprintf("faces/%d", picture.Faces[0].ID), fmt.Sprintf(`{"person": %d}`, person), http.StatusOK, nil)

	var receipt store.Erasure
	s.ask(t, http.MethodDelete, fmt.Sprintf("people/%d", person), "", http.StatusAccepted, &receipt)
	s.sendPing(t)
	if receipt = testkit.Must(s.store.Erasure(t.Context(), receipt.ID))(t); receipt.Finished == nil || receipt.Gone.Files != 1 {
		t.Errorf("the receipt is %+v", receipt)
	}
	if keys := server.Keys(t, "people"); !slices.Equal(keys, []string{other.Photos[0].ImageName}) {
		t.Errorf("the gallery's bucket holds %q", keys)
	}
	if keys := server.Keys(t, "pictures"); len(keys) != 3 || slices.ContainsFunc(keys, func(key string) bool { return strings.HasSuffix(key, string(picture.Faces[0].Crop)) }) {
		t.Errorf("the pictures' bucket holds %q, want picture, sidecar and thumbnail", keys)
	}

	s.exec(t, "UPDATE images SET created_at = created_at - INTERVAL 2 HOUR")
	s.eraser.Retention = time.Hour
	s.sendPing(t) // which forgets the picture
	s.sendPing(t) // what was made of it may take another
	if keys := server.Keys(t, "pictures"); len(keys) > 0 {
		t.Errorf("after RETENTION the pictures' bucket holds %q", keys)
	}
}

func TestRetentionWithoutAUnitIsRefused(t *testing.T) {
	for retention, refused := range map[time.Duration]bool{0: false, 30: true, time.Minute: true, time.Hour: false} {
		if err := (ErasingSettings{Retention: retention}).Check(); (err != nil) != refused {
			t.Errorf("RETENTION=%s: %v", retention, err)
		}
	}
}

func TestAKeyThatReadsErasesNobody(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys")
	testkit.Succeed(t, os.WriteFile(keys, fmt.Appendf(nil, "writer %x\nreader %x read\n", sha256.Sum256([]byte("writes")), sha256.Sum256([]byte("reads"))), 0o600))
	s := newSystemWithKeys(t, keys)
	person := testkit.Must(s.store.Enrol(t.Context(), store.Enrolment{Name: "Xqzvortex"}))(t).Person
	path := fmt.Sprintf("people/%d", person.ID)
	for _, c := range []struct {
		key    string
		status int
	}{{"reads", http.StatusForbidden}, {"writes", http.StatusAccepted}} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "/api/v1/"+path, nil)
		request.Header.Set("Authorization", "Bearer "+c.key)
		recorder := httptest.NewRecorder()
		s.handler.ServeHTTP(recorder, request)
		if recorder.Code != c.status {
			t.Errorf("%s is answered %d %s, want %d", c.key, recorder.Code, recorder.Body, c.status)
		}
	}
}
