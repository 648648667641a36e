package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

// PersonPatch is what to change of a person; nil leaves it.
type PersonPatch struct {
	Name   *string
	Hidden *bool
	Cover  *int64 // a photo's id; 0 for none
	New    bool   // the name may be another's too
}

// PatchPerson names, hides, or gives a cover. A merged id acts on the survivor.
// ErrNotFound when there is no such person, or the cover is no photo of theirs;
// *SameSpelling when another has the name, unless New.
func (s *Store) PatchPerson(ctx context.Context, id int64, p PersonPatch, by string) (Profile, error) {
	err := s.transact(ctx, fmt.Sprintf("change person %d", id), func(tx *sql.Tx) error {
		if p.Name != nil {
			spelling := Spelling(*p.Name)
			if spelling == "" {
				return ErrNameless
			}
			if err := lockSpellings(ctx, tx, spelling); err != nil {
				return err
			}
		}
		one, err := survivorOf(ctx, tx, id)
		if err != nil {
			return err
		}
		id = one.ID
		rows, err := lockSurvivors(ctx, tx, id)
		if err != nil {
			return err
		}
		return patchPerson(ctx, tx, rows[0], p, by)
	})
	if err != nil {
		return Profile{}, err
	}
	return s.Person(ctx, id)
}

func patchPerson(ctx context.Context, tx *sql.Tx, row personRow, p PersonPatch, by string) error {
	c := change{By: by, Action: ActionHide, Person: row.ID}
	if p.Name != nil {
		c.Action = ActionName
		if err := checkSpelling(ctx, tx, row.ID, *p.Name, p.New); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, updatePersonName, *p.Name, Spelling(*p.Name), row.ID); err != nil {
			return err
		}
		c.Values = append(c.Values, changeValue{subject("person", row.ID, "name"), nullName(row.Name), *p.Name})
	}
	if p.Hidden != nil {
		if _, err := tx.ExecContext(ctx, updatePersonHidden, *p.Hidden, row.ID); err != nil {
			return err
		}
		c.Values = append(c.Values, changeValue{subject("person", row.ID, "hidden"), row.hidden, *p.Hidden})
	}
	if p.Cover != nil {
		if err := checkCover(ctx, tx, row.ID, *p.Cover); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, updatePersonCover, nullableID(*p.Cover), row.ID); err != nil {
			return err
		}
		c.Values = append(c.Values, changeValue{subject("person", row.ID, "cover"), row.cover.Int64, *p.Cover})
	}
	if _, err := record(ctx, tx, c); err != nil {
		return err
	}
	if p.Name == nil || row.Name != "" {
		return nil
	}
	_, err := bumpGallery(ctx, tx, []int64{row.ID}, nil) // a stranger is somebody by now
	return err
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
