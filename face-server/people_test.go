package main

import (
	"bytes"
	"image"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/protobuf/encoding/protowire"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/samples"
	"lineup.dev/lineup/local/testkit"
	facerecog "lineup.dev/lineup/proto"
)

// withSamples is settings whose gallery and pictures are the samples'.
func withSamples(t testing.TB) settings {
	t.Helper()
	s, dir := forTests(t), deptest.Samples(t)
	if err := os.CopyFS(s.KnownPeople, os.DirFS(filepath.Join(dir, "people"))); err != nil {
		t.Fatal(err)
	}
	s.ImagesURL = filepath.Join(dir, "pictures")
	s.MaxPixels = 50_000_000
	return s
}

func identify(t *testing.T, connection *grpc.ClientConn, request *facerecog.IdentifyRequest) *facerecog.IdentifyResponse {
	t.Helper()
	answer, err := facerecog.NewIdentifyClient(connection).Identify(t.Context(), request)
	if err != nil {
		t.Fatalf("%s: %v", request.ImagePath, err)
	}
	return answer
}

// named is the gallery photos that the faces of an answer matched, sorted.
func named(answer *facerecog.IdentifyResponse) []string {
	names := []string{}
	for _, f := range answer.Faces {
		if f.ImageName != "" {
			names = append(names, f.ImageName)
		}
	}
	slices.Sort(names)
	return names
}

func TestNamesTheSamplePeople(t *testing.T) {
	s := withSamples(t)
	connection := startReady(t, s)
	for _, picture := range samples.Pictures {
		t.Run(picture.File, func(t *testing.T) {
			answer := identify(t, connection, &facerecog.IdentifyRequest{ImagePath: picture.File})
			if len(answer.Faces) != picture.Faces {
				t.Errorf("%d faces, want %d", len(answer.Faces), picture.Faces)
			}
			got := []string{}
			for _, photo := range named(answer) {
				got = append(got, whose(photo))
			}
			if want := append([]string{}, picture.Known...); !slices.Equal(slices.Compact(got), want) {
				t.Errorf("known are %q, want %q", got, want)
			}
		})
	}
}

// whose is the person whom a sample photo shows.
func whose(photo string) string {
	for _, person := range samples.People {
		if slices.Contains(person.Photos, photo) {
			return person.Name
		}
	}
	return "nobody"
}

// A picture is named alike by its path and by its bytes.
func TestPathAndBytesAreNamedAlike(t *testing.T) {
	s := withSamples(t)
	connection := startReady(t, s)
	for _, picture := range []string{"dana.jpg", "stranger.jpg", "four-friends.jpg"} {
		body, err := os.ReadFile(filepath.Join(s.ImagesURL, picture))
		if err != nil {
			t.Fatal(err)
		}
		byPath := identify(t, connection, &facerecog.IdentifyRequest{ImagePath: filepath.Join(s.ImagesURL, picture)})
		byBytes := identify(t, connection, &facerecog.IdentifyRequest{Image: body})
		if byPath.ImageName != byBytes.ImageName || !slices.Equal(named(byPath), named(byBytes)) {
			t.Errorf("%s: by path it is %q, by bytes %q", picture, named(byPath), named(byBytes))
		}
	}
}

// A face of the answer carries all that proto/face.proto promises.
func TestFacesAreWhole(t *testing.T) {
	answer := identify(t, startReady(t, withSamples(t)), &facerecog.IdentifyRequest{ImagePath: "four-friends.jpg"})
	for i, f := range answer.Faces {
		b := f.Box
		if b == nil || b.X < 0 || b.Y < 0 || b.Width <= 0 || b.Height <= 0 || b.X+b.Width > 1 || b.Y+b.Height > 1 {
			t.Errorf("face %d: box is %v, want it within the picture", i, b)
		}
		if f.GetScore() < 0.8 || f.GetScore() > 1 || f.Similarity == nil || len(f.Embedding) != 512 || f.Model == "" {
			t.Errorf("face %d: score %v, similarity %v, %d numbers, model %q", i, f.Score, f.Similarity, len(f.Embedding), f.Model)
		}
		if i > 0 && f.GetSimilarity() > answer.Faces[i-1].GetSimilarity() {
			t.Errorf("face %d is more similar than the one before", i)
		}
	}
	if len(answer.Faces) != 4 || answer.ImageName != answer.Faces[0].ImageName {
		t.Errorf("%d faces, image_name %q, the first face's %q", len(answer.Faces), answer.ImageName, answer.Faces[0].ImageName)
	}
}

