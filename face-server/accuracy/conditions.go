package accuracy

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"
)

// Condition makes a photo harder than it is.
type Condition struct {
	Name string
	// Draw gives the harder photo; around is the face in it, in pixels.
	Draw func(photo *image.RGBA, around image.Rectangle) *image.RGBA
}

// Conditions are all of them, the photo as it is first.
func Conditions() []Condition {
	return []Condition{
		{"as they are", func(photo *image.RGBA, _ image.Rectangle) *image.RGBA { return photo }},
		{"face 64 px wide", wide(64)}, {"face 48 px wide", wide(48)}, {"face 32 px wide", wide(32)},
		{"face 24 px wide", wide(24)}, {"face 16 px wide", wide(16)},
		{"blur 1 % of the face", blurred(.01)}, {"blur 2 %", blurred(.02)}, {"blur 4 %", blurred(.04)},
		{"rotated 15°", rotated(15)}, {"rotated 30°", rotated(30)}, {"rotated 45°", rotated(45)},
		{"rotated 90°", rotated(90)}, {"rotated 180°", rotated(180)},
		{"turned aside 20°", turned(20)}, {"turned aside 40°", turned(40)},
		{"half of the light", lit(.5)}, {"a quarter", lit(.25)}, {"a tenth", lit(.1)},
		{"noise 8 %", noisy(.08)}, {"noise 16 %", noisy(.16)},
		{"mask, light blue", masked(color.RGBA{150, 190, 215, 255})}, {"mask, white", masked(color.RGBA{230, 230, 228, 255})},
		{"mask, black", masked(color.RGBA{28, 28, 32, 255})}, {"mask, green", masked(color.RGBA{60, 130, 80, 255})},
		{"mask, like skin", masked(color.RGBA{215, 180, 160, 255})}, {"mask, striped", masked(color.RGBA{60, 80, 160, 255}, color.RGBA{240, 240, 235, 255})},
		{"sunglasses", sunglasses}, {"eyes covered", covered(.25, .5)}, {"mouth and nose covered", covered(.55, 1)},
	}
}

// wide makes the photo smaller until its face is so many pixels wide.
func wide(pixels int) func(*image.RGBA, image.Rectangle) *image.RGBA {
	return func(photo *image.RGBA, around image.Rectangle) *image.RGBA {
		scale := min(1, float64(pixels)/float64(around.Dx()))
		size := photo.Rect.Max
		to := image.NewRGBA(image.Rect(0, 0, max(int(float64(size.X)*scale), 1), max(int(float64(size.Y)*scale), 1)))
		draw.CatmullRom.Scale(to, to.Rect, photo, photo.Rect, draw.Src, nil)
		return to
	}
}

