package e2e

import (
	"os"
	"path/filepath"
	"slices"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/samples"
	"lineup.dev/lineup/local/testkit"
)

// portraitsAreRecognised uploads portraits of the sample people, who are enrolled by other photos of theirs or by the
// same, and of strangers.
func portraitsAreRecognised(c client) {
	folder := deptest.People(c.t)
	people, err := os.ReadDir(folder)
	testkit.Succeed(c.t, err)
	want := map[int64][]string{}
	for _, person := range people {
		var names []string
		if slices.ContainsFunc(samples.People, func(p samples.Person) bool { return p.Name == person.Name() }) {
			names = []string{person.Name()}
		}
		photos, err := filepath.Glob(filepath.Join(folder, person.Name(), "*.jpg"))
		testkit.Succeed(c.t, err)
		for _, photo := range photos {
			want[c.accepted("/images", read(c.t, photo), "Content-Type", "image/jpeg")[0]] = names
		}
	}
	for id, names := range want {
		wantKnown(c.t, c.final(id), names...)
	}
}
