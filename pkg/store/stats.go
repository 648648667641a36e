package store

import (
	"context"
	"database/sql"
	"time"

	"lineup.dev/lineup/pkg/lineup"
)

// shownFolders is how many of the folders that are not finished are named.
const shownFolders = 20

// StrangersCounted is how many strangers are counted.
const StrangersCounted = 1_000

// Stats is how far everything is.
type Stats struct {
	Pictures  Counts          `json:"pictures"`  // by their statuses
	Backlog   BacklogStats    `json:"backlog"`   // pictures without a result
	Rate      RateStats       `json:"rate"`      // results, also those that a re-match changed
	Photos    Counts          `json:"photos"`    // by their states
	Rematches RematchesStats  `json:"rematches"` // what is still to be compared with the gallery as it is
	Folders   FoldersStats    `json:"folders"`   // that are not finished
	Erasures  ErasuresStats   `json:"erasures"`  // of people, that are not finished
	Gallery   AdoptionStats   `json:"gallery"`   // the files in KNOWN_PEOPLE, as receive lists them
	Models    []ModelProgress `json:"models"`    // that there was a change to, the latest first
	Parts     []Part          `json:"parts"`     // what programs tell of the others, and of themselves

	Strangers int64 `json:"-"` // that are listed, StrangersCounted at most
}

// BacklogStats is how many pictures have no result yet.
type BacklogStats struct {
	At       time.Time  `json:"at"`
	Pictures int64      `json:"pictures"`
	Since    *time.Time `json:"since"` // since when the one that has waited longest has its status
}

// Lately is the time of which the results tell how fast it goes now.
const Lately = 10 * time.Second

// RateStats is how many results there were.
type RateStats struct {
	At         time.Time `json:"at"`
	LastMinute int64     `json:"last_minute"`
	LastHour   int64     `json:"last_hour"`

	Lately int64      `json:"-"` // of that time
	First  *time.Time `json:"-"` // when the first of these was, nil where there is none
}

// RematchesStats is how many ranges of pictures are still to be compared again.
type RematchesStats struct {
	At     time.Time `json:"at"`
	Ranges int64     `json:"ranges"` // of RematchRange pictures at most
	Done   int64     `json:"done"`   // of the re-match under way, those that were compared; 0 where there is none
}

// FoldersStats are the folders whose walk is not at its end.
type FoldersStats struct {
	At         time.Time       `json:"at"`
	Unfinished int64           `json:"unfinished"`
	First      []lineup.Folder `json:"first"` // of these, those that wait longest
}

// ErasuresStats are the erasings of people of which something is left.
type ErasuresStats struct {
	At         time.Time `json:"at"`
	Unfinished int64     `json:"unfinished"`
	First      []Erasure `json:"first"` // of these, those that wait longest
}

const (
	selectNow = `SELECT UTC_TIMESTAMP(6)`

	selectAge = `SELECT TIMESTAMPDIFF(MICROSECOND, created_at, UTC_TIMESTAMP(6)) FROM images WHERE id = ?`

	// There is a row for every RematchRange pictures.
	countCompared = `
		SELECT COUNT(*)
		FROM rematches
		WHERE finished_at IS NOT NULL
			AND gallery_state = (SELECT MAX(gallery_state) FROM rematches WHERE finished_at IS NULL)`

	listedStrangers = `person FORCE INDEX (person_pictures)
		WHERE name IS NULL
			AND merged_into IS NULL
			AND removed_at IS NULL
			AND hidden = 0
			AND pictures > 0`

	// Each branch is the first entry of a range of the index.
	selectWaitingSince = `
		SELECT MIN(since)
		FROM (
			SELECT MIN(updated_at) AS since
			FROM images FORCE INDEX (images_status_updated)
			WHERE status = ?
				AND answered = 0
			UNION ALL
			SELECT MIN(updated_at)
			FROM images FORCE INDEX (images_status_updated)
			WHERE status = ?
				AND answered = 1
		) firsts`

	unfinishedFolders = `finished_at IS NULL
		ORDER BY worked_at
		LIMIT ?`
)

