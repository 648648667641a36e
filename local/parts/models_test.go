package parts

import (
	"os"
	"path/filepath"
	"testing"
)

func TestModelsReplaceWhatIsNotPinnedAndLeaveTheRest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"fr_detect.onnx", "models.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // what is complete is left as it is
		if err := userCache(t).Models(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range models.files {
		if same, err := isSame(os.DevNull, f, filepath.Join(dir, f.name())); err != nil || !same {
			t.Errorf("%s is not what was pinned: %v", f.name(), err)
		}
	}
	if content, _ := os.ReadFile(filepath.Join(dir, "models.json")); string(content) != "mine" {
		t.Errorf("models.json is %q", content)
	}
	files, _ := os.ReadDir(dir)
	if len(files) != 8 {
		t.Errorf("the folder holds %v", files)
	}
}

func TestAFileIsCopiedWhereItCannotBeLinked(t *testing.T) {
	t.Parallel()
	other, err := os.MkdirTemp("/dev/shm", "lineup-") // another file system than that of temporary files
	if err != nil {
		t.Skipf("there is no second file system to copy to: %v", err)
	}
	t.Cleanup(func() { os.RemoveAll(other) })
	from, to := filepath.Join(t.TempDir(), "f"), filepath.Join(other, "f")
	if err := os.WriteFile(from, []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	f := packed{"package/f", sum("content"), 0}
	if err := place(from, f, to); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(to); string(content) != "content" {
		t.Errorf("the copy is %q, %v", content, err)
	}
}
