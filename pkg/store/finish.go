package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

// Result is what came of looking at a picture: the faces, as the face server told
// them (whose a face is, Finish finds by its image_name, and the status with it),
// or the reason why it failed for good.
type Result struct {
	Faces   []lineup.Face
	Reason  string
	Warning string // what could not be seen because the file is damaged
	// Content tells the content of the file that was looked at, in ContentBytes at most;
	// empty when it is not known.
	Content string
}

const updateFinished = `
	UPDATE images
	SET status = ?,
		person_id = ?,
		reason = ?,
		warning = ?,
		content = ?,
		claim = NULL,
		lease_until = NULL,
		announced_at = IF(?, UTC_TIMESTAMP(6), NULL),
		updated_at = UTC_TIMESTAMP(6)
	WHERE id = ?
		AND claim = ?
		AND status = '` + processing + `'`

// Finish writes the result and ends the claim. With announced, the result event
// counts as accepted from the start: nobody waits for it. It answers with the
// status the picture now has; ErrClaimLost when the claim was another's by then.
func (s *Store) Finish(ctx context.Context, c Claim, r Result, announced bool) (lineup.Status, error) {
	var status lineup.Status
	err := s.transact(ctx, fmt.Sprintf("write the result of image %d", c.ID), func(tx *sql.Tx) error {
		owners, err := ownersOf(ctx, tx, r.Faces)
		if err != nil {
			return err
		}
		faces := identify(r.Faces, owners)
		best := bestMatch(faces)
		status = statusOf(r, best)
		var person sql.NullInt64
		if best != nil {
			person = sql.NullInt64{Int64: best.ID, Valid: true}
		}
		result, err := tx.ExecContext(ctx, updateFinished, status, person,
			nullable(truncate(r.Reason, ReasonWidth)), nullable(truncate(r.Warning, WarningWidth)), nullable(r.Content),
			announced, c.ID, c.token)
		if err != nil {
			return err
		}
		if found, err := result.RowsAffected(); err != nil || found == 0 {
			return cmp.Or(err, ErrClaimLost)
		}
		return writeFaces(ctx, tx, c.ID, faces)
	})
	return status, err
}

// statusOf is the status that a result gives the picture.
func statusOf(r Result, best *lineup.Person) lineup.Status {
	switch {
	case r.Reason != "":
		return lineup.Failed
	case best != nil:
		return lineup.Identified
	}
	return lineup.Unknown
}

// identify gives every face its person. A photo that is nobody's matches nobody.
func identify(faces []lineup.Face, owners map[string]lineup.Person) []lineup.Face {
	identified := slices.Clone(faces)
	for i := range identified {
		if person, known := owners[identified[i].ImageName]; known {
			identified[i].Person = &person
		}
	}
	return identified
}

// bestMatch is the person whose face is most similar to a gallery photo, nil when
// nobody is known. Where the face server tells no similarity, the first known face is.
func bestMatch(faces []lineup.Face) *lineup.Person {
	var best *lineup.Person
	highest := math.Inf(-1)
	for _, face := range faces {
		if face.Person == nil {
			continue
		}
		similarity := math.Inf(-1)
		if face.Similarity != nil {
			similarity = *face.Similarity
		}
		if best == nil || similarity > highest {
			best, highest = face.Person, similarity
		}
	}
	return best
}

const updateAnnounced = `
	UPDATE images
	SET announced_at = UTC_TIMESTAMP(6)
	WHERE id = ?
		AND round = ?`

// MarkAnnounced stamps the round's result event as accepted by the sink.
func (s *Store) MarkAnnounced(ctx context.Context, id, round int64) error {
	_, err := s.exec(ctx, fmt.Sprintf("mark image %d as announced", id), updateAnnounced, id, round)
	return err
}
