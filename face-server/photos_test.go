package main

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"testing"

	xdraw "golang.org/x/image/draw"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	facerecog "lineup.dev/lineup/proto"
)

// altered is a sample picture after something was done to it.
func altered(t *testing.T, path string, alter func(image.Image) image.Image) []byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	img, err := jpeg.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, alter(img), &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func resized(img image.Image, width int) image.Image {
	b := img.Bounds()
	to := image.NewRGBA(image.Rect(0, 0, width, b.Dy()*width/b.Dx()))
	xdraw.CatmullRom.Scale(to, to.Bounds(), img, b, draw.Src, nil)
	return to
}

// Of the sample Dana: her face is 225 pixels wide in a picture 416 wide.
var alterations = map[string]func(image.Image) image.Image{
	"small.jpg":   func(img image.Image) image.Image { return resized(img, 416*20/225) },
	"blurred.jpg": func(img image.Image) image.Image { return resized(resized(img, 416*16/225), 416) },
	"dark.jpg": func(img image.Image) image.Image {
		to := image.NewRGBA(img.Bounds())
		draw.Draw(to, to.Rect, img, image.Point{}, draw.Src)
		draw.Draw(to, to.Rect, image.NewUniform(color.RGBA{A: 197}), image.Point{}, draw.Over)
		return to
	},
	"twice.jpg": func(img image.Image) image.Image {
		width := img.Bounds().Dx()
		to := image.NewRGBA(image.Rect(0, 0, 2*width, img.Bounds().Dy()))
		draw.Draw(to, to.Rect, img, image.Point{}, draw.Src)
		draw.Draw(to, to.Rect.Add(image.Pt(width, 0)), img, image.Point{}, draw.Src)
		return to
	},
}

var expected = map[string][]facerecog.Problem{
	"small.jpg":   {facerecog.Problem_TOO_SMALL},
	"blurred.jpg": {facerecog.Problem_BLURRED},
	"dark.jpg":    {facerecog.Problem_TOO_DARK},
	"twice.jpg":   {facerecog.Problem_SEVERAL_FACES},
	"nobody.png":  {facerecog.Problem_NO_FACE},
	"text.jpg":    {facerecog.Problem_UNREADABLE},
	"dana.jpg":    nil,
}

