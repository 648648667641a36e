package store

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Call is what one caller submits together with others.
type Call struct {
	Pictures []Posted
	// Hinted says that the caller publishes the hints of new pictures at once: their rows
	// are written as hinted. MarkUnhinted is for the case that this fails.
	Hinted bool

	Submissions []Submission // in the order of the pictures
	// Alone says that nothing was done for this call: it takes Submit, which holds rows that
	// others may hold, or tells what cannot be stored. So a call spoils no other's.
	Alone bool
	Err   error
}

// SubmitTogether is Submit for several callers at once, in as few round trips as it takes
// and one transaction. Of a call either everything is done or nothing.
func (s *Store) SubmitTogether(ctx context.Context, calls []*Call) {
	err := s.do(ctx, "submit pictures", func() error {
		for _, call := range calls {
			call.Submissions, call.Alone = nil, false
		}
		return s.submitTogether(ctx, calls)
	})
	if err == nil {
		return
	}
	for _, call := range calls {
		call.Submissions = nil
		if call.Alone = call.Alone || isOfOneRow(err); !call.Alone {
			call.Err = err
		}
	}
}

func (s *Store) submitTogether(ctx context.Context, calls []*Call) error {
	if inserted, err := s.insertUnseen(ctx, calls); inserted || err != nil {
		return err
	}
	known, err := s.readKnown(ctx, calls)
	if err != nil {
		return err
	}
	if len(known) > 0 {
		s.reading.Store(readAfterKnown)
	}
	for _, call := range calls {
		call.Alone = slices.ContainsFunc(call.Pictures, known.changes)
	}
	ids, err := s.insertFresh(ctx, known.fresh(calls))
	if err != nil {
		return err
	}
	for _, call := range calls {
		if !call.Alone {
			call.Submissions, call.Alone = known.submissions(call.Pictures, ids)
		}
	}
	return nil
}

// readKnown reads the rows that are there of the calls' pictures. Below the first root of
// pictures, rows by the absolute spelling are those of older versions, and of others that write
// rows: as long as there is none below a root, only the usual spelling is looked for.
func (s *Store) readKnown(ctx context.Context, calls []*Call) (storedRows, error) {
	var paths, spellings []string
	roots := rootsOf(calls)
	for _, call := range calls {
		spellings = appendSpellings(spellings, call.Pictures)
		for _, picture := range call.Pictures {
			paths = append(paths, picture.Path)
		}
	}
	if len(roots) != 1 || len(paths) > maxValues || s.spelled.Load() {
		return readStored(ctx, s.db, spellings)
	}
	known, asked := storedRows{}, time.Now()
	for root := range roots {
		list, args := placeholders(paths)
		_, err := query(ctx, s.db, known.scan, selectStored+list+orBelow, append(args, likeEscaper.Replace(root)+"%")...)
		if err != nil {
			return nil, err
		}
		for path := range known {
			if strings.HasPrefix(path, root) {
				s.spelled.Store(true)
				return readStored(ctx, s.db, spellings)
			}
		}
		s.lastLook.Store(&rootLook{root, asked})
	}
	return known, nil
}

// orBelow adds one row of those whose path begins with a root, if there is one.
const orBelow = `
	UNION ALL (
		SELECT ` + submissionColumns + `,
			file_name
		FROM images
		WHERE path LIKE ?
		LIMIT 1
	)`

const updateUnhinted = `
	UPDATE images
	SET queued_at = NULL
	WHERE status = '` + pending + `'
		AND id IN `

// MarkUnhinted says of pictures that Submit or SubmitTogether wrote as hinted that they are
// not: they are due at once.
func (s *Store) MarkUnhinted(ctx context.Context, ids []int64) error {
	return s.execIn(ctx, "mark pictures as not queued", updateUnhinted, ids)
}
