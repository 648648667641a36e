package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/breaker"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

func TestTheWholeWay(t *testing.T) {
	face := &faceStub{answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) {
		return names("ann-1.jpg", 0.9), nil
	}}
	face.start(t)
	s := newSystem(t, face)
	_, err := s.store.Enrol(t.Context(), store.Enrolment{Name: "Ann", Photos: []store.NewPhoto{{ImageName: "ann-1.jpg"}}})
	testkit.Succeed(t, err)
	s.submit(t, "a.jpg")
	s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "")
	image := s.image(t, 1)
	if image.Status != lineup.Identified || image.Person == nil || image.Person.Name != "Ann" || len(image.Faces) != 1 {
		t.Errorf("%+v, want Ann identified", image)
	}
	s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "")
	if n := face.calls.Load(); n != 1 {
		t.Errorf("%d calls for a picture delivered twice, want one", n)
	}
}

// What an answer is about, and what it leaves out, is kept with it; of what does not fit
// a row, as much as makes sense.
func TestTheRowKeepsWarningAndContent(t *testing.T) {
	answer := func(r *facerecog.IdentifyResponse) func(context.Context, string) (*facerecog.IdentifyResponse, error) {
		return func(context.Context, string) (*facerecog.IdentifyResponse, error) { return r, nil }
	}
	refused := func(content string) *errdetails.ErrorInfo {
		return &errdetails.ErrorInfo{Reason: facerecog.PictureRefused, Metadata: map[string]string{facerecog.ContentKey: content}}
	}
	longest := strings.Repeat("x", store.ContentBytes)
	for name, c := range map[string]struct {
		answer           func(context.Context, string) (*facerecog.IdentifyResponse, error)
		warning, content string
	}{
		"both":                           {answer(&facerecog.IdentifyResponse{Warning: "the end is missing", Content: longest}), "the end is missing", longest},
		"a server that knows neither":    {answer(&facerecog.IdentifyResponse{ImageName: "not_found"}), "", ""},
		"both too long":                  {answer(&facerecog.IdentifyResponse{Warning: strings.Repeat("ä", 2000), Content: longest + "x"}), strings.Repeat("ä", store.WarningWidth-1) + "…", ""},
		"a refusal":                      {fail(codes.InvalidArgument, "no picture", refused("9 now")), "", "9 now"},
		"a refusal that says too much":   {fail(codes.InvalidArgument, "no picture", refused(longest+"x")), "", ""},
		"a refusal that says no more":    {fail(codes.InvalidArgument, "no picture"), "", ""},
		"a refusal about something else": {fail(codes.InvalidArgument, "no picture", &errdetails.ErrorInfo{Reason: "OTHER"}), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			face := &faceStub{answer: c.answer}
			face.start(t)
			s := newSystem(t, face)
			s.submit(t, "a.jpg")
			s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "")
			if image := s.image(t, 1); image.Warning != c.warning || image.Content != c.content {
				t.Errorf("the row has %q and %q, want %q and %q", image.Warning, image.Content, c.warning, c.content)
			}
		})
	}
}

func TestAnswersOfTheFaceServer(t *testing.T) {
	unreachable := &errdetails.ErrorInfo{Reason: "ROOT_UNREACHABLE", Domain: "lineup"}
	for name, c := range map[string]struct {
		answer     func(context.Context, string) (*facerecog.IdentifyResponse, error)
		sick       bool
		status     int
		retryAfter string
		image      lineup.Status
		reason     string
		attempts   int
	}{
		"nobody known": {
			answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) { return names("", 0.1), nil },
			status: 200, image: lineup.Unknown},
		"a photo that is nobody's": {
			answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) {
				return names("by-hand.jpg", 0.9), nil
			},
			status: 200, image: lineup.Unknown},
		"no face": {
			answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) {
				return &facerecog.IdentifyResponse{ImageName: "not_found"}, nil
			},
			status: 200, image: lineup.Unknown},
		"no picture": {
			answer: fail(codes.InvalidArgument, "no picture"),
			status: 200, image: lineup.Failed, reason: "no picture"},
		"a picture that is not there": {
			answer: fail(codes.NotFound, "no such file"),
			status: 200, image: lineup.Failed, reason: "no such file"},
		"a picture root that cannot be reached": {
			answer: fail(codes.Unavailable, "no bucket", unreachable, &errdetails.RetryInfo{RetryDelay: durationpb.New(time.Second)}),
			status: 429, retryAfter: "1", image: lineup.Pending},
		"busy": {
			answer: fail(codes.ResourceExhausted, "busy", &errdetails.RetryInfo{RetryDelay: durationpb.New(1500 * time.Millisecond)}),
			status: 503, retryAfter: "2", image: lineup.Pending},
		"a failure of a healthy server": {
			answer: fail(codes.Internal, "oh"),
			status: 429, retryAfter: "1", image: lineup.Pending, attempts: 1},
		"a failure of a sick server": {
			answer: fail(codes.Unknown, "oh"), sick: true,
			status: 429, retryAfter: "1", image: lineup.Pending, attempts: 1},
		"too slow": {
			answer: func(ctx context.Context, _ string) (*facerecog.IdentifyResponse, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
			status: 429, retryAfter: "1", image: lineup.Pending, attempts: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			face := &faceStub{answer: c.answer}
			face.sick.Store(c.sick)
			face.start(t)
			s := newSystem(t, face)
			s.submit(t, "a.jpg")
			s.wantAnswer(t, s.deliver(t, 1), c.status, c.retryAfter)
			if image := s.image(t, 1); image.Status != c.image || image.Reason != c.reason {
				t.Errorf("the row is %s (%q), want %s (%q)", image.Status, image.Reason, c.image, c.reason)
			}
			if c.image != lineup.Pending {
				return
			}
			again := s.deliver(t, 1)
			s.wantAnswer(t, again, http.StatusTooManyRequests, again.Header().Get("Retry-After"))
			if claim := s.claimWhenDue(t, 1); claim.Attempts != c.attempts {
				t.Errorf("%d attempts counted, want %d", claim.Attempts, c.attempts)
			}
		})
	}
}