func TestGalleryService(t *testing.T) {
	s := withSamples(t)
	dana := filepath.Join(s.KnownPeople, "dana.jpg")
	s.ImagesURL, s.KnownPeople = s.KnownPeople, t.TempDir()
	bodies := map[string][]byte{"nobody.png": blank(t, 64, 48), "text.jpg": []byte("me"), "dana.jpg": altered(t, dana, func(img image.Image) image.Image { return img })}
	for name, alter := range alterations {
		bodies[name] = altered(t, dana, alter)
	}
	for name, body := range bodies {
		write(t, filepath.Join(s.KnownPeople, name), body)
	}
	connection := startReady(t, s)
	client := facerecog.NewGalleryClient(connection)
	as := func(how string, p *facerecog.Photo, name string) {
		t.Helper()
		want := expected[name]
		if !slices.Equal(p.Problems, want) || p.Usable != (want == nil) || (p.Advice == "") != (want == nil) {
			t.Errorf("%s: %s has problems %v, usable %v, advice %q; want %v", how, name, p.Problems, p.Usable, p.Advice, want)
		}
	}

	t.Run("Describe tells what is wrong with a photo", func(t *testing.T) {
		for name := range expected {
			p, err := client.Describe(t.Context(), &facerecog.DescribeRequest{ImageName: name})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			as("Describe", p, name)
			for _, f := range p.Faces {
				if f.Width <= 0 || f.Light <= 0 || f.Sharpness <= 0 || f.Face.GetBox() == nil || len(f.Face.Embedding) == 0 || len(f.Face.Candidates) != 1 {
					t.Errorf("%s: face is %v", name, f)
				}
			}
		}
		for _, name := range []string{"gone.jpg", "../dana.jpg", ""} {
			if _, err := client.Describe(t.Context(), &facerecog.DescribeRequest{ImageName: name}); status.Code(err) != codes.NotFound {
				t.Errorf("%q: error is %v, want NOT_FOUND", name, err)
			}
		}
	})

	t.Run("Check tells it before", func(t *testing.T) {
		for name, body := range bodies {
			p, err := client.Check(t.Context(), &facerecog.IdentifyRequest{Image: body})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			as("Check", p, name)
			if name == "dana.jpg" && (len(p.Faces) != 1 || p.Faces[0].Face.ImageName != "dana.jpg" || len(p.Faces[0].Face.Candidates) != 1) {
				t.Errorf("of her own photo it says %v", p.Faces)
			}
		}
		if p, err := client.Check(t.Context(), &facerecog.IdentifyRequest{ImagePath: "zara-1.jpg"}); err != nil || !p.Usable {
			t.Errorf("a photo by path: %v, %v", p, err)
		}
		for _, request := range []*facerecog.IdentifyRequest{{}, {ImagePath: "/etc/hostname"}} {
			if _, err := client.Check(t.Context(), request); status.Code(err) != codes.InvalidArgument {
				t.Errorf("%v: error is %v, want INVALID_ARGUMENT", request, err)
			}
		}
	})

	t.Run("List gives pages", func(t *testing.T) {
		var names []string
		request := new(facerecog.ListRequest)
		for pages := 0; ; pages++ {
			page, err := client.List(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Photos) > s.ListPage || pages > 10 {
				t.Fatalf("page %d has %d photos, LIST_PAGE allows %d", pages, len(page.Photos), s.ListPage)
			}
			for _, p := range page.Photos {
				as("List", p, p.ImageName)
				names = append(names, p.ImageName)
			}
			if request.PageToken = page.NextPageToken; page.NextPageToken == "" {
				break
			}
		}
		if want := []string{"blurred.jpg", "dana.jpg", "dark.jpg", "nobody.png", "small.jpg", "text.jpg", "twice.jpg"}; !slices.Equal(names, want) {
			t.Errorf("pages hold %q, want %q", names, want)
		}
		page, err := client.List(t.Context(), &facerecog.ListRequest{PageSize: 2, WithProblems: true})
		if err != nil || len(page.Photos) != 2 || page.Photos[1].ImageName != "dark.jpg" {
			t.Errorf("the first two with problems are %v, %v", page, err)
		}
		for _, request := range []*facerecog.ListRequest{{PageSize: -1}, {PageToken: "?"}} {
			if _, err := client.List(t.Context(), request); status.Code(err) != codes.InvalidArgument {
				t.Errorf("%v: error is %v, want INVALID_ARGUMENT", request, err)
			}
		}
	})
}

// One man under two names: nobody can tell which of them it is.
func TestCoinTossIsRefused(t *testing.T) {
	s := withSamples(t)
	two := filepath.Join(s.KnownPeople, "viktor-2.jpg")
	if err := os.Rename(two, filepath.Join(s.KnownPeople, "victor.jpg")); err != nil {
		t.Fatal(err)
	}
	same, err := os.ReadFile(filepath.Join(s.KnownPeople, "dana.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(s.KnownPeople, "diana_1.jpg"), same)
	connection := startReady(t, s)
	for _, picture := range []string{"viktor-in-the-sun.jpg", "viktor-by-the-hills.jpg"} {
		f := identify(t, connection, &facerecog.IdentifyRequest{ImagePath: picture}).Faces[0]
		if f.Refusal != facerecog.Refusal_COIN_TOSS || f.GetSimilarity() < 0.42 || f.GetMargin() > 0.1 {
			t.Errorf("%s: similarity %v, margin %v, refusal %v; want COIN_TOSS", picture, f.GetSimilarity(), f.GetMargin(), f.Refusal)
		}
	}
	answer := identify(t, connection, &facerecog.IdentifyRequest{ImagePath: "dana.jpg"})
	f := answer.Faces[0]
	if answer.ImageName != facerecog.NotFound || f.Refusal != facerecog.Refusal_COIN_TOSS || f.GetMargin() != 0 || f.GetSimilarity() < 0.42 {
		t.Errorf("image_name %q, refusal %v, margin %v", answer.ImageName, f.Refusal, f.GetMargin())
	}
	if len(f.Candidates) != 5 || f.Candidates[0].Person != "dana" || f.Candidates[1].Person != "diana" {
		t.Errorf("candidates are %v, want dana and diana first of 5", f.Candidates)
	}
	s.MatchMargin = 0
	if answer := identify(t, startReady(t, s), &facerecog.IdentifyRequest{ImagePath: "dana.jpg"}); answer.ImageName != "dana.jpg" {
		t.Errorf("without a margin image_name is %q, want the first by name", answer.ImageName)
	}
}
