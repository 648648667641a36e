package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

// LaterChange says that a change cannot be undone because a later one, which is in force,
// set the same thing, or relies on it.
type LaterChange struct{ Change Change }

// Error says which one is to be undone first.
func (e *LaterChange) Error() string {
	return fmt.Sprintf("change %d came later and is about the same; next: undo that one first", e.Change.ID)
}

// UndoChange sets back what a change set, as another change, and gives that one. A change
// that is undone already stays so. To undo an undoing is to do the change again.
// ErrNotFound when there is no such change; *LaterChange when a later one stands in the
// way; *SameSpelling when somebody else came by the name meanwhile, which UndoChangeAnyway is
// for; ErrSamePerson when persons would be merged into each other; ErrErased when it touches
// somebody who was erased. A photo that is to be looked at again is among the change's Pending:
// whoever undoes gives the hint.
func (s *Store) UndoChange(ctx context.Context, id int64, by string) (Change, error) {
	return s.undoChange(ctx, id, by, (*undoing).checkSpellings)
}

// UndoChangeAnyway is UndoChange that gives a name back though somebody else has it.
func (s *Store) UndoChangeAnyway(ctx context.Context, id int64, by string) (Change, error) {
	return s.undoChange(ctx, id, by)
}

type undoStep func(*undoing, context.Context, *sql.Tx) error

func (s *Store) undoChange(ctx context.Context, id int64, by string, checks ...undoStep) (Change, error) {
	steps := slices.Concat([]undoStep{(*undoing).checkErased, (*undoing).checkLater}, checks, []undoStep{(*undoing).restore})
	var undo int64
	err := s.transact(ctx, fmt.Sprintf("undo change %d", id), func(tx *sql.Tx) error {
		undone, last, err := lastUndo(ctx, tx, id)
		if err != nil {
			return err
		}
		if undone {
			undo = last
			return nil
		}
		u := undoing{people: map[int64]personRow{}, photos: map[int64]photoRow{}}
		if err := u.read(ctx, tx, last); err != nil {
			return err
		}
		if err := u.lock(ctx, tx); err != nil {
			return err
		}
		if _, now, err := lastUndo(ctx, tx, id); err != nil || now != last {
			return cmp.Or(err, errMoved)
		}
		for _, step := range steps {
			if err := step(&u, ctx, tx); err != nil {
				return err
			}
		}
		if undo, err = record(ctx, tx, u.change(by)); err != nil {
			if isOneOf(err, errDuplicate) {
				return errMoved
			}
			return err
		}
		if len(u.movedPeople)+len(u.movedPhotos) == 0 {
			return nil
		}
		if err := u.recount(ctx, tx); err != nil {
			return err
		}
		_, err = bumpGallery(ctx, tx, u.movedPeople, u.movedPhotos)
		return err
	})
	if err != nil {
		return Change{}, err
	}
	made, err := s.Change(ctx, undo)
	if err != nil {
		return made, err
	}
	made.Pending, err = s.pendingOf(ctx, undo)
	return made, err
}

// recount counts the pictures of who is one by now, or is not any more: of those whose rows are held.
func (u *undoing) recount(ctx context.Context, tx *sql.Tx) error {
	now, err := survivors(ctx, tx, slices.Collect(maps.Keys(u.people)))
	if err != nil {
		return err
	}
	var people []int64
	for _, one := range now {
		if _, held := u.people[one.ID]; held {
			people = append(people, one.ID)
		}
	}
	return recountSome(ctx, tx, distinctIDs(people))
}

// lastUndo follows the changes that undid the change, one the other. It tells whether
// the change is undone by now, and the last of them: of a change in force that is the one
// to undo.
func lastUndo(ctx context.Context, q querier, id int64) (undone bool, last int64, err error) {
	found, err := query(ctx, q, scanID, selectChangeID, id)
	if err != nil {
		return false, 0, err
	}
	if len(found) == 0 {
		return false, 0, ErrNotFound
	}
	for last = id; ; undone = !undone {
		next, err := query(ctx, q, scanID, selectUndoOf, last)
		if err != nil || len(next) == 0 {
			return undone, last, err
		}
		last = next[0]
	}
}

const (
	selectChangeID = `
		SELECT id
		FROM changes
		WHERE id = ?`

	selectUndoOf = `
		SELECT id
		FROM changes
		WHERE undoes = ?`

	selectChangeAbout = `
		SELECT
			person_id,
			image_id,
			face_id
		FROM changes
		WHERE id = ?`

	selectChangeValues = `
		SELECT
			subject,
			before_it,
			after_it
		FROM change_values
		WHERE change_id = ?
		ORDER BY subject`

	selectChangePeople = `
		SELECT person_id
		FROM change_people
		WHERE change_id = ?`
)

// undoing is a change that is being undone.
type undoing struct {
	id       int64 // of the change
	about    change
	settings []setting
	paths    map[int64][]int64 // who is to be merged again, and with whom that makes them one

	people map[int64]personRow
	photos map[int64]photoRow

	movedPeople, movedPhotos []int64 // that a face's answer may depend on
}

