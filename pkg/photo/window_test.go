package photo

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Whatever the window, every name comes once and in order, from any name on.
func TestWalkOfAFolderThatIsLargerThanTheWindow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var names []string
	for i := range 45 {
		names = append(names, fmt.Sprintf("%02d.jpg", i), fmt.Sprintf("%02d.d/1.jpg", i), fmt.Sprintf("%02d.d/2.jpg", i))
	}
	for _, name := range names {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(names)
	for _, window := range []int{1, 2, 7, 20, 45, 90, 1000} {
		for i := -1; i < len(names); i++ {
			after := ""
			if i >= 0 {
				after = names[i]
			}
			var got []string
			for name, err := range (folder{dir: dir, window: window}).walk(t.Context(), "", after, func(string) bool { return false }) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, name)
			}
			if want := names[i+1:]; !slices.Equal(got, want) {
				t.Fatalf("window %d, after %q: %q, want %q", window, after, got, want)
			}
		}
	}
}
