package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
)

// FileToErase is a file of the gallery that is to be removed.
type FileToErase struct {
	Photo     int64
	ImageName string
	Content   string // that was noted before; empty where none was
}

// tombstoneLife is how long a file has to be gone until its row goes, in microseconds: a
// copy that somebody or a slow store puts back meanwhile brings nobody back.
const tombstoneLife = 24 * 60 * 60 * 1_000_000

const (
	selectFilesToErase = `
		SELECT
			id,
			erasing,
			COALESCE(erased_content, '')
		FROM person_images
		WHERE erasure_id = ?
			AND erasing IS NOT NULL
			AND id > ?
		ORDER BY id
		LIMIT ?`

	updateErasedContent = `
		UPDATE person_images
		SET erased_content = ?
		WHERE erasing IS NOT NULL
			AND id = ?`

	updateFilesGone = `
		UPDATE person_images
		SET erasing = NULL,
			file_gone_at = UTC_TIMESTAMP(6)
		WHERE erasing IS NOT NULL
			AND id IN `

	updateErasedFiles = `
		UPDATE erasures
		SET files = files + ?
		WHERE id = ?`

	updateErasureProblem = `
		UPDATE erasures
		SET problem = ?
		WHERE id = ?
			AND finished_at IS NULL`

	// Also of a photo that is none of an erasure any more, which only a hand can make.
	oldTombstones = `
		erased_at IS NOT NULL
			AND erasing IS NULL
			AND file_gone_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND
			AND NOT EXISTS (
				SELECT 1
				FROM erasures e
				WHERE e.id = person_images.erasure_id
					AND (e.finished_at IS NULL OR e.finished_at > UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND)
			)`

	updateFilesSeen = `
		UPDATE person_images
		SET file_gone_at = UTC_TIMESTAMP(6)
		WHERE image_name IN `

	selectLiveNames = `
		SELECT image_name
		FROM person_images
		WHERE image_name IN `
)

// FilesToErase gives files of an erasure that are still to be removed, those of photos with
// an id above after.
func (s *Store) FilesToErase(ctx context.Context, erasure, after int64, limit int) (files []FileToErase, err error) {
	err = s.do(ctx, fmt.Sprintf("find files of erasure %d", erasure), func() error {
		files, err = query(ctx, s.db, func(rows *sql.Rows) (f FileToErase, err error) {
			err = rows.Scan(&f.Photo, &f.ImageName, &f.Content)
			return f, err
		}, selectFilesToErase, erasure, after, limit)
		return err
	})
	return files, err
}

// NoteErasedContents notes what the files of these photos hold, before they are removed: so
// what lies under such a name later is told apart.
func (s *Store) NoteErasedContents(ctx context.Context, contents map[int64]string) error {
	if len(contents) == 0 {
		return nil
	}
	return s.transact(ctx, "note contents of files that are to be removed", func(tx *sql.Tx) error {
		for _, photo := range slices.Sorted(maps.Keys(contents)) {
			if _, err := tx.ExecContext(ctx, updateErasedContent, contents[photo], photo); err != nil {
				return err
			}
		}
		return nil
	})
}

// MarkFilesErased notes that the files of these photos are gone; their names go with it.
func (s *Store) MarkFilesErased(ctx context.Context, erasure int64, photos []int64) error {
	return s.transact(ctx, fmt.Sprintf("note files of erasure %d", erasure), func(tx *sql.Tx) error {
		var gone int64
		for chunk := range slices.Chunk(distinctIDs(photos), maxValues) {
			list, args := placeholders(chunk)
			result, err := tx.ExecContext(ctx, updateFilesGone+list, args...)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			gone += n
		}
		_, err := tx.ExecContext(ctx, updateErasedFiles, gone, erasure)
		return err
	})
}

// SetErasureProblem notes why an erasing does not go on; empty for nothing.
func (s *Store) SetErasureProblem(ctx context.Context, erasure int64, problem string) error {
	_, err := s.exec(ctx, fmt.Sprintf("note the problem of erasure %d", erasure), updateErasureProblem, nullable(truncate(problem, ReasonWidth)), erasure)
	return err
}

// AnyOldTombstone tells whether rows of erased photos may go, once it is sure that no file
// of theirs is back: see FilesBack.
func (s *Store) AnyOldTombstone(ctx context.Context) (there bool, err error) {
	err = s.do(ctx, "find rows of erased photos", func() error {
		n, err := countUpTo(ctx, s.db, 1, "person_images WHERE "+oldTombstones, tombstoneLife, tombstoneLife)
		there = n > 0
		return err
	})
	return there, err
}

// PassErased lets go of the names of erased photos under which other files lie by now. A name
// of which the file is still to be removed stays.
func (s *Store) PassErased(ctx context.Context, imageNames []string) error {
	var digests []string
	for _, name := range imageNames {
		digests = append(digests, erasedName(name))
	}
	if len(digests) == 0 {
		return nil
	}
	return s.transact(ctx, "let go of names of erased photos", func(tx *sql.Tx) error {
		return execChunks(ctx, tx, updateTombstones, digests)
	})
}

// FilesBack tells which of these files of the gallery have the names of an erased person's
// and nobody else's; their rows stay for another day.
func (s *Store) FilesBack(ctx context.Context, imageNames []string) (back []string, err error) {
	erased, err := s.ErasedFiles(ctx, imageNames)
	if err != nil || len(erased) == 0 {
		return nil, err
	}
	for name := range erased {
		back = append(back, name)
	}
	err = s.transact(ctx, "note files that are back", func(tx *sql.Tx) error {
		for chunk := range slices.Chunk(slices.Clone(back), maxValues) {
			list, args := placeholders(chunk)
			live, err := query(ctx, tx, scanName, selectLiveNames+list, args...)
			if err != nil {
				return err
			}
			back = slices.DeleteFunc(back, func(name string) bool { return slices.Contains(live, name) })
		}
		var digests []string
		for _, name := range back {
			digests = append(digests, erasedName(name))
		}
		return execChunks(ctx, tx, updateFilesSeen, digests)
	})
	return back, err
}

// DropTombstones deletes the rows of erased photos whose files have been gone for a day.
func (s *Store) DropTombstones(ctx context.Context) (dropped int64, err error) {
	return s.exec(ctx, "delete rows of erased photos", "DELETE FROM person_images WHERE "+oldTombstones, tombstoneLife, tombstoneLife)
}
