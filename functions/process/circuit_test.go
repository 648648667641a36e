package main

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/breaker"
	"lineup.dev/lineup/pkg/lineup"
	facerecog "lineup.dev/lineup/proto"
)

// crowd is how many requests come at once where that matters.
const crowd = 200

// submitMany submits n pictures; their ids are 1 to n.
func (s *system) submitMany(t *testing.T, n int) {
	t.Helper()
	paths := make([]string, n)
	for i := range paths {
		paths[i] = fmt.Sprintf("%d.jpg", i+1)
	}
	s.submit(t, paths...)
}

// deliverAll brings the events of pictures 1 to n at once.
func (s *system) deliverAll(t *testing.T, n int) []*httptest.ResponseRecorder {
	t.Helper()
	answers := make([]*httptest.ResponseRecorder, n)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = s.deliver(t, int64(i)+1) })
	}
	all.Wait()
	return answers
}

// count asks the database how many pictures fit.
func (s *system) count(t *testing.T, condition string) (n int) {
	t.Helper()
	testkit.Succeed(t, s.sql(t).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM images WHERE "+condition).Scan(&n))
	return n
}

// sql is the database itself, for what the store does only with time.
func (s *system) sql(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", s.dsn)
	testkit.Succeed(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// wantPaused checks that the bridge is told to pause.
func wantPaused(t *testing.T, answers []*httptest.ResponseRecorder) {
	t.Helper()
	for i, a := range answers {
		if a.Code != http.StatusServiceUnavailable || a.Header().Get("Retry-After") == "" {
			t.Fatalf("picture %d: %d, Retry-After %q, %s; want 503 and how long", i+1, a.Code, a.Header().Get("Retry-After"), a.Body)
		}
	}
}

// silent is the address of a server that accepts connections and says nothing.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Succeed(t, err)
	t.Cleanup(func() { listener.Close() })
	return listener.Addr().String() // the kernel accepts for it
}

func TestWhileTheCircuitIsOpenNothingIsLetThrough(t *testing.T) {
	hung := func(ctx context.Context, _ string) (*facerecog.IdentifyResponse, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for name, face := range map[string]*faceStub{
		"dead":              {address: "127.0.0.1:1"},
		"connected, silent": {address: silent(t)},
		"slow":              {answer: hung},
		"half-broken":       {answer: fail(codes.Internal, "oh")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if face.answer != nil {
				face.sick.Store(true)
				face.start(t)
			}
			s := newSystem(t, face)
			s.FaceTimeout, s.faces.healthTimeout = 200*time.Millisecond, 100*time.Millisecond
			s.submitMany(t, crowd)
			for id := int64(1); s.breaker.Remaining() == 0; id++ {
				s.deliver(t, id)
			}
			calls, probes, attempts := face.calls.Load(), face.probes.Load(), s.count(t, "attempts>0")

			wantPaused(t, s.deliverAll(t, crowd))
			if face.calls.Load() != calls || face.probes.Load() != probes {
				t.Errorf("%d calls and %d probes while it was open, want none", face.calls.Load()-calls, face.probes.Load()-probes)
			}
			if n := s.count(t, "status='pending'"); n != crowd {
				t.Errorf("%d pictures are pending, want all %d", n, crowd)
			}
			if n := s.count(t, "attempts>0"); n != attempts {
				t.Errorf("%d attempts were counted while it was open", n-attempts)
			}
		})
	}
}

func TestOneProbeForEachTimeItWasOpen(t *testing.T) {
	face := &faceStub{answer: fail(codes.Internal, "oh")}
	face.sick.Store(true)
	face.start(t)
	s := newSystem(t, face)
	const openFor = 300 * time.Millisecond
	s.breaker = breaker.New(breaker.Settings{Failures: 3, OpenFor: openFor}, s.faces.healthy, s.log)
	s.submitMany(t, crowd)
	before := time.Now()
	for range 3 {
		s.breaker.Failure()
	}
	for face.probes.Load() < 5 {
		wantPaused(t, s.deliverAll(t, crowd))
	}
	if most := int32(time.Since(before) / openFor); face.probes.Load() > most {
		t.Errorf("%d probes in at most %d times of being open", face.probes.Load(), most)
	}
	if n := face.calls.Load(); n != 0 {
		t.Errorf("%d calls, want none", n)
	}
}

func TestWhileOneProbesTheOthersAreRefusedAtOnce(t *testing.T) {
	probing, release := make(chan struct{}), make(chan struct{})
	face := &faceStub{answer: nobody}
	face.start(t)
	s := newSystem(t, face)
	s.breaker = breaker.New(breaker.Settings{Failures: 3, OpenFor: time.Millisecond}, func(context.Context) error {
		close(probing) // a second probe panics
		<-release
		return nil
	}, s.log)
	s.submitMany(t, crowd+1)
	for range 3 {
		s.breaker.Failure()
	}
	testkit.Eventually(t, patience, "its time is over", func() bool { return s.breaker.Remaining() == 0 })
	var first *httptest.ResponseRecorder
	var prober sync.WaitGroup
	prober.Go(func() { first = s.deliver(t, crowd+1) })
	<-probing
	wantPaused(t, s.deliverAll(t, crowd)) // they return while the probe has not
	close(release)
	prober.Wait()
	s.wantAnswer(t, first, http.StatusOK, "")
	for i, a := range s.deliverAll(t, crowd) {
		if a.Code != http.StatusOK {
			t.Errorf("picture %d after a good probe: %d %s", i+1, a.Code, a.Body)
		}
	}
	if n := face.calls.Load(); n != crowd+1 {
		t.Errorf("%d calls for %d pictures", n, crowd+1)
	}
}

// TestAClaimThatWaitedLetsNoCallThrough holds requests at the database, behind the
// breaker's first look, until it opens.
func TestAClaimThatWaitedLetsNoCallThrough(t *testing.T) {
	face := &faceStub{answer: nobody}
	face.start(t)
	s := newSystem(t, face)
	s.submitMany(t, crowd)
	db := s.sql(t)
	rows, err := db.BeginTx(t.Context(), nil)
	testkit.Succeed(t, err)
	_, err = rows.ExecContext(t.Context(), "UPDATE images SET attempts=0")
	testkit.Succeed(t, err)
	var answers []*httptest.ResponseRecorder
	var work sync.WaitGroup
	work.Go(func() { answers = s.deliverAll(t, crowd) })
	testkit.Eventually(t, patience, "as many claims wait as there are connections", func() bool {
		var waiting int
		testkit.Succeed(t, db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM information_schema.processlist WHERE db=DATABASE() AND info LIKE 'UPDATE images%SET prior_claim%'").Scan(&waiting))
		return waiting == 10
	})
	for range 3 {
		s.breaker.Failure()
	}
	testkit.Succeed(t, rows.Commit())
	work.Wait()
	wantPaused(t, answers)
	if n := face.calls.Load(); n != 0 {
		t.Errorf("%d calls were let through", n)
	}
	if n := s.count(t, "status='pending' AND attempts=0"); n != crowd {
		t.Errorf("%d pictures are pending without an attempt, want all %d", n, crowd)
	}
}

func TestCallsThatWaitToBeSentAreRefusedWhenItOpens(t *testing.T) {
	s := newSystem(t, &faceStub{address: silent(t)})
	s.faces.close()
	var err error
	s.faces, err = dialFaceServer(s.face.address, insecure.NewCredentials(), time.Minute) // longer than anybody waits here, as FaceTimeout
	testkit.Succeed(t, err)
	t.Cleanup(func() { s.faces.close() })
	s.FaceTimeout = time.Minute
	s.submitMany(t, crowd)
	var answers []*httptest.ResponseRecorder
	answered := make(chan struct{})
	go func() { answers = s.deliverAll(t, crowd); close(answered) }()
	testkit.Eventually(t, patience, "all have claimed their picture", func() bool { return s.count(t, "status='processing'") == crowd })
	for range 3 {
		s.breaker.Failure()
	}
	testkit.Eventually(t, patience, "all are refused", func() bool {
		select {
		case <-answered:
			return true
		default:
			return false
		}
	})
	wantPaused(t, answers)
	if n := s.count(t, "status='pending' AND attempts=0"); n != crowd {
		t.Errorf("%d pictures are pending without an attempt, want all %d", n, crowd)
	}
}

func TestAFlappingFaceServerLosesNoPicture(t *testing.T) {
	face := &faceStub{answer: nobody}
	face.start(t)
	s := newSystem(t, face)
	s.Retry = Retry{MaxAttempts: 5, First: time.Millisecond, Most: time.Millisecond}
	s.breaker = breaker.New(breaker.Settings{Failures: 3, OpenFor: 50 * time.Millisecond}, s.faces.healthy, s.log)
	s.submitMany(t, crowd)
	const atOnce = 16
	done, wait := s.carry(t, crowd, atOnce, 10*time.Millisecond)
	const flaps = 5
	for flap := range flaps {
		testkit.Eventually(t, patience, "pictures are looked at while it is there", func() bool { return int(done.Load()) > crowd*flap/(flaps+1) })
		face.server.Stop()
		testkit.Eventually(t, patience, "the circuit opens", func() bool { return s.breaker.Remaining() > 0 })
		face.start(t)
	}
	wait()
	if n := s.count(t, "status='"+string(lineup.Unknown)+"'"); n != crowd {
		t.Errorf("%d of %d pictures were looked at", n, crowd)
	}
	if n := face.calls.Load(); n > crowd+flaps*atOnce {
		t.Errorf("%d calls for %d pictures and %d faults with %d in flight", n, crowd, flaps, atOnce)
	}
}
