package face_test

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"lineup/face-server/face"
	"lineup/face-server/picture"
	"lineup/local/realparts"
)

const maxPixels = 50_000_000

func open(t testing.TB) *face.Models {
	t.Helper()
	models, err := face.Open(realparts.Models(t))
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
	p, err := picture.Decode(t.Context(), body, maxPixels)
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

// truths reads the photos with known people that lie beside the repository where
// it is developed.
func truths(t testing.TB) (dir string, rows []truth) {
	t.Helper()
	dir = filepath.Join("..", "..", "..", "shared", "photos")
	readme, err := os.Open(filepath.Join(dir, "README.md"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("there are no photos with a known truth beside this repository, in ../shared/photos")
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
	dir, _ := truths(t)
	models := open(t)
	want := faces(t, recogniser(t, models), decode(t, filepath.Join(dir, "unknown", "group_family1.jpg")))
	var all sync.WaitGroup
	for range 4 {
		r, p := recogniser(t, models), decode(t, filepath.Join(dir, "unknown", "group_family1.jpg"))
		all.Go(func() {
			for range 3 {
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

func TestFacesEndsWithItsContext(t *testing.T) {
	dir, _ := truths(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := recogniser(t, open(t))
	if _, err := r.Faces(ctx, decode(t, filepath.Join(dir, "unknown", "family1_dad_2.jpg"))); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want the context's", err)
	}
}
