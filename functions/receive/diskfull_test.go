package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

// filesBelow are the names of all files, the hidden ones as well.
func filesBelow(t *testing.T, dir string) (names []string) {
	t.Helper()
	testkit.Succeed(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, path)
		}
		return err
	}))
	return names
}

// TestAFullPictureStore lets this process write no file beyond 800 KB, by
// RLIMIT_FSIZE, which needs no rights and no disk of its own. The error is EFBIG
// where a full disk's is ENOSPC; pkg/photo takes both for the same.
func TestAFullPictureStore(t *testing.T) {
	s := newSystem(t)
	signal.Ignore(syscall.SIGXFSZ) // or the runtime would end the process
	var was syscall.Rlimit
	testkit.Succeed(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was))
	limit := func(bytes uint64) {
		t.Helper()
		testkit.Succeed(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: was.Max}))
	}
	t.Cleanup(func() { limit(was.Cur); signal.Reset(syscall.SIGXFSZ) })
	large := "\xff\xd8\xff" + strings.Repeat("x", 900<<10)
	person, personKind := personBody(t, "Ann", large)
	upload := func() reply {
		return s.do(t, "/images", large, "Content-Type", "image/jpeg", "Accept", "application/json")
	}

	limit(800 << 10) // the list of what the tests opened, which Go writes, has some 100 KB
	for what, got := range map[string]reply{"a picture": upload(), "a photo of a person": s.do(t, "/people", person, "Content-Type", personKind)} {
		if got.status != http.StatusInsufficientStorage || got.header.Get("Retry-After") == "" ||
			!strings.Contains(got.body, "full: make room") || strings.Contains(got.body, s.images) {
			t.Errorf("%s: %d %s, want 507 with what to do", what, got.status, got.body)
		}
	}
	if left := append(filesBelow(t, s.images), filesBelow(t, s.gallery)...); len(left) > 0 {
		t.Errorf("what could not be saved left %v", left)
	}
	if images, _, err := s.store.Images(t.Context(), store.Filter{Limit: 10}); err != nil || len(images) > 0 {
		t.Errorf("a picture that could not be saved has a row: %+v, %v", images, err)
	}

	limit(was.Cur)
	if got := upload(); got.status != http.StatusAccepted || got.images(t)[0].ID == 0 {
		t.Errorf("with room again: %d %s", got.status, got.body)
	}
	got := s.do(t, "/people", person, "Content-Type", personKind)
	var profile store.Profile
	testkit.Succeed(t, json.Unmarshal([]byte(got.body), &profile))
	if got.status != http.StatusAccepted || len(profile.ImageNames) != 1 {
		t.Fatalf("with room again: %d %s", got.status, got.body)
	}
	if saved, err := os.ReadFile(filepath.Join(s.gallery, profile.ImageNames[0])); err != nil || string(saved) != large {
		t.Errorf("the photo has %d bytes, %v", len(saved), err)
	}
}

func TestAFullDatabase(t *testing.T) {
	s := newSystem(t)
	own := deptest.OwnMySQL(t)
	testkit.Succeed(t, store.Migrate(t.Context(), own.DSN))
	pictures := testkit.Must(store.Open(store.Settings{Database: store.Database{DSN: own.DSN}, Connections: 4}))(t)
	t.Cleanup(func() { pictures.Close() })
	s.useDatabase(pictures)

	batch := func(i int) reply {
		var paths []string
		for n := range 500 {
			paths = append(paths, fmt.Sprintf(`{"path":"%d/%d/%s"}`, i, n, strings.Repeat("x", 1000)))
		}
		return s.do(t, "/", `{"paths":[`+strings.Join(paths, ",")+`]}`, "Accept", "application/json")
	}
	own.Limit(t, 17<<20)
	accepted, refused := 0, reply{}
	for i := 0; i < 200 && refused.status == 0; i++ {
		if got := batch(i); got.status == http.StatusAccepted {
			accepted += len(got.images(t))
		} else {
			refused = got
		}
	}
	t.Logf("full after %d pictures", accepted)
	if refused.status != http.StatusInsufficientStorage || refused.header.Get("Retry-After") == "" ||
		!strings.Contains(refused.body, "the database is full") || strings.Contains(refused.body, "sql") || strings.Contains(refused.body, "1114") {
		t.Errorf("%d %s, want 507 with what to do", refused.status, refused.body)
	}
	if rows := countImages(t, pictures); rows != accepted {
		t.Errorf("%d rows for %d accepted pictures", rows, accepted)
	}

	own.Unlimit(t)
	if got := batch(1000); got.status != http.StatusAccepted {
		t.Errorf("with room again: %d %.300s", got.status, got.body)
	}
	if rows := countImages(t, pictures); rows != accepted+500 {
		t.Errorf("%d rows, want 500 more than %d", rows, accepted)
	}
}

// TestAReadOnlyDatabase has a primary that turned read-only, and no other took its place.
func TestAReadOnlyDatabase(t *testing.T) {
	s := newSystem(t)
	own := deptest.OwnMySQL(t)
	testkit.Succeed(t, store.Migrate(t.Context(), own.DSN))
	// Of an account of little rights: an administrator may write all the same.
	pictures := testkit.Must(store.Open(store.Settings{Database: store.Database{DSN: deptest.Account(t, own.DSN, "receive")}, Connections: 4}))(t)
	t.Cleanup(func() { pictures.Close() })
	s.useDatabase(pictures)
	admin := deptest.SQL(t, own.DSN)
	testkit.Must(admin.ExecContext(t.Context(), "SET GLOBAL read_only=ON"))(t)
	got := s.do(t, "/image/post", `{"path":"a.jpg"}`, "Accept", "application/json")
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" ||
		!strings.Contains(got.body, "the database is read-only") || strings.Contains(got.body, "1290") {
		t.Errorf("%d %s, want 503 that says so", got.status, got.body)
	}
	testkit.Must(admin.ExecContext(t.Context(), "SET GLOBAL read_only=OFF"))(t)
	if got := s.do(t, "/image/post", `{"path":"a.jpg"}`); got.status != http.StatusAccepted {
		t.Errorf("when it takes writes again: %d %s", got.status, got.body)
	}
}

// useDatabase puts another database in the place of the system's own.
func (s *system) useDatabase(db *store.Store) {
	s.store, s.receiver.store, s.publisher.store, s.sweeper.rows = db, db, db, db
	s.sweeper.publisher = s.publisher
	s.together.rows, s.together.publisher = db, s.publisher
}

func countImages(t *testing.T, s *store.Store) int {
	t.Helper()
	images, _, err := s.Images(context.WithoutCancel(t.Context()), store.Filter{Limit: 1_000_000})
	testkit.Succeed(t, err)
	return len(images)
}

func TestASchemaThatIsTooOldSaysWhatToDo(t *testing.T) {
	s := newSystem(t)
	dsn := deptest.MySQL(t)
	pictures := testkit.Must(store.Open(store.Settings{Database: store.Database{DSN: dsn}, Connections: 2}))(t)
	t.Cleanup(func() { pictures.Close() })
	s.useDatabase(pictures)
	if got := s.do(t, "/image/post", `{"path":"a.jpg"}`); got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "make migrate") {
		t.Errorf("%d %s, want 503 with the command", got.status, got.body)
	}
	testkit.Succeed(t, store.Migrate(t.Context(), dsn))
	if got := s.do(t, "/image/post", `{"path":"a.jpg"}`); got.status != http.StatusAccepted {
		t.Errorf("after the migration: %d %s", got.status, got.body)
	}
}
