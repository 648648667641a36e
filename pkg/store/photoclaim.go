package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// PhotoClaim is the right to say what became of a photo, or why there is none.
type PhotoClaim struct {
	Photo    // without what was seen in it before
	Outcome  Outcome
	Attempts int           // counted so far
	Wait     time.Duration // Leased, NotYet: how long until a claim can succeed

	token, prior string
}

const (
	updatePhotoClaim = `
		UPDATE person_images
		SET prior_claim = claim,` + setClaim + `
		WHERE id = ?
			AND state = '` + string(PhotoPending) + `'
			AND removed_at IS NULL
			AND ` + claimable

	selectPhotoClaim = `
		SELECT
			id,
			image_name,
			COALESCE(person_id, 0),
			state,
			COALESCE(chosen, 0),
			anyway,
			attempts,
			claim IS NOT NULL,
			prior_claim,
			TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), COALESCE(retry_at, lease_until))
		FROM person_images
		WHERE id = ?
			AND removed_at IS NULL`

	updatePhotoGivenBack = `
		UPDATE person_images
		SET claim = NULL,
			lease_until = NULL,
			queued_at = UTC_TIMESTAMP(6),
			retry_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
			attempts = GREATEST(attempts, 0) + IF(?, 1, 0)
		WHERE id = ?
			AND claim = ?
			AND state = '` + string(PhotoPending) + `'`
)

// ClaimPhoto is Claim for a photo that waits to be looked at.
func (s *Store) ClaimPhoto(ctx context.Context, id int64, lease time.Duration) (PhotoClaim, error) {
	token := rand.Text()
	claim, err := s.claimPhoto(ctx, id, lease, token)
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveUpTime)
		defer cancel()
		s.GiveBackPhoto(ctx, PhotoClaim{Photo: Photo{ID: id}, token: token}, 0, false) //nolint:errcheck // most likely there was nothing to give back
	}
	return claim, err
}

func (s *Store) claimPhoto(ctx context.Context, id int64, lease time.Duration, token string) (claim PhotoClaim, err error) {
	ahead := Horizon.Microseconds()
	won, err := s.exec(ctx, fmt.Sprintf("claim photo %d", id), updatePhotoClaim, token, min(lease, Horizon).Microseconds(), id, ahead, ahead)
	if err != nil {
		return PhotoClaim{}, err
	}
	var leased bool
	var wait sql.NullInt64
	var prior sql.NullString
	err = s.do(ctx, fmt.Sprintf("read photo %d", id), func() error {
		return s.db.QueryRowContext(ctx, selectPhotoClaim, id).
			Scan(&claim.ID, &claim.ImageName, &claim.PersonID, &claim.State, &claim.Chosen, &claim.Anyway, &claim.Attempts, &leased, &prior, &wait)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return PhotoClaim{Photo: Photo{ID: id}, Outcome: Gone}, nil
	}
	if err != nil {
		return PhotoClaim{}, err
	}
	claim.Attempts = max(0, claim.Attempts)
	switch {
	case won == 1:
		claim.Outcome, claim.token, claim.prior = Won, token, prior.String
		return claim, err
	case claim.State == PhotoUsable, claim.State == PhotoUnusable, claim.State == PhotoUnchecked:
		claim.Outcome = Done
	case claim.State != PhotoPending:
		claim.Outcome = UnknownStatus
	case leased:
		claim.Outcome = Leased
	default:
		claim.Outcome = NotYet
	}
	claim.Wait = waitOf(wait)
	return claim, err
}

// GiveBackPhoto is GiveBack for a photo.
func (s *Store) GiveBackPhoto(ctx context.Context, c PhotoClaim, delay time.Duration, attempt bool) error {
	return s.execClaimed(ctx, fmt.Sprintf("give back photo %d", c.ID), updatePhotoGivenBack, min(delay, Horizon).Microseconds(), attempt, c.ID, c.token)
}

const (
	selectDuePhotos = `
		SELECT id
		FROM person_images
		WHERE state = '` + string(PhotoPending) + `'
			AND removed_at IS NULL
			AND ` + claimable + `
			AND (
				queued_at IS NULL AND (person_id IS NOT NULL AND created_at BETWEEN UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND AND UTC_TIMESTAMP(6)) IS NOT TRUE
				OR queued_at IS NOT NULL AND (queued_at BETWEEN UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND AND UTC_TIMESTAMP(6)) IS NOT TRUE
				OR queued_at < retry_at AND retry_at <= UTC_TIMESTAMP(6)
				OR queued_at < lease_until AND lease_until <= UTC_TIMESTAMP(6)
			)
		ORDER BY queued_at, id
		LIMIT ?`

	// Due at once: a retry's time that came after the last hint's.
	updatePhotosUnhinted = `
		UPDATE person_images
		SET queued_at = created_at - INTERVAL 1 SECOND,
			retry_at = UTC_TIMESTAMP(6)
		WHERE claim IS NULL
			AND id IN `

	updatePhotosQueued = `
		UPDATE person_images
		SET queued_at = UTC_TIMESTAMP(6)
		WHERE id IN `
)

// photoSaved is how long after its row a photo's file is there for sure, or will never be.
const photoSaved = time.Minute

// DuePhotos is Due for photos: those that wait for a hint. One that was never queued is
// left for a minute to whoever is about to save its file; one without a person was
// adopted, and has its file.
func (s *Store) DuePhotos(ctx context.Context, age time.Duration, limit int) (ids []int64, err error) {
	ahead := Horizon.Microseconds()
	err = s.do(ctx, "find photos that are due", func() error {
		ids, err = query(ctx, s.db, scanID, selectDuePhotos, ahead, ahead, min(age, photoSaved).Microseconds(), age.Microseconds(), limit)
		return err
	})
	return ids, err
}

// MarkPhotosUnhinted says that the files are saved and that no hint could be published: the
// photos are due at once.
func (s *Store) MarkPhotosUnhinted(ctx context.Context, ids []int64) error {
	return s.execIn(ctx, "mark photos as not queued", updatePhotosUnhinted, ids)
}

const existsPhotoPending = `
	SELECT EXISTS (
		SELECT 1
		FROM person_images
		WHERE state = '` + string(PhotoPending) + `'
			AND removed_at IS NULL
	)`

// PhotosPending tells whether any photo waits to be looked at, or is looked at now.
func (s *Store) PhotosPending(ctx context.Context) (pending bool, err error) {
	err = s.do(ctx, "see whether photos are pending", func() error {
		return s.db.QueryRowContext(ctx, existsPhotoPending).Scan(&pending)
	})
	return pending, err
}

// MarkPhotosQueued stamps the photos as hinted just now.
func (s *Store) MarkPhotosQueued(ctx context.Context, ids []int64) error {
	return s.execIn(ctx, "mark photos as queued", updatePhotosQueued, ids)
}
