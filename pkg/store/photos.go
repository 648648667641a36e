package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

// PhotoState is whether faces are compared with a photo.
type PhotoState string

// The states of photos.
const (
	PhotoPending   PhotoState = "pending"   // waits to be looked at
	PhotoUsable    PhotoState = "usable"    // counts
	PhotoUnusable  PhotoState = "unusable"  // does not count; the reason says why
	PhotoUnchecked PhotoState = "unchecked" // the face server cannot tell
)

// Photo is a photo of somebody.
type Photo struct {
	ID        int64           `json:"id"`
	ImageName string          `json:"image_name"`
	State     PhotoState      `json:"state"`
	Reason    string          `json:"reason"`  // why it is unusable, else empty
	Warning   string          `json:"warning"` // of one that is used: what could not be seen of it, else empty
	Faces     json.RawMessage `json:"faces"`   // what it shows, null while nobody knows
	Similar   *Similar        `json:"similar"` // another named person whom it is like
	Crop      lineup.Derived  `json:"crop"`    // the face by which the person is known, or the photo where none is

	FileName string `json:"file_name,omitempty"` // what the request calls it that is answered; not kept

	PersonID int64 `json:"-"` // to whom it was given; who that is by now, survivors tell. 0 for one that a hand put into the gallery, until it was looked at
	Chosen   int   `json:"-"` // which of its faces, from 1; 0 when nobody chose
	Anyway   bool  `json:"-"` // it may be like another named person
}

// Counts tells whether the photo is used, or may be once it was looked at.
func (p Photo) Counts() bool { return p.State != PhotoUnusable }

// Similar is a person by the photo that is similar.
type Similar struct {
	Person     lineup.Person `json:"person"`
	ImageName  string        `json:"image_name"`
	Similarity float64       `json:"similarity"` // cosine
	PhotoID    int64         `json:"-"`          // 0 where it is not told
}

// likeAnother is the reason of a photo that is like another named person. The row tells who
// by the id alone, so that no name is left in it.
const likeAnother = "like another named person"

// photoRow is a photo and what else its row tells.
type photoRow struct {
	Photo
	removed bool
	gone    bool // its file was there and is no more
}

const (
	photoColumns = `
			i.id,
			i.image_name,
			i.state,
			i.reason,
			i.warning,
			i.shown,
			i.similar_to,
			i.similar_photo,
			i.similarity,
			COALESCE(i.person_id, 0),
			i.chosen,
			i.anyway,
			COALESCE(i.crop, (SELECT f.crop FROM faces f WHERE f.id = i.face_id)),
			i.removed_at IS NOT NULL,
			i.gone_at IS NOT NULL`

	// With the name of whom the photo is like.
	selectPhotosWithNames = `
		SELECT ` + photoColumns + `,
			o.name
		FROM person_images i
		LEFT JOIN person o ON o.id = i.similar_to
		WHERE `

	selectNamedPhotos = selectPhotosWithNames + `i.removed_at IS NULL
			AND `
	selectPhotos = selectNamedPhotos + `i.id IN `

	selectPhotosOf = selectNamedPhotos + `i.person_id IN `

	// Without a join: what is locked is the photos.
	photoRowColumns = photoColumns + `,
			NULL`

	photosByName = `
		SELECT ` + photoRowColumns + `
		FROM person_images i
		WHERE i.image_name IN %s
		ORDER BY i.id`

	photosByID = `
		SELECT ` + photoRowColumns + `
		FROM person_images i
		WHERE i.id IN %s
		ORDER BY i.id`

	forUpdate = `
		FOR UPDATE`

	insertPhoto = `
		INSERT INTO person_images (image_name, person_id, chosen, anyway, created_at)
		VALUES (?, ?, ?, ?, UTC_TIMESTAMP(6))`

	// Stamped as hinted: whoever does this gives the hint, once the file is there.
	updateRenewed = `
		UPDATE person_images
		SET person_id = ?,
			chosen = ?,
			anyway = ?,
			state = '` + string(PhotoPending) + `',
			reason = NULL,
			warning = NULL,
			similar_to = NULL,
			similar_photo = NULL,
			similarity = NULL,
			removed_at = NULL,
			gone_at = NULL,
			attempts = 0,
			claim = NULL,
			lease_until = NULL,
			retry_at = NULL,
			queued_at = UTC_TIMESTAMP(6)
		WHERE id = ?`

	updatePhotoRemoved = `
		UPDATE person_images
		SET removed_at = IF(?, UTC_TIMESTAMP(6), NULL),
			claim = NULL,
			lease_until = NULL
		WHERE id = ?`
)

