package photo

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// endless is a root with a PNG that has no end.
type endless struct {
	root
	read int
}

func (e *endless) locate(path string) (string, bool) { return path, true }

func (e *endless) open(_ context.Context, name string) (io.ReadCloser, Entry, error) {
	return io.NopCloser(e), Entry{Name: name, Size: 1 << 40, ModTime: time.Now()}, nil
}

func (e *endless) Read(p []byte) (int, error) {
	if e.read > 64<<10 {
		return 0, io.ErrUnexpectedEOF // a picture that is read whole would take all memory
	}
	n := copy(p, strings.Repeat("\x89PNG\r\n\x1a\n", len(p)/8+1))
	e.read += n
	return n, nil
}

func TestStatReadsTheFirstBytesOnly(t *testing.T) {
	t.Parallel()
	e := new(endless)
	info, err := (&Roots{roots: []*guarded{{root: e, Patience: Patience{ReadTimeout: time.Minute}}}}).Stat(t.Context(), "a.png")
	if err != nil || info.Format.Name != "PNG" || info.Size != 1<<40 {
		t.Errorf("%+v, %v", info, err)
	}
	if e.read > sniffBytes {
		t.Errorf("%d bytes were read, want %d at most", e.read, sniffBytes)
	}
}

// A folder that is not synced may be gone after a crash, and the picture with it.
func TestSaveSyncsThePictureAndEveryFolderAboveIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var synced []string
	f := folder{dir: dir, sync: func(file *os.File) error {
		name, err := filepath.Rel(dir, file.Name())
		if strings.HasPrefix(filepath.Base(name), ".saving-") {
			name = "the picture"
		}
		synced = append(synced, name)
		return err
	}}
	for range 2 { // the second time the folders are there: the save that made them may not have synced them yet
		synced = nil
		if err := f.save(t.Context(), "uploads/ab/c.jpg", []byte("picture")); err != nil {
			t.Fatal(err)
		}
		if want := []string{"the picture", "uploads/ab", "uploads", "."}; !slices.Equal(synced, want) {
			t.Errorf("synced %q, want %q", synced, want)
		}
	}
}
