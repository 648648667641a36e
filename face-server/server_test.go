package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/serve"
	facerecog "lineup.dev/lineup/proto"
)

// patience is the longest a test waits for what must happen.
const patience = 20 * time.Second

// forTests is a server's settings with folders of its own.
func forTests(t testing.TB) settings {
	t.Helper()
	models := deptest.Models(t)
	manifest, err := face.ReadManifest(models)
	if err != nil {
		t.Fatal(err)
	}
	return settings{
		Listen:           serve.Listen{Grace: time.Minute},
		RootsSettings:    photo.RootsSettings{ImagesURL: t.TempDir(), Patience: photo.Patience{ReadTimeout: 10 * time.Second, RootWait: time.Second}},
		GallerySettings:  photo.GallerySettings{KnownPeople: t.TempDir()},
		GalleryPoll:      5 * time.Millisecond,
		GalleryDatabase:  GalleryDatabase{GalleryAsk: 5 * time.Millisecond, GalleryCheck: time.Hour},
		Models:           models,
		AccuracySettings: AccuracySettings{AccuracyConditions: "off"},
		MatchThreshold:   manifest.Threshold, MatchChance: 0.01, StrangerShare: 0.5, StrangerThreshold: manifest.Threshold,
		MatchMargin:     manifest.Margin,
		Workers:         2,
		Queue:           2,
		Limits:          photo.Limits{MaxPicture: 1 << 20},
		MaxPhotos:       100,
		ImportRegions:   "off",
		MaxRegions:      100,
		MaxPixels:       1 << 20,
		MaxDecodeMemory: 1 << 24,
		MaxFrames:       1000,
		DecodeTimeout:   20 * time.Second,
		Rotations:       "on",
		Liveness:        "off",
		Candidates:      5,
		ListPage:        3,
		MatchBatch:      100,
		Requirements:    gallery.Requirements{MinFace: 24, MinLight: 0.15, MinSharpness: 0.04, MaxSecond: 0.5},
		MaxFaces:        256,
		MaxStreams:      64,
		FaceTimeout:     30 * time.Second,
		CallTimeout:     30 * time.Second,
	}
}

// newTestServer is a server that does not listen.
func newTestServer(t testing.TB, s settings) *server {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	e, err := newEngine(s, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.close)
	pictures, err := photo.Open(s.ImagesURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pictures.Close() })
	return newServer(s, e, pictures, log)
}

// startServer lets a server answer until the test ends, or stop is called.
func startServer(t *testing.T, s settings) (connection *grpc.ClientConn, stop func()) {
	t.Helper()
	answering := newTestServer(t, s)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := answerCalls(ctx, s, listener, insecure.NewCredentials(), pings, answering); err != nil {
			t.Errorf("server ended with %v", err)
		}
	}()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	connection, err = grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return connection, stop
}

// startReady is start, and waits until the gallery was read.
func startReady(t *testing.T, s settings) *grpc.ClientConn {
	t.Helper()
	connection, _ := startServer(t, s)
	testkit.Eventually(t, patience, "it is ready", func() bool { return isReady(t, connection) })
	return connection
}