// Photos gives these photos in the order of their ids in the list, without those that
// are not there or were removed.
func (s *Store) Photos(ctx context.Context, ids []int64) (photos []Photo, err error) {
	byID := map[int64]Photo{}
	for chunk := range slices.Chunk(ids, maxValues) {
		list, args := placeholders(chunk)
		err := s.do(ctx, "read photos", func() error {
			rows, err := query(ctx, s.db, scanPhotoRow, selectPhotos+list, args...)
			for _, row := range rows {
				byID[row.ID] = row.Photo
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for _, id := range ids {
		if photo, there := byID[id]; there {
			photos = append(photos, photo)
		}
	}
	return photos, nil
}

// Photo gives one photo; ErrNotFound when there is none.
func (s *Store) Photo(ctx context.Context, id int64) (Photo, error) {
	photos, err := s.Photos(ctx, []int64{id})
	if err != nil || len(photos) == 0 {
		return Photo{}, cmp.Or(err, ErrNotFound)
	}
	return photos[0], nil
}

// RemovePhoto takes a photo out of the gallery, by a change. The row stays, so that it can be
// put back. ErrNotFound when it is not the person's.
func (s *Store) RemovePhoto(ctx context.Context, person, photo int64, by string) (made int64, err error) {
	err = s.transact(ctx, fmt.Sprintf("remove photo %d", photo), func(tx *sql.Tx) error {
		rows, err := lockPhotos(ctx, tx, []int64{photo})
		if err != nil {
			return err
		}
		if len(rows) == 0 || rows[0].removed {
			return ErrNotFound
		}
		owners, err := survivors(ctx, tx, []int64{person, rows[0].PersonID})
		if err != nil {
			return err
		}
		owner, there := owners[person]
		if !there || owner.ID != owners[rows[0].PersonID].ID {
			return ErrNotFound
		}
		if _, err := tx.ExecContext(ctx, updatePhotoRemoved, true, photo); err != nil {
			return err
		}
		made, err = record(ctx, tx, change{
			By: by, Action: ActionPhoto, Person: owner.ID, People: []int64{rows[0].PersonID},
			Values: []changeValue{{Subject: subject("photo", photo, "removed"), Before: false, After: true}},
		})
		if err == nil && rows[0].State == PhotoUsable {
			_, err = bumpGallery(ctx, tx, nil, []int64{photo})
		}
		return err
	})
	return made, err
}

// WhileRemoved does something while the photo is removed, and not if it is not: whoever
// enrols it again comes before, or after.
func (s *Store) WhileRemoved(ctx context.Context, photo int64, do func(context.Context) error) error {
	return s.transact(ctx, fmt.Sprintf("clear up after photo %d", photo), func(tx *sql.Tx) error {
		rows, err := lockPhotos(ctx, tx, []int64{photo})
		if err != nil || len(rows) == 0 || !rows[0].removed {
			return err
		}
		return do(ctx)
	})
}

// lockPhotos holds the photos' rows, in the order of their ids.
func lockPhotos(ctx context.Context, tx *sql.Tx, ids []int64) (rows []photoRow, err error) {
	for chunk := range slices.Chunk(distinctIDs(ids), maxValues) {
		list, args := placeholders(chunk)
		some, err := query(ctx, tx, scanPhotoRow, fmt.Sprintf(photosByID+forUpdate, list), args...)
		if err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	return rows, nil
}

// renewPhoto makes a photo pending again, as the row says.
func renewPhoto(ctx context.Context, tx *sql.Tx, row photoRow) error {
	_, err := tx.ExecContext(ctx, updateRenewed, row.PersonID, sql.NullInt64{Int64: int64(row.Chosen), Valid: row.Chosen != 0}, row.Anyway, row.ID)
	return err
}

func scanPhotoRow(rows *sql.Rows) (row photoRow, err error) {
	var (
		reason, warning, shown, name, photo sql.NullString
		similarTo, chosen                   sql.NullInt64
		crop                                sql.NullString
		similarity                          sql.NullFloat64
	)
	err = rows.Scan(&row.ID, &row.ImageName, &row.State, &reason, &warning, &shown, &similarTo, &photo, &similarity, &row.PersonID, &chosen, &row.Anyway, &crop, &row.removed, &row.gone, &name)
	row.Crop = lineup.Derived(crop.String)
	row.Reason, row.Warning, row.Chosen = reason.String, warning.String, int(chosen.Int64)
	if row.Reason == likeAnother && name.Valid {
		row.Reason = fmt.Sprintf("%s: %q, similarity %.2f", likeAnother, name.String, similarity.Float64)
	}
	if json.Valid([]byte(shown.String)) { // else somebody edited the row
		row.Faces = json.RawMessage(shown.String)
	}
	if similarTo.Valid {
		row.Similar = &Similar{Person: lineup.Person{ID: similarTo.Int64, Name: lineup.Name(name.String)}, ImageName: photo.String, Similarity: similarity.Float64}
	}
	return row, err
}
