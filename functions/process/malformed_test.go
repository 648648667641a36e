package main

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/durationpb"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

var (
	nan = float32(math.NaN())
	inf = float32(math.Inf(1))
)

// TestMalformedAnswersEndAsTheContractAllows brings each answer over real gRPC into a real
// row. Every picture ends, and what was told of it is what the contract allows.
func TestMalformedAnswersEndAsTheContractAllows(t *testing.T) {
	t.Parallel()
	injection := `x.jpg'); DROP TABLE images; -- <script>alert(1)</script>`
	for what, c := range map[string]struct {
		response *facerecog.IdentifyResponse
		faces    int
		face     lineup.Face
	}{
		"numbers that are none": {
			&facerecog.IdentifyResponse{Faces: []*facerecog.Face{{Similarity: &nan, Score: &inf, Box: &facerecog.Box{X: nan, Width: 1, Height: inf}}}},
			1, lineup.Face{}},
		"numbers of another range": {
			&facerecog.IdentifyResponse{Faces: []*facerecog.Face{{Similarity: testkit.Ptr(float32(87.5)), Score: testkit.Ptr(float32(-3)), Box: &facerecog.Box{X: 0.5, Y: 0.5, Width: -1, Height: -1}}}},
			1, lineup.Face{}},
		"numbers that rounding carried over their range": {
			&facerecog.IdentifyResponse{Faces: []*facerecog.Face{{Similarity: testkit.Ptr(float32(1.0000002)), Score: testkit.Ptr(float32(-1e-7))}}},
			1, lineup.Face{Similarity: testkit.Ptr(1.0), Score: testkit.Ptr(0.0)}},
		"a box in pixels": {
			&facerecog.IdentifyResponse{Faces: []*facerecog.Face{{Box: &facerecog.Box{X: 120, Y: 80, Width: 64, Height: 64}}}},
			1, lineup.Face{}},
		"a box that sticks out": {
			&facerecog.IdentifyResponse{Faces: []*facerecog.Face{{Box: &facerecog.Box{X: -0.5, Y: 0.75, Width: 1, Height: 3e38}}}},
			1, lineup.Face{Box: &lineup.Box{X: 0, Y: 0.75, Width: 0.5, Height: 0.25}}},
		"a name with SQL and HTML in it": {
			&facerecog.IdentifyResponse{ImageName: injection, Faces: []*facerecog.Face{{ImageName: injection}}},
			1, lineup.Face{ImageName: injection}},
		"a name that is too long": {
			&facerecog.IdentifyResponse{Faces: []*facerecog.Face{{ImageName: strings.Repeat("🙂", 256), Model: "m"}}},
			1, lineup.Face{}},
		"an embedding of another length": {
			&facerecog.IdentifyResponse{Faces: []*facerecog.Face{{Embedding: []float32{1, nan, 3}, Model: "m"}}},
			1, lineup.Face{}},
		"no face, but a name": {
			&facerecog.IdentifyResponse{ImageName: "nobody\x00.jpg"}, 1, lineup.Face{ImageName: "nobody\x00.jpg"}},
		"nothing at all":     {&facerecog.IdentifyResponse{}, 0, lineup.Face{}},
		"ten thousand faces": {manyFaces(10_000, 512), maxFaces, lineup.Face{ImageName: "x.jpg"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			face := &faceStub{answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) { return c.response, nil }}
			face.start(t)
			s := newSystem(t, face)
			s.submit(t, "a.jpg")
			s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "")
			image := s.image(t, 1)
			if image.Status != lineup.Unknown || len(image.Faces) != c.faces {
				t.Fatalf("%s with %d faces, want unknown with %d", image.Status, len(image.Faces), c.faces)
			}
			for _, got := range image.Faces {
				if got.ImageName != c.face.ImageName || !equal(got.Similarity, c.face.Similarity) || !equal(got.Score, c.face.Score) || !equal(got.Box, c.face.Box) {
					t.Fatalf("kept %+v, want %+v", got, c.face)
				}
			}
		})
	}
}

func equal[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func manyFaces(faces, floats int) *facerecog.IdentifyResponse {
	response := new(facerecog.IdentifyResponse)
	for range faces {
		response.Faces = append(response.Faces, &facerecog.Face{ImageName: "x.jpg", Embedding: make([]float32, floats), Model: "m"})
	}
	return response
}

// An answer that cannot be read at all counts as an attempt, so that its picture
// ends failed and the others go on.
func TestAnAnswerThatCannotBeReadEndsFailed(t *testing.T) {
	t.Parallel()
	field := func(number protowire.Number, value string) []byte {
		return protowire.AppendString(protowire.AppendTag(nil, number, protowire.BytesType), value)
	}
	for what, answer := range map[string][]byte{
		"invalid UTF-8":                     field(1, "\xff\xfe"),
		"invalid UTF-8 in a face":           field(2, string(field(3, "\xc0\xae"))),
		"no protobuf":                       []byte("<html>"),
		"cut off":                           field(1, strings.Repeat("x", 100))[:50],
		"an answer that is above the limit": field(1, strings.Repeat("x", responseBytes+1)),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, &faceStub{address: wireServer(t, func([]byte) []byte { return answer })})
			s.Retry.First = time.Millisecond
			s.submit(t, "a.jpg")
			testkit.Eventually(t, patience, "failed", func() bool { s.deliver(t, 1); return s.image(t, 1).Status == lineup.Failed })
			if reason := s.image(t, 1).Reason; !strings.Contains(reason, "failed at it 3 times") {
				t.Errorf("the reason is %q", reason)
			}
			if err := s.breaker.Allow(t.Context()); err != nil {
				t.Errorf("a server that is healthy by its own word is shut out: %v", err)
			}
		})
	}
}