// answered is named, though it can be nothing else, so that the index is read by updated_at.
var countResults = `
	SELECT
		COUNT(IF(updated_at >= ?, 1, NULL)),
		MIN(IF(updated_at >= ?, updated_at, NULL)),
		COUNT(IF(updated_at >= ?, 1, NULL)),
		COUNT(*)
	FROM images FORCE INDEX (images_status_updated)
	WHERE status IN (` + finalStatuses() + `)
		AND answered IN (0, 1)
		AND updated_at >= ?`

// Stats tells how far everything is. Numbers of many rows are those of the last ping.
func (s *Store) Stats(ctx context.Context) (Stats, error) { return s.stats(ctx, time.Hour) }

// Progress is Stats without the results of the last hour, which may be a hundred thousand.
func (s *Store) Progress(ctx context.Context) (Stats, error) {
	stats, err := s.stats(ctx, time.Minute)
	stats.Rate.LastHour = 0
	return stats, err
}

// stats counts the results of that time, and of the last minute.
func (s *Store) stats(ctx context.Context, results time.Duration) (stats Stats, err error) {
	err = s.do(ctx, "read how far everything is", func() error {
		var now time.Time
		if err := s.db.QueryRowContext(ctx, selectNow).Scan(&now); err != nil {
			return err
		}
		stats, err = readStats(ctx, s.db, now, results)
		return err
	})
	return stats, err
}

// Backlog is how many pictures wait, as far as that is counted, and how long the first has.
func (s *Store) Backlog(ctx context.Context) (pictures int64, age time.Duration, err error) {
	var stats Stats
	err = s.do(ctx, "count the pictures that wait", func() (err error) {
		var now time.Time
		if err := s.db.QueryRowContext(ctx, selectNow).Scan(&now); err != nil {
			return err
		}
		if stats.Pictures, err = picturesByStatus(ctx, s.db, now); err != nil {
			return err
		}
		if err := stats.readBacklog(ctx, s.db); err != nil {
			return err
		}
		if stats.Backlog.Since != nil {
			age = now.Sub(*stats.Backlog.Since)
		}
		return nil
	})
	return stats.Backlog.Pictures, age, err
}

// ImageAge is how long ago the picture was submitted for the first time.
func (s *Store) ImageAge(ctx context.Context, id int64) (age time.Duration, err error) {
	err = s.do(ctx, "read how old a picture is", func() error {
		var microseconds int64
		err := s.db.QueryRowContext(ctx, selectAge, id).Scan(&microseconds)
		age = time.Duration(microseconds) * time.Microsecond
		return err
	})
	return age, err
}

// PictureCounts is how many pictures have each status: of many as many as the last ping counted.
func (s *Store) PictureCounts(ctx context.Context) (counts Counts, err error) {
	err = s.do(ctx, "count pictures", func() error {
		var now time.Time
		if err := s.db.QueryRowContext(ctx, selectNow).Scan(&now); err != nil {
			return err
		}
		counts, err = picturesByStatus(ctx, s.db, now)
		return err
	})
	return counts, err
}

func picturesByStatus(ctx context.Context, q querier, now time.Time) (Counts, error) {
	var statuses []string
	for _, status := range lineup.Statuses {
		statuses = append(statuses, string(status))
	}
	return countEach(ctx, q, now, "images", "images FORCE INDEX (images_status) WHERE status = ?", statuses)
}

