package photo_test

import (
	"testing"

	"lineup.dev/lineup/pkg/photo"
)

func TestFormatOf(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"\xff\xd8\xff\xe0\x00\x10JFIF":        "JPEG",
		"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR": "PNG",
		"RIFF\x1a\x00\x00\x00WEBPVP8L":        "WebP",
		"GIF87a":                              "GIF",
		"GIF89a":                              "GIF",
		"":                                    "",
		"who is it?":                          "",
		"BM":                                  "",
		`<svg xmlns="http://www.w3.org/2000/svg"/>`: "",
	} {
		format, known := photo.FormatOf([]byte(body))
		if format.Name != want || known != (want != "") {
			t.Errorf("%q is %q, %v; want %q", body, format.Name, known, want)
		}
	}
}

func TestFormatByName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a.jpg": "JPEG", "a/b.JPEG": "JPEG", "a.Png": "PNG", "a.b.webp": "WebP", "a.gif": "GIF",
		"a.txt": "", "a.": "", "a": "", "jpg": "", "": "",
	} {
		format, known := photo.FormatByName(name)
		if format.Name != want || known != (want != "") {
			t.Errorf("%q is %q, %v; want %q", name, format.Name, known, want)
		}
	}
}

func TestFormatNames(t *testing.T) {
	t.Parallel()
	if names := photo.FormatNames(); names != "JPEG, PNG, WebP or GIF" {
		t.Error(names)
	}
}