func isReady(t *testing.T, connection *grpc.ClientConn) bool {
	t.Helper()
	answer, err := facerecog.NewHealthCheckClient(connection).HealthCheck(t.Context(), &facerecog.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Ready
}

// blank is a PNG of nobody.
func blank(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// long is so many bytes that begin like a picture.
func long(first string, size int64) []byte {
	return append([]byte(first), make([]byte, size-int64(len(first)))...)
}

func write(t *testing.T, path string, body []byte) {
	t.Helper()
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestIdentifyAnswersAndRefuses(t *testing.T) {
	s := forTests(t)
	write(t, filepath.Join(s.ImagesURL, "blank.png"), blank(t, 64, 48))
	write(t, filepath.Join(s.ImagesURL, "text.jpg"), []byte("who is it?"))
	write(t, filepath.Join(s.ImagesURL, "large.jpg"), make([]byte, s.MaxPicture+1))
	write(t, filepath.Join(s.ImagesURL, "large-tiff.jpg"), long("II*\x00", s.MaxPicture+1))
	write(t, filepath.Join(s.ImagesURL, "wide.png"), blank(t, 1<<12, 1<<9))
	if err := os.Mkdir(filepath.Join(s.ImagesURL, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(s.ImagesURL, "link.jpg")); err != nil {
		t.Fatal(err)
	}
	client := facerecog.NewIdentifyClient(startReady(t, s))

	for name, c := range map[string]struct {
		request *facerecog.IdentifyRequest
		code    codes.Code
		message string // exact, where it says nothing of a decoder
	}{
		"a picture by path":           {&facerecog.IdentifyRequest{ImagePath: "blank.png"}, codes.OK, ""},
		"a picture by absolute path":  {&facerecog.IdentifyRequest{ImagePath: s.ImagesURL + "/blank.png"}, codes.OK, ""},
		"a picture by bytes":          {&facerecog.IdentifyRequest{Image: blank(t, 64, 48)}, codes.OK, ""},
		"bytes before a path":         {&facerecog.IdentifyRequest{Image: blank(t, 64, 48), ImagePath: "/etc/hostname"}, codes.OK, ""},
		"nothing":                     {&facerecog.IdentifyRequest{}, codes.InvalidArgument, "no picture: neither image nor image_path is given"},
		"a text":                      {&facerecog.IdentifyRequest{ImagePath: "text.jpg"}, codes.InvalidArgument, "no picture: not a JPEG, PNG, WebP, GIF, HEIC, AVIF, TIFF or BMP"},
		"a text as bytes":             {&facerecog.IdentifyRequest{Image: []byte("x")}, codes.InvalidArgument, "no picture: not a JPEG, PNG, WebP, GIF, HEIC, AVIF, TIFF or BMP"},
		"a file too large":            {&facerecog.IdentifyRequest{ImagePath: "large.jpg"}, codes.InvalidArgument, "too large: 1048577 bytes, MAX_PICTURE allows 1048576"},
		"bytes too large":             {&facerecog.IdentifyRequest{Image: make([]byte, s.MaxPicture+1)}, codes.InvalidArgument, "too large: 1048577 bytes, MAX_PICTURE allows 1048576"},
		"a TIFF too large":            {&facerecog.IdentifyRequest{ImagePath: "large-tiff.jpg"}, codes.InvalidArgument, "TIFF too large: 1048577 bytes, MAX_PICTURE allows 1048576"},
		"bytes of a PNG too large":    {&facerecog.IdentifyRequest{Image: long("\x89PNG\r\n\x1a\n", s.MaxPicture+1)}, codes.InvalidArgument, "PNG too large: 1048577 bytes, MAX_PICTURE allows 1048576"},
		"too many pixels":             {&facerecog.IdentifyRequest{ImagePath: "wide.png"}, codes.InvalidArgument, "PNG too large: 4096×512 pixels, 1048576 are allowed (MAX_PIXELS)"},
		"too many frames":             {&facerecog.IdentifyRequest{Image: frames(t, 10_000)}, codes.InvalidArgument, "GIF too large: an animation of more than the 1000 frames that are allowed; send one of them as a picture"},
		"an ordinary animation":       {&facerecog.IdentifyRequest{Image: frames(t, 100)}, codes.OK, ""},
		"a path outside":              {&facerecog.IdentifyRequest{ImagePath: "/etc/hostname"}, codes.InvalidArgument, "outside the picture roots"},
		"a link that leads out":       {&facerecog.IdentifyRequest{ImagePath: "link.jpg"}, codes.InvalidArgument, ""},
		"a path that climbs out":      {&facerecog.IdentifyRequest{ImagePath: "../x.jpg"}, codes.InvalidArgument, ""},
		"a folder":                    {&facerecog.IdentifyRequest{ImagePath: "folder"}, codes.InvalidArgument, "no picture: not a file but a folder: to have every picture in it looked at, post it with a slash at its end"},
		"a picture that is not there": {&facerecog.IdentifyRequest{ImagePath: "gone.jpg"}, codes.NotFound, "no such picture"},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := client.Identify(t.Context(), c.request)
			if status.Code(err) != c.code || c.message != "" && status.Convert(err).Message() != c.message {
				t.Fatalf("error is %v, want %v %q", err, c.code, c.message)
			}
			if err == nil && (answer.ImageName != "not_found" || len(answer.Faces) != 0) {
				t.Errorf("answer is %v, want not_found and no face", answer)
			}
		})
	}
}

func TestRootThatIsAway(t *testing.T) {
	s := forTests(t)
	s.ImagesURL = filepath.Join(s.ImagesURL, "unmounted")
	client := facerecog.NewIdentifyClient(startReady(t, s))
	_, err := client.Identify(t.Context(), &facerecog.IdentifyRequest{ImagePath: "a.jpg"})
	info, ok := detailOf[*errdetails.ErrorInfo](status.Convert(err))
	if status.Code(err) != codes.Unavailable || !ok || info.Reason != "ROOT_UNREACHABLE" {
		t.Errorf("error is %v with %v, want UNAVAILABLE with ROOT_UNREACHABLE", err, info)
	}
}

// Whoever keeps the answer can tell by it whether the file is still the one it is about.
func TestAnswersTellWhichContentTheyAreAbout(t *testing.T) {
	s := forTests(t)
	client := facerecog.NewIdentifyClient(startReady(t, s))
	content := func(request *facerecog.IdentifyRequest) string {
		t.Helper()
		answer, err := client.Identify(t.Context(), request)
		if err == nil {
			return answer.Content
		}
		info, ok := detailOf[*errdetails.ErrorInfo](status.Convert(err))
		if status.Code(err) != codes.InvalidArgument || !ok || info.Reason != facerecog.PictureRefused {
			t.Fatalf("error is %v with %v, want INVALID_ARGUMENT with PICTURE_REFUSED", err, info)
		}
		return info.Metadata[facerecog.ContentKey]
	}
	path, byPath := filepath.Join(s.ImagesURL, "a.png"), &facerecog.IdentifyRequest{ImagePath: "a.png"}
	seen := map[string]bool{}
	for _, body := range [][]byte{blank(t, 8, 8), blank(t, 16, 8), []byte("no picture"), make([]byte, s.MaxPicture+1)} {
		write(t, path, body)
		roots, err := photo.Open(s.ImagesURL)
		if err != nil {
			t.Fatal(err)
		}
		file, err := roots.Entry(t.Context(), "a.png")
		if err != nil {
			t.Fatal(err)
		}
		got := content(byPath)
		if got == "" || got != file.Mark() || got != content(byPath) || seen[got] {
			t.Errorf("the file of %d bytes has the mark %q, the answer is about %q", len(body), file.Mark(), got)
		}
		seen[got] = true
	}
	if answer, err := client.Identify(t.Context(), &facerecog.IdentifyRequest{Image: blank(t, 8, 8)}); err != nil || answer.Content != "" {
		t.Errorf("a picture that came in the request: %v, %v, want no content", answer, err)
	}
	_, err := client.Identify(t.Context(), &facerecog.IdentifyRequest{Image: []byte("no picture")})
	if details := status.Convert(err).Details(); len(details) != 0 {
		t.Errorf("a refused one that came in the request has the details %v", details)
	}
}

// stalled is a place of pictures from which none comes until the test says so.
type stalled struct{ reading, proceed chan struct{} }

func (s stalled) Read(ctx context.Context, _ string, _ int64) ([]byte, photo.Entry, error) {
	s.reading <- struct{}{}
	<-s.proceed
	return nil, photo.Entry{}, photo.ErrNotFound
}

// Pictures that wait would take memory: of each worker one is looked at and one read.
func TestNoMorePicturesAreReadThanWorkersNeed(t *testing.T) {
	s := forTests(t)
	s.Workers, s.Queue = 2, 10
	server := newTestServer(t, s)
	if err := server.gallery.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	roots := stalled{make(chan struct{}, 12), make(chan struct{})}
	server.pictures = roots
	var calls sync.WaitGroup
	for range 12 {
		calls.Go(func() {
			if _, err := server.Identify(t.Context(), &facerecog.IdentifyRequest{ImagePath: "a.jpg"}); status.Code(err) != codes.NotFound {
				t.Errorf("error is %v, want NOT_FOUND", err)
			}
		})
	}
	testkit.Eventually(t, patience, "all calls are there", func() bool { return len(server.admitted) == 12 })
	testkit.Eventually(t, patience, "pictures are read", func() bool { return len(roots.reading) == 4 })
	if server.slots.Taken() != 4 || len(roots.reading) > 4 {
		t.Fatalf("%d pictures are read, %d held; want 2 for each of 2 workers", len(roots.reading), server.slots.Taken())
	}
	close(roots.proceed)
	calls.Wait()
	if n := len(roots.reading); n != 12 {
		t.Errorf("%d of 12 pictures were read in the end", n)
	}
}

// A gallery that cannot be listed: here a file lies where its folder should.
func TestReadyOnceTheGalleryWasRead(t *testing.T) {
	s := forTests(t)
	s.KnownPeople = filepath.Join(s.KnownPeople, "people")
	write(t, s.KnownPeople, nil)
	connection, _ := startServer(t, s)
	client, health := facerecog.NewIdentifyClient(connection), healthpb.NewHealthClient(connection)
	serving := func() healthpb.HealthCheckResponse_ServingStatus {
		answer, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "facerecog.Identify"})
		if err != nil {
			t.Fatal(err)
		}
		return answer.Status
	}
	testkit.Eventually(t, patience, "it says that the gallery is away", func() bool {
		_, err := client.Identify(t.Context(), &facerecog.IdentifyRequest{Image: blank(t, 8, 8)})
		return status.Code(err) == codes.Unavailable && status.Convert(err).Message() == "the gallery cannot be reached"
	})
	if isReady(t, connection) || serving() != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Error("it says that it is ready without its gallery")
	}
	if err := os.Remove(s.KnownPeople); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(s.KnownPeople, 0o700); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patience, "it is ready", func() bool { return isReady(t, connection) })
	testkit.Eventually(t, patience, "it serves", func() bool { return serving() == healthpb.HealthCheckResponse_SERVING })
	if _, err := client.Identify(t.Context(), &facerecog.IdentifyRequest{Image: blank(t, 8, 8)}); err != nil {
		t.Error(err)
	}
}

