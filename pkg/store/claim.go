package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"lineup.dev/lineup/pkg/lineup"
)

// Outcome is how a claim ended.
type Outcome int

// A claim is won, or there is a reason why not.
const (
	Won           Outcome = iota // the picture is ours until the lease runs out
	Gone                         // there is no such picture
	Done                         // its status is final
	Leased                       // another works on it
	NotYet                       // it waits for its retry
	UnknownStatus                // its status is none that is known: somebody edited the row
)

// Horizon is the longest that a picture is leased or put off for. A time in a row
// that lies farther ahead was written by hand, or before the database's clock was
// put back; it counts as over, so that nobody waits for it.
const Horizon = 15 * time.Minute

// Claim is the right to work on a picture, or why there is none.
type Claim struct {
	Ref
	Outcome  Outcome
	Status   lineup.Status // before the claim, if it was not won
	Attempts int           // counted so far in this round
	Wait     time.Duration // Leased, NotYet: how long until a claim can succeed
	// Announced, when Done, tells that nobody waits for the result event.
	Announced bool

	token, prior string
}

// What claims of photos and of re-matches have in common: they are taken by a token for the
// time of a lease, and free when neither a retry's time nor a lease is to be waited for.
const (
	setClaim = `
			claim = ?,
			lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
			retry_at = NULL`

	claimable = `(retry_at BETWEEN UTC_TIMESTAMP(6) AND UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND) IS NOT TRUE
			AND (lease_until BETWEEN UTC_TIMESTAMP(6) AND UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND) IS NOT TRUE`
)

// ErrClaimLost says that the lease ran out and another took the picture over, so
// that nothing was written.
var ErrClaimLost = errors.New("the claim was lost")

// The status is assigned last, and the claim after what it was: MySQL's assignments see
// those to their left.
const updateClaim = `
	UPDATE images
	SET prior_claim = IF(status = '` + processing + `', claim, NULL),
		claim = ?,
		lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
		retry_at = NULL,
		reposted_at = NULL,
		updated_at = IF(status = '` + processing + `', updated_at, UTC_TIMESTAMP(6)),
		status = '` + processing + `'
	WHERE id = ?
		AND (
			status = '` + pending + `'
				AND (retry_at BETWEEN UTC_TIMESTAMP(6) AND UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND) IS NOT TRUE
			OR status = '` + processing + `'
				AND (lease_until BETWEEN UTC_TIMESTAMP(6) AND UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND) IS NOT TRUE
		)`

// updateFirstClaim is updateClaim at a picture's first try, of which all is known then but
// the round. The server tells that as the id it would have inserted.
const updateFirstClaim = `
	UPDATE images
	SET ` + setFirstClaim + `,
		round = LAST_INSERT_ID(round)
	WHERE id = ?
		AND path = ?
		AND ` + atFirstTry

const (
	setFirstClaim = `prior_claim = NULL,
		claim = ?,
		lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
		retry_at = NULL,
		reposted_at = NULL,
		updated_at = UTC_TIMESTAMP(6),
		status = '` + processing + `'`

	atFirstTry = `attempts <= 0
		AND status = '` + pending + `'
		AND (retry_at BETWEEN UTC_TIMESTAMP(6) AND UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND) IS NOT TRUE`
)

// ClaimPath is Claim for who was told the picture's path. The first claim of a picture takes
// one round trip then. A path that is not the picture's is passed over.
func (s *Store) ClaimPath(ctx context.Context, id int64, path string, lease time.Duration) (Claim, error) {
	if path == "" {
		return s.Claim(ctx, id, lease)
	}
	token := rand.Text()
	var won, round int64
	err := s.do(ctx, fmt.Sprintf("claim image %d", id), func() error {
		result, err := s.db.ExecContext(ctx, updateFirstClaim, token, min(lease, Horizon).Microseconds(), id, path, Horizon.Microseconds())
		if err != nil {
			return err
		}
		if won, err = result.RowsAffected(); err != nil || won == 0 {
			return err
		}
		round, err = result.LastInsertId()
		return err
	})
	ours := Claim{Ref: Ref{ID: id, Round: round, Path: path}, Status: lineup.Processing, token: token}
	switch {
	case err != nil:
		s.giveUp(ctx, ours.token, ours.ID)
		return Claim{}, err
	case won == 0:
		return s.Claim(ctx, id, lease)
	case round == 0: // from a server that does not tell
		read, err := s.readClaim(ctx, id)
		if err != nil {
			s.giveUp(ctx, ours.token, ours.ID)
			return Claim{}, err
		}
		ours.Round = read.Round
	}
	return ours, nil
}

