package face_test

import (
	"image"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/draw"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/local/deptest"
)

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
		part := image.NewRGBA(image.Rectangle{Max: around.Size()})
		draw.Draw(part, part.Rect, img, around.Min, draw.Src)
		all = append(all, head{filepath.Base(path), part, box.Sub(around.Min)})
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

func rgba(img image.Image) *image.RGBA {
	to := image.NewRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(to, to.Rect, img, img.Bounds().Min, draw.Src)
	return to
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
