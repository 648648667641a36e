package main

import (
	"context"
	"errors"
	"log/slog"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

// photo is the work of finding out whether a photo shows a face to know somebody by.
type photo struct {
	*pipeline
	id    int64
	trace event.Trace // of the event that brought it

	won       store.PhotoClaim
	described *facerecog.Photo // nil where the face server cannot describe
	crop      lineup.Derived   // saved under the claim
}

func (p *photo) claim(ctx context.Context) (c claimed, err error) {
	p.won, err = p.store.ClaimPhoto(ctx, p.id, p.Lease)
	c.attempts = p.won.Attempts
	switch {
	case err != nil:
	case p.won.Outcome == store.Won:
		p.derived.removePrior(ctx, p.won.PriorDerived)
	case p.won.Outcome == store.Gone: // it was removed before anybody came to it
		c.not = &replyDone
	default:
		not := notClaimed(p.won.Outcome, p.won.Wait, "photo", p.id, string(p.won.State))
		c.not = &not
	}
	return c, err
}

func (p *photo) ask(ctx, opened context.Context) (o outcome) {
	p.described, o = p.faces.describe(ctx, opened, p.won.ImageName, p.derived != nil, p.trace)
	if p.derived == nil || p.described == nil {
		return o
	}
	body, most := cropOf(p.described, p.won.Chosen)
	if file, is := readDerived(p.won.Derived(0), body, most); is && p.derived.save(ctx, []derivedFile{file}) {
		p.crop = file.name
	}
	return o
}

func (p *photo) giveBack(ctx context.Context, d decision) error {
	return p.store.GiveBackPhoto(ctx, p.won, d.delay, d.row == returnCounted)
}

func (p *photo) finish(ctx context.Context, d decision, log *slog.Logger) error {
	outcome := store.PhotoOutcome{State: store.PhotoUnusable, Reason: d.result.Reason}
	if d.result.Reason == "" {
		outcome = examine(p.described, p.won.Chosen)
		outcome.Crop = p.crop
	}
	finished, err := p.store.FinishPhoto(ctx, p.won, outcome)
	if errors.Is(err, store.ErrClaimLost) && p.crop != "" {
		if now, failed := p.store.Photo(ctx, p.id); failed == nil && now.Crop != p.crop || errors.Is(failed, store.ErrNotFound) {
			p.derived.remove(ctx, []lineup.Derived{p.crop})
		}
	}
	if err == nil {
		log.Info("photo examined", "person", finished.PersonID, "state", finished.State)
	}
	return err
}

// announce has nobody to tell: who enrolled the photo reads its row.
func (p *photo) announce(context.Context, *slog.Logger) {}