// Claim takes the picture for the time of the lease when it is pending and due,
// or when the lease of whoever had it ran out. Of any number that try at once,
// one wins. The lease is Horizon at most. After an error the picture is not claimed, unless
// the database cannot be told so: it may have claimed it and not been heard.
func (s *Store) Claim(ctx context.Context, id int64, lease time.Duration) (Claim, error) {
	token := rand.Text()
	claim, err := s.claim(ctx, id, lease, token)
	if err != nil {
		s.giveUp(ctx, token, id)
	}
	return claim, err
}

// giveUp gives back what may have been claimed when nobody heard of it.
func (s *Store) giveUp(ctx context.Context, token string, images ...int64) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveUpTime)
	defer cancel()
	list, args := placeholders(images)
	s.exec(ctx, "give up claims", updateGivenBack+list, append([]any{0, false, token}, args...)...) //nolint:errcheck // most likely there was nothing to give back
}

// giveUpTime is how long the database may take to hear that a claim is given up.
const giveUpTime = 2 * time.Second

func (s *Store) claim(ctx context.Context, id int64, lease time.Duration, token string) (Claim, error) {
	ahead := Horizon.Microseconds()
	won, err := s.exec(ctx, fmt.Sprintf("claim image %d", id), updateClaim,
		token, min(lease, Horizon).Microseconds(), id, ahead, ahead)
	if err != nil {
		return Claim{}, err
	}
	claim, err := s.readClaim(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return Claim{Ref: Ref{ID: id}, Outcome: Gone}, nil
	case err != nil:
		return Claim{}, err
	case won == 1:
		claim.Outcome, claim.token, claim.Wait = Won, token, 0
	case claim.Status.Final(), claim.Status == deleted: // a late hint of one is no dead letter, which would keep its path
		claim.Outcome = Done
	case claim.Status == lineup.Processing:
		claim.Outcome = Leased
	case claim.Status == lineup.Pending:
		claim.Outcome = NotYet
	default:
		claim.Outcome = UnknownStatus
	}
	return claim, nil
}

const selectClaim = `
	SELECT
		id,
		path,
		round,
		attempts,
		announced_at IS NOT NULL,
		status,
		prior_claim,
		TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), IF(status = '` + processing + `', lease_until, retry_at))
	FROM images
	WHERE id = ?`

// readClaim reads what a claim tells of the picture.
func (s *Store) readClaim(ctx context.Context, id int64) (c Claim, err error) {
	var wait sql.NullInt64
	var prior sql.NullString
	err = s.do(ctx, fmt.Sprintf("read image %d", id), func() error {
		err := s.db.QueryRowContext(ctx, selectClaim, id).
			Scan(&c.ID, &c.Path, &c.Round, &c.Attempts, &c.Announced, &c.Status, &prior, &wait)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		return err
	})
	c.Attempts = max(0, c.Attempts)
	c.Wait, c.prior = waitOf(wait), prior.String
	return c, err
}

const updateGivenBack = `
	UPDATE images
	SET status = '` + pending + `',
		claim = NULL,
		lease_until = NULL,
		queued_at = UTC_TIMESTAMP(6),
		retry_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
		attempts = GREATEST(attempts, 0) + IF(?, 1, 0),
		updated_at = UTC_TIMESTAMP(6)
	WHERE claim = ?
		AND status = '` + processing + `'
		AND id IN `

// GiveBack makes the picture pending again, to be claimed after the delay, and
// stamps it as hinted: the queue's own deferral brings it back. With attempt, this
// counts as an attempt. The delay is Horizon at most. The picture's history tells why,
// unless that is empty: of each attempt, and else where it is not what it told last.
// ErrClaimLost when the claim was another's by then.
func (s *Store) GiveBack(ctx context.Context, c Claim, delay time.Duration, attempt bool, why string) error {
	what, args := fmt.Sprintf("give back image %d", c.ID), []any{min(delay, Horizon).Microseconds(), attempt, c.token, c.ID}
	if why == "" {
		return s.execClaimed(ctx, what, updateGivenBack+"(?)", args...)
	}
	return s.transact(ctx, what, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, updateGivenBack+"(?)", args...)
		if err != nil {
			return err
		}
		if found, err := result.RowsAffected(); err != nil || found == 0 {
			return cmp.Or(err, ErrClaimLost)
		}
		if attempt {
			return note(ctx, tx, c.ID, unusual{c.Round, eventTried, fmt.Sprintf("try %d failed: %s", c.Attempts+1, why)})
		}
		return noteOnce(ctx, tx, c.ID, unusual{c.Round, eventDeferred, why})
	})
}
