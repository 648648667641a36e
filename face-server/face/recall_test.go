package face_test

import (
	"image"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/local/deptest"

	"golang.org/x/image/draw"
)

// recogniserWith is a recogniser of models opened so.
func recogniserWith(t testing.TB, with face.Options) *face.Recogniser {
	t.Helper()
	models, err := with.Open(deptest.Models(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { models.Close() })
	return recogniser(t, models)
}

// head is a face cut out of a photo with what is around it, and where in it the box
// of the face is.
type head struct {
	name string
	img  *image.RGBA
	box  image.Rectangle
}

// heads are those of the sample people.
func heads(t testing.TB, r *face.Recogniser) []head {
	t.Helper()
	photos, err := filepath.Glob(filepath.Join(deptest.Samples(t), "people", "*.jpg"))
	if err != nil || len(photos) == 0 {
		t.Fatalf("%d sample people, error %v", len(photos), err)
	}
	var all []head
	for _, path := range photos {
		img := load(t, path)
		found := faces(t, r, picture.New(img))
		if len(found) != 1 {
			t.Fatalf("%s: %d faces, want 1", path, len(found))
		}
		b, size := found[0].Box, img.Bounds().Size()
		width, height := b.Width*float64(size.X), b.Height*float64(size.Y)
		box := image.Rect(int(b.X*float64(size.X)), int(b.Y*float64(size.Y)), int(b.X*float64(size.X)+width), int(b.Y*float64(size.Y)+height))
		around := box.Inset(-int(width / 3)).Intersect(img.Bounds())
		cut := image.NewRGBA(image.Rectangle{Max: around.Size()})
		draw.Draw(cut, cut.Rect, img, around.Min, draw.Src)
		all = append(all, head{filepath.Base(path), cut, box.Sub(around.Min)})
	}
	return all
}

func load(t testing.TB, path string) image.Image {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	img, _, err := image.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// put draws a head, its face's box as wide as said, with a corner at (x, y), and gives
// where the box is then.
func (h head) put(to *image.RGBA, x, y, width int) image.Rectangle {
	scale := float64(width) / float64(h.box.Dx())
	scaled := func(v int) int { return int(math.Round(float64(v) * scale)) }
	at := image.Pt(x, y)
	size := image.Pt(scaled(h.img.Rect.Dx()), scaled(h.img.Rect.Dy()))
	draw.CatmullRom.Scale(to, image.Rectangle{at, at.Add(size)}, h.img, h.img.Rect, draw.Src, nil)
	return image.Rect(scaled(h.box.Min.X), scaled(h.box.Min.Y), scaled(h.box.Max.X), scaled(h.box.Max.Y)).Add(at)
}

// scene is a picture without people: a sky, and things of every shape, size and
// colour, skin's among them, with soft and hard edges.
func scene(seed uint64, width, height int) *image.RGBA {
	random := rand.New(rand.NewPCG(seed, 1))
	shade := func() [3]int {
		if random.IntN(3) == 0 { // skin
			light := 100 + random.IntN(156)
			return [3]int{235 * light / 256, 180 * light / 256, 150 * light / 256}
		}
		return [3]int{random.IntN(256), random.IntN(256), random.IntN(256)}
	}
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	top, bottom := shade(), shade()
	for y := range height {
		row := img.Pix[y*img.Stride:][:4*width]
		for i := range row {
			row[i] = 255
			if i%4 < 3 { // with grain
				grain := int(uint32(i)*2654435761*uint32(y+1)>>28) - 8
				row[i] = uint8(min(max(top[i%4]+(bottom[i%4]-top[i%4])*y/height+grain, 0), 255))
			}
		}
	}
	for range 100 {
		x, y := random.IntN(width), random.IntN(height)
		rx := 4 + int(math.Exp(random.Float64()*math.Log(float64(width)/8)))
		ry := 1 + rx/2 + random.IntN(3*rx/2)
		soft := 0.01 + random.Float32()
		paint(img, image.Rect(x-rx, y-ry, x+rx, y+ry), shade(), soft, random.IntN(2) == 0)
	}
	return img
}

// paint fills a box, or the ellipse in it, with a colour that gets fainter towards its
// edge.
func paint(img *image.RGBA, box image.Rectangle, colour [3]int, soft float32, round bool) {
	middle, rx, ry := box.Min.Add(box.Size().Div(2)), float32(box.Dx())/2, float32(box.Dy())/2
	visible := box.Intersect(img.Rect)
	for y := visible.Min.Y; y < visible.Max.Y; y++ {
		dy := float32(y-middle.Y) / ry
		for x := visible.Min.X; x < visible.Max.X; x++ {
			dx := float32(x-middle.X) / rx
			away := max(dx*dx, dy*dy)
			if round {
				away = dx*dx + dy*dy
			}
			if away >= 1 {
				continue
			}
			share := int(256 * min(1, (1-away)/soft))
			pixel := img.Pix[img.PixOffset(x, y):][:3]
			for i, v := range pixel {
				pixel[i] = uint8(int(v) + (colour[i]-int(v))*share/256)
			}
		}
	}
}

// Faces of 24 pixels up to a third of a full HD picture are found where they were put,
// the large ones all, and nothing else.
func TestRecallInFullHD(t *testing.T) {
	t.Parallel()
	r := recogniserWith(t, face.Options{})
	people := heads(t, r)
	var put, missed, strange int
	for i, width := range []int{24, 28, 32, 40, 56, 80, 112, 160, 220, 300} {
		img := scene(uint64(i), 1920, 1080)
		random := rand.New(rand.NewPCG(uint64(i), 2))
		room := width * 3
		var truth []image.Rectangle
		for y := 0; y+room <= 1080 && len(truth) < 40; y += max(room, 120) {
			for x := 0; x+room <= 1920; x += max(room, 120) {
				h := people[random.IntN(len(people))]
				free := max(room, 120) - width*2
				truth = append(truth, h.put(img, x+random.IntN(free)/2, y+random.IntN(free)/2, width))
			}
		}
		found := faces(t, r, picture.New(img))
		matched := 0
		for _, b := range truth {
			if anyIs(found, b, img.Rect) {
				matched++
			}
		}
		t.Logf("%3d pixels wide: %d of %d found, %d others", width, matched, len(truth), len(found)-matched)
		put, missed, strange = put+len(truth), missed+len(truth)-matched, strange+len(found)-matched
		if missed := len(truth) - matched; missed*10 > len(truth) || width >= 100 && missed > 0 {
			t.Errorf("%d of %d faces of %d pixels are missed, want at most one in ten, and of 100 pixels none", missed, len(truth), width)
		}
	}
	if missed*100 > put*2 || strange > 0 {
		t.Errorf("of %d faces %d are missed, want at most 2 %%; %d more are no faces, want none", put, missed, strange)
	}
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

func TestFindsNobodyWhereNobodyIs(t *testing.T) {
	t.Parallel()
	r := recogniserWith(t, face.Options{Effort: face.Thorough})
	const pictures = 100
	strange := 0
	for i := range pictures {
		size := [][2]int{{640, 480}, {800, 600}, {480, 640}, {1000, 400}, {1920, 1080}}[i%5]
		strange += len(faces(t, r, picture.New(scene(uint64(1000+i), size[0], size[1]))))
	}
	if strange > 1 {
		t.Errorf("%d faces in %d pictures without people, want at most 1", strange, pictures)
	}
}

// A face upside down is none: the embedder was not made for it.
func TestRefusesFacesUpsideDown(t *testing.T) {
	t.Parallel()
	r := recogniserWith(t, face.Options{Effort: face.Thorough})
	photos, err := filepath.Glob(filepath.Join(deptest.Samples(t), "*", "*.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	upright, turned := 0, 0
	for _, path := range photos {
		img := load(t, path)
		upright += len(faces(t, r, picture.New(img)))
		upsideDown := image.NewRGBA(image.Rectangle{Max: img.Bounds().Size()})
		last := upsideDown.Rect.Max.Sub(image.Pt(1, 1))
		for y := range upsideDown.Rect.Dy() {
			for x := range upsideDown.Rect.Dx() {
				upsideDown.Set(last.X-x, last.Y-y, img.At(x, y))
			}
		}
		turned += len(faces(t, r, picture.New(upsideDown)))
	}
	t.Logf("%d faces upright, %d of them upside down", upright, turned)
	if upright < 30 || turned*20 > upright {
		t.Errorf("%d faces are found upright, %d upside down; want at least 30, and at most one in twenty", upright, turned)
	}
}

func TestMaxFaces(t *testing.T) {
	p := decode(t, filepath.Join(deptest.Samples(t), "pictures", "four-friends.jpg"))
	all := faces(t, recogniserWith(t, face.Options{}), p)
	two := faces(t, recogniserWith(t, face.Options{MaxFaces: 2}), p)
	if len(all) != 4 || len(two) != 2 || two[0].Box != all[0].Box || two[1].Box != all[1].Box {
		t.Errorf("of %d faces %d are described, want the 2 surest of 4", len(all), len(two))
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
