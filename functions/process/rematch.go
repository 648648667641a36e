package main

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

const (
	// matchBatch is how many descriptors one call sends: less than a face server of this
	// project takes, and than gRPC's 4 MB with descriptors of 512 numbers.
	matchBatch = 500
	// rematchFaces is how many faces of a range one job compares; the others wait for the next.
	rematchFaces = 2000
	// lagTries is how often it asks for the gallery's last change, which counts within two seconds.
	lagTries = 4
)

// rematch is the work of comparing the faces of a range of pictures with the gallery again.
// It reads no picture.
type rematch struct {
	*pipeline
	firstImage int64
	trace      event.Trace // of the event that brought it
	log        *slog.Logger

	won     store.RematchClaim
	faces   []store.Rematched
	matched *store.Comparison // nil where nothing could be compared
	changed []store.Answer
	left    bool // something that another model is to describe
}

func (r *rematch) claim(ctx context.Context) (c claimed, err error) {
	r.won, err = r.store.ClaimRematch(ctx, r.firstImage, r.Lease)
	if err != nil {
		return c, err
	}
	if r.won.Outcome != store.Won {
		not := notClaimed(r.won.Outcome, r.won.Wait, "re-match", r.firstImage, "")
		if r.won.Outcome == store.Gone { // ranges are not removed: the hint is of another database
			not = replyDone
		}
		c.not = &not
		return c, nil
	}
	if err = r.store.TakeOver(ctx, r.won); err != nil {
		return c, err
	}
	r.faces, err = r.store.ReadRematch(ctx, r.won, rematchFaces)
	return c, err
}

// ask compares the faces, those of one model at a time.
func (r *rematch) ask(ctx, opened context.Context) outcome {
	slices.SortStableFunc(r.faces, func(a, b store.Rematched) int { return strings.Compare(a.Model, b.Model) })
	for rest := r.faces; len(rest) > 0; {
		n := 1
		for n < min(len(rest), matchBatch) && rest[n].Model == rest[0].Model {
			n++
		}
		batch := rest[:n]
		rest = rest[n:]
		if len(batch[0].Embedding) == 0 { // nobody can compare them
			continue
		}
		answer, comparison, o := r.compare(ctx, opened, batch)
		if o.code != codes.OK {
			return o
		}
		if comparison == nil {
			continue
		}
		for i, face := range answer.GetFaces() {
			batch[i].Candidates, batch[i].Strangers = readCandidates(face.GetCandidates()), readCandidates(face.GetStrangers())
		}
		if r.matched == nil || comparison.GalleryState < r.matched.GalleryState {
			r.matched = comparison
		}
	}
	r.describe(ctx, opened)
	return outcome{sent: true}
}

// describe has the model describe the range that is to. What fails is tried again.
func (r *rematch) describe(ctx, opened context.Context) {
	if r.won.DescribeBy == "" {
		return
	}
	log := r.log.With("first_image", r.firstImage, "model", r.won.DescribeBy)
	d := redescriber{r.pipeline, r.won.DescribeBy, r.next.serverOf(r.won.DescribeBy, r.pipeline.faces), min(r.next.timeToDescribe(), r.FaceTimeout/2), r.trace}
	var err error
	if r.left, err = d.run(ctx, opened, r.won, log); err != nil {
		r.left = true
		log.Warn("describing by another model goes on later", "error", err)
	}
}

// goesOn has the bridge bring the range again, behind whatever else waits.
func (r *rematch) goesOn() (again reply, more bool) {
	return later(describeWait, "something is left to be described by another model"), r.left
}

// compare asks again for a while where the face server has not read the gallery's last change.
func (r *rematch) compare(ctx, opened context.Context, batch []store.Rematched) (answer *facerecog.MatchResponse, c *store.Comparison, o outcome) {
	for range lagTries {
		answer, o = r.pipeline.faces.match(ctx, opened, batch[0].Model, batch, r.trace)
		if c = readComparison(answer.GetComparison()); len(answer.GetFaces()) != len(batch) {
			c = nil
		}
		if o.code != codes.OK || c == nil || c.GalleryState >= r.won.GalleryState {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(lagWait):
		}
	}
	return answer, c, o
}

func (r *rematch) giveBack(ctx context.Context, d decision) error {
	return r.store.GiveBackRematch(ctx, r.won, d.delay)
}

// finish writes what was compared. Faces that this server cannot compare are not asked about
// again until the gallery's next change. A server whose gallery lags is asked again.
func (r *rematch) finish(ctx context.Context, d decision, log *slog.Logger) error {
	if d.result.Reason != "" {
		log.Warn("the face server cannot compare these faces now", "reason", d.result.Reason)
		return r.store.GiveBackRematch(ctx, r.won, r.Most)
	}
	comparison := store.Comparison{GalleryState: r.won.GalleryState}
	if r.matched != nil {
		comparison = r.StrangerSettings.allow(*r.matched)
	}
	var err error
	if r.changed, err = r.store.ApplyRematch(ctx, r.faces, comparison, !r.announcer.enabled()); err != nil {
		return err
	}
	for _, answer := range r.changed {
		r.counting.add(answer.ID)
	}
	log.Info("compared again", "faces", len(r.faces), "changed", len(r.changed), "gallery_state", comparison.GalleryState)
	if comparison.GalleryState < r.won.GalleryState {
		return r.store.GiveBackRematch(ctx, r.won, lagWait)
	}
	if r.left {
		return r.store.GiveBackRematch(ctx, r.won, 0)
	}
	if r.won.DescribeBy != "" {
		if err := r.store.FinishDescribing(ctx, r.won); err != nil {
			return err
		}
		// What looks wrote with the model before, while it switched, is still to be compared.
		if err := r.store.TakeOver(ctx, r.won); err != nil {
			return err
		}
	}
	return r.store.FinishRematch(ctx, r.won)
}

// announce tells of the answers that changed. What cannot be told now is due at a ping.
func (r *rematch) announce(ctx context.Context, log *slog.Logger) {
	if r.announcer.enabled() {
		r.announcer.announceChanged(ctx, r.changed, r.trace, log)
	}
}