// blurred averages with a Gaussian whose standard deviation is a part of the face's
// width.
func blurred(part float64) func(*image.RGBA, image.Rectangle) *image.RGBA {
	return func(photo *image.RGBA, around image.Rectangle) *image.RGBA {
		sigma := part * float64(around.Dx())
		radius := int(math.Ceil(3 * sigma))
		weights := make([]float64, 2*radius+1)
		var sum float64
		for i := range weights {
			weights[i] = math.Exp(-square(float64(i-radius)/sigma) / 2)
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
		return pass(pass(photo, 1, 0), 0, 1)
	}
}

// rotated rotates the photo around its face.
func rotated(degrees float64) func(*image.RGBA, image.Rectangle) *image.RGBA {
	return func(photo *image.RGBA, around image.Rectangle) *image.RGBA {
		size := photo.Rect.Max
		to := image.NewRGBA(image.Rect(0, 0, 2*size.X, 2*size.Y))
		draw.Draw(to, to.Rect, image.NewUniform(color.Gray{128}), image.Point{}, draw.Src)
		sin, cos := math.Sincos(degrees * math.Pi / 180)
		x, y := float64(around.Min.X+around.Max.X)/2, float64(around.Min.Y+around.Max.Y)/2
		m := f64.Aff3{cos, -sin, float64(size.X) - cos*x + sin*y, sin, cos, float64(size.Y) - sin*x - cos*y}
		draw.BiLinear.Transform(to, m, photo, photo.Rect, draw.Src, nil)
		return to
	}
}

// turned turns the head aside as if it were a cylinder with the face painted on.
func turned(degrees float64) func(*image.RGBA, image.Rectangle) *image.RGBA {
	return func(photo *image.RGBA, around image.Rectangle) *image.RGBA {
		to := image.NewRGBA(photo.Rect)
		middle, radius := float64(around.Min.X+around.Max.X)/2, 0.62*float64(around.Dx())
		yaw := degrees * math.Pi / 180
		for x := range photo.Rect.Dx() {
			from := float64(x)
			if u := (from - middle) / radius; math.Abs(u) < 1 {
				if angle := math.Asin(u) + yaw; angle < math.Pi/2 {
					from = middle + radius*math.Sin(angle)
				} else {
					from = middle + radius*(2-u) // what lies behind the head
				}
			}
			left := min(max(int(from), 0), photo.Rect.Dx()-1)
			for y := range photo.Rect.Dy() {
				to.SetRGBA(x, y, photo.RGBAAt(left, y))
			}
		}
		return to
	}
}

// lit leaves a part of the light.
func lit(part float64) func(*image.RGBA, image.Rectangle) *image.RGBA {
	return func(photo *image.RGBA, _ image.Rectangle) *image.RGBA {
		return eachValue(photo, func(v float64) float64 { return v * part })
	}
}

// noisy adds Gaussian noise whose standard deviation is a part of white.
func noisy(part float64) func(*image.RGBA, image.Rectangle) *image.RGBA {
	return func(photo *image.RGBA, _ image.Rectangle) *image.RGBA {
		random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same noise each time
		return eachValue(photo, func(v float64) float64 { return v + 255*part*random.NormFloat64() })
	}
}

func eachValue(photo *image.RGBA, of func(float64) float64) *image.RGBA {
	to := image.NewRGBA(photo.Rect)
	for i, v := range photo.Pix {
		to.Pix[i] = v
		if i%4 < 3 {
			to.Pix[i] = uint8(math.Round(min(max(of(float64(v)), 0), 255)))
		}
	}
	return to
}

// covered covers the face between two heights, parts of its own, with black.
func covered(from, upTo float64) func(*image.RGBA, image.Rectangle) *image.RGBA {
	return func(photo *image.RGBA, around image.Rectangle) *image.RGBA {
		to, height := eachValue(photo, func(v float64) float64 { return v }), float64(around.Dy())
		bar := image.Rect(around.Min.X, around.Min.Y+int(from*height), around.Max.X, around.Min.Y+int(upTo*height))
		draw.Draw(to, bar, image.Black, image.Point{}, draw.Src)
		return to
	}
}

// masked draws a surgical mask over nose, mouth and chin: pleats, a rim, and shade to the sides.
// Of several colours it has stripes.
func masked(colours ...color.RGBA) func(*image.RGBA, image.Rectangle) *image.RGBA {
	return func(photo *image.RGBA, around image.Rectangle) *image.RGBA {
		return shaped(photo, around, func(u, v float64) (shade float64, on bool) {
			away := math.Abs(u-.5) * 2 // 0 in the middle, 1 at the face's side
			top, bottom := .47+.14*away*away, 1.04-.3*away*away*away
			if away > 1 || v < top || v > bottom {
				return 0, false
			}
			shade = 1 - .35*away*away
			if pleat := math.Mod((v-top)/(bottom-top)*4, 1); pleat < .12 {
				shade -= .12
			}
			if v-top < .02 || bottom-v < .02 {
				shade -= .08
			}
			return shade, true
		}, colours...)
	}
}

// sunglasses draws two dark lenses and a bridge over the eyes.
func sunglasses(photo *image.RGBA, around image.Rectangle) *image.RGBA {
	return shaped(photo, around, func(u, v float64) (shade float64, on bool) {
		lens := func(x float64) bool { return square(square((v-.4)/.11))+square((u-x)/.21) < 1 }
		bridge := math.Abs(u-.5) < .1 && math.Abs(v-.36) < .025
		return .8 + .4*(.4-v), lens(.28) || lens(.72) || bridge
	}, color.RGBA{25, 24, 28, 255})
}

// stripes is how many a face's height has.
const stripes = 30

// shaped paints what on tells, in parts of the face's box, with colours as shaded, in stripes.
func shaped(photo *image.RGBA, around image.Rectangle, on func(u, v float64) (shade float64, on bool), colours ...color.RGBA) *image.RGBA {
	to := eachValue(photo, func(v float64) float64 { return v })
	reach := around.Inset(-around.Dy() / 10).Intersect(photo.Rect)
	for y := reach.Min.Y; y < reach.Max.Y; y++ {
		for x := reach.Min.X; x < reach.Max.X; x++ {
			u, v := (float64(x)+.5-float64(around.Min.X))/float64(around.Dx()), (float64(y)+.5-float64(around.Min.Y))/float64(around.Dy())
			if shade, on := on(u, v); on {
				shade = min(max(shade, 0), 1)
				colour := colours[int(math.Abs(v)*stripes)%len(colours)]
				to.SetRGBA(x, y, color.RGBA{uint8(shade * float64(colour.R)), uint8(shade * float64(colour.G)), uint8(shade * float64(colour.B)), 255})
			}
		}
	}
	return to
}

func square(x float64) float64 { return x * x }
