package main

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc/codes"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

// describeBatch is how many photos and pictures of a range are read at a time.
const describeBatch = 50

// redescriber is the part of a re-match in which another model describes what is there: it
// reads photos and pictures again. What it does can be broken off anywhere.
type redescriber struct {
	*pipeline
	model string
	faces *faceServer
	time  time.Duration
	trace event.Trace
}

// run describes what is to be described of the range for a time, and tells whether something
// is left. Whether that model's server works says nothing of the one that answers.
func (d *redescriber) run(ctx, opened context.Context, claim store.RematchClaim, log *slog.Logger) (left bool, err error) {
	for until := time.Now().Add(d.time); ; {
		all, err := d.read(ctx, claim)
		if err != nil || len(all) == 0 {
			return false, err
		}
		for _, one := range all {
			if !time.Now().Before(until) {
				return true, nil
			}
			answered, o := d.describe(ctx, opened, one, log)
			if o == waits {
				return true, nil
			}
			if err := d.write(ctx, answered); err != nil || o == broke {
				return true, err
			}
		}
	}
}

func (d *redescriber) read(ctx context.Context, claim store.RematchClaim) ([]store.ToDescribe, error) {
	ctx, cancel := context.WithTimeout(ctx, d.WriteTimeout)
	defer cancel()
	return d.store.ReadToDescribe(ctx, claim, describeBatch)
}

// write writes also what came when the time for all of it was over.
func (d *redescriber) write(ctx context.Context, answered store.Redescribed) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.WriteTimeout)
	defer cancel()
	return d.store.WriteDescribed(ctx, answered)
}

// describes is how asking a model ended.
type describes int

const (
	described describes = iota // or there is nothing that it sees
	broke                      // a call that may have hurt the server: it counts, and the range has a pause
	waits                      // the server cannot answer now: nothing is written
)

// describe asks the model's face server.
func (d *redescriber) describe(ctx, opened context.Context, one store.ToDescribe, log *slog.Logger) (answered store.Redescribed, how describes) {
	answered = store.Redescribed{ToDescribe: one, Model: d.model}
	var o outcome
	if one.Photo != 0 {
		var face *lineup.Face
		face, o = d.describePhoto(ctx, opened, one)
		if face != nil {
			answered.Faces = []lineup.Face{*face}
		}
	} else {
		o = d.faces.identify(ctx, opened, &picture{pipeline: &pipeline{}, id: one.Image, won: store.Claim{Ref: store.Ref{Path: one.Path}}, trace: d.trace})
		answered.Faces = o.faces
		if o.content != "" && one.Content != "" && o.content != one.Content { // another picture's faces say nothing of these
			answered.Faces = nil
		}
	}
	switch {
	case o.code == codes.OK, o.code == codes.InvalidArgument, o.code == codes.NotFound:
		answered.Settled = true
	case !o.sent, o.rootUnreachable, o.code == codes.ResourceExhausted, d.ending.Err() != nil:
		log.Info("the next model waits", "code", o.code.String(), "error", o.message)
		return answered, waits
	default:
		how = broke
		answered.Settled = one.Tries+1 >= d.MaxAttempts
		log.Warn("the next model did not answer", "image", one.Image, "photo", one.Photo, "attempt", one.Tries+1, "code", o.code.String(), "error", o.message)
	}
	for _, face := range answered.Faces {
		if face.Model != d.model {
			log.Error("this face server has another model than it should: nothing of it is written; next: correct NEXT_MODEL or NEXT_FACE_ADDRESS", "wanted", d.model, "has", face.Model)
			return answered, waits
		}
	}
	return answered, how
}

// sameUsed is how much of two boxes must overlap for the face of a photo to be the same.
const sameUsed = 0.5

// describePhoto gives the face that counts: it lies where the one before does.
func (d *redescriber) describePhoto(ctx, opened context.Context, one store.ToDescribe) (*lineup.Face, outcome) {
	shown, o := d.faces.describe(ctx, opened, one.ImageName, false, d.trace)
	if o.code != codes.OK || shown == nil {
		return nil, o
	}
	counts, _ := faceThatCounts(shown, leftToRight(shown), one.Chosen)
	if one.Used != nil {
		counts = faceAt(*one.Used, shown.GetFaces())
	}
	if counts == nil {
		return nil, o
	}
	face := readFace(counts.GetFace())
	if len(face.Embedding) == 0 {
		return nil, o
	}
	return &face, o
}

// faceAt is the face that lies there, nil where none does.
func faceAt(box lineup.Box, faces []*facerecog.PhotoFace) (at *facerecog.PhotoFace) {
	most := sameUsed
	for _, f := range faces {
		if f.GetFace().GetBox() == nil {
			continue
		}
		if lies := clip(f.GetFace().GetBox()); lies != nil && box.Overlap(*lies) >= most {
			at, most = f, box.Overlap(*lies)
		}
	}
	return at
}
