package photo_test

import (
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/serve"
)

// settings are what a program embeds.
type settings struct {
	photo.RootsSettings
	photo.GallerySettings
	photo.Limits
}

func defaults() *settings {
	return &settings{photo.RootsSettings{ImagesURL: "images", Patience: photo.Patience{ReadTimeout: time.Second, RootWait: time.Second}}, photo.GallerySettings{KnownPeople: "people"}, photo.Limits{MaxPicture: 20 << 20}}
}

func TestSettings(t *testing.T) {
	testkit.Settings(t, func() any { return defaults() })
}

func TestRootsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		images, people string
		wrong          []string
	}{
		"folders, buckets and a gallery":   {"/a, file:///b,s3://c?region=eu-central-1", "s3://d", nil},
		"a folder that is not there":       {"/not/there/yet", "/nor/this", nil},
		"nothing":                          {"", "", []string{"IMAGES_URL", "KNOWN_PEOPLE"}},
		"an empty root":                    {"/a,", "/b", []string{"IMAGES_URL"}},
		"a file URL with two slashes":      {"file://a", "file://b", []string{"IMAGES_URL", "KNOWN_PEOPLE"}},
		"a kind of bucket that is unknown": {"/a", "ftp://b", []string{"KNOWN_PEOPLE"}},
		"two roots that cannot be":         {"ftp://a,/b,file://c", "/b", []string{"IMAGES_URL", "IMAGES_URL"}},
		"a bucket with a path":             {"s3://a/../b", "s3://a/b", []string{"IMAGES_URL", "KNOWN_PEOPLE"}},
		"a bucket with a slash":            {"s3://a/", "s3://a/?prefix=b/", nil},
		"two galleries":                    {"/a", "/b,/c", []string{"KNOWN_PEOPLE"}},
	} {
		s := defaults()
		s.ImagesURL, s.KnownPeople = c.images, c.people
		var lines []string
		if err := serve.Check(s); err != nil {
			lines = strings.Split(err.Error(), "\n")
		}
		if len(lines) != len(c.wrong) {
			t.Errorf("%s: %q, want one for each of %v", what, lines, c.wrong)
			continue
		}
		for i, key := range c.wrong {
			if !strings.HasPrefix(lines[i], key) {
				t.Errorf("%s: %q, want %s", what, lines[i], key)
			}
		}
	}
}
