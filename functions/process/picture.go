package main

import (
	"context"
	"log/slog"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/store"
)

// picture is the work of finding out who is in one.
type picture struct {
	*pipeline
	id    int64
	trace event.Trace // of the event that brought it

	won  store.Claim
	told bool // nobody waits for the result
}

func (p *picture) claim(ctx context.Context) (c claimed, err error) {
	p.won, err = p.store.Claim(ctx, p.id, p.Lease)
	c.attempts = p.won.Attempts
	if err == nil && p.won.Outcome != store.Won {
		not := notClaimed(p.won.Outcome, p.won.Wait, "image", p.id, string(p.won.Status))
		c.not, c.unannounced = &not, p.won.Outcome == store.Done && !p.won.Announced
	}
	return c, err
}

func (p *picture) ask(ctx, opened context.Context) outcome { return p.faces.identify(ctx, opened, p) }

func (p *picture) giveBack(ctx context.Context, d decision) error {
	return p.store.GiveBack(ctx, p.won, d.delay, d.row == returnCounted, d.unusual)
}

func (p *picture) finish(ctx context.Context, d decision, log *slog.Logger) error {
	p.told = !p.announcer.enabled()
	if d.result.Comparison != nil {
		comparison := p.StrangerSettings.allow(*d.result.Comparison)
		d.result.Comparison, d.result.MaxStrangers = &comparison, p.MaxStrangers
	}
	status, err := p.store.Finish(ctx, p.won, d.result, p.told)
	if err == nil {
		log.Info("looked at", "status", status, "faces", len(d.result.Faces), "reason", d.result.Reason, "warning", d.result.Warning)
	}
	return err
}

func (p *picture) announce(ctx context.Context, log *slog.Logger) {
	if !p.told {
		p.announcer.announce(ctx, p, log)
	}
}