func TestAFaceServerThatIsBusyForYearsIsAskedAgainSoon(t *testing.T) {
	t.Parallel()
	face := &faceStub{answer: fail(codes.ResourceExhausted, "busy", &errdetails.RetryInfo{RetryDelay: durationpb.New(10 * 365 * 24 * time.Hour)})}
	face.start(t)
	s := newSystem(t, face)
	s.submit(t, "a.jpg")
	s.wantAnswer(t, s.deliver(t, 1), http.StatusServiceUnavailable, "60")
	if claim, err := s.store.Claim(t.Context(), 1, time.Minute); err != nil || claim.Outcome != store.NotYet || claim.Wait > time.Minute {
		t.Errorf("the row: %+v, %v, want it to wait a minute at most", claim, err)
	}
}

func TestARowWithAStatusThatIsNoneIsRefusedForGood(t *testing.T) {
	t.Parallel()
	face := new(faceStub)
	face.start(t)
	s := newSystem(t, face)
	s.submit(t, "a.jpg")
	s.edit(t, "UPDATE images SET status='<b>asleep'")
	got := s.deliver(t, 1)
	s.wantAnswer(t, got, http.StatusUnprocessableEntity, "") // of which the bridge makes a dead letter
	if !strings.Contains(got.Body.String(), "asleep") || !strings.Contains(got.Body.String(), "correct the row") {
		t.Errorf("the answer is %s", got.Body)
	}
	s.edit(t, "UPDATE images SET status='failed'")
	s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "")
}

// edit changes the database by hand.
func (s *system) edit(t *testing.T, statement string) {
	t.Helper()
	_, err := s.sql(t).ExecContext(t.Context(), statement)
	testkit.Succeed(t, err)
}

func TestASchemaThatIsTooOldSaysWhatToDo(t *testing.T) {
	t.Parallel()
	face := &faceStub{answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) { return names("", 0), nil }}
	face.start(t)
	s := newSystem(t, face)
	fresh := func() {
		opened, err := openStore(s.dsn, 2)
		testkit.Succeed(t, err)
		t.Cleanup(func() { opened.Close() })
		s.pipeline.store, s.together = opened, newTogether(GroupSettings{Most: 64}, opened)
	}
	s.submit(t, "a.jpg")
	s.edit(t, "RENAME TABLE goose_db_version TO hidden") // version 0
	fresh()
	got := s.deliver(t, 1)
	s.wantAnswer(t, got, http.StatusServiceUnavailable, "5")
	if !strings.Contains(got.Body.String(), "make migrate") {
		t.Errorf("the answer is %s", got.Body)
	}
	s.edit(t, "RENAME TABLE hidden TO goose_db_version")
	s.edit(t, "INSERT INTO goose_db_version (version_id, is_applied) SELECT MAX(version_id)+1, 1 FROM goose_db_version")
	fresh()
	s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "") // one version ahead
}

// A database without room for a result keeps the picture waiting, and takes the
// result when it has room again.
func TestAFullDatabaseKeepsThePictureWaiting(t *testing.T) {
	t.Parallel()
	large := manyFaces(maxFaces, 0) // about 1.3 MB of rows
	for _, f := range large.Faces {
		f.ImageName = strings.Repeat("🙂", store.ImageNameWidth)
	}
	face := &faceStub{answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) { return large, nil }}
	face.start(t)
	s := newSystem(t, face)
	s.Lease = time.Second
	own := deptest.OwnMySQL(t)
	testkit.Succeed(t, store.Migrate(t.Context(), own.DSN))
	db, err := openStore(own.DSN, 4)
	testkit.Succeed(t, err)
	t.Cleanup(func() { db.Close() })
	s.store, s.pipeline.store, s.together = db, db, newTogether(GroupSettings{Most: 64}, db)

	own.Limit(t, 17<<20)
	var refused *httptest.ResponseRecorder
	id := int64(0)
	for refused == nil && id < 30 {
		id++
		s.submit(t, fmt.Sprintf("%d.jpg", id))
		if got := s.deliver(t, id); got.Code != http.StatusOK {
			refused = got
		}
	}
	if refused == nil {
		t.Fatalf("%d pictures did not fill the database", id)
	}
	s.wantAnswer(t, refused, http.StatusServiceUnavailable, "5")
	if !strings.Contains(refused.Body.String(), "the database is full: make room") {
		t.Errorf("the answer is %s", refused.Body)
	}
	if image := s.image(t, id); image.Status != lineup.Processing || len(image.Faces) != 0 {
		t.Errorf("the row is %s with %d faces, want nothing written", image.Status, len(image.Faces))
	}
	own.Unlimit(t)
	testkit.Eventually(t, patience, "looked at", func() bool { s.deliver(t, id); return s.image(t, id).Status == lineup.Unknown })
	if n := len(s.image(t, id).Faces); n != maxFaces {
		t.Errorf("%d faces, want %d", n, maxFaces)
	}
}
