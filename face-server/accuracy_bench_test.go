package main

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/jpeg"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"lineup.dev/lineup/face-server/accuracy"
	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/local/deptest"
)

// degradation makes a photo harder; around is the face in it, in pixels.
type degradation func(photo image.Image, around image.Rectangle) image.Image

// BenchmarkHardPhotos is how many known people are recognised, and how many
// strangers named, in photos made harder and harder. The gallery's photos stay as
// they are. It uses the portraits that tests fetch or, with PHOTOS=dir, an absolute
// path, a folder with known_people and unknown, one person to a photo.
func BenchmarkHardPhotos(b *testing.B) {
	s := forTests(b)
	s.MaxPixels = 50_000_000
	e, err := newEngine(s, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer e.close()
	photos := e.portraits(b)
	plain := func(photo image.Image, _ image.Rectangle) image.Image { return photo }
	for _, c := range []struct {
		name    string
		degrade degradation
	}{
		{"as they are", plain},
		{"face 64 px wide", wide(64)}, {"face 48 px wide", wide(48)}, {"face 32 px wide", wide(32)}, {"face 24 px wide", wide(24)}, {"face 16 px wide", wide(16)},
		{"blur 1 % of the face", blurred(.01)}, {"blur 2 %", blurred(.02)}, {"blur 4 %", blurred(.04)},
		{"rotated 15°", rotated(15)}, {"rotated 30°", rotated(30)}, {"rotated 45°", rotated(45)}, {"rotated 90°", rotated(90)}, {"rotated 180°", rotated(180)},
		{"half of the light", lit(.5)}, {"a quarter", lit(.25)}, {"a tenth", lit(.1)},
		{"eyes covered", covered(.25, .5)}, {"mouth and nose covered", covered(.55, 1)},
	} {
		b.Run(c.name, func(b *testing.B) {
			var o accuracy.Outcome
			for b.Loop() {
				o = e.evaluate(b, photos, c.degrade)
			}
			b.ReportMetric(float64(o.Known), "known")
			b.ReportMetric(float64(o.Recognised), "recognised")
			b.ReportMetric(float64(o.Mistaken), "mistaken")
			b.ReportMetric(float64(o.Named), "strangers-named")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// portrait is a photo of one person.
type portrait struct {
	accuracy.Photo
	image image.Image
	face  image.Rectangle
}

// portraits gives photos of one person each.
func (e *engine) portraits(b *testing.B) (all []portrait) {
	b.Helper()
	dir := os.Getenv("PHOTOS")
	if dir == "" {
		dir = enrolFirst(b, deptest.People(b))
	}
	photos, err := accuracy.Photos(os.DirFS(dir))
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range photos {
		body, err := os.ReadFile(filepath.Join(dir, p.File))
		if err != nil {
			b.Fatal(err)
		}
		photo, err := jpeg.Decode(bytes.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		found := e.seen(b, photo)
		if len(found) == 0 {
			b.Fatalf("no face in %s", p.File)
		}
		size, at := photo.Bounds().Max, found[0].Box
		all = append(all, portrait{p, photo, image.Rect(
			int(at.X*float64(size.X)), int(at.Y*float64(size.Y)),
			int((at.X+at.Width)*float64(size.X)), int((at.Y+at.Height)*float64(size.Y)))})
	}
	return all
}

// enrolFirst gives a folder in which everyone of several photos is known by the first,
// and asked about by the others, as strangers are by their only one.
func enrolFirst(b *testing.B, people string) (dir string) {
	b.Helper()
	dir = b.TempDir()
	all, err := os.ReadDir(people)
	if err != nil {
		b.Fatal(err)
	}
	for _, person := range all {
		photos, err := filepath.Glob(filepath.Join(people, person.Name(), "*.jpg"))
		if err != nil {
			b.Fatal(err)
		}
		for i, photo := range photos {
			folder := "unknown"
			if i == 0 && len(photos) > 1 {
				folder = "known_people"
			}
			link(b, photo, filepath.Join(dir, folder, person.Name()+"_"+filepath.Base(photo)))
		}
	}
	return dir
}

func link(b *testing.B, from, to string) {
	b.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.Symlink(from, to); err != nil {
		b.Fatal(err)
	}
}

// evaluate asks about the portraits, those asked about made harder.
func (e *engine) evaluate(b *testing.B, portraits []portrait, degrade degradation) accuracy.Outcome {
	b.Helper()
	var described []accuracy.Described
	for _, p := range portraits {
		photo := p.image
		if p.Asked {
			photo = degrade(photo, p.face)
		}
		d := accuracy.Described{Photo: p.Photo}
		for _, f := range e.seen(b, photo) {
			d.Faces = append(d.Faces, f.Embedding)
		}
		described = append(described, d)
	}
	_, outcome, err := accuracy.Compare(b.Context(), described, e.Rule, func(float64) {})
	if err != nil {
		b.Fatal(err)
	}
	return outcome
}

// seen finds the faces in a photo as it would be sent, the largest first.
func (e *engine) seen(b *testing.B, photo image.Image) []face.Face {
	b.Helper()
	var body bytes.Buffer
	if err := jpeg.Encode(&body, photo, &jpeg.Options{Quality: 92}); err != nil {
		b.Fatal(err)
	}
	found, _, err := e.workers.recognise(b.Context(), body.Bytes())
	if err != nil {
		b.Fatal(err)
	}
	slices.SortStableFunc(found, func(x, y face.Face) int { return cmp.Compare(y.Box.Area(), x.Box.Area()) })
	return found
}

// wide makes the photo smaller until its face is so many pixels wide.
func wide(pixels int) degradation {
	return func(photo image.Image, around image.Rectangle) image.Image {
		scale := min(1, float64(pixels)/float64(around.Dx()))
		size := photo.Bounds().Max
		return drawnAt(photo, int(float64(size.X)*scale), int(float64(size.Y)*scale))
	}
}

func drawnAt(photo image.Image, width, height int) *image.RGBA {
	to := image.NewRGBA(image.Rect(0, 0, max(width, 1), max(height, 1)))
	draw.CatmullRom.Scale(to, to.Rect, photo, photo.Bounds(), draw.Src, nil)
	return to
}

// blurred averages with a Gaussian whose standard deviation is a part of the face's
// width.
func blurred(part float64) degradation {
	return func(photo image.Image, around image.Rectangle) image.Image {
		sigma := part * float64(around.Dx())
		radius := int(math.Ceil(3 * sigma))
		weights := make([]float64, 2*radius+1)
		var sum float64
		for i := range weights {
			weights[i] = math.Exp(-math.Pow(float64(i-radius)/sigma, 2) / 2)
			sum += weights[i]
		}
		pass := func(from *image.RGBA, dx, dy int) *image.RGBA {
			to := image.NewRGBA(from.Rect)
			for y := range from.Rect.Dy() {
				for x := range from.Rect.Dx() {
					var r, g, b float64
					for i, w := range weights {
						at := from.RGBAAt(min(max(x+dx*(i-radius), 0), from.Rect.Dx()-1), min(max(y+dy*(i-radius), 0), from.Rect.Dy()-1))
						r, g, b = r+w*float64(at.R), g+w*float64(at.G), b+w*float64(at.B)
					}
					to.SetRGBA(x, y, color.RGBA{uint8(r / sum), uint8(g / sum), uint8(b / sum), 255})
				}
			}
			return to
		}
		return pass(pass(rgba(photo), 1, 0), 0, 1)
	}
}

func rgba(photo image.Image) *image.RGBA {
	to := image.NewRGBA(image.Rectangle{Max: photo.Bounds().Size()})
	draw.Draw(to, to.Rect, photo, photo.Bounds().Min, draw.Src)
	return to
}

// rotated rotates the photo around its face.
func rotated(degrees float64) degradation {
	return func(photo image.Image, around image.Rectangle) image.Image {
		size := photo.Bounds().Max
		to := image.NewRGBA(image.Rect(0, 0, 2*size.X, 2*size.Y))
		draw.Draw(to, to.Rect, image.NewUniform(color.Gray{128}), image.Point{}, draw.Src)
		sin, cos := math.Sincos(degrees * math.Pi / 180)
		x, y := float64(around.Min.X+around.Max.X)/2, float64(around.Min.Y+around.Max.Y)/2
		m := f64.Aff3{cos, -sin, float64(size.X) - cos*x + sin*y, sin, cos, float64(size.Y) - sin*x - cos*y}
		draw.BiLinear.Transform(to, m, photo, photo.Bounds(), draw.Src, nil)
		return to
	}
}

// lit leaves a part of the light.
func lit(part float64) degradation {
	return func(photo image.Image, _ image.Rectangle) image.Image {
		to := rgba(photo)
		for i, v := range to.Pix {
			if i%4 < 3 {
				to.Pix[i] = uint8(math.Round(float64(v) * part))
			}
		}
		return to
	}
}

// covered covers the face between two heights, parts of its own, with black.
func covered(from, upTo float64) degradation {
	return func(photo image.Image, around image.Rectangle) image.Image {
		to, height := rgba(photo), float64(around.Dy())
		bar := image.Rect(around.Min.X, around.Min.Y+int(from*height), around.Max.X, around.Min.Y+int(upTo*height))
		draw.Draw(to, bar, image.Black, image.Point{}, draw.Src)
		return to
	}
}
