package main

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/buckets"
	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/store"
)

// give writes a photo into the gallery's folder, as a hand does; see examine for what its
// content says.
func (s *system) give(t *testing.T, name, content string) {
	t.Helper()
	file := filepath.Join(s.gallery, filepath.FromSlash(name))
	testkit.Succeed(t, os.MkdirAll(filepath.Dir(file), 0o755))
	testkit.Succeed(t, os.WriteFile(file, []byte(content), 0o600))
}

// adopted pings, lets what is due be looked at, and tells whose each photo of a file is and
// its state.
func (s *system) adopted(t *testing.T) map[string]string {
	t.Helper()
	testkit.Succeed(t, s.ping(t.Context()))
	testkit.Succeed(t, s.examineDue(t.Context()))
	return s.photos(t)
}

func (s *system) photos(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	people, _, err := s.store.Profiles(t.Context(), store.PeopleFilter{Limit: 100})
	testkit.Succeed(t, err)
	for _, person := range people {
		for _, p := range person.Photos {
			found[p.ImageName] = strings.TrimSpace(fmt.Sprintf("%s %s %s", person.Name, p.State, p.Reason))
		}
	}
	return found
}

func wantPhotos(t *testing.T, when string, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("%s: photos %q, want %q", when, got, want)
	}
}

func (s *system) galleryStats(t *testing.T) store.AdoptionStats {
	t.Helper()
	return testkit.Must(s.store.Stats(t.Context()))(t).Gallery
}

func TestPhotosPutIntoTheGalleryAreAdopted(t *testing.T) {
	s := newSystem(t)
	s.enrol(t, "/people", "Anna Kay", "", "1 1,0")
	testkit.Succeed(t, s.examineDue(t.Context()))
	s.give(t, "hannibal_1.jpg", "a 0,1")
	s.give(t, "IMG_0007.jpg", "like Anna 0.95,0.05")
	s.give(t, "blurred-2.png", "no face")
	s.give(t, "Old Joe/scan.jpg", "b 0,-1")
	s.give(t, ".hidden.jpg", "c -1,0")
	s.give(t, "notes.txt", "d -1,0")
	s.give(t, "faces/7", "e -1,0")
	s.give(t, "\u200b.jpg", "f -1,0")
	want := map[string]string{
		"hannibal_1.jpg":   "hannibal usable",
		"IMG_0007.jpg":     "Anna Kay usable",
		"blurred-2.png":    "blurred unusable no face was found",
		"Old Joe/scan.jpg": "Old Joe usable",
	}
	for name := range s.photos(t) {
		want[name] = "Anna Kay usable"
	}
	wantPhotos(t, "within a ping", s.adopted(t), want)
	wantPhotos(t, "after another", s.adopted(t), want)
	if stats := s.galleryStats(t); stats.At == nil || stats.Listed != 7 || stats.Refused != 2 || stats.Problem != "" {
		t.Errorf("stats %+v, want 7 files, 2 of them refused", stats)
	}

	// Another photo of somebody adopted is theirs, by the spelling.
	s.give(t, "Hannibal_2.jpg", "g 0.2,0.4")
	want["Hannibal_2.jpg"] = "hannibal usable"
	wantPhotos(t, "another photo", s.adopted(t), want)

	// What a hand removed is not adopted again.
	person := testkit.Must(s.store.Change(t.Context(), 2))(t).Person
	for _, p := range testkit.Must(s.store.Person(t.Context(), person.ID))(t).Photos {
		testkit.Must(s.store.RemovePhoto(t.Context(), person.ID, p.ID, ""))(t)
		delete(want, p.ImageName)
	}
	wantPhotos(t, "what was removed", s.adopted(t), want)
}

