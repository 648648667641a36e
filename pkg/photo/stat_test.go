package photo_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"lineup.dev/lineup/local/buckets"
	"lineup.dev/lineup/pkg/photo"
)

func TestStat(t *testing.T) {
	t.Parallel()
	png := "\x89PNG\r\n\x1a\n" + strings.Repeat("x", 5000)
	base := escapes(t)
	write(t, png, base, "pics", "a.txt")
	o := buckets.Serve(t, "pics")
	o.Put(t, "pics", "a.txt", png)
	o.Put(t, "pics", "empty.png", "")
	folder, bucket := filepath.Join(base, "pics"), o.Root("pics")
	for name, c := range map[string]struct {
		roots, path string
		size        int64
		format      string
		err         error
	}{
		"a picture of a folder":    {folder, "a.txt", 5008, "PNG", nil},
		"no picture":               {folder, "a.jpg", 7, "", nil},
		"a picture of a bucket":    {bucket, "a.txt", 5008, "PNG", nil},
		"a picture of the second":  {folder + "," + bucket, "empty.png", 0, "", nil},
		"a folder":                 {folder, "sub", 0, "", photo.ErrNotFile},
		"a link that leads out":    {folder, "out", 0, "", photo.ErrOutside},
		"nothing in a folder":      {folder, "b.jpg", 0, "", photo.ErrNotFound},
		"nothing in a bucket":      {bucket, "b.jpg", 0, "", photo.ErrNotFound},
		"nothing, one root is off": {o.Root("gone") + "," + folder, "b.jpg", 0, "", photo.ErrUnreachable},
		"a path that climbs out":   {folder, "../a.txt", 0, "", photo.ErrRefused},
		"a path of no root":        {folder, "/etc/passwd", 0, "", photo.ErrOutside},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			info, err := open(t, c.roots).Stat(t.Context(), c.path)
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Fatalf("%v, want %v", err, c.err)
			}
			if info.Size != c.size || info.Format.Name != c.format {
				t.Errorf("%d bytes of %q, want %d of %q", info.Size, info.Format.Name, c.size, c.format)
			}
			// The S3 server of the tests tells no time.
			if err == nil && (info.Name != c.path || info.ModTime.IsZero() && c.roots == folder) {
				t.Errorf("%+v", info.Entry)
			}
		})
	}
}
