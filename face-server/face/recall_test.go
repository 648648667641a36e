package face_test

import (
	"image"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/local/deptest"
)

// recogniserWith is a recogniser of models opened so.
func recogniserWith(t testing.TB, options face.Options) *face.Recogniser {
	t.Helper()
	return recogniser(t, openWith(t, options))
}

// recall is how many of the faces put into pictures were found.
type recall struct {
	put, missed int
	others      int // found where none was put
}

// inFullHD puts faces so many pixels wide into a 1920×1080 picture, and finds them.
func inFullHD(t testing.TB, r *face.Recogniser, people []head, seed uint64, width int) (found recall) {
	t.Helper()
	img := scene(seed, 1920, 1080)
	random := rand.New(rand.NewPCG(seed, 2))
	cell := max(width*3, 120)
	var truth []image.Rectangle
	for y := 0; y+width*3 <= 1080 && len(truth) < 40; y += cell {
		for x := 0; x+width*3 <= 1920; x += cell {
			h := people[random.IntN(len(people))]
			free := cell - width*2
			truth = append(truth, h.put(img, x+random.IntN(free)/2, y+random.IntN(free)/2, width))
		}
	}
	all := faces(t, r, picture.New(img))
	for _, box := range truth {
		if !anyIs(all, box, img.Rect) {
			found.missed++
		}
	}
	found.put, found.others = len(truth), len(all)-(len(truth)-found.missed)
	return found
}

func anyIs(found []face.Face, truth, in image.Rectangle) bool {
	for _, f := range found {
		w, h := float64(in.Dx()), float64(in.Dy())
		box := image.Rect(int(f.Box.X*w), int(f.Box.Y*h), int((f.Box.X+f.Box.Width)*w), int((f.Box.Y+f.Box.Height)*h))
		both := box.Intersect(truth)
		if shared := both.Dx() * both.Dy(); !both.Empty() && 10*shared > 3*(box.Dx()*box.Dy()+truth.Dx()*truth.Dy()-shared) {
			return true
		}
	}
	return false
}

// nobody counts the faces found in so many pictures without people.
func nobody(t testing.TB, r *face.Recogniser, pictures int) (found int) {
	t.Helper()
	for i := range pictures {
		size := [][2]int{{640, 480}, {800, 600}, {480, 640}, {1000, 400}, {1920, 1080}}[i%5]
		found += len(faces(t, r, picture.New(scene(uint64(1000+i), size[0], size[1]))))
	}
	return found
}

// upsideDown counts the faces found in sample pictures as they are, and rotated by 180°.
func upsideDown(t testing.TB, r *face.Recogniser, pattern string) (upright, inverted int) {
	t.Helper()
	photos, err := filepath.Glob(filepath.Join(deptest.Samples(t), pattern))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range photos {
		img := rgba(load(t, path))
		upright += len(faces(t, r, picture.New(img)))
		rotated := image.NewRGBA(img.Rect)
		for i := 0; i < len(img.Pix); i += 4 {
			copy(rotated.Pix[len(img.Pix)-4-i:], img.Pix[i:i+4])
		}
		inverted += len(faces(t, r, picture.New(rotated)))
	}
	return upright, inverted
}

// BenchmarkRecall sweeps all that these tests sample: faces of every size, a hundred
// pictures of nobody, every sample picture.
func TestFindsFacesOfEverySizeInFullHD(t *testing.T) {
	t.Parallel()
	r := recogniserWith(t, face.Options{})
	people := heads(t, r)
	for i, width := range []int{28, 112} {
		if got := inFullHD(t, r, people, uint64(i), width); got.missed*10 > got.put || width >= 100 && got.missed > 0 || got.others > 0 {
			t.Errorf("of %d faces of %d pixels %d are missed, want at most one in ten, and of 100 pixels none; %d more are no faces, want none", got.put, width, got.missed, got.others)
		}
	}
}

func TestFindsNobodyWhereNobodyIs(t *testing.T) {
	t.Parallel()
	const pictures = 5
	if found := nobody(t, recogniserWith(t, face.Options{Effort: face.Thorough}), pictures); found > 0 {
		t.Errorf("%d faces in %d pictures without people, want none", found, pictures)
	}
}

// A face upside down is none: the embedder was not made for it.
func TestRefusesFacesUpsideDown(t *testing.T) {
	t.Parallel()
	upright, inverted := upsideDown(t, recogniserWith(t, face.Options{Effort: face.Thorough}), "people/*.jpg")
	if upright < 5 || inverted > 0 {
		t.Errorf("%d faces are found upright, %d upside down; want at least 5, and none", upright, inverted)
	}
}

func TestMaxFaces(t *testing.T) {
	p := decode(t, filepath.Join(deptest.Samples(t), "pictures", "four-friends.jpg"))
	all := faces(t, recogniserWith(t, face.Options{}), p)
	two := faces(t, recogniserWith(t, face.Options{MaxFaces: 2}), p)
	if len(all) != 4 || len(two) != 2 || two[0].Box != all[0].Box || two[1].Box != all[1].Box {
		t.Errorf("of %d faces %d are described, want the 2 of the highest score of 4", len(all), len(two))
	}
}

func TestLiveness(t *testing.T) {
	p := decode(t, filepath.Join(deptest.Samples(t), "pictures", "evening-out.jpg"))
	for _, f := range faces(t, recogniserWith(t, face.Options{Liveness: true}), p) {
		if f.Liveness == nil || !(*f.Liveness >= 0 && *f.Liveness <= 1) {
			t.Errorf("liveness is %v, want 0 to 1", f.Liveness)
		}
	}
	for _, f := range faces(t, recogniserWith(t, face.Options{}), p) {
		if f.Liveness != nil {
			t.Error("a face has a liveness that was not asked for")
		}
	}
}
