package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"lineup.dev/lineup/pkg/breaker"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// Retry is how often and when a picture is tried again.
type Retry struct {
	Lease       time.Duration `envconfig:"LEASE" default:"45s" desc:"how long a picture is this instance's alone; must be longer than FACE_TIMEOUT"`
	MaxAttempts int           `envconfig:"MAX_ATTEMPTS" default:"5" desc:"calls that break at one picture before it is failed"`
	First       time.Duration `envconfig:"RETRY_FIRST" default:"2s" desc:"wait after the first such call; it doubles after each further one"`
	Most        time.Duration `envconfig:"RETRY_MOST" default:"1m" desc:"longest such wait, also when the face server asks for more"`
}

func (r Retry) check(faceTimeout time.Duration) error {
	if r.Lease < faceTimeout+suspectWait {
		return fmt.Errorf("LEASE (%v) must be longer than FACE_TIMEOUT (%v) by %v: another would take the picture over meanwhile", r.Lease, faceTimeout, suspectWait)
	}
	if r.Lease > store.Horizon {
		return fmt.Errorf("LEASE (%v) must not be longer than %v: a lease that ends later counts as a mistake", r.Lease, store.Horizon)
	}
	return nil
}

// Waits that the face server and its breaker do not name.
const (
	databaseWait = 5 * time.Second // before the database is asked again
	outageWait   = time.Second     // after an outage that did not open the circuit
	writeTimeout = 10 * time.Second
)

// processor is the function: an http.Handler that takes submitted events.
type processor struct {
	Retry
	store    *store.Store
	faces    *faceServer
	breaker  *breaker.Breaker
	announce announcer
	// suspects holds one element while a picture is looked at whose call broke before.
	suspects chan struct{}
	// ending ends when what is in flight has to be given back, because the program ends.
	ending   context.Context
	maxEvent int64
	log      *slog.Logger
}

func (p *processor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, trace, err := submitted(w, r, p.maxEvent)
	if err != nil {
		p.log.Warn("event refused", "error", err)
		refuse(w, err)
		return
	}
	log := p.log.With("image", id)
	// Work goes on when whoever brought the event hangs up: half of it is done. It
	// ends all the same: every step has a time limit of its own.
	a, err := p.process(context.WithoutCancel(r.Context()), log, id, trace)
	if err != nil {
		log.Error("the database failed", "error", err)
		a = databaseFailed(err)
	}
	a.write(w)
}

// process takes one picture through its whole way. Its error is the database's.
func (p *processor) process(ctx context.Context, log *slog.Logger, id int64, trace event.Trace) (answer, error) {
	if err := p.breaker.Allow(ctx); err != nil {
		return refused(err), nil
	}
	start := time.Now()
	claim, err := p.claim(ctx, id)
	if err != nil {
		return answer{}, err
	}
	if claim.Outcome != store.Won {
		if claim.Outcome == store.Done && !claim.Announced {
			p.announce.result(ctx, p.store, log, id, claim.Round, trace)
		}
		return notClaimed(claim), nil
	}

	closed, leave, err := p.enter(claim)
	if err != nil {
		return p.giveBack(ctx, log, claim, false, refused(err))
	}
	defer leave()

	log = log.With("claim_took", time.Since(start).String()) // an instance's first one connects to the database
	start = time.Now()
	faces, said := p.ask(ctx, closed, claim, trace)
	verdict := judge(said, claim.Attempts+1, p.MaxAttempts)
	p.report(ctx, verdict.health)
	log = log.With("took", time.Since(start).String(), "code", said.code.String())

	switch verdict.fate {
	case identified:
		return p.finish(ctx, log, claim, store.Result{Faces: faces}, trace)
	case failed:
		return p.finish(ctx, log, claim, store.Result{Reason: verdict.reason}, trace)
	case waitAnswer:
		return p.giveBack(ctx, log, claim, false, answer{http.StatusServiceUnavailable, min(said.busyFor, p.Most), "the face server is busy"})
	case waitBreaker:
		log.Warn("the picture waits for the face server", "error", said.message)
		if open := p.breaker.Remaining(); open > 0 {
			return p.giveBack(ctx, log, claim, false, answer{http.StatusServiceUnavailable, open, "the face server is away"})
		}
		return p.giveBack(ctx, log, claim, false, answer{http.StatusTooEarly, outageWait, "the face server is away"})
	case waitOther:
		a, err := p.giveBack(ctx, log, claim, false, answer{http.StatusTooEarly, 0, "this instance ends; another may take the picture at once"})
		a.wait = time.Second
		return a, err
	default: // waitAttempt
		log.Warn("the call broke", "attempt", claim.Attempts+1, "of", p.MaxAttempts, "error", said.message)
		wait := backoff(claim.Attempts+1, p.First, p.Most)
		return p.giveBack(ctx, log, claim, true, answer{http.StatusTooEarly, wait, "the face server failed at the picture"})
	}
}

func (p *processor) claim(ctx context.Context, id int64) (store.Claim, error) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return p.store.Claim(ctx, id, p.Lease)
}

// ask breaks the call off when the program has to end.
func (p *processor) ask(ctx, closed context.Context, claim store.Claim, trace event.Trace) ([]lineup.Face, said) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.ending, cancel)()
	return p.faces.who(ctx, closed, claim.ID, claim.Path, trace)
}

func (p *processor) finish(ctx context.Context, log *slog.Logger, claim store.Claim, result store.Result, trace event.Trace) (answer, error) {
	write, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	status, err := p.store.Finish(write, claim, result, p.announce.sink == nil)
	if errors.Is(err, store.ErrClaimLost) {
		return claimLost(log), nil
	}
	if err != nil {
		return answer{}, err
	}
	log.Info("looked at", "status", status, "faces", len(result.Faces), "reason", result.Reason)
	if p.announce.sink != nil {
		p.announce.result(ctx, p.store, log, claim.ID, claim.Round, trace)
	}
	return answer{status: http.StatusOK, why: string(status)}, nil
}

func (p *processor) giveBack(ctx context.Context, log *slog.Logger, claim store.Claim, attempt bool, a answer) (answer, error) {
	write, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	err := p.store.GiveBack(write, claim, a.wait, attempt)
	if errors.Is(err, store.ErrClaimLost) {
		return claimLost(log), nil
	}
	return a, err
}

// report tells the breaker what a call said about the face server.
func (p *processor) report(ctx context.Context, h health) {
	if h == askIt {
		h = works
		if err := p.faces.healthy(ctx); err != nil {
			h = broken
		}
	}
	switch h {
	case works:
		p.breaker.Success()
	case broken:
		p.breaker.Failure()
	}
}
