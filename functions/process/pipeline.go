package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"google.golang.org/grpc/codes"

	"lineup.dev/lineup/pkg/breaker"
	"lineup.dev/lineup/pkg/store"
)

// work is what an event asks for: a row that waits for the face server. Each call has a
// time limit of its own already.
type work interface {
	// claim takes the row for this instance.
	claim(ctx context.Context) (claimed, error)
	// ask calls the face server. The call is broken off when ctx ends, and when opened
	// ends before it was sent.
	ask(ctx, opened context.Context) outcome
	// giveBack makes the row wait again, as the decision says.
	giveBack(ctx context.Context, d decision) error
	// finish writes what came of asking: the answer or, where the decision has one, the
	// reason why there will be none.
	finish(ctx context.Context, d decision, log *slog.Logger) error
	// announce tells others of what was written.
	announce(ctx context.Context, log *slog.Logger)
}

// claimed is how a claim ended.
type claimed struct {
	attempts    int    // that were counted before
	not         *reply // it is not this instance's to work on now; nil when it is
	unannounced bool   // nobody was told of what was written before
}

// job is a piece of work on its way through the pipeline. Each step adds to it what the
// later ones need.
type job struct {
	work
	log *slog.Logger

	attempts int // that were counted before
}

// pipeline takes one piece of work at a time, of many at once, through the steps claim,
// admit, ask, decide, signal and apply.
type pipeline struct {
	Timeouts
	Retry
	StrangerSettings
	store     *store.Store
	together  *together
	counting  *counting
	faces     *faceServer
	next      *nextModel // nil where there is none
	breaker   *breaker.Breaker
	parts     *partTeller
	announcer *announcer
	derived   *derivedFiles // nil where nothing is made of pictures
	// quarantine holds one element while something is at the face server whose call
	// failed before.
	quarantine chan struct{}
	// ending ends when what is in flight has to be given back, because the program ends.
	ending context.Context
}

func (p *pipeline) run(ctx context.Context, j *job) reply {
	if err := p.breaker.Allow(ctx); err != nil {
		p.parts.tell(ctx, p.breaker.Until(), false)
		return notAdmitted(err)
	}
	if err := p.next.check(ctx, p.faces); err != nil {
		return databaseFailed(j.log, err)
	}
	c, err := p.claim(ctx, j)
	if err != nil {
		return databaseFailed(j.log, err)
	}
	if c.unannounced {
		j.announce(ctx, j.log)
	}
	if c.not != nil {
		return *c.not
	}
	j.attempts = c.attempts
	d := p.consult(ctx, j)
	answer := p.apply(ctx, j, d)
	p.parts.tell(ctx, p.breaker.Until(), d.signal == signalSuccess)
	return answer
}

func (p *pipeline) claim(ctx context.Context, j *job) (claimed, error) {
	ctx, cancel := context.WithTimeout(ctx, p.WriteTimeout)
	defer cancel()
	start := time.Now()
	c, err := j.work.claim(ctx)
	j.log = j.log.With("claim_took", time.Since(start).String()) // an instance's first one connects to the database
	return c, err
}

// consult takes the claimed work to the face server: admit, ask, decide, signal.
func (p *pipeline) consult(ctx context.Context, j *job) decision {
	admitted, err := p.admit(j.attempts)
	if err != nil {
		return returnUntried(notAdmitted(err))
	}
	// Before apply: a slow database must not keep the next one in quarantine.
	defer admitted.release()
	start := time.Now()
	o := p.ask(ctx, admitted.opened, j)
	j.log = j.log.With("took", time.Since(start).String(), "code", o.code.String())
	d := decide(o, j.attempts+1, p.Retry)
	if d.row != writeResult {
		j.log.Warn("to be tried again", "attempt", j.attempts+1, "counted", d.row == returnCounted, "error", o.message)
	}
	return d.whileOpen(p.signal(ctx, d.signal))
}

// ask breaks the call off when the program has to end.
func (p *pipeline) ask(ctx, opened context.Context, j *job) outcome {
	ctx, cancel := context.WithTimeout(ctx, p.FaceTimeout)
	defer cancel()
	defer context.AfterFunc(p.ending, cancel)() //nolint:contextcheck // the end of either ends the call
	o := j.work.ask(ctx, opened)
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
		claimsLost.Add(ctx, 1)
		j.log.Warn("took longer than the lease, another has it")
		return claimLost
	case err != nil:
		return databaseFailed(j.log, err)
	case d.row == writeResult:
		j.announce(ctx, j.log)
	}
	if unfinished, is := j.work.(interface{ goesOn() (reply, bool) }); is && d.row == writeResult {
		if again, more := unfinished.goesOn(); more {
			return again
		}
	}
	return d.reply
}

func (p *pipeline) write(ctx context.Context, j *job, d decision) error {
	ctx, cancel := context.WithTimeout(ctx, p.WriteTimeout)
	defer cancel()
	if d.row != writeResult {
		return j.giveBack(ctx, d)
	}
	return j.finish(ctx, d, j.log)
}
