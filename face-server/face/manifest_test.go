package face_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/local/deptest"
)

func TestCommittedManifest(t *testing.T) {
	m, err := face.ReadManifest("../kodata")
	if err != nil {
		t.Fatal(err)
	}
	if m.Threshold != 0.42 || m.Detector.Overlap != 0.3 || m.Embedder.Length != 512 {
		t.Errorf("threshold %v, overlap %v, length %v; want the measured 0.42, 0.3, 512", m.Threshold, m.Detector.Overlap, m.Embedder.Length)
	}
}

func TestManifestIsChecked(t *testing.T) {
	for name, c := range map[string]struct{ old, new, says string }{
		"a field that is misspelt":         {`"threshold"`, `"treshold"`, `unknown field "treshold"`},
		"no name":                          {`"faceplugin-face-recognition-js-0.0.1"`, `""`, "name is missing"},
		"a threshold above 1":              {`0.42`, `42`, "threshold must be"},
		"a file that leads out":            {`"fr_detect.onnx"`, `"../fr_detect.onnx"`, "detector: file must be"},
		"a runtime that leads out":         {`"libonnxruntime.so.1"`, `"/lib/x.so"`, "runtime must be"},
		"a colour there is not":            {`"BGR"`, `"CMYK"`, "embedder: colour must be"},
		"a width of 0":                     {`"width": 112`, `"width": 0`, "embedder: width and height"},
		"a point there is not":             {`[54, 64]`, `[54, 68]`, "align names point 68 of 68"},
		"fewer points to align than found": {`, [70.7299, 92.2041]`, ``, "align of one length"},
		"a deviation of 0":                 {`"std": 256`, `"std": 0`, "landmarks: std"},
		"no JSON":                          {`{`, ``, "cannot unmarshal"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := face.ReadManifest(changed(t, "../kodata", c.old, c.new))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error is %v, want one that says %q", err, c.says)
			}
		})
	}
}

// A manifest that does not fit its models is found when they are opened.
func TestModelsThatDoNotFit(t *testing.T) {
	dir := deptest.Models(t)
	for name, c := range map[string]struct{ old, new, says string }{
		"a model that is not there":    {`fr_landmark.onnx`, `other.onnx`, "other.onnx"},
		"a model that is no model":     {`fr_feature.onnx`, `models.json`, "models.json"},
		"another input size":           {`"width": 112`, `"width": 128`, "fr_feature.onnx"},
		"another number of candidates": {`4420`, `17640`, "fr_detect.onnx"},
		"an output of another name":    {`"boxes": "boxes"`, `"boxes": "frames"`, "frames"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := face.Open(changed(t, dir, c.old, c.new), face.Options{})
			if err == nil {
				m.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error is %v, want one that names %q", err, c.says)
			}
		})
	}
	if _, err := face.Open(filepath.Join(t.TempDir(), "missing"), face.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: error is %v, want fs.ErrNotExist", err)
	}
}

// changed is a folder with dir's models, in whose manifest from reads to.
func changed(t *testing.T, dir, from, to string) string {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join(dir, face.ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(manifest), from) {
		t.Fatalf("the manifest does not hold %s", from)
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir()
	for _, file := range files {
		if filepath.Base(file) == face.ManifestFile {
			continue
		}
		if err := os.Symlink(file, filepath.Join(copied, filepath.Base(file))); err != nil {
			t.Fatal(err)
		}
	}
	text := strings.Replace(string(manifest), from, to, 1)
	if err := os.WriteFile(filepath.Join(copied, face.ManifestFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return copied
}
