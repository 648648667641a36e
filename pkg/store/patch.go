package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

// ErrNobody says that nobody else has the name of whom a person is to be merged with.
var ErrNobody = errors.New("nobody else is called so")

// PersonPatch is what to change of a person; nil leaves it.
type PersonPatch struct {
	Name   *string
	Hidden *bool
	Cover  *int64 // a photo's id; 0 for none
	New    bool   // the name may be another's too
	Merge  bool   // whoever has the name is the same person
}

// PatchPerson names, hides, or gives a cover. A merged id acts on the survivor.
// ErrNotFound when there is no such person, or the cover is no photo of theirs;
// *SameSpelling when another has the name, unless New. With Merge the two are then merged, and
// the one who had the name stays; so *SameSpelling says only that several have it, and
// ErrNobody that nobody else has: nobody is renamed by a slip of who is meant.
func (s *Store) PatchPerson(ctx context.Context, id int64, p PersonPatch, by string) (Profile, error) {
	var one int64
	var made []int64
	err := s.transact(ctx, fmt.Sprintf("change person %d", id), func(tx *sql.Tx) (err error) {
		one, made, err = p.apply(ctx, tx, id, by)
		return err
	})
	if err != nil {
		return Profile{}, err
	}
	return s.profileMade(ctx, one, made...)
}

// apply does it and tells whom it acted upon, and the changes that it made.
func (p PersonPatch) apply(ctx context.Context, tx *sql.Tx, id int64, by string) (acted int64, made []int64, err error) {
	if p.Name != nil {
		spelling := Spelling(*p.Name)
		if spelling == "" {
			return id, nil, ErrNameless
		}
		if err := lockSpellings(ctx, tx, spelling); err != nil {
			return id, nil, err
		}
	}
	one, err := survivorOf(ctx, tx, id)
	if err != nil {
		return id, nil, err
	}
	if p.Name != nil && p.Merge {
		into, err := p.meant(ctx, tx, one.ID)
		if err != nil {
			return id, nil, err
		}
		merge, err := mergeInto(ctx, tx, into, []int64{one.ID}, []int64{id}, by)
		if err != nil {
			return id, nil, err
		}
		one.ID, p.Name, made = into, nil, []int64{merge}
	}
	if p.Name == nil && p.Hidden == nil && p.Cover == nil {
		return one.ID, made, nil
	}
	rows, err := lockSurvivors(ctx, tx, one.ID)
	if err != nil {
		return id, nil, err
	}
	patched, err := patchPerson(ctx, tx, rows[0], p, by)
	return one.ID, append(made, patched), err
}

// meant is the one other person who has the name; ErrNobody when none does, *SameSpelling when several do.
func (p PersonPatch) meant(ctx context.Context, tx *sql.Tx, id int64) (int64, error) {
	people, err := peopleSpelled(ctx, tx, Spelling(*p.Name))
	if err != nil {
		return 0, err
	}
	people = slices.DeleteFunc(people, func(other lineup.Person) bool { return other.ID == id })
	switch len(people) {
	case 0:
		return 0, ErrNobody
	case 1:
		return people[0].ID, nil
	}
	return 0, &SameSpelling{people}
}

func patchPerson(ctx context.Context, tx *sql.Tx, row personRow, p PersonPatch, by string) (made int64, err error) {
	c := change{By: by, Action: ActionHide, Person: row.ID}
	if p.Name != nil {
		c.Action = ActionName
		if err := checkSpelling(ctx, tx, row.ID, *p.Name, p.New); err != nil {
			return 0, err
		}
		if _, err := tx.ExecContext(ctx, updatePersonName, *p.Name, Spelling(*p.Name), row.ID); err != nil {
			return 0, err
		}
		c.Values = append(c.Values, changeValue{subject("person", row.ID, "name"), nullName(string(row.Name)), *p.Name})
	}
	if p.Hidden != nil {
		if _, err := tx.ExecContext(ctx, updatePersonHidden, *p.Hidden, row.ID); err != nil {
			return 0, err
		}
		c.Values = append(c.Values, changeValue{subject("person", row.ID, "hidden"), row.hidden, *p.Hidden})
	}
	if p.Cover != nil {
		if err := checkCover(ctx, tx, row.ID, *p.Cover); err != nil {
			return 0, err
		}
		if _, err := tx.ExecContext(ctx, updatePersonCover, nullableID(*p.Cover), row.ID); err != nil {
			return 0, err
		}
		c.Values = append(c.Values, changeValue{subject("person", row.ID, "cover"), row.cover.Int64, *p.Cover})
	}
	if made, err = record(ctx, tx, c); err != nil {
		return 0, err
	}
	if p.Name == nil || row.Name != "" {
		return made, nil
	}
	_, err = bumpGallery(ctx, tx, []int64{row.ID}, nil) // a stranger is somebody by now
	return made, err
}

// checkSpelling answers *SameSpelling where somebody else has a name of that spelling,
// unless that is meant. Whoever asks holds the spelling's lock.
func checkSpelling(ctx context.Context, tx *sql.Tx, id int64, name string, meant bool) error {
	people, err := peopleSpelled(ctx, tx, Spelling(name))
	if err != nil || meant {
		return err
	}
	people = slices.DeleteFunc(people, func(p lineup.Person) bool { return p.ID == id })
	if len(people) > 0 {
		return &SameSpelling{people}
	}
	return nil
}

func checkCover(ctx context.Context, tx *sql.Tx, person, cover int64) error {
	if cover == 0 {
		return nil
	}
	rows, err := lockPhotos(ctx, tx, []int64{cover})
	if err != nil {
		return err
	}
	if len(rows) == 0 || rows[0].removed {
		return ErrNotFound
	}
	one, err := survivorOf(ctx, tx, rows[0].PersonID)
	if err == nil && one.ID != person {
		err = ErrNotFound
	}
	return err
}

// nullName is a name as a change keeps it: null for none.
func nullName(name string) any {
	if name == "" {
		return nil
	}
	return name
}
