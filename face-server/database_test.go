package main

import (
	"database/sql"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	facerecog "lineup.dev/lineup/proto"
)

func TestMain(m *testing.M) { os.Exit(deptest.Main(m)) }

// withDatabase is withSamples with a gallery in a database, which is empty.
func withDatabase(t testing.TB) (settings, *sql.DB) {
	t.Helper()
	s, dsn := withSamples(t), deptest.Migrated(t)
	s.DSN = deptest.Account(t, dsn, "face-server")
	return s, deptest.SQL(t, dsn)
}

// enrolRow makes a person of a photo that Describe described, and gives the gallery's state.
func enrolRow(t *testing.T, db *sql.DB, name string, p *facerecog.Photo) (person, photo, state int64) {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	insert := func(statement string, args ...any) int64 {
		t.Helper()
		result, err := tx.ExecContext(t.Context(), statement, args...)
		if err != nil {
			t.Fatal(err)
		}
		return testkit.Must(result.LastInsertId())(t)
	}
	insert("UPDATE gallery SET named_state = state + 1, state = state + 1")
	if err := tx.QueryRowContext(t.Context(), "SELECT state FROM gallery").Scan(&state); err != nil {
		t.Fatal(err)
	}
	person = insert("INSERT INTO person (name, created_at, gallery_state) VALUES (?, NOW(6), ?)", name, state)
	photo = insert("INSERT INTO person_images (image_name, person_id, state, created_at, gallery_state) VALUES (?, ?, 'usable', NOW(6), ?)", p.ImageName, person, state)
	insert("INSERT INTO descriptors (photo_id, model, descriptor) VALUES (?, ?, ?)", photo, p.Faces[0].Face.Model, packed(p.Faces[0].Face.Embedding))
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	return person, photo, state
}