func TestFollowsTheGallery(t *testing.T) {
	s := withSamples(t)
	photo, err := os.ReadFile(filepath.Join(s.KnownPeople, "ruby.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	s.KnownPeople = t.TempDir()
	connection := startReady(t, s)
	who := func() string {
		return identify(t, connection, &facerecog.IdentifyRequest{ImagePath: "evening-out.jpg"}).ImageName
	}
	if got := who(); got != facerecog.NotFound {
		t.Fatalf("with an empty gallery image_name is %q", got)
	}
	write(t, filepath.Join(s.KnownPeople, "broken.jpg"), []byte("no photo"))
	write(t, filepath.Join(s.KnownPeople, "ruby.jpg"), photo)
	testkit.Eventually(t, patience, "she is known", func() bool { return who() == "ruby.jpg" })
	if err := os.Rename(filepath.Join(s.KnownPeople, "ruby.jpg"), filepath.Join(s.KnownPeople, "red.jpg")); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patience, "she is known by the new name", func() bool { return who() == "red.jpg" })
	if err := os.Remove(filepath.Join(s.KnownPeople, "red.jpg")); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patience, "she is forgotten", func() bool { return who() == facerecog.NotFound })
}

func TestThresholdCanBeSet(t *testing.T) {
	s := withSamples(t)
	s.MatchThreshold = 0.999
	answer := identify(t, startReady(t, s), &facerecog.IdentifyRequest{ImagePath: "dana.jpg"})
	if answer.ImageName != facerecog.NotFound || answer.Faces[0].GetSimilarity() < 0.42 {
		t.Errorf("image_name is %q at similarity %v, want not_found for the threshold alone", answer.ImageName, answer.Faces[0].GetSimilarity())
	}
}

// bytesOnly lets a client speak the wire format by hand.
type bytesOnly struct{ encoding.Codec }

func (bytesOnly) Marshal(v any) ([]byte, error)   { return *v.(*[]byte), nil }
func (bytesOnly) Unmarshal(b []byte, v any) error { *v.(*[]byte) = bytes.Clone(b); return nil }
func (bytesOnly) Name() string                    { return "proto" }

// The client of the original API knows field 1 of each message and nothing else.
func TestAnswersTheOriginalAPIsClient(t *testing.T) {
	connection := startReady(t, withSamples(t))
	call := func(method string, request []byte) (value protowire.Type, rest []byte) {
		t.Helper()
		var response []byte
		if err := connection.Invoke(t.Context(), method, &request, &response, grpc.ForceCodec(bytesOnly{})); err != nil {
			t.Fatal(err)
		}
		for len(response) > 0 {
			number, kind, n := protowire.ConsumeTag(response)
			if n < 0 {
				t.Fatal(protowire.ParseError(n))
			}
			if number == 1 {
				return kind, response[n:]
			}
			length := protowire.ConsumeFieldValue(number, kind, response[n:])
			if length < 0 {
				t.Fatal(protowire.ParseError(length))
			}
			response = response[n+length:]
		}
		t.Fatalf("%s: the answer has no field 1", method)
		return 0, nil
	}
	path := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "dana.jpg")
	kind, rest := call("/facerecog.Identify/Identify", path)
	if name, n := protowire.ConsumeString(rest); n < 0 || kind != protowire.BytesType || name != "dana.jpg" {
		t.Errorf("image_name is %q of type %v, want dana.jpg", name, kind)
	}
	kind, rest = call("/facerecog.HealthCheck/HealthCheck", nil)
	if ready, n := protowire.ConsumeVarint(rest); n < 0 || kind != protowire.VarintType || ready != 1 {
		t.Errorf("ready is %v of type %v, want 1", ready, kind)
	}
}

func TestIdentifyCommand(t *testing.T) {
	s := withSamples(t)
	dana := filepath.Join(s.ImagesURL, "dana.jpg")
	stranger := filepath.Join(s.ImagesURL, "stranger.jpg")
	text := filepath.Join(t.TempDir(), "text.jpg")
	write(t, text, []byte("who is it?"))
	gone := filepath.Join(t.TempDir(), "gone.jpg")

	for name, c := range map[string]struct {
		photos []string
		out    string
		errs   string // a part of it
		code   int
	}{
		"one who is known": {[]string{dana}, "Checking image: " + dana + "\nmatched id: dana.jpg\n", "", 0},
		"one who is not":   {[]string{stranger}, "Checking image: " + stranger + "\nnot_found\n", "", 1},
		"both":             {[]string{stranger, dana}, "Checking image: " + stranger + "\nnot_found\nChecking image: " + dana + "\nmatched id: dana.jpg\n", "", 1},
		"a file that is no photo does not stop the rest": {[]string{text, dana},
			"Checking image: " + text + "\nChecking image: " + dana + "\nmatched id: dana.jpg\n", text + ": no picture", 2},
		"a file that is not there": {[]string{gone}, "Checking image: " + gone + "\n", gone + ": no such file", 2},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := identifyFiles(t.Context(), s, slog.New(slog.DiscardHandler), c.photos, &out, &errs)
			if code != c.code || out.String() != c.out || !strings.Contains(errs.String(), c.errs) || (c.errs == "") != (errs.Len() == 0) {
				t.Errorf("exit %d, output %q, errors %q; want %d, %q, %q", code, out.String(), errs.String(), c.code, c.out, c.errs)
			}
		})
	}
	t.Run("a gallery that cannot be read", func(t *testing.T) {
		s := s
		s.KnownPeople = text // a file
		var out, errs bytes.Buffer
		code := identifyFiles(t.Context(), s, slog.New(slog.DiscardHandler), []string{dana}, &out, &errs)
		if code != 2 || !strings.Contains(errs.String(), "KNOWN_PEOPLE="+text) {
			t.Errorf("exit %d, errors %q; want 2 and which gallery", code, errs.String())
		}
	})
}