func TestReflection(t *testing.T) {
	stream, err := reflectionpb.NewServerReflectionClient(startReady(t, forTests(t))).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: "facerecog.Identify"},
	}); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil || len(answer.GetFileDescriptorResponse().GetFileDescriptorProto()) == 0 {
		t.Errorf("the service is not described: %v, %v", answer, err)
	}
}

// With every worker at work and every waiting place taken, a call is told to come
// back; those that wait are answered.
func TestBusy(t *testing.T) {
	s := forTests(t)
	server := newTestServer(t, s)
	if err := server.gallery.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	one, two := <-server.workers.free, <-server.workers.free
	request := &facerecog.IdentifyRequest{Image: blank(t, 64, 48)}
	waiting := make(chan error, s.Workers+s.Queue)
	for range cap(waiting) {
		go func() {
			_, err := server.Identify(t.Context(), request)
			waiting <- err
		}()
	}
	testkit.Eventually(t, patience, "all places are taken", func() bool { return len(server.admitted) == cap(server.admitted) })

	_, err := server.Identify(t.Context(), request)
	retry, ok := detailOf[*errdetails.RetryInfo](status.Convert(err))
	if status.Code(err) != codes.ResourceExhausted || !ok || retry.RetryDelay.AsDuration() <= 0 {
		t.Errorf("one call too many: error is %v with %v, want RESOURCE_EXHAUSTED with RetryInfo", err, retry)
	}
	answer, err := server.HealthCheck(t.Context(), nil)
	if err != nil || !answer.Ready {
		t.Errorf("a busy server says that it is not ready: %v, %v", answer, err)
	}

	server.workers.free <- one
	server.workers.free <- two
	for range cap(waiting) {
		if err := <-waiting; err != nil {
			t.Errorf("a call that waited: %v", err)
		}
	}
}

