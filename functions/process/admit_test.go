package main

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/breaker"
	facerecog "lineup.dev/lineup/proto"
)

func TestAPictureThatWaitsInQuarantineIsRefusedWhenTheCircuitOpens(t *testing.T) {
	face := &faceStub{answer: nobody}
	face.start(t)
	s := newSystem(t, face)
	s.quarantine <- struct{}{} // another is in it
	for name, c := range map[string]struct {
		attempts int
		open     bool
		want     int
	}{
		"a call failed before":                   {1, false, http.StatusTooManyRequests},
		"a call failed before, the circuit open": {1, true, http.StatusServiceUnavailable},
		"not tried yet, the circuit open":        {0, true, http.StatusServiceUnavailable},
		"not tried yet":                          {0, false, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			p := *s.pipeline
			p.breaker = breaker.New(breaker.Settings{Failures: 1, OpenFor: time.Hour}, s.faces.healthy, s.log)
			if c.open {
				time.AfterFunc(10*time.Millisecond, p.breaker.Failure)
				opened, _ := p.breaker.Watch()
				if c.attempts == 0 {
					<-opened.Done()
				}
			}
			got := http.StatusOK
			admitted, err := p.admit(c.attempts)
			if err == nil {
				admitted.release()
			} else {
				got = notAdmitted(err).status
			}
			if got != c.want {
				t.Errorf("answered with %d (%v), want %d", got, err, c.want)
			}
		})
	}
}

// TestQuarantineIsLeftBeforeTheResultIsWritten locks the row of a picture that the
// face server has answered for, so that its result cannot be written.
func TestQuarantineIsLeftBeforeTheResultIsWritten(t *testing.T) {
	t.Parallel()
	face := new(faceStub)
	s := new(system)
	var tx *sql.Tx
	face.answer = func(ctx context.Context, path string) (*facerecog.IdentifyResponse, error) {
		if path == "slow.jpg" {
			_, err := tx.ExecContext(t.Context(), "UPDATE images SET reason='locked' WHERE id=1")
			return names("", 0), err
		}
		return names("", 0), nil
	}
	face.start(t)
	*s = *newSystem(t, face)
	var err error
	tx, err = s.sql(t).BeginTx(t.Context(), nil)
	testkit.Succeed(t, err)
	s.WriteTimeout = 6 * patience
	s.submit(t, "slow.jpg") // alone, so that it is the picture with the id 1
	s.submit(t, "quick.jpg")
	s.edit(t, "UPDATE images SET attempts=1")
	var slow *httptest.ResponseRecorder
	var work sync.WaitGroup
	work.Go(func() { slow = s.deliver(t, 1) })
	testkit.Eventually(t, patience, "the result of the first waits to be written", func() bool {
		return face.calls.Load() == 1 && len(s.quarantine) == 0
	})
	s.wantAnswer(t, s.deliver(t, 2), http.StatusOK, "")
	testkit.Succeed(t, tx.Commit())
	work.Wait()
	s.wantAnswer(t, slow, http.StatusOK, "")
}
