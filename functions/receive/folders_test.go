package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/store"
)

// newFolderSystem has no other root, where a folder might be as well.
func newFolderSystem(t *testing.T) *system {
	t.Helper()
	s := newSystem(t)
	s.roots = testkit.Must(photo.Open(s.images))(t)
	s.walker.roots, s.comparer.roots = s.roots, s.roots
	return s
}

// putFiles makes files of these names below the first root.
func (s *system) putFiles(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		file := filepath.Join(s.images, name)
		testkit.Succeed(t, os.MkdirAll(filepath.Dir(file), 0o755))
		testkit.Succeed(t, os.WriteFile(file, nil, 0o644))
	}
}

// putMany makes n files in a folder.
func (s *system) putMany(t *testing.T, folder string, n int) {
	t.Helper()
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s/%05d.jpg", folder, i)
	}
	s.putFiles(t, names...)
}

func (s *system) folder(t *testing.T, id int64) lineup.Folder {
	t.Helper()
	return testkit.Must(s.store.Folder(t.Context(), id))(t)
}

func (s *system) paths(t *testing.T) map[string]bool {
	t.Helper()
	images, _, err := s.store.Images(t.Context(), store.Filter{Limit: 10_000})
	testkit.Succeed(t, err)
	paths := map[string]bool{}
	for _, image := range images {
		if paths[image.Path] {
			t.Errorf("%s has two rows", image.Path)
		}
		paths[image.Path] = true
	}
	return paths
}

func (r reply) folders(t *testing.T) []folder {
	t.Helper()
	var body struct {
		Images  []picture
		Folders []folder
	}
	if err := json.Unmarshal([]byte(r.body), &body); err != nil || body.Images == nil {
		t.Fatalf("answer %d %q: %v", r.status, r.body, err)
	}
	return body.Folders
}

func TestAFolderIsSubmittedWhole(t *testing.T) {
	s := newFolderSystem(t)
	s.putFiles(t, "a/1.jpg", "a/b/2.png", "a/.3.jpg", "a/4.txt", "c.jpg")
	for _, step := range []struct{ name, body, want string }{
		{"a new folder", `{"path":"a/"}`, "got path: {Path:a/}\nfolder saved with id: 1\nimages found: 2\n"},
		{"a known one", `{"path":"./a//"}`, "got path: {Path:./a//}\nfolder already saved with id: 1\nimages found: 2\n"},
		{"among pictures, and one that is not there", `{"paths":[{"path":"c.jpg"},{"path":"none/"},{"path":"a/"}]}`,
			"got path: {Path:c.jpg}\nimage saved with id: 3\nimage sent to nsq\n" +
				"got path: {Path:none/}\nfolder not saved: no such folder\n" +
				"got path: {Path:a/}\nfolder already saved with id: 1\nimages found: 2\n"},
	} {
		if got := s.do(t, "/images/post", step.body); got.status != http.StatusAccepted || got.body != step.want {
			t.Errorf("%s: %d %q, want 202 %q", step.name, got.status, got.body, step.want)
		}
	}
	if got := s.depth(t); got != 3 {
		t.Errorf("%d hints on the queue for three pictures", got)
	}
	if got := s.folder(t, 1); got.Found != 2 || got.Submitted != 2 || got.FinishedAt == nil {
		t.Errorf("%+v", got)
	}
	s.putFiles(t, "a/5.jpg")
	got := s.do(t, "/", `{"path":"a/"}`)
	if want := (folder{ID: 1, Path: "a/", Found: 3}); got.status != http.StatusAccepted || got.folders(t)[0] != want {
		t.Errorf("with a file more: %d %s", got.status, got.body)
	}
	if got := s.paths(t); len(got) != 4 || !got["a/5.jpg"] || !got["a/b/2.png"] {
		t.Errorf("rows of %v", got)
	}
}

