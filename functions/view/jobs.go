package main

import (
	"fmt"
	"time"

	"lineup.dev/lineup/pkg/store"
)

// job is something that goes on, and how far it is.
type job struct {
	ID, What string
	URL      string // of more about it, empty for none
	Far      string
	Done, Of int64  // Of is 0 where nobody knows how much it is
	Word     string // what was at Since
	Since    *time.Time
	Problem  string
}

// jobsOf is everything that goes on, what people wait for first.
func jobsOf(s store.Stats) (jobs []job) {
	if waiting := s.Backlog.Pictures; waiting > 0 {
		all := s.Pictures.All()
		jobs = append(jobs, job{ID: "backlog", What: "Pictures to look at", URL: "/?status=pending", Far: sentenceOf(s), Done: all - waiting, Of: all, Word: "the oldest", Since: s.Backlog.Since})
	}
	if photos := s.Photos.Of[string(store.PhotoPending)]; photos > 0 {
		jobs = append(jobs, job{ID: "photos", What: "Photos of people to look at", URL: "/people", Far: fmt.Sprintf("%d waiting", photos)})
	}
	if r := s.Rematches; r.Ranges > 0 {
		jobs = append(jobs, job{ID: "rematch", What: "Faces to compare with people again", Done: r.Done, Of: r.Done + r.Ranges,
			Far: toCompare(s)})
	}
	for _, f := range s.Folders.First {
		jobs = append(jobs, job{ID: fmt.Sprintf("folder-%d", f.ID), What: "Folder " + plain(f.Path), URL: fmt.Sprintf("/folders/%d", f.ID),
			Far: pictureCount(f.Found) + " found so far", Word: "posted", Since: &f.CreatedAt, Problem: f.Problem})
	}
	if more := s.Folders.Unfinished - int64(len(s.Folders.First)); more > 0 {
		jobs = append(jobs, job{ID: "folders", What: fmt.Sprintf("%d more folders", more), URL: "/folders", Far: "searched after those above"})
	}
	if erasures := s.Erasures.Unfinished; erasures > 0 {
		jobs = append(jobs, job{ID: "erasures", What: "People to erase", Far: fmt.Sprintf("%d under way", erasures)})
	}
	return jobs
}
