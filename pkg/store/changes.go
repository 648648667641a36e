package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/lineup"
)

// Action is what a change is, in a word.
type Action string

// The actions of hands.
const (
	ActionEnrol  Action = "enrol"  // somebody new, or again after that was undone
	ActionPhoto  Action = "photo"  // photos of somebody came or went
	ActionName   Action = "name"   // named or renamed
	ActionHide   Action = "hide"   // hidden or listed again, or another cover
	ActionMerge  Action = "merge"  // persons who are one
	ActionIs     Action = "is"     // a face is somebody's, or that was taken back
	ActionIsNot  Action = "is_not" // a face is not somebody's, or one person is not another
	ActionIgnore Action = "ignore" // a face is nobody's business, or is again
	ActionFace   Action = "face"   // a face was drawn
	ActionDelete Action = "delete" // a picture was deleted
	ActionErase  Action = "erase"  // a person was erased
	ActionUndo   Action = "undo"   // a change was taken back
)

// Change is what a hand did, as it is told.
type Change struct {
	ID       int64           `json:"id"`
	At       time.Time       `json:"at"`
	By       string          `json:"by"` // the name of the API key; empty where there are none
	Action   Action          `json:"action"`
	Person   *lineup.Person  `json:"person"` // whom it is about, as who they are now
	Image    *int64          `json:"image"`
	Face     *int64          `json:"face"`
	Name     lineup.Name     `json:"name"`      // that it gave, whoever has it now; empty where it gave none, or that is erased
	Merged   []lineup.Person `json:"merged"`    // who was merged by it; nil for nobody
	Ignored  *bool           `json:"ignored"`   // whether it says to ignore the face; nil where it says nothing of that
	Hidden   *bool           `json:"hidden"`    // whether it hid the person; nil where it did neither
	Removed  *bool           `json:"removed"`   // whether it took photos out of the gallery; nil where it neither did nor added any
	UndoneBy *int64          `json:"undone_by"` // the change that took it back, nil while it is in force
	Reason   string          `json:"reason"`    // why no hand did it: what was said of a face went with the picture's content; else empty

	Erased  bool    `json:"-"` // whom it is about was erased
	Undoes  int64   `json:"-"` // the change that it took back
	Undone  *Change `json:"-"` // the same, and what that took back, where it did; only ids, names and who are known of them
	Pending []int64 `json:"-"` // the photos that an undoing left to be looked at
}

// ChangeFilter says which changes to list.
type ChangeFilter struct {
	Person int64 // that touch the person, or who was merged into them; anybody when 0
	Image  int64 // of a picture; any when 0
	Before int64 // with an id below; all when 0
	Limit  int   // at most so many; must be above 0
}

const (
	selectChanges = `
		SELECT
			c.id,
			c.made_at,
			c.made_by,
			c.action,
			c.person_id,
			c.image_id,
			c.face_id,
			c.undoes
		FROM changes c
		WHERE TRUE`

	changesOfPeople = `
			AND c.id IN (SELECT p.change_id FROM change_people p WHERE p.person_id IN %s)`
)

// Changes lists changes, the newest first. More tells that there are more behind the last.
func (s *Store) Changes(ctx context.Context, f ChangeFilter) (changes []Change, more bool, err error) {
	err = s.do(ctx, "read changes", func() error {
		where, args := "", []any{}
		if f.Person != 0 {
			family, err := members(ctx, s.db, f.Person)
			if err != nil {
				return err
			}
			list, ids := placeholders(family)
			where, args = where+fmt.Sprintf(changesOfPeople, list), append(args, ids...)
		}
		if f.Image != 0 {
			where, args = where+" AND c.image_id = ?", append(args, f.Image)
		}
		if f.Before != 0 {
			where, args = where+" AND c.id < ?", append(args, f.Before)
		}
		changes, err = readChanges(ctx, s.db, where+" ORDER BY c.id DESC LIMIT ?", append(args, f.Limit+1)...)
		if err == nil {
			err = addTold(ctx, s.db, changes)
		}
		return err
	})
	if len(changes) > f.Limit {
		return changes[:f.Limit], true, err
	}
	return changes, false, err
}

// Change gives one change; ErrNotFound when there is none.
func (s *Store) Change(ctx context.Context, id int64) (Change, error) {
	changes, err := s.ChangesOf(ctx, []int64{id})
	if err != nil || len(changes) == 0 {
		return Change{}, cmp.Or(err, ErrNotFound)
	}
	return changes[0], nil
}

// ChangesOf gives those of these changes that there are, the newest first.
func (s *Store) ChangesOf(ctx context.Context, ids []int64) (changes []Change, err error) {
	err = s.do(ctx, fmt.Sprintf("read %d changes", len(ids)), func() error {
		changes = nil
		for chunk := range slices.Chunk(distinctIDs(ids), maxValues) {
			some, err := changesIn(ctx, s.db, chunk)
			if err != nil {
				return err
			}
			changes = append(some, changes...) // of later ids
		}
		return addTold(ctx, s.db, changes)
	})
	return changes, err
}

