package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"
	"time"
)

// countedAtOnce is how many rows are counted whenever somebody asks. Of more, the number
// is that of the last ping.
const countedAtOnce = 20_000

// stillMany is how many rows are counted to see that what was many at the last ping is not
// few by now.
const stillMany = 2_000

const (
	countStatuses = `
		SELECT
			CONCAT('images/', status),
			COUNT(*)
		FROM images FORCE INDEX (images_status)
		GROUP BY status`

	countStates = `
		SELECT
			CONCAT('photos/', state),
			COUNT(*)
		FROM person_images
		WHERE removed_at IS NULL
		GROUP BY state`

	countPeoplesPictures = `
		SELECT
			person_id,
			COUNT(DISTINCT image_id)
		FROM faces
		WHERE person_id IS NOT NULL
		GROUP BY person_id`

	selectPeoplesPictures = `
		SELECT
			id,
			COALESCE(merged_into, 0),
			pictures
		FROM person`

	updatePeoplesPictures = `
		UPDATE person
		SET pictures = ?
		WHERE id = ?`

	insertCounts = `
		INSERT INTO counts (name, number, counted_at)
		VALUES %s
		ON DUPLICATE KEY UPDATE
			number = VALUES(number),
			counted_at = VALUES(counted_at)`

	selectCounts = `
		SELECT
			name,
			number,
			counted_at
		FROM counts`
)

// Recount counts what is too much to be counted whenever somebody asks: the pictures of
// each status and of each person, and the photos of each state. Pings call it.
func (s *Store) Recount(ctx context.Context) error {
	return s.do(ctx, "count", func() error {
		names, numbers, err := countBy[string](ctx, s.db, countStatuses)
		if err != nil {
			return err
		}
		states, more, err := countBy[string](ctx, s.db, countStates)
		if err != nil {
			return err
		}
		var args []any
		for i, name := range append(names, states...) {
			args = append(args, name, append(numbers, more...)[i])
		}
		if len(args) > 0 {
			rows := strings.TrimSuffix(strings.Repeat("(?, ?, UTC_TIMESTAMP(6)), ", len(args)/2), ", ")
			if _, err := s.db.ExecContext(ctx, fmt.Sprintf(insertCounts, rows), args...); err != nil {
				return err
			}
		}
		return s.recountPeople(ctx)
	})
}

// recountPeople counts for each person also the pictures of all who were merged into them.
func (s *Store) recountPeople(ctx context.Context) error {
	people, numbers, err := countBy[int64](ctx, s.db, countPeoplesPictures)
	if err != nil {
		return err
	}
	into, known := map[int64]int64{}, map[int64]int64{}
	_, err = query(ctx, s.db, func(rows *sql.Rows) (id int64, err error) {
		var other, pictures int64
		err = rows.Scan(&id, &other, &pictures)
		into[id], known[id] = other, pictures
		return id, err
	}, selectPeoplesPictures)
	if err != nil {
		return err
	}
	counted := map[int64]int64{}
	for i, person := range people {
		for steps := 0; into[person] != 0 && steps < len(into); steps++ {
			person = into[person]
		}
		counted[person] += numbers[i]
	}
	for id, pictures := range known {
		if counted[id] == pictures {
			continue
		}
		if _, err := s.db.ExecContext(ctx, updatePeoplesPictures, counted[id], id); err != nil {
			return err
		}
	}
	return nil
}

// countBy runs a statement that counts by something.
func countBy[T any](ctx context.Context, q querier, statement string) (what []T, numbers []int64, err error) {
	what, err = query(ctx, q, func(rows *sql.Rows) (one T, err error) {
		var number int64
		err = rows.Scan(&one, &number)
		numbers = append(numbers, number)
		return one, err
	}, statement)
	return what, numbers, err
}

// Counts are numbers by what is counted.
type Counts struct {
	At time.Time        `json:"at"` // when they were counted; where not all at once, the first of them
	Of map[string]int64 `json:"of"`
}

// All is their sum.
func (c Counts) All() (all int64) {
	for _, number := range c.Of {
		all += number
	}
	return all
}

// countEach counts now what is few, and takes what is many from the last ping's counts. From
// is where the rows are that have a value.
func countEach(ctx context.Context, q querier, now time.Time, what, from string, values []string) (Counts, error) {
	counts := Counts{now, map[string]int64{}}
	last, err := lastCounts(ctx, q, what)
	if err != nil {
		return counts, err
	}
	for _, value := range values {
		before, most := last[value], countedAtOnce
		if before.number >= countedAtOnce {
			most = stillMany
		}
		number, err := countUpTo(ctx, q, most, from, value)
		switch {
		case err != nil:
			return counts, err
		case number == int64(most) && most == stillMany:
			number = before.number
			if before.at.Before(counts.At) {
				counts.At = before.at
			}
		case number == int64(most): // they were few at the last ping, or there was none
			if number, err = countUpTo(ctx, q, math.MaxInt64, from, value); err != nil {
				return counts, err
			}
		}
		counts.Of[value] = number
	}
	return counts, nil
}

// counted is a number of the last ping.
type counted struct {
	number int64
	at     time.Time
}

// lastCounts are the last ping's counts of something, by its values.
func lastCounts(ctx context.Context, q querier, what string) (map[string]counted, error) {
	last := map[string]counted{}
	_, err := query(ctx, q, func(rows *sql.Rows) (name string, err error) {
		var c counted
		err = rows.Scan(&name, &c.number, &c.at)
		if kind, value, _ := strings.Cut(name, "/"); kind == what {
			last[value] = c
		}
		return name, err
	}, selectCounts)
	return last, err
}

// countUpTo counts rows, and no more than most of them.
func countUpTo(ctx context.Context, q querier, most int, from string, args ...any) (int64, error) {
	counts, err := query(ctx, q, scanID, "SELECT COUNT(*) FROM (SELECT 1 FROM "+from+" LIMIT ?) some", append(args, most)...)
	if err != nil {
		return 0, err
	}
	return counts[0], nil
}
