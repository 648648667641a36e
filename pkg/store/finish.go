package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
)

// Result is what came of looking at a picture: the faces, as the face server told
// them, or the reason why it failed for good. Whose a face is, and the status with it,
// Finish finds.
type Result struct {
	Faces   []lineup.Face
	Reason  string
	Warning string // what could not be seen because the file is damaged
	// Content tells the content of the file that was looked at, in ContentBytes at most;
	// empty when it is not known.
	Content string
	// Comparison tells what the faces were compared with; nil for a face server that says
	// by image_name alone whose a face is.
	Comparison *Comparison
	// MaxStrangers is how many people without a name there may be: a face that is like nobody
	// begins one more only below that. 0: none begins.
	MaxStrangers int64
	// Regions are the faces of which the file's metadata says whose they are.
	Regions []Region
	// Layout tells how the file holds its pixels; nil where the face server does not.
	Layout *lineup.Layout

	Thumbnail, Large lineup.Derived // made of it; each face has its crop
}

// Comparison is what faces were compared with, and the rule that holds then.
type Comparison struct {
	GalleryState int64
	Rule         match.Rule
}

// Finish writes the result and ends the claim. Faces that were there before keep their
// ids and what a hand said of them. With announced, the result event counts as accepted
// from the start: nobody waits for it. It answers with the status the picture now has;
// ErrClaimLost when the claim was another's by then.
func (s *Store) Finish(ctx context.Context, c Claim, r Result, announced bool) (lineup.Status, error) {
	var status lineup.Status
	err := s.transact(ctx, fmt.Sprintf("write the result of image %d", c.ID), func(tx *sql.Tx) error {
		said := newImport(r)
		if err := said.lockNames(ctx, tx); err != nil {
			return err
		}
		pictures, err := lockPictures(ctx, tx, []int64{c.ID})
		if err != nil {
			return err
		}
		if len(pictures) == 0 || !pictures[0].isHeldBy(c) {
			return ErrClaimLost
		}
		p := pictures[0]
		if err := said.findPeople(ctx, tx, p); err != nil {
			return err
		}
		f := &finishing{picture: p, Result: r, announced: announced}
		if err := finish(ctx, tx, []*finishing{f}); err != nil {
			return err
		}
		if status = f.status; len(said.regions) == 0 {
			return nil
		}
		status, err = said.apply(ctx, tx, p)
		return err
	})
	return status, err
}

// Finished is what one caller finishes together with others.
type Finished struct {
	Claim     Claim
	Result    Result
	Announced bool

	Status lineup.Status
	// Alone says that nothing was done for this caller: it takes Finish, which holds rows that
	// others may hold, or tells what cannot be stored. So a result spoils no other's.
	Alone bool
	Err   error
}

// FinishTogether is Finish for several callers at once, in the round trips of one and one
// transaction, which waits for no picture's row that another holds.
func (s *Store) FinishTogether(ctx context.Context, all []*Finished) {
	byID := make(map[int64]*Finished, len(all))
	for _, f := range all {
		// Regions may make people, whose spellings are held before any picture.
		if f.Alone = len(f.Result.Regions) > 0 || byID[f.Claim.ID] != nil; !f.Alone {
			byID[f.Claim.ID] = f
		}
	}
	err := s.transact(ctx, "write results", func(tx *sql.Tx) error { return finishTogether(ctx, tx, byID) })
	for _, f := range byID {
		if f.Alone = err != nil && isOfOneRow(err); err != nil && !f.Alone {
			f.Err = err
		}
	}
}

func finishTogether(ctx context.Context, tx *sql.Tx, byID map[int64]*Finished) error {
	pictures, err := lockPicturesBy(ctx, tx, slices.Collect(maps.Keys(byID)), lockedInOrder+` NOWAIT`)
	if err != nil {
		return err
	}
	for _, f := range byID {
		f.Err = ErrClaimLost
	}
	var all []*finishing
	for _, p := range pictures {
		if f := byID[p.id]; p.isHeldBy(f.Claim) {
			f.Err = nil
			all = append(all, &finishing{picture: p, Result: f.Result, announced: f.Announced})
		}
	}
	if err := finish(ctx, tx, all); err != nil {
		return err
	}
	for _, f := range all {
		byID[f.id].Status = f.status
	}
	return nil
}

const updateAnnounced = `
	UPDATE images
	SET announced_at = UTC_TIMESTAMP(6)
	WHERE id = ?
		AND round = ?
		AND revision = ?`

// MarkAnnounced stamps the event of that answer as accepted by the sink.
func (s *Store) MarkAnnounced(ctx context.Context, id, round, revision int64) error {
	_, err := s.exec(ctx, fmt.Sprintf("mark image %d as announced", id), updateAnnounced, id, round, revision)
	return err
}
