package face_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/image/draw"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/local/deptest"
)

var limits = picture.Limits{Pixels: 50_000_000, Memory: 450_000_000, Frames: 1}

func open(t testing.TB) *face.Models { return openWith(t, face.Options{}) }

func openWith(t testing.TB, options face.Options) *face.Models {
	t.Helper()
	models, err := face.Open(deptest.Models(t), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { models.Close() })
	return models
}

func recogniser(t testing.TB, models *face.Models) *face.Recogniser {
	t.Helper()
	r, err := models.NewRecogniser()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func decode(t testing.TB, path string) *picture.Picture {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := picture.Decode(t.Context(), body, limits)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return p
}

func faces(t testing.TB, r *face.Recogniser, p *picture.Picture) []face.Face {
	t.Helper()
	found, err := r.Faces(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func cosine(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// truth is a row of the photos' README: a face, who is nearest, and how near by
// another implementation of the same steps.
type truth struct {
	photo      string
	x, y       float64 // the face's centre in pixels
	nearest    string
	similarity float64
}

// truths reads the photos of PHOTOS=dir and their README.md, a table of what was
// measured on them.
func truths(t testing.TB) (dir string, rows []truth) {
	t.Helper()
	if dir = os.Getenv("PHOTOS"); dir == "" {
		t.Skip("PHOTOS names no folder of photos whose people are known")
	}
	readme, err := os.Open(filepath.Join(dir, "README.md"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the photos of PHOTOS have no README.md of what was measured on them")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer readme.Close()
	row := regexp.MustCompile(`^\| (\w+) \| \((\d+), (\d+)\) \| (\w+) \| ([\d.]+) \|`)
	for lines := bufio.NewScanner(readme); lines.Scan(); {
		if m := row.FindStringSubmatch(lines.Text()); m != nil {
			rows = append(rows, truth{photo: m[1], x: number(t, m[2]), y: number(t, m[3]), nearest: m[4], similarity: number(t, m[5])})
		}
	}
	if len(rows) != 17 {
		t.Fatalf("the README has %d rows of truth, want 17", len(rows))
	}
	return dir, rows
}

func number(t testing.TB, s string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Every face of the photos is found where it is, the known ones are nearest to
// themselves and above the threshold, the strangers below it.
func TestAgreesWithTheMeasuredRecipe(t *testing.T) {
	dir, rows := truths(t)
	models := open(t)
	r := recogniser(t, models)
	gallery := map[string][]float32{}
	photos, err := filepath.Glob(filepath.Join(dir, "known_people", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range photos {
		found := faces(t, r, decode(t, path))
		if len(found) != 1 {
			t.Fatalf("%s: %d faces, want 1", path, len(found))
		}
		gallery[strings.TrimSuffix(filepath.Base(path), ".jpg")] = found[0].Embedding
	}

	seen := map[string]int{}
	for _, row := range rows {
		seen[row.photo]++
	}
	for photo, want := range seen {
		t.Run(photo, func(t *testing.T) {
			p := decode(t, filepath.Join(dir, "unknown", photo+".jpg"))
			found := faces(t, r, p)
			if len(found) != want {
				t.Errorf("%d faces found, want %d", len(found), want)
			}
			for _, row := range rows {
				if row.photo == photo {
					checkTruth(t, found, p, row, gallery, models.Threshold)
				}
			}
		})
	}
}

func checkTruth(t *testing.T, found []face.Face, p *picture.Picture, row truth, gallery map[string][]float32, threshold float64) {
	t.Helper()
	distance := func(f face.Face) float64 {
		return math.Hypot((f.Box.X+f.Box.Width/2)*float64(p.Width)-row.x, (f.Box.Y+f.Box.Height/2)*float64(p.Height)-row.y)
	}
	f := slices.MinFunc(found, func(a, b face.Face) int { return cmp.Compare(distance(a), distance(b)) })
	if distance(f) > 4 {
		t.Errorf("no face at (%v, %v): the next is %.1f pixels away", row.x, row.y, distance(f))
	}
	nearest, similarity := "", math.Inf(-1)
	for name, embedding := range gallery {
		if s := cosine(f.Embedding, embedding); s > similarity {
			nearest, similarity = name, s
		}
	}
	if row.similarity < threshold {
		if similarity >= threshold {
			t.Errorf("the stranger at (%v, %v) is taken for %s, similarity %.2f", row.x, row.y, nearest, similarity)
		}
		return
	}
	if nearest != row.nearest {
		t.Errorf("the face at (%v, %v) is nearest to %s, want %s", row.x, row.y, nearest, row.nearest)
	}
	// One face of seventeen is nearer than it was measured, by 0.05.
	if similarity < row.similarity-0.03 || similarity > row.similarity+0.06 {
		t.Errorf("the face at (%v, %v) has similarity %.3f, want about %.2f", row.x, row.y, similarity, row.similarity)
	}
}

// What a face is described by does not depend on who else asks at the same time.
func TestRecognisersShareModels(t *testing.T) {
	friends := filepath.Join(deptest.Samples(t), "pictures", "four-friends.jpg")
	models := open(t)
	want := faces(t, recogniser(t, models), decode(t, friends))
	if len(want) != 4 {
		t.Fatalf("%d faces, want 4", len(want))
	}
	var all sync.WaitGroup
	for range 4 {
		r, p := recogniser(t, models), decode(t, friends)
		all.Go(func() {
			for range 2 {
				got, err := r.Faces(t.Context(), p)
				if err != nil || len(got) != len(want) {
					t.Errorf("%d faces, error %v; want %d", len(got), err, len(want))
					return
				}
				for i := range got {
					if got[i].Box != want[i].Box || !slices.Equal(got[i].Embedding, want[i].Embedding) {
						t.Errorf("face %d differs from the one found alone", i)
					}
				}
			}
		})
	}
	all.Wait()
}

// The same face in a picture half as large is described alike, and found at the
// same place: boxes are fractions.
func TestTheSameFaceSmaller(t *testing.T) {
	body, err := os.ReadFile(filepath.Join(deptest.Samples(t), "pictures", "dana.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	original, err := jpeg.Decode(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	half := image.NewRGBA(image.Rectangle{Max: original.Bounds().Size().Div(2)})
	draw.ApproxBiLinear.Scale(half, half.Rect, original, original.Bounds(), draw.Src, nil)

	r := recogniser(t, open(t))
	want := faces(t, r, picture.New(original))
	got := faces(t, r, picture.New(half))
	if len(want) != 1 || len(got) != 1 {
		t.Fatalf("%d and %d faces, want 1 and 1", len(want), len(got))
	}
	if s := cosine(want[0].Embedding, got[0].Embedding); s < 0.9 {
		t.Errorf("similarity to itself at half the size is %.2f, want above 0.9", s)
	}
	if dx, dy := got[0].Box.X-want[0].Box.X, got[0].Box.Y-want[0].Box.Y; math.Hypot(dx, dy) > 0.02 {
		t.Errorf("its box is at %v at half the size, %v before", got[0].Box, want[0].Box)
	}
	for _, f := range []face.Face{want[0], got[0]} {
		if length := cosine(f.Embedding, f.Embedding); math.Abs(length-1) > 1e-5 {
			t.Errorf("an embedding has length %v, want 1", length)
		}
	}
}

func TestFacesEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := recogniser(t, open(t))
	p := decode(t, filepath.Join(deptest.Samples(t), "pictures", "stranger.jpg"))
	if _, err := r.Faces(ctx, p); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want the context's", err)
	}
}