// claimWhenDue claims a picture once its time to be retried has come.
func (s *system) claimWhenDue(t *testing.T, id int64) store.Claim {
	t.Helper()
	var claim store.Claim
	testkit.Eventually(t, patience, "the picture can be claimed", func() bool {
		var err error
		claim, err = s.store.Claim(t.Context(), id, time.Minute)
		testkit.Succeed(t, err)
		return claim.Outcome == store.Won
	})
	return claim
}

func TestAPictureThatKillsTheServerEndsFailed(t *testing.T) {
	face := new(faceStub)
	face.answer = func(context.Context, string) (*facerecog.IdentifyResponse, error) {
		return nil, status.Error(codes.Unavailable, "the connection broke")
	}
	face.start(t)
	s := newSystem(t, face)
	s.Retry.First = time.Millisecond
	s.submit(t, "poison.jpg")
	testkit.Eventually(t, patience, "failed", func() bool {
		s.deliver(t, 1)
		return s.image(t, 1).Status == lineup.Failed
	})
	if image := s.image(t, 1); !strings.Contains(image.Reason, "3 times") || face.calls.Load() != 3 {
		t.Errorf("%d calls, reason %q; want 3 calls", face.calls.Load(), image.Reason)
	}
	if err := s.breaker.Allow(t.Context()); err != nil {
		t.Errorf("one bad picture opened the circuit: %v", err)
	}
}

func TestADeadFaceServerCostsWaitingAndNeverAPicture(t *testing.T) {
	face := &faceStub{answer: nobody}
	face.start(t)
	face.server.Stop()
	s := newSystem(t, face)
	s.breaker = breaker.New(breaker.Settings{Failures: 3, OpenFor: time.Second}, s.faces.healthy, s.log)
	const pictures = 20
	for i := range pictures {
		s.submit(t, fmt.Sprintf("%d.jpg", i))
	}
	for i := range int64(pictures) {
		got := s.deliver(t, i+1)
		switch {
		case i < 2 && got.Code != http.StatusTooManyRequests, i >= 2 && got.Code != http.StatusServiceUnavailable:
			t.Errorf("picture %d: %d %s", i+1, got.Code, got.Body)
		case got.Header().Get("Retry-After") == "":
			t.Errorf("picture %d: no Retry-After", i+1)
		}
		if image := s.image(t, i+1); image.Status != lineup.Pending {
			t.Errorf("picture %d is %s, want pending", i+1, image.Status)
		}
	}
	if left := s.breaker.Remaining(); left <= 0 {
		t.Fatal("the circuit is not open")
	}

	face.start(t)
	for i := range int64(pictures) {
		testkit.Eventually(t, patience, "looked at", func() bool { s.deliver(t, i+1); return s.image(t, i+1).Status == lineup.Unknown })
	}
	if n := face.calls.Load(); n != pictures {
		t.Errorf("%d calls for %d pictures", n, pictures)
	}
}

func TestTwoAtOnce(t *testing.T) {
	release := make(chan struct{})
	face := &faceStub{answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) {
		<-release
		return names("", 0), nil
	}}
	face.start(t)
	s := newSystem(t, face)
	s.submit(t, "a.jpg")
	var first *httptest.ResponseRecorder
	var work sync.WaitGroup
	work.Go(func() { first = s.deliver(t, 1) })
	testkit.Eventually(t, patience, "the first is at work", func() bool { return face.calls.Load() == 1 })
	second := s.deliver(t, 1)
	if wait := second.Header().Get("Retry-After"); second.Code != http.StatusConflict || wait != "60" && wait != "59" {
		t.Errorf("the second: %d, Retry-After %q; want 409 and what is left of the lease", second.Code, wait)
	}
	close(release)
	work.Wait()
	s.wantAnswer(t, first, http.StatusOK, "")
	if n := face.calls.Load(); n != 1 {
		t.Errorf("%d calls, want one", n)
	}
}

func TestAResultThatCameTooLateIsNotWritten(t *testing.T) {
	face := new(faceStub)
	s := new(system)
	face.answer = func(context.Context, string) (*facerecog.IdentifyResponse, error) {
		s.claimWhenDue(t, 1) // the lease ran out meanwhile, and another took over
		return names("", 0), nil
	}
	face.start(t)
	*s = *newSystem(t, face)
	s.Lease = time.Millisecond
	s.submit(t, "a.jpg")
	s.wantAnswer(t, s.deliver(t, 1), http.StatusConflict, "1")
	if image := s.image(t, 1); image.Status != lineup.Processing {
		t.Errorf("the row is %s, want processing, by the other", image.Status)
	}
}