func TestAFileThatIsGoneIsNotUsedUntilItIsBack(t *testing.T) {
	s := newSystem(t)
	s.give(t, "ann_1.jpg", "1 1,0")
	s.give(t, "ann_2.jpg", "2 0.9,0.2")
	s.give(t, "bea_1.jpg", "3 0,1")
	all := map[string]string{"ann_1.jpg": "Ann usable", "ann_2.jpg": "Ann usable", "bea_1.jpg": "bea usable"}
	s.adopted(t)
	people, _, err := s.store.People(t.Context(), 0, 10)
	testkit.Succeed(t, err)
	name := "Ann"
	for _, person := range people {
		if person.Name == "ann" {
			testkit.Must(s.store.PatchPerson(t.Context(), person.ID, store.PersonPatch{Name: &name}, ""))(t)
		}
	}
	wantPhotos(t, "at first", s.adopted(t), all)
	state := testkit.Must(s.store.GalleryState(t.Context()))(t)

	file := filepath.Join(s.gallery, "ann_1.jpg")
	testkit.Succeed(t, os.Rename(file, file+".away"))
	gone := maps.Clone(all)
	gone["ann_1.jpg"] = "Ann unusable its file is gone: put it back into the gallery, or remove the photo"
	wantPhotos(t, "one is gone", s.adopted(t), gone)
	if now := testkit.Must(s.store.GalleryState(t.Context()))(t); now != state+1 {
		t.Errorf("the gallery's state went from %d to %d, want one more", state, now)
	}
	testkit.Succeed(t, os.Rename(file+".away", file))
	wantPhotos(t, "it is back", s.adopted(t), all)
}

func TestAnEmptyGalleryChangesNothing(t *testing.T) {
	s := newSystem(t)
	s.adopted(t)
	if stats := s.galleryStats(t); stats.Problem != "" || stats.At == nil {
		t.Errorf("an empty gallery at first: %+v, want no problem", stats)
	}
	s.give(t, "ann_1.jpg", "1 1,0")
	want := map[string]string{"ann_1.jpg": "ann usable"}
	wantPhotos(t, "at first", s.adopted(t), want)
	testkit.Succeed(t, os.Rename(s.gallery, s.gallery+".away"))
	wantPhotos(t, "the folder is gone", s.adopted(t), want)
	if stats := s.galleryStats(t); !strings.Contains(stats.Problem, "KNOWN_PEOPLE is not there") || stats.Since == nil {
		t.Errorf("the folder is gone: %+v", stats)
	}
	testkit.Succeed(t, os.Mkdir(s.gallery, 0o755))
	wantPhotos(t, "the folder is empty", s.adopted(t), want)
	if stats := s.galleryStats(t); !strings.Contains(stats.Problem, "no photo any more") || stats.Listed != 1 {
		t.Errorf("the folder is empty: %+v", stats)
	}
	testkit.Succeed(t, os.Remove(s.gallery))
	testkit.Succeed(t, os.Rename(s.gallery+".away", s.gallery))
	wantPhotos(t, "it is back", s.adopted(t), want)
	if stats := s.galleryStats(t); stats.Problem != "" || stats.Since != nil {
		t.Errorf("it is back: %+v", stats)
	}
}

// locked is a gallery of which a folder may not be read: whoever runs tests may read all.
type locked struct {
	*photo.Roots
	folder string
}

func (l locked) Walk(ctx context.Context, folder, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if !yield("", fmt.Errorf("%w: %s may not be read", photo.ErrPassedOver, l.folder)) {
			return
		}
		for name, err := range l.Roots.Walk(ctx, folder, after) {
			if !yield(name, err) {
				return
			}
		}
	}
}

// A folder of the gallery has somebody's name, which no log tells.
func TestAFolderThatMayNotBeReadIsCounted(t *testing.T) {
	s := newSystem(t)
	var log bytes.Buffer
	s.sweeper.gallery = &adopter{AdoptSettings: fromTags[AdoptSettings](t), gallery: locked{s.receiver.gallery, "Xqzvortex"},
		rows: s.receiver.store, log: slog.New(slog.NewTextHandler(&log, nil))}
	s.give(t, "ada_1.jpg", "ada 1,0")
	wantPhotos(t, "beside a folder that may not be read", s.adopted(t), map[string]string{"ada_1.jpg": "ada usable"})
	if stats := s.galleryStats(t); stats.Unreadable != 1 || stats.Listed != 1 || stats.Problem != "" {
		t.Errorf("stats are %+v", stats)
	}
	if log.Len() == 0 || strings.Contains(log.String(), "Xqzvortex") {
		t.Errorf("the log says %q", log.String())
	}
}

