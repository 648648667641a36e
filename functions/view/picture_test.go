package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
)

// drawn is a small picture, encoded.
func drawn(t *testing.T, encode func(io.Writer, image.Image) error) []byte {
	t.Helper()
	var b bytes.Buffer
	testkit.Succeed(t, encode(&b, image.NewPaletted(image.Rect(0, 0, 8, 6), []color.Color{color.Black})))
	return b.Bytes()
}

func jpegOf(t *testing.T) []byte {
	return drawn(t, func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) })
}

func TestAPictureIsServedAsWhatItIs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	// No encoder for WebP is at hand: this is the head that tells one, and a picture of one pixel (VP8L).
	webp := []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00")
	for kind, body := range map[string][]byte{
		"image/jpeg": jpegOf(t),
		"image/png":  drawn(t, png.Encode),
		"image/gif":  drawn(t, func(w io.Writer, m image.Image) error { return gif.Encode(w, m, nil) }),
		"image/webp": webp,
	} {
		name := strings.ReplaceAll(kind, "/", "_") + ".html" // the name does not count
		s.put(t, name, body)
		r := s.get(t, fmt.Sprintf("/images/%d/picture", s.submit(t, name)))
		if r.status != http.StatusOK || r.body != string(body) || r.header.Get("Content-Type") != kind {
			t.Errorf("%s: %d %s, %d bytes; want %d bytes", kind, r.status, r.header.Get("Content-Type"), len(r.body), len(body))
		}
		if csp := r.header.Get("Content-Security-Policy"); csp != "default-src 'none'; frame-ancestors 'none'; sandbox" {
			t.Errorf("%s: its policy is %q", kind, csp)
		}
	}
}

func TestAnOriginalTellsNothingBesideItsPixels(t *testing.T) {
	t.Parallel()
	plain := jpegOf(t)
	telling := slices.Concat(plain[:2], []byte("\xff\xfe\x00\x06Anna"), plain[2:])
	for originals, want := range map[string][]byte{"stripped": plain, "as-is": telling} {
		s := newSite(t, func(o *Options) { o.Originals = originals })
		s.put(t, "a.jpg", telling)
		if r := s.get(t, fmt.Sprintf("/images/%d/picture", s.submit(t, "a.jpg"))); r.status != http.StatusOK || r.body != string(want) {
			t.Errorf("ORIGINALS=%s: %d, %d bytes; want %d", originals, r.status, len(r.body), len(want))
		}
	}
}

func TestAPictureThatNotEveryBrowserShowsIsOfferedToBeSaved(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, body := range map[string]string{
		"a.heic": "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
		"a.jpg":  "II*\x00\x08\x00\x00\x00", // a TIFF, whatever it is called
	} {
		s.put(t, name, []byte(body))
		id := s.submit(t, name)
		page := s.get(t, fmt.Sprintf("/images/%d", id))
		link := fmt.Sprintf(`href="/images/%d/picture" download>`, id)
		if page.status != http.StatusOK || !strings.Contains(page.body, link) || strings.Contains(page.body, `<img src="/images`) {
			t.Errorf("%s: %d, without %s, or with a picture that would be broken:\n%s", name, page.status, link, page.body)
		}
		r := s.get(t, fmt.Sprintf("/images/%d/picture", id))
		if to := r.header.Get("Content-Disposition"); r.body != body || !strings.HasPrefix(to, "attachment; filename=\"picture-") {
			t.Errorf("%s: %d bytes, Content-Disposition %q", name, len(r.body), to)
		}
	}
}

func TestAPictureThatTheBrowserHasIsNotSentAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put(t, "a.jpg", jpegOf(t))
	path := fmt.Sprintf("/images/%d/picture", s.submit(t, "a.jpg"))
	tag := s.get(t, path).header.Get("ETag")
	if r := s.get(t, path, "If-None-Match", tag); tag == "" || r.status != http.StatusNotModified || r.body != "" {
		t.Errorf("with the tag %s: %d, %d bytes", tag, r.status, len(r.body))
	}
}

