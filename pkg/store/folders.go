package store

import (
	"context"
	"database/sql"
	"fmt"

	"lineup.dev/lineup/pkg/lineup"
)

// unreadableFolder is what is told of a walk that passed something over.
const unreadableFolder = "a folder in it may not be read, the log of receive names it"

const (
	selectFolder = `
		SELECT
			id,
			path,
			found,
			COALESCE(problem, IF(unreadable, '` + unreadableFolder + `', '')),
			finished_at,
			created_at,
			walk
		FROM folders
		WHERE `

	oneFolder  = `id = ?`
	manyFolder = `(? = 0 OR id < ?)
		ORDER BY id DESC
		LIMIT ?`
)

// Of the last walk: a picture that is gone since is the folder's no more.
var countFolderImages = `
	SELECT
		COUNT(*),
		COUNT(IF(i.status IN (` + failures() + `), 1, NULL)),
		COUNT(IF(i.status IN (` + finalStatuses() + `), NULL, 1))
	FROM folder_images f
	JOIN images i ON i.id = f.image_id
	WHERE f.folder_id = ?
		AND f.walk = ?
		AND i.status <> '` + deleted + `'`

// Folder gives one folder and how far its pictures are; ErrNotFound when there is none.
func (s *Store) Folder(ctx context.Context, id int64) (folder lineup.Folder, err error) {
	err = s.do(ctx, fmt.Sprintf("read folder %d", id), func() error {
		rows, err := query(ctx, s.db, scanFolder, selectFolder+oneFolder, id)
		if err == nil && len(rows) == 0 {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		folder = rows[0].Folder
		var failed, waiting int64
		err = s.db.QueryRowContext(ctx, countFolderImages, id, rows[0].walk).Scan(&folder.Submitted, &failed, &waiting)
		folder.Failed, folder.Done = failed, folder.Submitted-failed-waiting
		return err
	})
	return folder, err
}

// Folders lists the folders with an id below before, 0 for all, the newest first; how
// far their pictures are is left out. More tells that there are more behind the last.
func (s *Store) Folders(ctx context.Context, before int64, limit int) (folders []lineup.Folder, more bool, err error) {
	err = s.do(ctx, "read folders", func() error {
		rows, err := query(ctx, s.db, scanFolder, selectFolder+manyFolder, before, before, limit+1)
		folders = nil
		for _, row := range rows {
			folders = append(folders, row.Folder)
		}
		return err
	})
	if len(folders) > limit {
		return folders[:limit], true, err
	}
	return folders, false, err
}

type folderRow struct {
	lineup.Folder
	walk int64
}

func scanFolder(rows *sql.Rows) (f folderRow, err error) {
	var finished sql.NullTime
	err = rows.Scan(&f.ID, &f.Path, &f.Found, &f.Problem, &finished, &f.CreatedAt, &f.walk)
	if finished.Valid {
		f.FinishedAt = &finished.Time
	}
	return f, err
}