// Known files are not looked at again with their folder, but for those that changed.
func TestAFolderPostedAgainFindsOverwrittenFiles(t *testing.T) {
	s := newFolderSystem(t)
	s.putFiles(t, "a/1.jpg", "a/2.jpg")
	s.do(t, "/", `{"path":"a/"}`)
	s.look(t, 1)
	s.look(t, 2)
	s.put(t, "a/2.jpg", "another")
	s.do(t, "/", `{"path":"`+s.images+`/a/"}`) // the same folder, spelled otherwise
	for id, status := range map[int64]lineup.Status{1: lineup.Unknown, 2: lineup.Pending} {
		if got := testkit.Must(s.store.Image(t.Context(), id))(t); got.Status != status {
			t.Errorf("image %d is %s, want %s", id, got.Status, status)
		}
	}
	if got := s.depth(t); got != 3 {
		t.Errorf("%d hints on the queue, want one for each content", got)
	}
	if got := s.folder(t, 1); got.Submitted != 2 || got.Done != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAnEventMaySubmitAFolder(t *testing.T) {
	s := newFolderSystem(t)
	s.putFiles(t, "a/1.jpg")
	header := []string{"Ce-Specversion", "1.0", "Ce-Id", "1", "Ce-Source", "/me", "Ce-Type", "dev.lineup.image.submitted", "Content-Type", "application/json"}
	if got := s.do(t, "/", `{"path":"a/"}`, header...); got.status != http.StatusAccepted || got.body != "" {
		t.Errorf("%d %q", got.status, got.body)
	}
	if got := s.folder(t, 1); got.Submitted != 1 {
		t.Errorf("%+v", got)
	}
	if got := s.do(t, "/", `{"path":"none/"}`, header...); got.status != http.StatusUnprocessableEntity {
		t.Errorf("%d %q", got.status, got.body)
	}
}

func TestAFolderThatIsNotThereIsRefused(t *testing.T) {
	s := newFolderSystem(t)
	s.putFiles(t, "a.jpg")
	for path, want := range map[string]string{
		"none/":        "no such folder",
		"a.jpg/":       "post it without the slash",
		"/elsewhere/":  "outside the picture roots",
		"../":          "path refused",
		"s3://other/":  "none of the picture roots",
		"http://a/b/":  "none of the picture roots",
		s.images + "/": "", // the root itself is one
	} {
		got := s.do(t, "/", fmt.Sprintf(`{"path":%q}`, path))
		folders := got.folders(t)
		if want == "" {
			if got.status != http.StatusAccepted || folders[0].Found != 1 {
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
			continue
		}
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(folders[0].Error, want) || !strings.Contains(got.body, `"detail":`) {
			t.Errorf("%s: %d %s, want 422 and %q", path, got.status, got.body, want)
		}
	}
}

// A walk that is broken off anywhere, by the time or by a kill, goes on behind what
// was written, and no picture has two rows.
func TestAWalkGoesOnAtPings(t *testing.T) {
	s := newFolderSystem(t)
	const many = 2*walkBatch + 100
	s.putMany(t, "a", many)
	s.walker.Time = 1 // over after a batch
	want := fmt.Sprintf("got path: {Path:a/}\nfolder saved with id: 1\nimages found so far: %d, the others will be\n", walkBatch)
	// To list the folder has no more time either.
	if got := s.do(t, "/image/post", `{"path":"a/"}`); got.body == want {
		t.Error("a nanosecond was enough")
	}
	if got := s.folder(t, 1); got.Found != 0 || got.FinishedAt != nil || got.Problem == "" {
		t.Errorf("without any time: %+v", got)
	}
	testkit.Succeed(t, s.ping(t.Context()))
	if got := s.folder(t, 1); got.Found != walkBatch || got.Submitted != walkBatch || got.FinishedAt != nil || got.Problem != "" {
		t.Errorf("after a ping: %+v", got)
	}
	// A walker was killed: it had the claim, and nothing of its batch was written.
	dead := testkit.Must(s.store.ClaimFolder(t.Context(), 1, walkLease))(t)
	testkit.Succeed(t, s.ping(t.Context()))
	if got := s.folder(t, 1); got.Found != walkBatch {
		t.Errorf("while another walks it: %+v", got)
	}
	s.exec(t, "UPDATE folders SET lease_until = UTC_TIMESTAMP(6)")
	for range 3 {
		testkit.Succeed(t, s.ping(t.Context()))
	}
	if got := s.folder(t, 1); got.Found != many || got.Submitted != many || got.FinishedAt == nil {
		t.Errorf("at the end: %+v", got)
	}
	if got := s.paths(t); len(got) != many {
		t.Errorf("%d rows of %d files", len(got), many)
	}
	if _, err := s.store.SubmitWalked(t.Context(), dead, store.Paths("a/x")); err == nil {
		t.Error("the dead one could write")
	}
}

func TestAFolderDoesNotFloodTheQueue(t *testing.T) {
	s := newFolderSystem(t)
	const many, fill = walkBatch + 100, 50
	s.putMany(t, "a", many)
	s.walker.fill, s.sweeper.Fill = fill, fill
	if got := s.do(t, "/", `{"path":"a/"}`).folders(t); got[0].Found != many {
		t.Errorf("%+v", got)
	}
	if got := s.depth(t); got != fill {
		t.Errorf("%d hints on the queue, want %d", got, fill)
	}
	s.nextHints(t, fill)
	testkit.Succeed(t, s.ping(t.Context())) // which fills it again
	if got := s.depth(t); got != fill {
		t.Errorf("%d hints on the queue after a ping, want %d", got, fill)
	}
}

func TestAFolderIsSubmittedWhileNSQIsDown(t *testing.T) {
	s := newFolderSystem(t)
	s.putMany(t, "a", 3)
	s.nsqd.Stop()
	if got := s.do(t, "/", `{"path":"a/"}`); got.status != http.StatusAccepted || got.folders(t)[0].Found != 3 {
		t.Errorf("%d %s", got.status, got.body)
	}
	s.nsqd.Start(t)
	testkit.Succeed(t, s.ping(t.Context()))
	if got := s.depth(t); got != 3 {
		t.Errorf("%d hints on the queue", got)
	}
}

func TestAFolderWaitsForItsRoot(t *testing.T) {
	s := newFolderSystem(t)
	away := s.images + ".away"
	testkit.Succeed(t, os.Rename(s.images, away))
	if got := s.do(t, "/", `{"path":"`+s.images+`/a/"}`); got.status != http.StatusAccepted || got.folders(t)[0].ID != 1 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := s.folder(t, 1); got.FinishedAt != nil || !strings.Contains(got.Problem, "cannot be reached") {
		t.Errorf("%+v", got)
	}
	testkit.Succeed(t, os.Rename(away, s.images))
	s.putFiles(t, "a/1.jpg")
	testkit.Succeed(t, s.ping(t.Context()))
	if got := s.folder(t, 1); got.FinishedAt == nil || got.Found != 1 || got.Problem != "" {
		t.Errorf("%+v", got)
	}
}

// What a walk passes over is refused when it is posted by itself.
func TestReservedPathsAreRefused(t *testing.T) {
	s := newFolderSystem(t)
	roots := testkit.Must(photo.Open(s.images))(t)
	roots.Reserve(testkit.Must(photo.Open(filepath.Join(s.images, "people")))(t))
	s.roots, s.walker.roots = roots, roots
	s.putFiles(t, "derived/a.jpg", "people/a.jpg", "a.jpg", ".b.jpg")
	for _, path := range []string{"derived/a.jpg", "people/a.jpg", s.images + "/people/a.jpg", ".b.jpg"} {
		if got := s.do(t, "/", fmt.Sprintf(`{"path":%q}`, path)); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if got := s.do(t, "/", `{"path":"./"}`).folders(t); got[0].Found != 1 {
		t.Errorf("%+v", got)
	}
	if got := s.paths(t); len(got) != 1 || !got["a.jpg"] {
		t.Errorf("%v", got)
	}
}

// A name that no path can have is passed over, and the others are submitted.
func TestAFolderWithNamesThatAreRefused(t *testing.T) {
	s := newFolderSystem(t)
	s.putFiles(t, "a/1.jpg", "a/\xff.jpg", "a/2.jpg", strings.Repeat("a/"+strings.Repeat("b", 200)+"/", 6)+"3.jpg")
	if got := s.do(t, "/", `{"path":"a/"}`).folders(t); got[0].Found != 4 {
		t.Errorf("%+v", got)
	}
	if got := s.folder(t, 1); got.Submitted != 2 || got.FinishedAt == nil {
		t.Errorf("%+v", got)
	}
}
