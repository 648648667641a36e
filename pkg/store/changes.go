package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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
	ActionUndo   Action = "undo"   // a change was taken back
)

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
