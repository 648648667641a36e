package main

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	facerecog "lineup.dev/lineup/proto"
)

// samplePictures is the sample pictures' files.
func samplePictures(t testing.TB) (all [][]byte) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(deptest.Samples(t), "pictures", "*.jpg"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d sample pictures, error %v", len(paths), err)
	}
	for _, path := range paths {
		all = append(all, testkit.Must(os.ReadFile(path))(t))
	}
	return all
}

// mixed is pictures of many kinds, broken ones among them.
func mixed(t testing.TB) [][]byte {
	t.Helper()
	var all [][]byte
	for _, body := range samplePictures(t) {
		all = append(all, body, body[:len(body)/2])
	}
	for _, size := range []image.Point{{1, 1}, {1200, 800}, {10_000, 10}, {50_000, 50_000}} {
		if size.X < 50_000 {
			all = append(all, blank(t, size.X, size.Y))
			var b bytes.Buffer
			if err := jpeg.Encode(&b, image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420), nil); err != nil {
				t.Fatal(err)
			}
			all = append(all, b.Bytes())
			continue
		}
		all = append(all, bomb(t, size))
	}
	var b bytes.Buffer
	if err := gif.Encode(&b, image.NewGray(image.Rect(0, 0, 800, 600)), nil); err != nil {
		t.Fatal(err)
	}
	return append(all, b.Bytes(), frames(t, 10_000), nil, []byte("who is it?"))
}

// bomb is the beginning of a GIF that says it is so large.
func bomb(t testing.TB, size image.Point) []byte {
	t.Helper()
	return []byte{'G', 'I', 'F', '8', '9', 'a', byte(size.X), byte(size.X >> 8), byte(size.Y), byte(size.Y >> 8), 0, 0, 0}
}

// frames is a GIF with so many of them.
func frames(t testing.TB, count int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gif.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	const before = 13 + 3*256 // the header and the palette
	end := b.Len() - 1
	return append(append(b.Bytes()[:before:before], bytes.Repeat(b.Bytes()[before:end], count)...), b.Bytes()[end])
}

// lookAt asks about pictures, in turn, and lets only refusals of a picture pass.
func lookAt(t testing.TB, s *server, pictures [][]byte, times int) {
	t.Helper()
	for i := range times {
		_, err := s.Identify(t.Context(), &facerecog.IdentifyRequest{Image: pictures[i%len(pictures)]})
		if code := status.Code(err); code != codes.OK && code != codes.InvalidArgument {
			t.Fatalf("picture %d: %v", i%len(pictures), err)
		}
	}
}

// The server needs no more after many pictures than after a few. How much it holds,
// TestMemoryAtRest tells.
func TestMemoryStaysBounded(t *testing.T) {
	s := forTests(t)
	s.MaxPixels, s.MaxPicture = 50_000_000, 20<<20
	server := newTestServer(t, s)
	if err := server.gallery.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	pictures := mixed(t)
	live := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	lookAt(t, server, pictures, len(pictures))
	before := live()
	lookAt(t, server, pictures, 2*len(pictures))
	if after := live(); after > before+3<<20/2 { // of each picture more than 20 KB
		t.Errorf("live heap grew from %d to %d bytes", before, after)
	}
}

// A message that exceeds the pictures' limit a little is answered in words.
func TestMessageAboveMaxPicture(t *testing.T) {
	s := forTests(t)
	client := facerecog.NewIdentifyClient(startReady(t, s))
	for _, above := range []int64{1, 1000, messageMargin - 1024} {
		_, err := client.Identify(t.Context(), &facerecog.IdentifyRequest{Image: make([]byte, s.MaxPicture+above)})
		if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "MAX_PICTURE") {
			t.Errorf("%d bytes above: error is %v, want INVALID_ARGUMENT that says what is allowed", above, err)
		}
	}
}

// On one connection no more than MAX_STREAMS calls are worked on; the next waits at
// the client, and is answered when one ends.
func TestMaxStreams(t *testing.T) {
	s := forTests(t)
	s.MaxStreams = 2
	client := facerecog.NewIdentifyClient(startReady(t, s))
	answers := make(chan error)
	for range 8 {
		go func() {
			_, err := client.Identify(t.Context(), &facerecog.IdentifyRequest{Image: blank(t, 64, 48)})
			answers <- err
		}()
	}
	for range 8 {
		// Were there more, the queue, with four places, would refuse some.
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
}

func FuzzIdentify(f *testing.F) {
	s := forTests(f)
	server := newTestServer(f, s)
	if err := server.gallery.Read(f.Context()); err != nil {
		f.Fatal(err)
	}
	for _, path := range deptest.NewTraversal(f, nil).Paths {
		f.Add(path, []byte(nil))
	}
	f.Add("../../etc/passwd", []byte("x"))
	f.Add("file:///etc/passwd\x00", blank(f, 8, 8))
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		answer, err := server.Identify(t.Context(), &facerecog.IdentifyRequest{ImagePath: path, Image: body})
		switch status.Code(err) {
		case codes.OK:
			if len(body) == 0 || answer.ImageName != facerecog.NotFound {
				t.Errorf("an empty folder and gallery give %v", answer)
			}
		case codes.InvalidArgument, codes.NotFound:
		default:
			t.Errorf("error is %v", err)
		}
	})
}

func TestLivenessIsAnsweredWhereAskedFor(t *testing.T) {
	for setting, want := range map[string]bool{"on": true, "off": false} {
		s := withSamples(t)
		s.Liveness = setting
		answer := identify(t, startReady(t, s), &facerecog.IdentifyRequest{ImagePath: "dana.jpg"})
		if len(answer.Faces) != 1 || (answer.Faces[0].Liveness != nil) != want {
			t.Errorf("LIVENESS=%s: answer is %v", setting, answer)
		}
	}
}

func TestTraceStart(t *testing.T) {
	s := withSamples(t)
	s.Host, s.Port = "127.0.0.1", 0
	var out bytes.Buffer
	if err := traceStart(t.Context(), s, newTestServer(t, forTests(t)).log, &out); err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"load ONNX Runtime", "load the embedder", "read the gallery", "answer for", "in all"} {
		if !strings.Contains(out.String(), step) {
			t.Errorf("it does not say %q:\n%s", step, out.String())
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := traceStart(ctx, s, newTestServer(t, forTests(t)).log, &out); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: error is %v", err)
	}
}

func TestACallThatOutlastsTheGraceTimeIsGivenBack(t *testing.T) {
	s := forTests(t)
	server := newTestServer(t, s)
	if err := server.gallery.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	one, two := <-server.workers.free, <-server.workers.free // the call waits for one of them
	overdue, over := context.WithCancel(t.Context())
	server.overdue = overdue
	answered := make(chan error, 1)
	go func() {
		_, err := server.Identify(t.Context(), &facerecog.IdentifyRequest{Image: blank(t, 8, 8)})
		answered <- err
	}()
	testkit.Eventually(t, patience, "the call is there", func() bool { return len(server.admitted) == 1 })
	over()
	err := <-answered
	retry, ok := detailOf[*errdetails.RetryInfo](status.Convert(err))
	if status.Code(err) != codes.ResourceExhausted || !ok || retry.RetryDelay.AsDuration() <= 0 {
		t.Errorf("it was answered with %v and %v, want RESOURCE_EXHAUSTED and when to come back", err, retry)
	}
	server.workers.free <- one
	server.workers.free <- two
}