func TestAPictureThatCannotBeShownIsNotServed(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.MaxPicture, o.Originals = 1000, "as-is" })
	outside := filepath.Join(t.TempDir(), "outside.jpg")
	testkit.Succeed(t, os.WriteFile(outside, jpegOf(t), 0o600))
	testkit.Succeed(t, os.Symlink(outside, filepath.Join(s.roots, "link.jpg")))
	testkit.Succeed(t, os.Mkdir(filepath.Join(s.roots, "folder.jpg"), 0o700))
	s.put(t, "page.jpg", []byte("<!doctype html><script>alert(1)</script>"))
	s.put(t, "drawing.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`))
	s.put(t, "icon.ico", []byte("\x00\x00\x01\x00\x01\x00"))
	s.put(t, "empty.jpg", nil)
	s.put(t, "exact.jpg", append(jpegOf(t), make([]byte, 1000)...)[:1000])
	s.put(t, "large.jpg", append(jpegOf(t), make([]byte, 1000)...)[:1001])
	for path, want := range map[string]string{
		"page.jpg":     "not a picture in JPEG, PNG, WebP, GIF, HEIC, AVIF, TIFF or BMP",
		"drawing.svg":  "not a picture in JPEG, PNG, WebP, GIF, HEIC, AVIF, TIFF or BMP",
		"icon.ico":     "not a picture in JPEG, PNG, WebP, GIF, HEIC, AVIF, TIFF or BMP",
		"empty.jpg":    "not a picture in JPEG, PNG, WebP, GIF, HEIC, AVIF, TIFF or BMP",
		"large.jpg":    "MAX_PICTURE",
		"gone.jpg":     "no file at this path",
		outside:        "outside the picture roots",
		"link.jpg":     "outside the picture roots",
		"s3://b/a.jpg": "outside the picture roots",
		"..":           "no path of a picture",
		s.roots + "/":  "outside the picture roots",
		"folder.jpg":   "not a file",
	} {
		id := s.submit(t, path)
		r := s.get(t, fmt.Sprintf("/images/%d/picture", id), "Accept", "application/json")
		if r.status != http.StatusNotFound || !strings.Contains(r.body, want) || r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("the picture of %s: %d %s, want 404 and %s", path, r.status, r.body, want)
		}
		page := s.get(t, fmt.Sprintf("/images/%d", id)).body
		if !strings.Contains(page, "The picture cannot be shown") || !strings.Contains(page, want) || strings.Contains(page, "<img src=\"/images") {
			t.Errorf("the page of %s has no placeholder that says %s:\n%s", path, want, page)
		}
	}
	exact := s.submit(t, "exact.jpg")
	if r := s.get(t, fmt.Sprintf("/images/%d/picture", exact)); r.status != http.StatusOK || len(r.body) != 1000 {
		t.Errorf("a picture as large as allowed: %d, %d bytes", r.status, len(r.body))
	}
}

func TestAPictureRootThatIsAwayIsAskedAgainLater(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.submit(t, "a.jpg")
	testkit.Succeed(t, os.Remove(s.roots))
	r := s.get(t, fmt.Sprintf("/images/%d/picture", id))
	if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") != "5" || strings.Contains(r.body, s.roots) {
		t.Errorf("%d, Retry-After %q: %s", r.status, r.header.Get("Retry-After"), r.body)
	}
}

func TestThePageOfAPictureShowsItsFaces(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dad := s.add(t, "Dad", "dad_1.jpg")
	s.put(t, "a.jpg", jpegOf(t))
	nowhere := newFace("", 0.125)
	nowhere.Box, nowhere.Score = nil, nil
	id := s.finish(t, "a.jpg", withFaces(nowhere, newFace("dad_1.jpg", 0.876)))
	page := s.get(t, fmt.Sprintf("/images/%d", id)).body
	for _, want := range []string{
		fmt.Sprintf(`<img src="/images/%d/picture"`, id),
		`<a id="box-1" href="#face-2" class="known" aria-label="Face 1: Dad">`,
		`<rect x="25.00%" y="12.50%" width="50.00%" height="75.00%"`,
		`href="#box-1"`,
		fmt.Sprintf(`<a class="name" href="/people/%d">Dad</a>`, dad),
		"Dad: 0.88, and nobody else comes near; how often it is wrong is not known.", "Nobody known",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is missing in\n%s", want, page)
		}
	}
	if strings.Contains(page, "box-2") {
		t.Errorf("the face without a box has one:\n%s", page)
	}
}

func TestWhoAsksForOnePictureTooManyWaitsAndIsThenTurnedAway(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.PicturesAtOnce, o.RequestTimeout = 1, 200*time.Millisecond })
	s.put(t, "a.jpg", jpegOf(t))
	path := fmt.Sprintf("/images/%d/picture", s.submit(t, "a.jpg"))
	_, leave, err := s.view.slots.Enter(t.Context(), "")
	testkit.Succeed(t, err)
	if r := s.get(t, path); r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" {
		t.Errorf("with every slot taken: %d %s", r.status, r.body)
	}
	leave()
	for range 3 { // each gives its slot back
		if r := s.get(t, path); r.status != http.StatusOK {
			t.Errorf("with a free slot: %d %s", r.status, r.body)
		}
	}
}

func TestAClientThatDoesNotReadGivesItsSlotUp(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) {
		o.PicturesAtOnce, o.RequestTimeout, o.SendTimeout, o.Originals = 1, time.Second, 2*time.Second, "as-is"
	})
	s.put(t, "large.jpg", append(jpegOf(t), make([]byte, 20<<20-1000)...)) // more than a connection buffers
	s.put(t, "small.jpg", jpegOf(t))
	large, small := s.submit(t, "large.jpg"), s.submit(t, "small.jpg")

	stalled := testkit.Must(net.Dial("tcp", strings.TrimPrefix(s.url, "http://")))(t)
	defer stalled.Close()
	fmt.Fprintf(stalled, "GET /images/%d/picture HTTP/1.1\r\nHost: view\r\n\r\n", large)
	testkit.Must(io.ReadFull(stalled, make([]byte, len("HTTP/1.1 200"))))(t)
	if taken := s.view.slots.Taken(); taken != 1 {
		t.Fatalf("%d slots are taken while the picture is being sent, want 1", taken)
	}
	path := fmt.Sprintf("/images/%d/picture", small)
	testkit.Eventually(t, 20*time.Second, "the slot is free again", func() bool { return s.get(t, path).status == http.StatusOK })
}
