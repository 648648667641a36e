package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// picture is the work of finding out who is in one.
type picture struct {
	*pipeline
	id    int64
	path  string      // as the event tells it
	trace event.Trace // of the event that brought it

	won   store.Claim
	saved []lineup.Derived // under the claim
	told  bool             // nobody waits for the result
}

func (p *picture) claim(ctx context.Context) (c claimed, err error) {
	p.won, err = p.together.claim(ctx, p.id, p.path, p.Lease)
	c.attempts = p.won.Attempts
	if err == nil && p.won.Outcome != store.Won {
		not := notClaimed(p.won.Outcome, p.won.Wait, "image", p.id, string(p.won.Status))
		c.not, c.unannounced = &not, p.won.Outcome == store.Done && !p.won.Announced
	}
	if err == nil && p.won.Outcome == store.Won {
		p.derived.removePrior(ctx, p.won.PriorDerived)
	}
	return c, err
}

func (p *picture) ask(ctx, opened context.Context) outcome {
	o := p.faces.identify(ctx, opened, p)
	if len(o.files) > 0 && !p.derived.save(ctx, o.files) {
		o.withoutDerived()
	}
	for _, file := range o.files {
		p.saved = append(p.saved, file.name)
	}
	return o
}

func (p *picture) giveBack(ctx context.Context, d decision) error {
	return p.store.GiveBack(ctx, p.won, d.delay, d.row == returnCounted, d.unusual)
}

func (p *picture) finish(ctx context.Context, d decision, log *slog.Logger) error {
	p.told = !p.announcer.enabled()
	if d.result.Comparison != nil {
		comparison := p.StrangerSettings.allow(*d.result.Comparison)
		d.result.Comparison, d.result.MaxStrangers = &comparison, p.MaxStrangers
	}
	finished := &store.Finished{Claim: p.won, Result: d.result, Announced: p.told}
	err := p.together.finish(ctx, finished)
	if errors.Is(err, store.ErrClaimLost) {
		p.removeSaved(ctx)
	}
	if err == nil {
		p.counting.add(p.id)
		p.noteFinished(ctx, finished.Status)
		log.Info("looked at", "status", finished.Status, "faces", len(d.result.Faces), "reason", d.result.Reason, "warning", d.result.Warning)
	}
	return err
}

// removeSaved removes what was saved for a row that was not written, unless it was and only
// the answer was lost: then it names the files.
func (p *picture) removeSaved(ctx context.Context) {
	if len(p.saved) == 0 {
		return
	}
	named, err := p.store.DerivedOf(ctx, p.id)
	if err == nil && !slices.Contains(named, p.saved[0]) {
		p.derived.remove(ctx, p.saved)
	}
}

func (p *picture) announce(ctx context.Context, log *slog.Logger) {
	if !p.told {
		p.announcer.announce(ctx, p, log)
	}
}
