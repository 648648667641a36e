package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"lineup.dev/lineup/pkg/lineup"
)

// Outcome is how a claim ended.
type Outcome int

const (
	Won    Outcome = iota // the picture is ours until the lease runs out
	Gone                  // there is no such picture
	Done                  // its status is final
	Leased                // another works on it
	NotYet                // it waits for its retry
	Odd                   // its status is none that is known: somebody edited the row
)

// Horizon is the longest that a picture is leased or put off for. A time in a row
// that lies farther ahead was written by hand, or before the database's clock was
// put back; it counts as over, so that nobody waits for it.
const Horizon = 15 * time.Minute

// ahead is SQL that tells whether a time lies ahead, and not beyond the horizon.
func ahead(column string) string {
	return fmt.Sprintf("(%[1]s > UTC_TIMESTAMP(6) AND %[1]s <= UTC_TIMESTAMP(6) + INTERVAL %[2]d SECOND)", column, int(Horizon.Seconds()))
}

// Claim is the right to work on a picture, or why there is none.
type Claim struct {
	Outcome  Outcome
	ID       int64
	Path     string
	Round    int64
	Status   lineup.Status // before the claim, if it was not won
	Attempts int           // counted so far in this round
	Wait     time.Duration // Leased, NotYet: how long until a claim can succeed
	// Announced, when Done, tells that nobody waits for the result event.
	Announced bool

	token string
}

// ErrClaimLost says that the lease ran out and another took the picture over, so
// that nothing was written.
var ErrClaimLost = errors.New("the claim was lost")

// Claim takes the picture for the time of the lease when it is pending and due,
// or when the lease of whoever had it ran out. Of any number that try at once,
// one wins. The lease is Horizon at most.
func (s *Store) Claim(ctx context.Context, id int64, lease time.Duration) (Claim, error) {
	token := uuid.NewString()
	won, err := s.exec(ctx, fmt.Sprintf("claim image %d", id), `UPDATE images
		SET claim=?, lease_until=UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, retry_at=NULL,
			updated_at=IF(status='processing', updated_at, UTC_TIMESTAMP(6)), status='processing'
		WHERE id=? AND (status='pending' AND `+ahead("retry_at")+` IS NOT TRUE
			OR status='processing' AND `+ahead("lease_until")+` IS NOT TRUE)`,
		token, min(lease, Horizon).Microseconds(), id)
	if err != nil {
		return Claim{}, err
	}
	claim, err := s.look(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return Claim{Outcome: Gone, ID: id}, nil
	case err != nil:
		return Claim{}, err
	case won == 1:
		claim.Outcome, claim.token, claim.Wait = Won, token, 0
	case claim.Status.Final():
		claim.Outcome = Done
	case claim.Status == lineup.Processing:
		claim.Outcome = Leased
	case claim.Status == lineup.Pending:
		claim.Outcome = NotYet
	default:
		claim.Outcome = Odd
	}
	return claim, nil
}

func (s *Store) look(ctx context.Context, id int64) (c Claim, err error) {
	var wait sql.NullInt64
	err = s.do(ctx, fmt.Sprintf("look at image %d", id), func() error {
		err := s.db.QueryRowContext(ctx, `SELECT id, path, round, attempts, announced_at IS NOT NULL, status,
			TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), IF(status='processing', lease_until, retry_at))
			FROM images WHERE id=?`, id).Scan(&c.ID, &c.Path, &c.Round, &c.Attempts, &c.Announced, &c.Status, &wait)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		return err
	})
	c.Attempts = max(0, c.Attempts)
	c.Wait = time.Duration(min(max(0, wait.Int64), Horizon.Microseconds())) * time.Microsecond
	return c, err
}

// Result is what came of looking at a picture: the faces, as the face server told
// them (whose a face is, Finish finds by its image_name, and the status with it),
// or the reason why it failed for good.
type Result struct {
	Faces  []lineup.Face
	Reason string
}

// truncate keeps what the column can hold.
func truncate(s string, characters int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if runes := []rune(s); len(runes) > characters {
		return string(runes[:characters-1]) + "…"
	}
	return s
}

// Finish writes the result and ends the claim. With announced, the result event
// counts as accepted from the start: nobody waits for it. It answers with the
// status the picture now has; ErrClaimLost when the claim was another's by then.
func (s *Store) Finish(ctx context.Context, c Claim, r Result, announced bool) (lineup.Status, error) {
	var status lineup.Status
	err := s.transact(ctx, fmt.Sprintf("write the result of image %d", c.ID), func(tx *sql.Tx) error {
		status = lineup.Unknown
		owners, err := ownersOf(ctx, tx, r.Faces)
		if err != nil {
			return err
		}
		faces := identify(r.Faces, owners)
		var person sql.NullInt64
		if surest := surest(faces); surest != nil {
			status, person = lineup.Identified, sql.NullInt64{Int64: surest.ID, Valid: true}
		}
		if r.Reason != "" {
			status = lineup.Failed
		}
		result, err := tx.ExecContext(ctx, `UPDATE images SET status=?, person_id=?, reason=?, claim=NULL, lease_until=NULL,
			announced_at=IF(?, UTC_TIMESTAMP(6), NULL), updated_at=UTC_TIMESTAMP(6)
			WHERE id=? AND claim=? AND status='processing'`,
			status, person, sql.NullString{String: truncate(r.Reason, ReasonWidth), Valid: r.Reason != ""}, announced, c.ID, c.token)
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

// GiveBack makes the picture pending again, to be claimed after the delay, and
// stamps it as hinted: the queue's own deferral brings it back. With attempt, this
// counts as an attempt. The delay is Horizon at most. ErrClaimLost when the claim
// was another's by then.
func (s *Store) GiveBack(ctx context.Context, c Claim, delay time.Duration, attempt bool) error {
	found, err := s.exec(ctx, fmt.Sprintf("give back image %d", c.ID), `UPDATE images SET status='pending', claim=NULL, lease_until=NULL,
		queued_at=UTC_TIMESTAMP(6), retry_at=UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
		attempts=GREATEST(attempts, 0)+IF(?, 1, 0), updated_at=UTC_TIMESTAMP(6)
		WHERE id=? AND claim=? AND status='processing'`, min(delay, Horizon).Microseconds(), attempt, c.ID, c.token)
	if err == nil && found == 0 {
		return ErrClaimLost
	}
	return err
}

// MarkAnnounced stamps the round's result event as accepted by the sink.
func (s *Store) MarkAnnounced(ctx context.Context, id, round int64) error {
	_, err := s.exec(ctx, fmt.Sprintf("mark image %d as announced", id),
		"UPDATE images SET announced_at=UTC_TIMESTAMP(6) WHERE id=? AND round=?", id, round)
	return err
}
