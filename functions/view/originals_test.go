package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testkit"
)

// unpacked are the files of an archive by their names.
func unpacked(t *testing.T, body string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, file := range testkit.Must(zip.NewReader(strings.NewReader(body), int64(len(body))))(t).File {
		content := testkit.Must(file.Open())(t)
		files[file.Name] = string(testkit.Must(io.ReadAll(content))(t))
		content.Close()
	}
	return files
}

func TestChosenOriginalsAreOneArchive(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.DownloadMost = 4 })
	withExif := slices.Concat([]byte("\xff\xd8\xff\xe1\x00\x14Exif\x00\x00a secret....."), jpegOf(t)[2:])
	s.put(t, "a.jpg", withExif)
	s.put(t, "b.jpg", jpegOf(t))
	one, other := s.finish(t, "a.jpg", withFaces()), s.finish(t, "b.jpg", withFaces())
	gone := s.finish(t, "gone.jpg", withFaces())
	s.edit(t, "UPDATE images SET file_name = ?, shown_name = file_name WHERE id IN (?, ?)", `..\evil/holiday.jpg`, one, other)
	path := fmt.Sprintf("/originals?image=%d&image=%d&image=%d", one, other, gone)
	r := s.get(t, path)
	if r.status != http.StatusOK || r.header.Get("Content-Type") != "application/zip" || r.header.Get("Content-Disposition") != `attachment; filename="pictures.zip"` {
		t.Fatalf("%d %v", r.status, r.header)
	}
	files := unpacked(t, r.body)
	first, second := fmt.Sprintf("%d-holiday.jpg", one), "holiday.jpg"
	if len(files) != 3 || files[second] != string(jpegOf(t)) || len(files[first]) == 0 || strings.Contains(files[first], "secret") {
		t.Errorf("the archive has %d files: %q", len(files), files)
	}
	if want := fmt.Sprintf("Picture %d, gone.jpg: There is no file at this path.", gone); !strings.Contains(files[leftOut], want) {
		t.Errorf("%s is %q, want %q", leftOut, files[leftOut], want)
	}
	s.view.options.Originals = "as-is"
	if files := unpacked(t, s.get(t, path).body); !bytes.Equal([]byte(files[first]), withExif) {
		t.Errorf("as-is it is %q", files[first])
	}
	for path, want := range map[string]int{
		"/originals": http.StatusBadRequest, "/originals?image=x": http.StatusBadRequest, "/originals?image=99": http.StatusNotFound,
		"/originals?image=1&image=2&image=3&image=4&image=5": http.StatusBadRequest,
	} {
		if r := s.get(t, path); r.status != want {
			t.Errorf("GET %s: %d, want %d", path, r.status, want)
		}
	}
	if r := s.get(t, "/originals?image=1&image=2&image=3&image=4&image=5"); !strings.Contains(r.body, "DOWNLOAD_MOST") {
		t.Errorf("too many are answered %s", r.body)
	}
}
