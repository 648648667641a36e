package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// ErrErased says that what was to be changed was a person's who was erased.
var ErrErased = errors.New("it is about a person who was erased, which is final")

// erasedPrefix begins the image_name of an erased photo's row.
const erasedPrefix = "erased/"

// erasedName is what the row of an erased photo has instead of its name: a digest, by
// which its file is known again, and nobody's name.
func erasedName(imageName string) string {
	sum := sha256.Sum256([]byte(imageName))
	return erasedPrefix + hex.EncodeToString(sum[:])
}

const selectErasedNames = `
	SELECT
		image_name,
		COALESCE(erased_content, '')
	FROM person_images
	WHERE image_name IN `

// Erased tells which of these files of the gallery are an erased person's: nobody is to
// be known by them, unless a hand enrols them anew. Their rows are kept until a file has
// been gone for a day. It gives the content that each had, as Digest of pkg/photo does; empty
// where that is not known.
func Erased(ctx context.Context, q querier, imageNames []string) (erased map[string]string, err error) {
	byDigest := map[string]string{}
	var digests []string
	for _, name := range imageNames {
		digest := erasedName(name)
		byDigest[digest], digests = name, append(digests, digest)
	}
	erased = map[string]string{}
	for chunk := range slices.Chunk(digests, maxValues) {
		list, args := placeholders(chunk)
		_, err := query(ctx, q, func(rows *sql.Rows) (digest string, err error) {
			var content string
			err = rows.Scan(&digest, &content)
			erased[byDigest[digest]] = content
			return digest, err
		}, selectErasedNames+list, args...)
		if err != nil {
			return nil, err
		}
	}
	return erased, nil
}

// ErasedFiles is Erased for who has no transaction.
func (s *Store) ErasedFiles(ctx context.Context, imageNames []string) (erased map[string]string, err error) {
	err = s.do(ctx, fmt.Sprintf("read which of %d files are erased", len(imageNames)), func() error {
		erased, err = Erased(ctx, s.db, imageNames)
		return err
	})
	return erased, err
}

const (
	lockTombstones = `
		SELECT
			id,
			erasing IS NOT NULL
		FROM person_images
		WHERE image_name IN %s
		ORDER BY id
		FOR UPDATE`

	// Known by the id alone from then on.
	updateTombstones = `
		UPDATE person_images
		SET image_name = CONCAT('` + erasedPrefix + `', id),
			erased_content = NULL
		WHERE erasing IS NULL
			AND image_name IN `
)

// passTombstones lets a hand enrol again what was an erased person's: it is somebody
// else's by now.
func passTombstones(ctx context.Context, tx *sql.Tx, imageNames []string) error {
	var digests []string
	for _, name := range imageNames {
		digests = append(digests, erasedName(name))
	}
	for chunk := range slices.Chunk(digests, maxValues) {
		list, args := placeholders(chunk)
		erasing := false
		found, err := query(ctx, tx, func(rows *sql.Rows) (id int64, err error) {
			var one bool
			err = rows.Scan(&id, &one)
			erasing = erasing || one
			return id, err
		}, fmt.Sprintf(lockTombstones, list), args...)
		if err != nil {
			return err
		}
		if erasing {
			return ErrErasing
		}
		if len(found) == 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, updateTombstones+list, args...); err != nil {
			return err
		}
	}
	return nil
}
