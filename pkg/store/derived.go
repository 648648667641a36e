package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

// Derived names what is made of a picture under this claim: number 0, 1 and so on. A claim
// has one content, and no other claim the same names, so that whoever was refused may remove
// what they saved.
func (c Claim) Derived(number int) lineup.Derived { return derivedName("image", c.ID, c.token, number) }

// Derived is the same of a photo.
func (c PhotoClaim) Derived(number int) lineup.Derived {
	return derivedName("photo", c.ID, c.token, number)
}

// PriorDerived is what the claim named Derived that was taken over by this one: whoever had
// it may have died after they saved something. Empty when none was.
func (c Claim) PriorDerived(number int) lineup.Derived {
	return derivedName("image", c.ID, c.prior, number)
}

// PriorDerived is the same of a photo.
func (c PhotoClaim) PriorDerived(number int) lineup.Derived {
	return derivedName("photo", c.ID, c.prior, number)
}

func derivedName(of string, id int64, token string, number int) lineup.Derived {
	if token == "" {
		return ""
	}
	hash := sha256.Sum256(fmt.Appendf(nil, "%s %d %s %d", of, id, token, number))
	return lineup.Derived(hex.EncodeToString(hash[:16]) + ".jpg")
}

const (
	selectDerived = `
		SELECT thumbnail
		FROM images
		WHERE id = ?
			AND thumbnail IS NOT NULL
		UNION ALL
		SELECT large
		FROM images
		WHERE id = ?
			AND large IS NOT NULL
		UNION ALL
		SELECT crop
		FROM faces
		WHERE image_id = ?
			AND crop IS NOT NULL`

	selectCropsOfFaces = `
		SELECT crop
		FROM faces
		WHERE crop IS NOT NULL
			AND id IN `

	selectCropsOfPhotos = `
		SELECT crop
		FROM person_images
		WHERE crop IS NOT NULL
			AND id IN `

	forgetCropsOfFaces = `
		UPDATE faces
		SET crop = NULL
		WHERE id IN `

	forgetCropsOfPhotos = `
		UPDATE person_images
		SET crop = NULL
		WHERE id IN `

	insertLeftovers = `
		INSERT IGNORE INTO derived_leftovers (name, left_at)
		VALUES `

	selectLeftovers = `
		SELECT name
		FROM derived_leftovers
		ORDER BY name
		LIMIT ?`

	deleteLeftovers = `
		DELETE FROM derived_leftovers
		WHERE name IN `
)

// DerivedOf gives all that was made of a picture.
func (s *Store) DerivedOf(ctx context.Context, image int64) (names []lineup.Derived, err error) {
	err = s.do(ctx, fmt.Sprintf("read what was made of image %d", image), func() error {
		names, err = query(ctx, s.db, scanDerived, selectDerived, image, image, image)
		return err
	})
	return names, err
}

// leaveDerived leaves all that was made of a picture, whose row is about to forget it.
func leaveDerived(ctx context.Context, tx *sql.Tx, image int64) error {
	names, err := query(ctx, tx, scanDerived, selectDerived, image, image, image)
	if err != nil {
		return err
	}
	return leave(ctx, tx, names)
}

// leaveCrops takes their crops from faces and photos. Who calls it holds their rows.
func leaveCrops(ctx context.Context, tx *sql.Tx, faces, photos []int64) error {
	for _, of := range []struct {
		ids          []int64
		find, forget string
	}{{faces, selectCropsOfFaces, forgetCropsOfFaces}, {photos, selectCropsOfPhotos, forgetCropsOfPhotos}} {
		for chunk := range slices.Chunk(of.ids, maxValues) {
			list, args := placeholders(chunk)
			names, err := query(ctx, tx, scanDerived, of.find+list, args...)
			if err != nil {
				return err
			}
			if len(names) == 0 {
				continue
			}
			if err := leave(ctx, tx, names); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, of.forget+list, args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// leave notes files that no row names any more once the transaction is committed: they are
// removed then, by whoever does it first.
func leave(ctx context.Context, tx *sql.Tx, names []lineup.Derived) error {
	names = slices.DeleteFunc(slices.Clone(names), func(name lineup.Derived) bool { return name == "" })
	for chunk := range slices.Chunk(names, maxValues) {
		rows, args := leftoverValues(chunk)
		if _, err := tx.ExecContext(ctx, insertLeftovers+rows, args...); err != nil {
			return err
		}
	}
	return nil
}

func leftoverValues(names []lineup.Derived) (rows string, args []any) {
	for i, name := range names {
		if i > 0 {
			rows += ", "
		}
		rows += "(?, UTC_TIMESTAMP(6))"
		args = append(args, string(name))
	}
	return rows, args
}

// Leftovers gives files in derived/ that are to be removed, at most limit.
func (s *Store) Leftovers(ctx context.Context, limit int) (names []lineup.Derived, err error) {
	err = s.do(ctx, "read which derived pictures are to be removed", func() error {
		names, err = query(ctx, s.db, scanDerived, selectLeftovers, limit)
		return err
	})
	return names, err
}

// ForgetLeftovers says that these files are removed.
func (s *Store) ForgetLeftovers(ctx context.Context, names []lineup.Derived) error {
	for chunk := range slices.Chunk(names, maxValues) {
		list, args := placeholders(chunk)
		if _, err := s.exec(ctx, "forget derived pictures that are removed", deleteLeftovers+list, args...); err != nil {
			return err
		}
	}
	return nil
}

func scanDerived(rows *sql.Rows) (name lineup.Derived, err error) {
	err = rows.Scan(&name)
	return name, err
}
