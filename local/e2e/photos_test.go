package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lineup.dev/lineup/local/parts"
)

// truth says who is in the photos beside this repository, in ../shared/photos, by
// the README there: single portraits and groups, known people and strangers.
var truth = map[string][]string{
	"family1_dad_2":      {"family1_dad"},
	"family1_dad_3":      {"family1_dad"},
	"family1_mom_2":      {"family1_mom"},
	"family1_son_2":      {"family1_son"},
	"family1_daughter_2": {"family1_daughter"},
	"family1_daughter_3": {"family1_daughter"},
	"family2_lady_2":     {"family2_lady"},
	"family2_man_2":      {"family2_man"},
	"family3_lady_1":     nil,
	"family3_man_1":      nil,
	"group_family1":      {"family1_dad", "family1_mom", "family1_son", "family1_daughter"},
	"group_strangers":    nil,
}

func TestPhotosWithAKnownTruth(t *testing.T) {
	root, err := parts.ModuleRoot()
	must(t, err)
	photos := filepath.Join(root, "..", "shared", "photos")
	if _, err := os.Stat(photos); err != nil {
		t.Skipf("the photos with a known truth are not on this machine: no folder %s", "../shared/photos")
	}
	c := start(t, filepath.Join(photos, "unknown"))
	people, err := filepath.Glob(filepath.Join(photos, "known_people", "*.jpg"))
	must(t, err)
	if len(people) != 6 {
		t.Fatalf("%d photos of known people, want 6", len(people))
	}
	for _, photo := range people {
		c.enrol(strings.TrimSuffix(filepath.Base(photo), "_1.jpg"), photo)
	}
	for _, photo := range people {
		c.awaitGallery(func() bool {
			id := c.accepted("/images", againAs(read(t, photo)), "Content-Type", "image/jpeg")[0]
			return len(known(c.final(id))) == 1
		})
	}
	for file, names := range truth {
		t.Run(file, func(t *testing.T) {
			c := client{t, c.System}
			wantKnown(t, c.final(c.accepted("/image/post", []byte(`{"path":"`+file+`.jpg"}`))[0]), names...)
		})
	}
}