func TestDeadlines(t *testing.T) {
	s := forTests(t)
	s.CallTimeout = 20 * time.Millisecond
	server := newTestServer(t, s)
	if err := server.gallery.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	one, two := <-server.workers.free, <-server.workers.free
	t.Cleanup(func() { server.workers.free <- one; server.workers.free <- two })
	request := &facerecog.IdentifyRequest{Image: blank(t, 8, 8)}
	if _, err := server.Identify(t.Context(), request); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("a call without a deadline: error is %v, want CALL_TIMEOUT to end it", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := server.Identify(ctx, request); status.Code(err) != codes.Canceled {
		t.Errorf("a caller that hung up: error is %v, want CANCELLED", err)
	}
	if len(server.admitted) != 0 {
		t.Errorf("%d places are still taken", len(server.admitted))
	}
}

func TestDrains(t *testing.T) {
	s := forTests(t)
	answering := newTestServer(t, s)
	one, two := <-answering.workers.free, <-answering.workers.free
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connection, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- answerCalls(ctx, s, listener, insecure.NewCredentials(), pings, answering)
	}()
	testkit.Eventually(t, patience, "it is ready", func() bool { return isReady(t, connection) })

	answered := make(chan error, 1)
	go func() {
		_, err := facerecog.NewIdentifyClient(connection).Identify(t.Context(), &facerecog.IdentifyRequest{Image: blank(t, 8, 8)})
		answered <- err
	}()
	testkit.Eventually(t, patience, "the call is there", func() bool { return len(answering.admitted) == 1 })
	cancel()
	testkit.Eventually(t, patience, "nothing new is taken", func() bool {
		c, err := net.DialTimeout("tcp", listener.Addr().String(), time.Second)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	answering.workers.free <- one
	answering.workers.free <- two
	if err := <-answered; err != nil {
		t.Errorf("the call in flight: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

func BenchmarkIdentify(b *testing.B) {
	body, err := os.ReadFile(filepath.Join(deptest.Samples(b), "pictures", "dana.jpg"))
	if err != nil {
		b.Fatal(err)
	}
	for _, count := range []int{1, 2} {
		b.Run(fmt.Sprintf("%d workers", count), func(b *testing.B) {
			s := forTests(b)
			s.Workers, s.Queue = count, 1000
			server := newTestServer(b, s)
			if err := server.gallery.Read(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.SetParallelism(4)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := server.Identify(b.Context(), &facerecog.IdentifyRequest{Image: body}); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func TestSettingsAreChecked(t *testing.T) {
	valid := forTests(t)
	testkit.Settings(t, func() any { s := valid; return &s })
}

func TestEveryFormatIsOnUnlessSomeAreNamed(t *testing.T) {
	for _, format := range photo.Formats {
		if s := defaults(); !slices.Contains(s.Formats, strings.ToLower(format.Name)) {
			t.Errorf("%s is off", format.Name)
		}
	}
}

// Threshold and margin are the models' unless the environment names others.
func TestModelsGiveTheirThreshold(t *testing.T) {
	t.Setenv("MODELS", "kodata")
	manifest, err := face.ReadManifest("kodata")
	if err != nil {
		t.Fatal(err)
	}
	if s := defaults(); s.MatchThreshold != manifest.Threshold || s.MatchMargin != manifest.Margin {
		t.Errorf("threshold %v, margin %v; want the manifest's %v, %v", s.MatchThreshold, s.MatchMargin, manifest.Threshold, manifest.Margin)
	}
	t.Setenv("MODELS", t.TempDir())
	if s := defaults(); s.MatchThreshold != noThreshold {
		t.Errorf("without models the threshold is %v, want %v", s.MatchThreshold, noThreshold)
	}
}

func TestMissingModelsSayWhatToDo(t *testing.T) {
	s := forTests(t)
	s.Models = t.TempDir()
	err := serve.Check(&s)
	if err == nil || !strings.HasPrefix(err.Error(), "MODELS: ") || !strings.Contains(err.Error(), "make models") {
		t.Errorf("the settings' error is %v, want one that names MODELS and says `make models`", err)
	}
	_, err = newEngine(s, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "make models") {
		t.Errorf("error is %v, want one that says `make models`", err)
	}
}
