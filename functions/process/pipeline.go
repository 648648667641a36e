package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"google.golang.org/grpc/codes"

	"lineup.dev/lineup/pkg/breaker"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/store"
)

// job is one picture on its way through the pipeline. Each step adds to it what the
// later ones need.
type job struct {
	id    int64
	trace event.Trace // of the event that brought it
	log   *slog.Logger

	claim store.Claim
}

// pipeline takes one picture at a time, of many at once, through the steps claim,
// admit, ask, decide, signal and apply.
type pipeline struct {
	Timeouts
	Retry
	store     *store.Store
	faces     *faceServer
	breaker   *breaker.Breaker
	announcer *announcer
	// quarantine holds one element while a picture is at the face server whose call
	// failed before.
	quarantine chan struct{}
	// ending ends when what is in flight has to be given back, because the program ends.
	ending context.Context
}

func (p *pipeline) run(ctx context.Context, j *job) reply {
	if err := p.breaker.Allow(ctx); err != nil {
		return notAdmitted(err)
	}
	if err := p.claim(ctx, j); err != nil {
		return databaseFailed(j.log, err)
	}
	switch j.claim.Outcome {
	case store.Won:
		return p.apply(ctx, j, p.consult(ctx, j))
	case store.Done:
		if !j.claim.Announced {
			p.announcer.announce(ctx, j)
		}
	}
	return notClaimed(j.claim)
}

func (p *pipeline) claim(ctx context.Context, j *job) (err error) {
	ctx, cancel := context.WithTimeout(ctx, p.WriteTimeout)
	defer cancel()
	start := time.Now()
	j.claim, err = p.store.Claim(ctx, j.id, p.Lease)
	j.log = j.log.With("claim_took", time.Since(start).String()) // an instance's first one connects to the database
	return err
}

// consult takes the claimed picture to the face server: admit, ask, decide, signal.
func (p *pipeline) consult(ctx context.Context, j *job) decision {
	admitted, err := p.admit(j.claim)
	if err != nil {
		return returnUntried(notAdmitted(err))
	}
	// Before apply: a slow database must not keep the next picture in quarantine.
	defer admitted.release()
	start := time.Now()
	o := p.ask(ctx, admitted.opened, j)
	j.log = j.log.With("took", time.Since(start).String(), "code", o.code.String())
	d := decide(o, j.claim.Attempts+1, p.Retry)
	if d.row != writeResult {
		j.log.Warn("picture to be tried again", "attempt", j.claim.Attempts+1, "counted", d.row == returnCounted, "error", o.message)
	}
	return d.whileOpen(p.signal(ctx, d.signal))
}

// ask breaks the call off when the program has to end.
func (p *pipeline) ask(ctx, opened context.Context, j *job) outcome {
	ctx, cancel := context.WithTimeout(ctx, p.FaceTimeout)
	defer cancel()
	defer context.AfterFunc(p.ending, cancel)() //nolint:contextcheck // the end of either ends the call
	o := p.faces.identify(ctx, opened, j)
	o.interrupted = o.code != codes.OK && p.ending.Err() != nil
	return o
}

// signal tells the breaker what the call showed of the face server, and the caller
// how long the circuit is open after that.
func (p *pipeline) signal(ctx context.Context, s signal) (open time.Duration) {
	if s == signalProbe {
		s = signalSuccess
		if err := p.faces.healthy(ctx); err != nil {
			s = signalFailure
		}
	}
	switch s {
	case signalSuccess:
		p.breaker.Success()
	case signalFailure:
		p.breaker.Failure()
	}
	return p.breaker.Remaining()
}

// apply writes the decision into the row, and announces a result.
func (p *pipeline) apply(ctx context.Context, j *job, d decision) reply {
	err := p.write(ctx, j, d)
	switch {
	case errors.Is(err, store.ErrClaimLost):
		j.log.Warn("took longer than the lease, another has the picture")
		return claimLost
	case err != nil:
		return databaseFailed(j.log, err)
	case d.row == writeResult && p.announcer.enabled():
		p.announcer.announce(ctx, j)
	}
	return d.reply
}

func (p *pipeline) write(ctx context.Context, j *job, d decision) error {
	ctx, cancel := context.WithTimeout(ctx, p.WriteTimeout)
	defer cancel()
	if d.row != writeResult {
		return p.store.GiveBack(ctx, j.claim, d.delay, d.row == returnCounted)
	}
	status, err := p.store.Finish(ctx, j.claim, d.result, !p.announcer.enabled())
	if err == nil {
		j.log.Info("looked at", "status", status, "faces", len(d.result.Faces), "reason", d.result.Reason, "warning", d.result.Warning)
	}
	return err
}
