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
	// Not inserted and refused: an INSERT that finds its row there uses up an id.
	insertPerson = `
		INSERT INTO person (name, created_at)
		SELECT ?, UTC_TIMESTAMP(6)
		FROM DUAL
		WHERE NOT EXISTS (SELECT 1 FROM person WHERE name = ?)
		ON DUPLICATE KEY UPDATE id = id`

	selectPersonID = `
		SELECT id
		FROM person
		WHERE name = ?`

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
		ORDER BY id
		LIMIT ?`
)

// AddPerson makes sure that there is a person of that name and that the gallery
// photos are theirs. All or nothing; again is no harm. ErrOtherPerson when one of
// the photos is another's.
func (s *Store) AddPerson(ctx context.Context, name string, imageNames []string) (Profile, error) {
	var id int64
	err := s.transact(ctx, "add a person", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, insertPerson, name, name); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, selectPersonID, name).Scan(&id); err != nil {
			return err
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
		err := s.db.QueryRowContext(ctx, selectPerson, id).Scan(&profile.ID, &profile.Name)
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
	err = rows.Scan(&p.ID, &p.Name)
	return p, err
}
