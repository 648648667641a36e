package store

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
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
	if len(calls) == 1 && len(calls[0].Pictures) == 1 {
		if inserted, err := s.insertOne(ctx, calls[0]); inserted || err != nil {
			return err
		}
	}
	known, err := s.readKnown(ctx, calls)
	if err != nil {
		return err
	}
	fresh := map[string]freshRow{}
	for _, call := range calls {
		if call.Alone = slices.ContainsFunc(call.Pictures, known.changes); call.Alone {
			continue
		}
		for _, picture := range call.Pictures {
			if _, there := known.row(picture); !there {
				row := fresh[picture.Path] // of another call, or a zero one
				picture.FileName = cmp.Or(picture.FileName, row.FileName)
				fresh[picture.Path] = freshRow{picture, call.Hinted || row.hinted}
			}
		}
	}
	ids, err := s.insertFresh(ctx, fresh)
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

// insertUnlessThere inserts a row unless one has either spelling of its path. It uses up no id
// then, as an INSERT would that finds its row there.
const insertUnlessThere = `
	INSERT INTO images (path, file_name, shown_name, queued_at, created_at, updated_at)
	SELECT
		?,
		?,
		?,
		IF(?, UTC_TIMESTAMP(6), NULL),
		UTC_TIMESTAMP(6),
		UTC_TIMESTAMP(6)
	FROM DUAL
	WHERE NOT EXISTS (
		SELECT 1
		FROM images
		WHERE path IN (?, ?)
	)`

// insertOne inserts the row of one picture that comes alone, in one round trip. It tells
// whether that was all.
func (s *Store) insertOne(ctx context.Context, call *Call) (inserted bool, err error) {
	picture := call.Pictures[0]
	result, err := s.db.ExecContext(ctx, insertUnlessThere, picture.Path, nullable(picture.FileName), shownName(picture.Path, picture.FileName), call.Hinted,
		picture.Path, cmp.Or(picture.Other, picture.Path))
	if isOneOf(err, errDuplicate) { // somebody inserted it meanwhile
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if rows, err := result.RowsAffected(); err != nil || rows == 0 {
		return false, err
	}
	id, err := result.LastInsertId()
	call.Submissions = []Submission{{Ref: Ref{ID: id, Round: 1, Path: picture.Path}, Status: lineup.Pending}}
	return true, err
}

// readKnown reads the rows that are there of the calls' pictures. Below the first root of
// pictures, rows by the absolute spelling are those of older versions, and of others that write
// rows: as long as there is none below a root, only the usual spelling is looked for.
func (s *Store) readKnown(ctx context.Context, calls []*Call) (storedRows, error) {
	var paths, spellings []string
	roots := map[string]bool{}
	for _, call := range calls {
		spellings = appendSpellings(spellings, call.Pictures)
		for _, picture := range call.Pictures {
			paths = append(paths, picture.Path)
			if picture.Other != "" {
				roots[strings.TrimSuffix(picture.Other, picture.Path)] = true
			}
		}
	}
	if len(roots) != 1 || len(paths) > maxValues || s.spelled.Load() {
		return readStored(ctx, s.db, spellings)
	}
	known := storedRows{}
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

// changes tells of a picture whose row is there, and would be changed.
func (k storedRows) changes(picture Posted) bool {
	row, there := k.row(picture)
	return there && (row.Status.IsFailure() || row.Status == lineup.Processing || picture.FileName != "" && picture.FileName != row.fileName)
}

// submissions gives what became of each picture, and whether one of them is missing: removed
// since it was inserted.
func (k storedRows) submissions(pictures []Posted, ids map[string]int64) (all []Submission, missing bool) {
	all = make([]Submission, len(pictures))
	for i, picture := range pictures {
		if row, there := k.row(picture); there {
			all[i] = row.Submission
			continue
		}
		id, inserted := ids[picture.Path]
		if !inserted {
			return nil, true
		}
		all[i] = Submission{Ref: Ref{ID: id, Round: 1, Path: picture.Path}, Status: lineup.Pending}
	}
	return all, false
}

// freshRow is a row that is to be inserted.
type freshRow struct {
	Posted
	hinted bool
}

const (
	insertFresh = `
		INSERT INTO images (path, file_name, shown_name, queued_at, created_at, updated_at)
		VALUES `
	insertUnhintedRow = `(?, ?, ?, NULL, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`
	insertHintedRow   = `(?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`
	returningIDs      = `
		RETURNING
			id,
			path`
	selectIDs = `
		SELECT
			id,
			path
		FROM images
		WHERE path IN `
)

// insertFresh gives the ids of the rows by their paths. It is one statement, and so a
// transaction by itself. Without ON DUPLICATE KEY, under which the id that the server tells
// may be another row's: a path that somebody inserted meanwhile is errMoved.
func (s *Store) insertFresh(ctx context.Context, fresh map[string]freshRow) (map[string]int64, error) {
	if len(fresh) == 0 {
		return nil, nil
	}
	paths := slices.Sorted(maps.Keys(fresh)) // one order of locking for all
	rows, args := make([]string, len(paths)), make([]any, 0, 3*len(paths))
	for i, path := range paths {
		rows[i] = insertUnhintedRow
		if fresh[path].hinted {
			rows[i] = insertHintedRow
		}
		args = append(args, path, nullable(fresh[path].FileName), shownName(path, fresh[path].FileName))
	}
	ids, err := s.insertPaths(ctx, insertFresh+strings.Join(rows, ", "), args, paths)
	if isOneOf(err, errDuplicate) {
		err = errMoved
	}
	return ids, err
}

// insertPaths takes the ids from the INSERT itself where it tells them: of one row
// everywhere, of several on MariaDB. What it tells elsewhere is the first id, behind which
// the others may have gaps.
func (s *Store) insertPaths(ctx context.Context, insert string, args []any, paths []string) (map[string]int64, error) {
	if len(paths) > 1 && s.returning.Load() {
		return idsByPath(ctx, s.db, insert+returningIDs, args...)
	}
	result, err := s.db.ExecContext(ctx, insert, args...)
	if err != nil {
		return nil, err
	}
	if len(paths) == 1 {
		id, err := result.LastInsertId()
		return map[string]int64{paths[0]: id}, err
	}
	ids := make(map[string]int64, len(paths))
	for chunk := range slices.Chunk(paths, maxValues) {
		list, args := placeholders(chunk)
		found, err := idsByPath(ctx, s.db, selectIDs+list, args...)
		if err != nil {
			return nil, err
		}
		maps.Copy(ids, found)
	}
	return ids, nil
}

func idsByPath(ctx context.Context, q querier, statement string, args ...any) (map[string]int64, error) {
	ids := map[string]int64{}
	_, err := query(ctx, q, func(rows *sql.Rows) (id int64, err error) {
		var path string
		err = rows.Scan(&id, &path)
		ids[path] = id
		return id, err
	}, statement, args...)
	return ids, err
}

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
