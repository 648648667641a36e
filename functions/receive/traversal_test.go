package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/store"
)

// newTraversal is a receiver whose pictures and gallery are one root full of links that
// lead out of it.
func newTraversal(t *testing.T) (*system, deptest.Traversal) {
	t.Helper()
	traversal := deptest.NewTraversal(t, []byte("\xff\xd8\xff what lies outside"))
	s := newSystem(t)
	roots := testkit.Must(photo.Open(traversal.Root))(t)
	t.Cleanup(func() { roots.Close() })
	s.gallery, s.images = traversal.Root, traversal.Root
	s.receiver.roots, s.receiver.gallery = roots, roots
	return s, traversal
}

// named is a form with one file, whatever its name is.
func named(t *testing.T, field, fileName, value, name string) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	if name != "" {
		testkit.Succeed(t, form.WriteField("name", name))
	}
	part := testkit.Must(form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + field + `"; filename="` + fileName + `"`}}))(t)
	testkit.Must(part.Write([]byte(value)))(t)
	testkit.Succeed(t, form.Close())
	return b.String(), form.FormDataContentType()
}

// TestNoStringMakesReceiveWriteOutside brings every string in a path, an event, the
// name of a file and the name of a person.
func TestNoStringMakesReceiveWriteOutside(t *testing.T) {
	s, traversal := newTraversal(t)
	quoted := strings.NewReplacer("\\", "\\\\", `"`, `\"`, "\n", "%0A", "\r", "%0D")
	for i, way := range traversal.Paths {
		data := testkit.Must(json.Marshal(map[string]string{"path": way}))(t)
		answers := map[string]reply{
			"a path":   s.do(t, "/image/post", string(data), "Accept", "application/json"),
			"raw JSON": s.do(t, "/image/post", `{"path":"`+way+`"}`, "Accept", "application/json"),
			"an event": s.do(t, "/", string(data), "Ce-Specversion", "1.0", "Ce-Type", "dev.lineup.image.submitted", "Ce-Source", "/test",
				"Ce-Id", fmt.Sprint(i), "Content-Type", "application/json", "Accept", "application/json"),
		}
		body, kind := named(t, "image", quoted.Replace(way), fmt.Sprintf("\xff\xd8\xff upload %d", i), "")
		answers["a file"] = s.do(t, "/images", body, "Content-Type", kind, "Accept", "application/json")
		body, kind = named(t, "photo", quoted.Replace(way), fmt.Sprintf("\xff\xd8\xff photo %d", i), way)
		answers["a person"] = s.do(t, "/people", body, "Content-Type", kind)
		body, kind = named(t, quoted.Replace(way), "a.jpg", "\xff\xd8\xff", "")
		answers["a field"] = s.do(t, "/images", body, "Content-Type", kind)
		for what, got := range answers {
			if got.status >= http.StatusInternalServerError || strings.Contains(got.body, "what lies outside") {
				t.Errorf("%s %q: %d %s", what, way, got.status, got.body)
			}
		}
		if got := answers["a file"]; got.status != http.StatusAccepted && !strings.ContainsRune(way, 0) { // NUL is in no header
			t.Errorf("a file named %q: %d %s", way, got.status, got.body)
		}
	}
	traversal.Untouched(t)

	uploadName, photoName := regexp.MustCompile(`^uploads/[0-9a-f]{2}/[0-9a-f]{64}\.jpg$`), regexp.MustCompile(`^[\pL\d_]+-[0-9a-f]{16}\.jpg$`)
	links := 0
	for _, file := range filesBelow(t, traversal.Root) {
		info := testkit.Must(os.Lstat(file))(t)
		name := testkit.Must(filepath.Rel(traversal.Root, file))(t)
		switch {
		case info.Mode()&os.ModeSymlink != 0:
			links++
		case name != "a.jpg" && !uploadName.MatchString(name) && !photoName.MatchString(name):
			t.Errorf("receive wrote %q", name)
		}
	}
	if links != 9 {
		t.Errorf("of the 9 links %d are left", links)
	}
	images, _, err := s.store.Images(t.Context(), store.Filter{Limit: 10_000})
	testkit.Succeed(t, err)
	for _, image := range images {
		if !utf8.ValidString(image.Path) || slices.Contains(strings.Split(image.Path, "/"), "..") || strings.ContainsRune(image.Path, 0) {
			t.Errorf("a row has the path %q", image.Path)
		}
	}
}

// A link in the place of the folder for uploads, or of a photo, is not followed out.
func TestNoLinkMakesReceiveWriteOutside(t *testing.T) {
	s, traversal := newTraversal(t)
	testkit.Succeed(t, os.Symlink("../elsewhere", filepath.Join(traversal.Root, "uploads")))
	body, kind := named(t, "image", "a.jpg", "\xff\xd8\xff upload", "")
	if got := s.do(t, "/images", body, "Content-Type", kind); got.status != http.StatusServiceUnavailable || strings.Contains(got.body, traversal.Base) {
		t.Errorf("uploads leads out: %d %s, want 503 that shows no folder", got.status, got.body)
	}
	const face = "\xff\xd8\xff photo"
	name := imageName("Ann", newUpload([]byte(face), ""))
	testkit.Succeed(t, os.Symlink("../secret.jpg", filepath.Join(traversal.Root, name)))
	body, kind = named(t, "photo", "a.jpg", face, "Ann")
	if got := s.do(t, "/people", body, "Content-Type", kind); got.status != http.StatusAccepted {
		t.Errorf("a photo's place is a link: %d %s", got.status, got.body)
	}
	if saved, err := os.ReadFile(filepath.Join(traversal.Root, name)); err != nil || string(saved) != face {
		t.Errorf("the photo is %q, %v", saved, err)
	}
	traversal.Untouched(t)
}

// Whatever a person is called, their photo has a plain file name.
func FuzzPersonName(f *testing.F) {
	for _, name := range []string{"Ann", "../../etc/passwd", "/etc", "..", ".hidden", "a\x00b", "\xc0\xae", "%2e%2e%2f", "C:\\a", "Łukasz 🙂", strings.Repeat("𝕏", 200), "-rf", "a\u202eb", "．．／", "İ"} {
		f.Add(name)
	}
	plain := regexp.MustCompile(`^[\pL\p{Nd}_]+-[0-9a-f]{16}\.jpg$`)
	content := newUpload([]byte("\xff\xd8\xff"), "")
	f.Fuzz(func(t *testing.T, name string) {
		clean, err := personName(name)
		if err != nil {
			return
		}
		if again, err := personName(clean); err != nil || again != clean {
			t.Errorf("personName(%q) = %q, and of that %q, %v: want one form", name, clean, again, err)
		}
		file := imageName(clean, content)
		if !plain.MatchString(file) || len(file) > 255 || !utf8.ValidString(file) {
			t.Errorf("the photo of %q is called %q", name, file)
		}
	})
}