// Pictures and gallery photos on their side or head, without EXIF that says so, name
// the same people, and a photo is measured as it would be upright.
func TestNamesPeopleWhicheverWayUp(t *testing.T) {
	s := withSamples(t)
	sample := filepath.Join(s.ImagesURL, "viktor-in-the-sun.jpg")
	s.ImagesURL = t.TempDir()
	asIs := func(img image.Image) image.Image { return img }
	write(t, filepath.Join(s.ImagesURL, "upright.jpg"), altered(t, sample, asIs))
	for name, alter := range map[string]func(image.Image) image.Image{
		"side.jpg": quarterTurn,
		"head.jpg": func(img image.Image) image.Image { return quarterTurn(quarterTurn(img)) },
	} {
		write(t, filepath.Join(s.ImagesURL, name), altered(t, sample, alter))
		write(t, filepath.Join(s.KnownPeople, "turned-"+name), altered(t, filepath.Join(s.KnownPeople, "dana.jpg"), alter))
	}
	connection := startReady(t, s)
	upright := identify(t, connection, &facerecog.IdentifyRequest{ImagePath: "upright.jpg"})
	gallery := facerecog.NewGalleryClient(connection)
	want, err := gallery.Describe(t.Context(), &facerecog.DescribeRequest{ImageName: "dana.jpg"})
	if err != nil {
		t.Fatal(err)
	}
	for name, turns := range map[string]int{"side.jpg": 1, "head.jpg": 2} {
		answer := identify(t, connection, &facerecog.IdentifyRequest{ImagePath: name})
		if !slices.Equal(named(answer), named(upright)) || len(named(answer)) == 0 {
			t.Errorf("%s names %v, want %v", name, named(answer), named(upright))
		}
		wantBoxes(t, name, answer, upright, turns)
		got, err := gallery.Describe(t.Context(), &facerecog.DescribeRequest{ImageName: "turned-" + name})
		if err != nil || !got.Usable || math.Abs(float64(got.Faces[0].Width-want.Faces[0].Width)) > 3 {
			t.Errorf("turned-%s: error %v, photo %v; want it usable, with a face %v wide", name, err, got, want.Faces[0].Width)
		}
	}
}

// wantBoxes checks that the boxes of a picture's faces lie in it as it is, on its side or
// head, where the upright picture's come to after as many quarter turns.
func wantBoxes(t *testing.T, name string, turned, upright *facerecog.IdentifyResponse, turns int) {
	t.Helper()
	for i, f := range turned.Faces {
		if i == len(upright.Faces) {
			t.Fatalf("%s has %d faces, want %d", name, len(turned.Faces), i)
		}
		got, want := boxOf(f), boxOf(upright.Faces[i]).Rotated(turns)
		if apart := max(math.Abs(got.X-want.X), math.Abs(got.Y-want.Y), math.Abs(got.Width-want.Width), math.Abs(got.Height-want.Height)); apart > 0.02 {
			t.Errorf("%s: face %d is at %v, want %v", name, i, got, want)
		}
	}
}

func boxOf(f *facerecog.Face) face.Box {
	b := f.Box
	return face.Box{X: float64(b.X), Y: float64(b.Y), Width: float64(b.Width), Height: float64(b.Height)}
}

// The command looks at a picture on its side, too, unless ROTATIONS forbids it.
func TestIdentifyCommandOfAPictureOnItsSide(t *testing.T) {
	s := withSamples(t)
	side := filepath.Join(t.TempDir(), "side.jpg")
	write(t, side, altered(t, filepath.Join(s.ImagesURL, "dana.jpg"), quarterTurn))
	for rotations, want := range map[string]string{"on": "matched id: dana.jpg", "off": facerecog.NotFound} {
		s.Rotations = rotations
		var out, errs bytes.Buffer
		identifyFiles(t.Context(), s, slog.New(slog.DiscardHandler), []string{side}, &out, &errs)
		if got := out.String(); got != "Checking image: "+side+"\n"+want+"\n" || errs.Len() > 0 {
			t.Errorf("ROTATIONS=%s: output %q, errors %q; want %s", rotations, got, &errs, want)
		}
	}
}

// quarterTurn turns clockwise.
func quarterTurn(img image.Image) image.Image {
	size := img.Bounds().Size()
	to := image.NewRGBA(image.Rect(0, 0, size.Y, size.X))
	for y := range size.Y {
		for x := range size.X {
			to.Set(size.Y-1-y, x, img.At(x, y))
		}
	}
	return to
}