// changesIn gives these changes, the newest first.
func changesIn(ctx context.Context, q querier, ids []int64) ([]Change, error) {
	list, args := placeholders(ids)
	return readChanges(ctx, q, " AND c.id IN "+list+" ORDER BY c.id DESC", args...)
}

func readChanges(ctx context.Context, q querier, where string, args ...any) ([]Change, error) {
	var ids, people []int64
	changes, err := query(ctx, q, func(rows *sql.Rows) (c Change, err error) {
		var person, undoes sql.NullInt64
		err = rows.Scan(&c.ID, &c.At, &c.By, &c.Action, &person, &c.Image, &c.Face, &undoes)
		c.Undoes = undoes.Int64
		if person.Valid {
			c.Person = &lineup.Person{ID: person.Int64}
			people = append(people, person.Int64)
		}
		ids = append(ids, c.ID)
		return c, err
	}, selectChanges+where, args...)
	if err != nil {
		return nil, err
	}
	undone, err := undoneBy(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	more, err := addUndone(ctx, q, changes)
	if err != nil {
		return nil, err
	}
	now, err := survivors(ctx, q, append(people, more...))
	if err != nil {
		return nil, err
	}
	for i := range changes {
		if by := undone[changes[i].ID]; by != 0 {
			changes[i].UndoneBy = &by
		}
		for c := &changes[i]; c != nil; c = c.Undone {
			if c.Person == nil {
				continue
			}
			if one, there := now[c.Person.ID]; there {
				*c.Person, c.Erased = one.Person, one.Erased
			}
		}
	}
	return changes, nil
}

// change is what a hand did, as it is recorded.
type change struct {
	By     string // the name of the API key
	Action Action
	Person int64 // whom it is about; 0 for nobody
	Image  int64
	Face   int64
	Undoes int64 // the change that it takes back
	// Values are what it set. One whose value stays the same is what the change relies on:
	// nothing earlier that set it is undone while this change is in force.
	Values []changeValue
	People []int64 // whom else it touches
}

// changeValue is one thing that a change set. The subject's form is kind/id/field; its
// values are anything that JSON can hold.
type changeValue struct {
	Subject       string
	Before, After any
}

// subject names what a change set: "person", 7, "name".
func subject(kind string, id int64, field string) string {
	return fmt.Sprintf("%s/%d/%s", kind, id, field)
}

const (
	insertChange = `
		INSERT INTO changes (made_at, made_by, action, person_id, image_id, face_id, undoes)
		VALUES (UTC_TIMESTAMP(6), ?, ?, ?, ?, ?, ?)`

	insertChangeValues = `
		INSERT INTO change_values (change_id, subject, before_it, after_it)
		VALUES `

	insertChangePeople = `
		INSERT INTO change_people (person_id, change_id)
		VALUES `
)

// record writes down what a hand did, in the transaction that does it, once the rows
// that it sets are locked: so the changes of one subject have ids in the order of their
// commits. Where nothing differs it writes nothing, and the id is 0.
func record(ctx context.Context, tx *sql.Tx, c change) (id int64, err error) {
	differs := false
	var rows []string
	var args []any
	for _, value := range c.Values {
		before, err := json.Marshal(value.Before)
		if err != nil {
			return 0, err
		}
		after, err := json.Marshal(value.After)
		if err != nil {
			return 0, err
		}
		differs = differs || string(before) != string(after)
		rows, args = append(rows, "(?, ?, ?, ?)"), append(args, nil, value.Subject, string(before), string(after))
	}
	if !differs {
		return 0, nil
	}
	result, err := tx.ExecContext(ctx, insertChange, truncate(c.By, ChangeByWidth), c.Action,
		nullableID(c.Person), nullableID(c.Image), nullableID(c.Face), nullableID(c.Undoes))
	if err != nil {
		return 0, err
	}
	if id, err = result.LastInsertId(); err != nil {
		return 0, err
	}
	for i := 0; i < len(args); i += 4 {
		args[i] = id
	}
	for len(rows) > 0 {
		n := min(len(rows), maxValues)
		if _, err := tx.ExecContext(ctx, insertChangeValues+strings.Join(rows[:n], ", "), args[:4*n]...); err != nil {
			return 0, err
		}
		rows, args = rows[n:], args[4*n:]
	}
	for chunk := range slices.Chunk(distinctIDs(append([]int64{c.Person}, c.People...)), maxValues) {
		var people []any
		for _, person := range chunk {
			people = append(people, person, id)
		}
		marks := strings.TrimSuffix(strings.Repeat("(?, ?), ", len(chunk)), ", ")
		if _, err := tx.ExecContext(ctx, insertChangePeople+marks, people...); err != nil {
			return 0, err
		}
	}
	return id, nil
}

// nullableID is the id, NULL when it is 0.
func nullableID(id int64) sql.NullInt64 { return sql.NullInt64{Int64: id, Valid: id != 0} }