func readStats(ctx context.Context, q querier, now time.Time, results time.Duration) (stats Stats, err error) {
	if stats.Pictures, err = picturesByStatus(ctx, q, now); err != nil {
		return stats, err
	}
	stats.Photos, err = countEach(ctx, q, now, "photos", "person_images FORCE INDEX (person_images_state) WHERE removed_at IS NULL AND state = ?",
		[]string{string(PhotoPending), string(PhotoUsable), string(PhotoUnusable), string(PhotoUnchecked)})
	if err != nil {
		return stats, err
	}
	if err := stats.readBacklog(ctx, q); err != nil {
		return stats, err
	}
	stats.Rate.At = now
	lately := now.Add(-Lately)
	_, err = query(ctx, q, func(rows *sql.Rows) (_ struct{}, err error) {
		return struct{}{}, rows.Scan(&stats.Rate.Lately, &stats.Rate.First, &stats.Rate.LastMinute, &stats.Rate.LastHour)
	}, countResults, lately, lately, now.Add(-time.Minute), now.Add(-results))
	if err != nil {
		return stats, err
	}
	if err := stats.readRematches(ctx, q, now); err != nil {
		return stats, err
	}
	if stats.Strangers, err = countUpTo(ctx, q, StrangersCounted, listedStrangers); err != nil {
		return stats, err
	}
	if stats.Gallery, err = readAdoption(ctx, q); err != nil {
		return stats, err
	}
	stats.Folders = FoldersStats{At: now, First: []lineup.Folder{}}
	if stats.Folders.Unfinished, err = countUpTo(ctx, q, countedAtOnce, "folders WHERE finished_at IS NULL"); err != nil {
		return stats, err
	}
	rows, err := query(ctx, q, scanFolder, selectFolder+unfinishedFolders, shownFolders)
	if err != nil {
		return stats, err
	}
	for _, row := range rows {
		stats.Folders.First = append(stats.Folders.First, row.Folder)
	}
	stats.Erasures = ErasuresStats{At: now, First: []Erasure{}}
	if stats.Erasures.Unfinished, err = countUpTo(ctx, q, countedAtOnce, "erasures WHERE finished_at IS NULL"); err != nil {
		return stats, err
	}
	first, err := query(ctx, q, scanErasure, selectErasures+"finished_at IS NULL ORDER BY id LIMIT ?", shownFolders)
	if err != nil {
		return stats, err
	}
	stats.Erasures.First = append(stats.Erasures.First, first...)
	models, err := readModels(ctx, q)
	if err != nil {
		return stats, err
	}
	stats.Models = append([]ModelProgress{}, models...)
	stats.Parts, err = readParts(ctx, q)
	return stats, err
}

// readBacklog follows from the pictures' statuses.
func (s *Stats) readBacklog(ctx context.Context, q querier) error {
	s.Backlog.At = s.Pictures.At
	for _, status := range lineup.Statuses {
		if status.Final() {
			continue
		}
		s.Backlog.Pictures += s.Pictures.Of[string(status)]
		since, err := query(ctx, q, func(rows *sql.Rows) (at sql.NullTime, err error) {
			err = rows.Scan(&at)
			return at, err
		}, selectWaitingSince, status, status)
		if err != nil {
			return err
		}
		if at := since[0]; at.Valid && (s.Backlog.Since == nil || at.Time.Before(*s.Backlog.Since)) {
			s.Backlog.Since = &at.Time
		}
	}
	return nil
}

func (s *Stats) readRematches(ctx context.Context, q querier, now time.Time) (err error) {
	s.Rematches.At = now
	if s.Rematches.Ranges, err = countUpTo(ctx, q, countedAtOnce, "rematches WHERE finished_at IS NULL"); err != nil || s.Rematches.Ranges == 0 {
		return err
	}
	done, err := query(ctx, q, scanID, countCompared)
	if err == nil {
		s.Rematches.Done = done[0]
	}
	return err
}

const selectAdoptionStats = `
	SELECT
		finished_at,
		last_listed,
		last_refused,
		last_withheld,
		last_unreadable,
		problem,
		problem_at
	FROM adoption
	WHERE id = 1`

func readAdoption(ctx context.Context, q querier) (stats AdoptionStats, err error) {
	rows, err := query(ctx, q, func(rows *sql.Rows) (a AdoptionStats, err error) {
		var problem sql.NullString
		err = rows.Scan(&a.At, &a.Listed, &a.Refused, &a.Withheld, &a.Unreadable, &problem, &a.Since)
		a.Problem = problem.String
		return a, err
	}, selectAdoptionStats)
	if err != nil || len(rows) == 0 { // a hand deleted the row: nothing is adopted
		return stats, err
	}
	return rows[0], nil
}
