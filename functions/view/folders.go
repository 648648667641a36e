package main

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// foldersPage is one page of the list of folders.
type foldersPage struct {
	Folders []folderEntry `json:"folders"` // the newest first
	Next    *string       `json:"next"`    // URL path and query of the next page, null on the last
	Newest  string        `json:"-"`       // URL of the first page, empty on it
}

// folderEntry is a folder in the list, which leaves out how far its pictures are: to
// count them takes its time.
type folderEntry struct {
	ID         int64      `json:"id"`
	Path       string     `json:"path"`
	Found      int64      `json:"found"`
	FinishedAt *time.Time `json:"finished_at"`
	Problem    string     `json:"problem"`
	CreatedAt  time.Time  `json:"created_at"`
}

func (v *view) folders(r *http.Request) (page, error) {
	q, err := parseQuery(r)
	if err != nil {
		return page{}, err
	}
	before, err := q.id("before")
	if err != nil {
		return page{}, err
	}
	limit, err := q.limit(v.options)
	if err != nil {
		return page{}, err
	}
	folders, more, err := v.db.Folders(r.Context(), before, limit)
	if err != nil {
		return page{}, err
	}
	content := foldersPage{Folders: []folderEntry{}} // none is [] in JSON, not null
	for _, f := range folders {
		content.Folders = append(content.Folders, folderEntry{f.ID, f.Path, f.Found, f.FinishedAt, f.Problem, f.CreatedAt})
	}
	if more {
		content.Next = q.next("before", folders[len(folders)-1].ID)
	}
	if before != 0 {
		content.Newest = q.with("before", "")
	}
	return page{template: "folders", title: "Folders", content: content}, nil
}

// folderPage is one folder and how far its pictures are.
type folderPage struct{ lineup.Folder }

func (v *view) folder(r *http.Request) (page, error) {
	id, ok := pathID(r)
	if !ok {
		return page{}, notFound("A folder's id is a whole number. The folders are at /folders.")
	}
	folder, err := v.db.Folder(r.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return page{}, notFound(fmt.Sprintf("There is no folder with the id %d. The folders are at /folders.", id))
	}
	if err != nil {
		return page{}, err
	}
	return page{template: "folder", title: fmt.Sprintf("Folder %d", id), content: folderPage{folder}}, nil
}

// Waiting is how many of its pictures are still to be looked at.
func (p folderPage) Waiting() int64 { return p.Submitted - p.Done - p.Failed }

// Looked is how many of them were looked at, or failed.
func (p folderPage) Looked() int64 { return p.Done + p.Failed }

// Search tells how far it is searched for pictures.
func (p folderPage) Search() string {
	if p.FinishedAt == nil {
		return fmt.Sprintf("Goes on: %s found so far", pictureCount(p.Found))
	}
	return "At its end: " + pictureCount(p.Found) + " found"
}

// Progress tells how far the pictures are that were found.
func (p folderPage) Progress() string {
	switch {
	case p.Submitted == 0:
		return "No picture yet"
	case p.Waiting() > 0:
		return fmt.Sprintf("%d of %s done", p.Looked(), pictureCount(p.Submitted))
	}
	return pictureCount(p.Submitted) + ", all done"
}
