package photo_test

import (
	"slices"
	"strings"
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
		"BMW is a car, and this a text":       "",
		"BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00": "BMP",
		"II*\x00\x08\x00\x00\x00":                          "TIFF",
		"MM\x00*\x00\x00\x00\x08":                          "TIFF",
		"II+\x00\x08\x00\x00\x00":                          "",
		"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic": "HEIC",
		"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heix": "HEIC",
		"\x00\x00\x00\x14ftypmif1\x00\x00\x00\x00miaf":     "HEIC",
		"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avif": "AVIF",
		"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00avifmif1": "AVIF",
		"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomavc1": "",
		"\x00\x00\x00\x10ftypqt  \x00\x00\x00\x00heic":     "",
		"\xff\xff\xff\xffftypavif":                         "AVIF",
		`<svg xmlns="http://www.w3.org/2000/svg"/>`:        "",
	} {
		format, known := photo.FormatOf([]byte(body))
		if format.Name != want || known != (want != "") {
			t.Errorf("%q is %q, %v; want %q", body, format.Name, known, want)
		}
	}
}

func TestFormatByName(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"a.txt": "", "a.": "", "a": "", "jpg": "", "": "", "a.b.webp": "WebP", "a.jpg": "JPEG",
		"a.jpeg": "JPEG", "a.jpe": "JPEG", "a.JFIF": "JPEG", "a.pjpeg": "JPEG", "a.pjp": "JPEG", "a.apng": "PNG",
		"a.TIF": "TIFF", "a.heif": "HEIC", "a.hif": "HEIC", "a.dib": "BMP",
	}
	for _, f := range photo.Formats {
		tests["a/b."+f.Extension] = f.Name
		tests["a."+strings.ToUpper(f.Extension)] = f.Name
		tests["a.png."+f.Extension] = f.Name
	}
	for name, want := range tests {
		format, known := photo.FormatByName(name)
		if format.Name != want || known != (want != "") {
			t.Errorf("%q is %q, %v; want %q", name, format.Name, known, want)
		}
	}
}

func TestFormatNames(t *testing.T) {
	t.Parallel()
	var names []string
	for _, f := range photo.Formats {
		names = append(names, f.Name)
	}
	got := strings.Split(strings.Replace(photo.FormatNames(), " or ", ", ", 1), ", ")
	if !slices.Equal(got, names) || !strings.HasSuffix(photo.FormatNames(), " or "+names[len(names)-1]) {
		t.Errorf("%q does not list %q", photo.FormatNames(), names)
	}
}

func FuzzFormatOf(f *testing.F) {
	for _, body := range []string{"\xff\xd8\xff", "BM", "II*\x00", "\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heix", "\x00\x00\x00\x00ftyp"} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		format, known := photo.FormatOf(body)
		again, _ := photo.FormatOf(body[:min(len(body), 512)])
		if known != (format != photo.Format{}) || again != format {
			t.Errorf("it is %v, %v; by its first 512 bytes it is %v", format, known, again)
		}
	})
}
