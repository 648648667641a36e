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

// rootsOf are what the paths' other spellings begin with.
func rootsOf(calls []*Call) map[string]bool {
	roots := map[string]bool{}
	for _, call := range calls {
		for _, picture := range call.Pictures {
			if picture.Other != "" {
				roots[strings.TrimSuffix(picture.Other, picture.Path)] = true
			}
		}
	}
	return roots
}

// changes tells of a picture whose row is there, and would be changed.
func (k storedRows) changes(picture Posted) bool {
	row, there := k.row(picture)
	return there && (row.Status.IsFailure() || row.Status == lineup.Processing || picture.FileName != "" && picture.FileName != row.fileName)
}

// fresh are the rows that are to be inserted for the calls that are not to be alone.
func (k storedRows) fresh(calls []*Call) map[string]freshRow {
	fresh := map[string]freshRow{}
	for _, call := range calls {
		if call.Alone {
			continue
		}
		for _, picture := range call.Pictures {
			if _, there := k.row(picture); !there {
				row := fresh[picture.Path] // of another call, or a zero one
				picture.FileName = cmp.Or(picture.FileName, row.FileName)
				fresh[picture.Path] = freshRow{picture, call.Hinted || row.hinted}
			}
		}
	}
	return fresh
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
	insertFreshRow = `(?, ?, ?, IF(?, UTC_TIMESTAMP(6), NULL), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`
	returningIDs   = `
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
	ids, err := s.insertRows(ctx, s.db, "", fresh)
	if isOneOf(err, errDuplicate) {
		err = errMoved
	}
	return ids, err
}

// insertRows takes the ids from the INSERT itself where it tells them: of one row everywhere, of
// several on MariaDB. What it tells elsewhere is the first id, behind which the others may have
// gaps. Before is put in front of the INSERT, such as SET STATEMENT ... FOR.
func (s *Store) insertRows(ctx context.Context, asked executor, before string, fresh map[string]freshRow) (map[string]int64, error) {
	paths := slices.Sorted(maps.Keys(fresh)) // one order of locking for all
	args := make([]any, 0, 4*len(fresh))
	for _, path := range paths {
		row := fresh[path]
		args = append(args, path, nullable(row.FileName), shownName(path, row.FileName), row.hinted)
	}
	insert := before + insertFresh + insertFreshRow + strings.Repeat(`, `+insertFreshRow, len(paths)-1)
	if len(paths) > 1 && s.returning.Load() {
		return idsByPath(ctx, asked, insert+returningIDs, args...)
	}
	result, err := asked.ExecContext(ctx, insert, args...)
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