func (u *undoing) read(ctx context.Context, tx *sql.Tx, id int64) (err error) {
	u.id = id
	_, err = query(ctx, tx, func(rows *sql.Rows) (none struct{}, err error) {
		var person, image, face sql.NullInt64
		err = rows.Scan(&person, &image, &face)
		u.about = change{Person: person.Int64, Image: image.Int64, Face: face.Int64}
		return none, err
	}, selectChangeAbout, id)
	if err != nil {
		return err
	}
	if u.about.People, err = query(ctx, tx, scanID, selectChangePeople, id); err != nil {
		return err
	}
	u.settings, err = query(ctx, tx, scanSetting, selectChangeValues, id)
	return err
}

// change is the undoing as it is recorded. It relies on what the change relied on, so
// that this one can be undone too.
func (u *undoing) change(by string) change {
	c := u.about
	c.By, c.Action, c.Undoes = by, ActionUndo, u.id
	for _, s := range u.settings {
		c.Values = append(c.Values, changeValue{s.subject, s.after, s.before})
	}
	return c
}

const (
	selectLater = `
		SELECT
			c.id,
			c.undoes,
			v.subject,
			v.before_it <> v.after_it
		FROM change_values v
		JOIN changes c ON c.id = v.change_id
		WHERE v.change_id > ?
			AND v.subject IN `
)

// checkLater answers *LaterChange with the last change that is in force and set what this
// one set or relies on, or relies on what it set.
func (u *undoing) checkLater(ctx context.Context, tx *sql.Tx) error {
	sets := map[string]bool{}
	var subjects []string
	for _, s := range u.settings {
		sets[s.subject] = s.sets()
		subjects = append(subjects, s.subject)
	}
	var later []int64
	for chunk := range slices.Chunk(subjects, maxValues) {
		list, args := placeholders(chunk)
		_, err := query(ctx, tx, func(rows *sql.Rows) (id int64, err error) {
			var undoes sql.NullInt64
			var about string
			var set bool
			err = rows.Scan(&id, &undoes, &about, &set)
			// One that undid a change in between cancels out with that.
			if (set || sets[about]) && undoes.Int64 <= u.id {
				later = append(later, id)
			}
			return id, err
		}, selectLater+list, slices.Concat([]any{u.id}, args)...)
		if err != nil {
			return err
		}
	}
	undone, err := undoneBy(ctx, tx, later)
	if err != nil {
		return err
	}
	later = slices.DeleteFunc(later, func(id int64) bool { return undone[id] != 0 })
	if len(later) == 0 {
		return nil
	}
	changes, err := changesIn(ctx, tx, []int64{slices.Max(later)})
	if err == nil {
		err = addTold(ctx, tx, changes)
	}
	switch {
	case err != nil:
		return err
	case changes[0].Reason != "":
		return ErrContentChanged
	}
	return &LaterChange{changes[0]}
}

// selectFirstLater is what a setting was before the first change of it after another.
const selectFirstLater = `
	SELECT v.before_it
	FROM change_values v
	WHERE v.subject = ?
		AND v.change_id > ?
		AND v.before_it <> v.after_it
	ORDER BY v.change_id
	LIMIT 1`

// checkSpellings answers *SameSpelling where a name is to be given back that somebody else came by since. Two who had it
// side by side before the change were meant, and may have it again. The names' spellings are locked.
func (u *undoing) checkSpellings(ctx context.Context, tx *sql.Tx) error {
	for _, s := range u.settings {
		name, err := u.nameBack(s)
		if err != nil {
			return err
		}
		spelling := Spelling(name)
		if spelling == "" {
			continue
		}
		people, err := peopleSpelled(ctx, tx, spelling)
		if err != nil {
			return err
		}
		var since []lineup.Person
		for _, p := range people {
			if p.ID == s.id || Spelling(string(p.Name)) != spelling {
				continue // of whoever was merged with them
			}
			had, err := u.hadSpelling(ctx, tx, p.ID, spelling)
			if err != nil {
				return err
			}
			if !had {
				since = append(since, p)
			}
		}
		if len(since) > 0 {
			return &SameSpelling{since}
		}
	}
	return nil
}

// nameBack is the name with which somebody is called or there again by that; empty for none.
func (u *undoing) nameBack(s setting) (name string, err error) {
	switch {
	case s.kind != "person" || !s.sets() || u.people[s.id].into.Valid:
	case s.field == "name":
		err = json.Unmarshal(s.before, &name)
	case s.field == "removed" && string(s.before) == "false":
		name = string(u.people[s.id].Name)
	}
	return name, err
}

// hadSpelling tells of a person who is called so now whether they were there and called so when the change was made.
func (u *undoing) hadSpelling(ctx context.Context, tx *sql.Tx, person int64, spelling string) (bool, error) {
	removed, err := query(ctx, tx, scanJSON[bool], selectFirstLater, subject("person", person, "removed"), u.id)
	if err != nil || len(removed) > 0 && removed[0] {
		return false, err
	}
	names, err := query(ctx, tx, scanJSON[string], selectFirstLater, subject("person", person, "name"), u.id)
	return len(names) == 0 || Spelling(names[0]) == spelling, err
}

// scanJSON reads a column of JSON.
func scanJSON[T any](rows *sql.Rows) (value T, err error) {
	var text []byte
	if err := rows.Scan(&text); err != nil {
		return value, err
	}
	return value, json.Unmarshal(text, &value)
}