func packed(vector []float32) (b []byte) {
	for _, v := range vector {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func describePhoto(t *testing.T, connection *grpc.ClientConn, name string) *facerecog.Photo {
	t.Helper()
	p, err := facerecog.NewGalleryClient(connection).Describe(t.Context(), &facerecog.DescribeRequest{ImageName: name})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A photo is described before anybody knows whose it is, its row enrols it, and it counts.
func TestEnrollingInTheDatabase(t *testing.T) {
	s, db := withDatabase(t)
	connection := startReady(t, s)
	ask := func() *facerecog.IdentifyResponse {
		return identify(t, connection, &facerecog.IdentifyRequest{ImagePath: "dana.jpg"})
	}
	answer := ask()
	if f := answer.Faces[0]; answer.ImageName != facerecog.NotFound || f.Refusal != facerecog.Refusal_NOBODY_ENROLLED || answer.Comparison.GetGalleryState() != 1 {
		t.Errorf("with nobody enrolled the answer is %v", answer)
	}
	described := describePhoto(t, connection, "dana.jpg")
	if !described.Usable || len(described.Faces) != 1 || len(described.Faces[0].Face.Embedding) != 512 || described.Comparison.GetGalleryState() != 1 {
		t.Fatalf("her photo is %v", described)
	}
	person, photo, state := enrolRow(t, db, "Dana D.", described)
	testkit.Eventually(t, patience, "she is known", func() bool { return ask().ImageName == "dana.jpg" })
	answer = ask()
	c := answer.Faces[0].Candidates[0]
	if c.PersonId != person || c.PhotoId != photo || c.Person != "Dana D." || answer.Comparison.GetGalleryState() != state {
		t.Errorf("the candidate is %v at state %d, want person %d, photo %d, state %d", c, answer.Comparison.GetGalleryState(), person, photo, state)
	}
	if got := answer.Comparison; got.Threshold != float32(s.MatchThreshold) || got.Margin != float32(s.MatchMargin) {
		t.Errorf("the rule is %v", got)
	}
	again := describePhoto(t, connection, "dana.jpg").Faces[0].Face
	if again.Candidates[0].PhotoId != photo || again.GetSimilarity() < 0.99 {
		t.Errorf("described again it is like %v", again.Candidates)
	}
}

// Who starts while the database is away is asked again later, and becomes ready once it is there.
func TestADatabaseThatIsAwayAtStart(t *testing.T) {
	t.Parallel()
	s, db := withDatabase(t)
	if _, err := db.ExecContext(t.Context(), "RENAME TABLE gallery TO away"); err != nil {
		t.Fatal(err)
	}
	connection, _ := startServer(t, s)
	_, err := facerecog.NewIdentifyClient(connection).Identify(t.Context(), &facerecog.IdentifyRequest{ImagePath: "dana.jpg"})
	if status.Code(err) != codes.ResourceExhausted || isReady(t, connection) {
		t.Errorf("error is %v, want RESOURCE_EXHAUSTED, and not ready", err)
	}
	if _, err := db.ExecContext(t.Context(), "RENAME TABLE away TO gallery"); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patience, "it is ready", func() bool { return isReady(t, connection) })
}

func TestMatch(t *testing.T) {
	s, db := withDatabase(t)
	connection := startReady(t, s)
	_, _, state := enrolRow(t, db, "Dana", describePhoto(t, connection, "dana.jpg"))
	var asked *facerecog.IdentifyResponse
	testkit.Eventually(t, patience, "the gallery is read", func() bool {
		asked = identify(t, connection, &facerecog.IdentifyRequest{ImagePath: "four-friends.jpg"})
		return asked.Comparison.GetGalleryState() == state
	})
	client, request := facerecog.NewGalleryClient(connection), &facerecog.MatchRequest{Model: asked.Faces[0].Model}
	for _, f := range append(asked.Faces, asked.Faces...) {
		request.Descriptors = append(request.Descriptors, &facerecog.Descriptor{Values: f.Embedding})
	}
	answer, err := client.Match(t.Context(), request)
	if err != nil || len(answer.Faces) != len(request.Descriptors) || answer.Comparison.GetGalleryState() != state {
		t.Fatalf("%d faces, comparison %v, %v", len(answer.GetFaces()), answer.GetComparison(), err)
	}
	for i, f := range answer.Faces {
		want := asked.Faces[i%len(asked.Faces)]
		if f.ImageName != want.ImageName || f.GetSimilarity() != want.GetSimilarity() || f.Refusal != want.Refusal || f.Box != nil || len(f.Problems) > 0 {
			t.Errorf("descriptor %d: %v, want as from the picture %q", i, f, want.ImageName)
		}
	}

	good := request.Descriptors[0]
	for name, c := range map[string]struct {
		request *facerecog.MatchRequest
		words   string
	}{
		"another model":  {&facerecog.MatchRequest{Model: "other", Descriptors: []*facerecog.Descriptor{good}}, "other"},
		"another length": {&facerecog.MatchRequest{Model: request.Model, Descriptors: []*facerecog.Descriptor{good, {Values: good.Values[1:]}}}, "descriptor 1"},
		"not of length 1": {&facerecog.MatchRequest{Model: request.Model, Descriptors: []*facerecog.Descriptor{
			{Values: make([]float32, len(good.Values))}}}, "descriptor 0"},
		"no number": {&facerecog.MatchRequest{Model: request.Model, Descriptors: []*facerecog.Descriptor{
			{Values: append([]float32{float32(math.NaN())}, good.Values[1:]...)}}}, "descriptor 0"},
		"too many": {&facerecog.MatchRequest{Model: request.Model, Descriptors: make([]*facerecog.Descriptor, s.MatchBatch+1)}, "MATCH_BATCH"},
	} {
		if _, err := client.Match(t.Context(), c.request); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: error is %v, want INVALID_ARGUMENT naming %s", name, err, c.words)
		}
	}
	if answer, err := client.Match(t.Context(), &facerecog.MatchRequest{Model: request.Model}); err != nil || len(answer.Faces) != 0 {
		t.Errorf("of no descriptor: %v, %v", answer, err)
	}
}

// However many pictures wait, and though no more may, a photo of the gallery is described.
func TestAPhotoIsDescribedBeforeThePicturesThatWait(t *testing.T) {
	s := withSamples(t)
	s.Workers, s.Queue = 1, 0
	server := newTestServer(t, s)
	if err := server.gallery.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	busy := <-server.workers.free // at work on a picture
	server.admitted <- struct{}{}
	body := testkit.Must(os.ReadFile(filepath.Join(s.ImagesURL, "dana.jpg")))(t)
	looked := make(chan string, 2)
	go func() {
		server.workers.extract(t.Context(), body)
		looked <- "picture"
	}()
	go func() {
		photos := photos{server: server}
		if _, err := photos.Describe(t.Context(), &facerecog.DescribeRequest{ImageName: "dana.jpg"}); err != nil {
			t.Error(err)
		}
		looked <- "photo"
	}()
	testkit.Eventually(t, patience, "the photo waits for a worker", func() bool { return len(server.enrolling) == 1 })
	testkit.Eventually(t, patience, "the worker goes to the photo", func() bool {
		select {
		case server.workers.urgent <- busy:
			return true
		default:
			return false
		}
	})
	if first := <-looked; first != "photo" {
		t.Errorf("first comes the %s", first)
	}
	<-looked
}
