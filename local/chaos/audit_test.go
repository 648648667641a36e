package chaos

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
)

func TestMain(m *testing.M) { os.Exit(deptest.Main(m)) }

func TestBehindIsWhatTheGalleryHasComparedAgain(t *testing.T) {
	t.Parallel()
	dsn := deptest.Migrated(t)
	a, err := newAudit(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.close)
	for _, step := range []struct {
		what, statement string
		want            int
	}{
		{"a picture", "INSERT INTO images (id, path, status, created_at, updated_at) VALUES (1, 'a.jpg', 'unknown', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))", 0},
		{"a face that is compared", "INSERT INTO faces (image_id, gallery_state) VALUES (1, 5)", 0},
		{"the state that it is compared with", "UPDATE gallery SET state=5, named_state=5", 0},
		{"a stranger that began, for whom nothing is compared again", "UPDATE gallery SET state=6", 0},
		{"somebody who was named", "UPDATE gallery SET state=7, named_state=7", 1},
		{"a face compared with a stranger's state since", "UPDATE faces SET gallery_state=8", 0},
		{"a range that waits", "INSERT INTO rematches (first_image, gallery_state) VALUES (0, 7)", 1},
	} {
		if _, err := a.db.ExecContext(t.Context(), step.statement); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		if got, err := a.behind(t.Context()); err != nil || got != step.want {
			t.Errorf("after %s: %d behind, %v; want %d", step.what, got, err, step.want)
		}
	}
}

func TestAnErasedNameIsFoundInFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"known_people/ann_0003-5.jpg": "photo", "logs/view.log": "renamed to ANN 0003", "mariadb/undo": "Ann 0003", "nsqd/images.dat": "Bea 0004",
	} {
		path := filepath.Join(folder, name)
		testkit.Succeed(t, os.MkdirAll(filepath.Dir(path), 0o755))
		testkit.Succeed(t, os.WriteFile(path, []byte(content), 0o644))
	}
	found := strings.Join(testkit.Must(tracesInFiles(folder, []string{"Ann 0003"}))(t), "; ")
	if strings.Count(found, "; ") != 1 || !strings.Contains(found, "ann_0003-5.jpg holds") || !strings.Contains(found, "view.log holds") {
		t.Errorf("the name is found in %q, want in the log and the photo's name", found)
	}
}
