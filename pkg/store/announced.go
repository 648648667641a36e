package store

import (
	"context"
	"database/sql"
	"slices"
	"time"
)

// PeopleChange is a change with everybody whom it touches. Where it names nobody, Person is the
// first of these as who they are now, but for who was erased.
type PeopleChange struct {
	Change
	People []int64 // by their own ids, whoever they are by now; none where it touches nobody
}

// The changes that are not announced are few, and one range of the index.
const (
	selectDueChanges = `
		SELECT id
		FROM changes
		WHERE announced_at IS NULL
			AND (hinted_at BETWEEN UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND AND UTC_TIMESTAMP(6)) IS NOT TRUE
		ORDER BY id
		LIMIT ?`

	notAnnounced = ` AND c.announced_at IS NULL AND c.id > ? AND c.id <= ? ORDER BY c.id LIMIT ?`

	selectPeopleOf = `
		SELECT
			change_id,
			person_id
		FROM change_people
		WHERE change_id IN `

	orderedPeople = ` ORDER BY change_id, person_id`

	updateHinted = `
		UPDATE changes
		SET hinted_at = UTC_TIMESTAMP(6)
		WHERE id IN `

	updateChangesAnnounced = `
		UPDATE changes
		SET announced_at = UTC_TIMESTAMP(6)
		WHERE announced_at IS NULL AND id IN `
)

// DueChanges gives up to limit changes, the oldest first, that are not announced and for
// which no hint was given, or longer than age ago.
func (s *Store) DueChanges(ctx context.Context, age time.Duration, limit int) (ids []int64, err error) {
	err = s.do(ctx, "find changes that are not announced", func() error {
		ids, err = query(ctx, s.db, scanID, selectDueChanges, age.Microseconds(), limit)
		return err
	})
	return ids, err
}

// MarkChangesHinted stamps the changes as hinted just now.
func (s *Store) MarkChangesHinted(ctx context.Context, ids []int64) error {
	return s.execIn(ctx, "mark changes as hinted", updateHinted, ids)
}

// UnannouncedChanges gives up to limit changes behind one and up to another, the oldest first,
// that are not announced. Those of one person have ids in the order of their commits, so that
// whoever announces them by their ids keeps that order.
func (s *Store) UnannouncedChanges(ctx context.Context, after, upTo int64, limit int) (changes []PeopleChange, err error) {
	err = s.do(ctx, "read changes that are not announced", func() error {
		read, err := readChanges(ctx, s.db, notAnnounced, after, upTo, limit)
		if err != nil {
			return err
		}
		changes, err = withPeople(ctx, s.db, read)
		return err
	})
	return changes, err
}

func withPeople(ctx context.Context, q querier, read []Change) ([]PeopleChange, error) {
	ids := make([]int64, len(read))
	for i, c := range read {
		ids[i] = c.ID
	}
	people := map[int64][]int64{}
	for chunk := range slices.Chunk(ids, maxValues) {
		list, args := placeholders(chunk)
		_, err := query(ctx, q, func(rows *sql.Rows) (none struct{}, err error) {
			var change, person int64
			err = rows.Scan(&change, &person)
			people[change] = append(people[change], person)
			return none, err
		}, selectPeopleOf+list+orderedPeople, args...)
		if err != nil {
			return nil, err
		}
	}
	changes := make([]PeopleChange, len(read))
	var nameless []*PeopleChange
	var first []int64
	for i, c := range read {
		changes[i] = PeopleChange{c, people[c.ID]}
		if of := &changes[i]; of.Person == nil && len(of.People) > 0 {
			nameless, first = append(nameless, of), append(first, of.People[0])
		}
	}
	who, err := survivors(ctx, q, first)
	if err != nil {
		return nil, err
	}
	for _, of := range nameless {
		if one, there := who[of.People[0]]; there && !one.Erased {
			of.Person = &one.Person
		}
	}
	return changes, nil
}

// MarkChangesAnnounced notes that events of the changes were accepted, or that nobody waits
// for any.
func (s *Store) MarkChangesAnnounced(ctx context.Context, ids []int64) error {
	return s.execIn(ctx, "mark changes as announced", updateChangesAnnounced, ids)
}