func TestAdoptionLeavesPhotosThatAreFacesAlone(t *testing.T) {
	s := newSystem(t)
	s.give(t, "ann_1.jpg", "1 1,0")
	s.adopted(t)
	testkit.Must(deptest.SQL(t, s.dsn).ExecContext(t.Context(), `INSERT INTO person_images (image_name, person_id, state, face_id, created_at) VALUES ('faces/3', 1, 'usable', 3, NOW(6))`))(t)
	wantPhotos(t, "after a ping", s.adopted(t), map[string]string{"ann_1.jpg": "ann usable", "faces/3": "ann usable"})
}

func TestAGalleryInABucketIsAdopted(t *testing.T) {
	s := newSystem(t)
	server := buckets.Serve(t, "people")
	roots := testkit.Must(photo.Open(server.Root("people")))(t)
	t.Cleanup(func() { roots.Close() })
	settings := fromTags[AdoptSettings](t)
	settings.Most = 700 // so that the listing goes on at the next ping
	s.sweeper.gallery = &adopter{AdoptSettings: settings, gallery: roots, rows: s.receiver.store, log: s.log}
	var names []string
	for i := range 1200 {
		name := fmt.Sprintf("p%04d_1.jpg", i)
		server.Put(t, "people", name, "x")
		names = append(names, name)
	}
	rows := func() (n int) {
		testkit.Succeed(t, deptest.SQL(t, s.dsn).QueryRowContext(t.Context(), `SELECT COUNT(*) FROM person_images`).Scan(&n))
		return n
	}
	for _, want := range []int{1000, 1200, 1200} {
		if testkit.Succeed(t, s.ping(t.Context())); rows() != want {
			t.Errorf("%d photos have rows, want %d", rows(), want)
		}
	}
	due := testkit.Must(s.store.DuePhotos(t.Context(), 0, 2000))(t)
	if len(due) != len(names) {
		t.Fatalf("%d photos are due, want all", len(due))
	}
	for _, id := range due[:3] {
		claim := testkit.Must(s.store.ClaimPhoto(t.Context(), id, time.Minute))(t)
		testkit.Must(s.store.FinishPhoto(t.Context(), claim, store.PhotoOutcome{State: store.PhotoUsable, Descriptor: []float32{0, 1}, Model: "m", Threshold: 2}))(t)
	}
	for status, code := range map[int]string{http.StatusForbidden: "AccessDenied", http.StatusServiceUnavailable: "SlowDown"} {
		server.Misbehave(func(w http.ResponseWriter, r *http.Request, key string) bool {
			return r.Method == http.MethodGet && key == "" && buckets.Refuse(status, code)(w, r, key)
		})
		testkit.Succeed(t, s.ping(t.Context()))
		if stats := s.galleryStats(t); stats.Problem == "" || stats.Listed != 1200 {
			t.Errorf("a store that answers %d: %+v, want a problem", status, stats)
		}
	}
	server.Behave()
	for range 3 {
		testkit.Succeed(t, s.ping(t.Context()))
	}
	if stats := s.galleryStats(t); stats.Problem != "" || slices.Contains(slices.Collect(maps.Values(s.photos(t))), "unusable") {
		t.Errorf("a store that answers again: %+v", stats)
	}
}

func TestADOPT_TIME0NeverLists(t *testing.T) {
	s := newSystem(t)
	settings := fromTags[AdoptSettings](t)
	settings.Time = 0
	s.sweeper.gallery = &adopter{AdoptSettings: settings, gallery: s.receiver.gallery, rows: s.receiver.store, log: s.log}
	s.give(t, "ann_1.jpg", "1 1,0")
	wantPhotos(t, "after a ping", s.adopted(t), map[string]string{})
}
