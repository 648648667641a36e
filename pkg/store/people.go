package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"lineup.dev/lineup/pkg/lineup"
)

// Profile is a person with what is known of them.
type Profile struct {
	lineup.Person
	ImageNames []string `json:"image_names"` // the photos in the gallery
}

// ErrOtherPerson says that a gallery photo is already another person's.
var ErrOtherPerson = errors.New("the photo is already another person's")

const (
	insertPerson = `
		INSERT INTO person (name, spelling, created_at)
		VALUES (?, ?, UTC_TIMESTAMP(6))`

	// Of one spelling the one who was not merged with another comes first.
	selectBySpelling = `
		SELECT id
		FROM person
		WHERE spelling = ?
			AND removed_at IS NULL
		ORDER BY
			merged_into IS NOT NULL,
			id`

	insertPersonImage = `
		INSERT INTO person_images (image_name, person_id, created_at)
		VALUES (?, ?, UTC_TIMESTAMP(6))
		ON DUPLICATE KEY UPDATE id = id`

	selectOwner = `
		SELECT person_id
		FROM person_images
		WHERE image_name = ?`

	selectPerson = `
		SELECT
			id,
			name
		FROM person
		WHERE id = ?`

	selectImageNames = `
		SELECT image_name
		FROM person_images
		WHERE person_id = ?
		ORDER BY id`

	selectPeople = `
		SELECT
			id,
			name
		FROM person
		WHERE id > ?
			AND merged_into IS NULL
			AND removed_at IS NULL
		ORDER BY id
		LIMIT ?`
)

// AddPerson makes sure that there is a person of that name and that the gallery
// photos are theirs. All or nothing; again is no harm. ErrOtherPerson when one of
// the photos is another's.
func (s *Store) AddPerson(ctx context.Context, name string, imageNames []string) (Profile, error) {
	var id int64
	spelling := Spelling(name)
	err := s.transact(ctx, "add a person", func(tx *sql.Tx) error {
		if err := lockSpellings(ctx, tx, spelling); err != nil {
			return err
		}
		ids, err := query(ctx, tx, scanID, selectBySpelling, spelling)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			if id, err = createPerson(ctx, tx, name, spelling); err != nil {
				return err
			}
		} else {
			one, err := survivorOf(ctx, tx, ids[0])
			if err != nil {
				return err
			}
			id = one.ID
		}
		for _, image := range imageNames {
			if err := addImage(ctx, tx, id, image); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Profile{}, err
	}
	return s.Person(ctx, id)
}

// createPerson inserts a person. Whoever does holds the spelling's lock.
func createPerson(ctx context.Context, tx *sql.Tx, name, spelling string) (id int64, err error) {
	result, err := tx.ExecContext(ctx, insertPerson, nullable(name), nullable(spelling))
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

func addImage(ctx context.Context, tx *sql.Tx, person int64, image string) error {
	if _, err := tx.ExecContext(ctx, insertPersonImage, image, person); err != nil {
		return err
	}
	var owner int64
	if err := tx.QueryRowContext(ctx, selectOwner, image).Scan(&owner); err != nil {
		return err
	}
	if owner != person {
		return ErrOtherPerson
	}
	return nil
}

// Person gives one person; ErrNotFound when there is none.
func (s *Store) Person(ctx context.Context, id int64) (profile Profile, err error) {
	err = s.do(ctx, fmt.Sprintf("read person %d", id), func() error {
		var name sql.NullString
		err := s.db.QueryRowContext(ctx, selectPerson, id).Scan(&profile.ID, &name)
		profile.Name = name.String
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		names, err := query(ctx, s.db, scanString, selectImageNames, id)
		profile.ImageNames = append([]string{}, names...)
		return err
	})
	return profile, err
}

// People lists persons with an id above after, at most limit, in the order in
// which they were added. More tells that there are more behind the last.
func (s *Store) People(ctx context.Context, after int64, limit int) (people []lineup.Person, more bool, err error) {
	err = s.do(ctx, "read people", func() error {
		people, err = query(ctx, s.db, scanPerson, selectPeople, after, limit+1)
		return err
	})
	if len(people) > limit {
		return people[:limit], true, err
	}
	return people, false, err
}

func scanPerson(rows *sql.Rows) (p lineup.Person, err error) {
	var name sql.NullString
	err = rows.Scan(&p.ID, &name)
	p.Name = name.String
	return p, err
}
