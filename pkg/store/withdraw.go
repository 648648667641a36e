package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// Withdraw takes an enrolment back that is not to be kept: its photos, and the person
// whom it made, unless somebody has built upon that meanwhile. Of what the request itself
// made nothing stays. Remove removes a photo's file.
func (s *Store) Withdraw(ctx context.Context, e Enrolled, by string, remove func(ctx context.Context, imageName string) error) error {
	if e.Change == 0 {
		return nil
	}
	_, err := s.UndoChange(ctx, e.Change, by)
	if errors.Is(err, ErrErased) || errors.Is(err, ErrNotFound) { // nothing of it is left
		return nil
	}
	if _, later := errors.AsType[*LaterChange](err); later {
		err = s.removePhotosOf(ctx, e, by)
	}
	if err != nil {
		return err
	}
	return s.discard(ctx, e, remove)
}

// LeaveOut takes the photos that e names back as Withdraw does, and leaves the enrolment's others and the person.
func (s *Store) LeaveOut(ctx context.Context, e Enrolled, by string, remove func(ctx context.Context, imageName string) error) error {
	if err := s.removePhotosOf(ctx, e, by); err != nil {
		return err
	}
	return s.discard(ctx, e, remove)
}

// discard leaves nothing of an enrolment's photos that were removed, nor of what is removed with them.
func (s *Store) discard(ctx context.Context, e Enrolled, remove func(ctx context.Context, imageName string) error) error {
	for _, photo := range e.Photos {
		err := s.WhileRemoved(ctx, photo.ID, func(ctx context.Context) error { return remove(ctx, photo.ImageName) })
		if err != nil {
			return err
		}
	}
	return s.transact(ctx, fmt.Sprintf("leave nothing of change %d", e.Change), func(tx *sql.Tx) error {
		d := discarding{Enrolled: e}
		return d.run(ctx, tx)
	})
}

// removePhotosOf removes those of the photos that the enrolment's change added.
func (s *Store) removePhotosOf(ctx context.Context, e Enrolled, by string) error {
	var settings []setting
	err := s.do(ctx, fmt.Sprintf("read change %d", e.Change), func() (err error) {
		settings, err = query(ctx, s.db, scanSetting, selectChangeValues, e.Change)
		return err
	})
	if err != nil {
		return err
	}
	for _, set := range settings {
		if set.kind != "photo" || set.field != "removed" || !slices.ContainsFunc(e.Photos, func(p Photo) bool { return p.ID == set.id }) {
			continue
		}
		if _, err := s.RemovePhoto(ctx, e.Person.ID, set.id, by); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

const (
	selectPhotoChanges = `
		SELECT
			change_id,
			subject LIKE '%%/removed' AND after_it = 'true'
		FROM change_values
		WHERE subject IN %s`

	selectStamped = `
		SELECT id
		FROM person_images
		WHERE gallery_state > 0
			AND id IN `

	deletePhotos = `
		DELETE FROM person_images
		WHERE id IN `

	selectOthersOf = `
		SELECT change_id
		FROM change_people
		WHERE person_id = ?`

	selectPhotosWhose = `
		SELECT id
		FROM person_images
		WHERE person_id = ?
			AND erased_at IS NULL`

	// Pings remove the row with those of strangers who were forgotten.
	updateNobody = `
		UPDATE person
		SET name = NULL,
			spelling = NULL,
			cover = NULL
		WHERE id = ?`

	deleteValuesAbout = `
		DELETE FROM change_values
		WHERE subject IN `

	selectAnnounced = `
		SELECT id
		FROM changes
		WHERE announced_at IS NOT NULL
			AND id IN `

	selectEmptyChanges = `
		SELECT c.id
		FROM changes c
		WHERE NOT EXISTS (
				SELECT 1
				FROM change_values v
				WHERE v.change_id = c.id
					AND v.before_it <> v.after_it
			)
			AND c.id IN `

	deleteChangePeople = `
		DELETE FROM change_people
		WHERE change_id IN `

	deleteChanges = `
		DELETE FROM changes
		WHERE id IN `
)

// discarding is removing what a request made that is withdrawn.
type discarding struct {
	Enrolled
	changes []int64 // its own, and those that took it back
}

func (d *discarding) run(ctx context.Context, tx *sql.Tx) error {
	if d.made { // else who is enrolled by the name at this moment may be this one, without it
		if err := lockSpellings(ctx, tx, Spelling(string(d.Person.Name))); err != nil {
			return err
		}
	}
	undone, last, err := lastUndo(ctx, tx, d.Change)
	if errors.Is(err, ErrNotFound) {
		return nil // it was done before
	}
	if err != nil {
		return err
	}
	if d.changes = []int64{d.Change}; undone {
		d.changes = append(d.changes, last)
	}
	people, err := lockPeople(ctx, tx, d.Person.ID)
	if err != nil {
		return err
	}
	subjects, err := d.photos(ctx, tx)
	if err != nil {
		return err
	}
	if undone && len(people) == 1 && people[0].removed && !people[0].into.Valid {
		of, err := d.person(ctx, tx)
		if err != nil {
			return err
		}
		subjects = append(subjects, of...)
	}
	if err := execChunks(ctx, tx, deleteValuesAbout, subjects); err != nil {
		return err
	}
	return d.forgetChanges(ctx, tx)
}

// photos removes the photos that nobody else changed, and gives what changes say of them.
// One that face servers know stays as a tombstone for them.
func (d *discarding) photos(ctx context.Context, tx *sql.Tx) (subjects []string, err error) {
	rows, err := lockPhotos(ctx, tx, d.added)
	if err != nil {
		return nil, err
	}
	var ids []int64
	var photos []erasedPhoto
	for _, row := range rows {
		about := []string{subject("photo", row.ID, "removed"), subject("photo", row.ID, "person"), subject("photo", row.ID, "chosen"), subject("photo", row.ID, "anyway")}
		own, err := d.isOwn(ctx, tx, about)
		if err != nil {
			return nil, err
		}
		if own && row.removed && row.PersonID == d.Person.ID {
			ids, photos, subjects = append(ids, row.ID), append(photos, erasedPhoto{id: row.ID, name: row.ImageName}), append(subjects, about...)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	if err := erasePhotos(ctx, tx, 0, ids, photos); err != nil {
		return nil, err
	}
	if err := execChunks(ctx, tx, updateFilesGone, ids); err != nil {
		return nil, err
	}
	var names []string
	for _, photo := range photos {
		names = append(names, erasedName(photo.name))
	}
	if err := execChunks(ctx, tx, updateTombstones, names); err != nil {
		return nil, err
	}
	list, args := placeholders(ids)
	known, err := query(ctx, tx, scanID, selectStamped+list, args...)
	if err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(ids, func(id int64) bool { return slices.Contains(known, id) })
	return subjects, execChunks(ctx, tx, deletePhotos, ids)
}

// isOwn tells whether no change but the request's is about the photo, and those that removed it.
func (d *discarding) isOwn(ctx context.Context, tx *sql.Tx, about []string) (own bool, err error) {
	own = true
	list, args := placeholders(about)
	_, err = query(ctx, tx, func(rows *sql.Rows) (id int64, err error) {
		var removes bool
		err = rows.Scan(&id, &removes)
		if !slices.Contains(d.changes, id) {
			if removes {
				d.changes = append(d.changes, id)
			} else {
				own = false
			}
		}
		return id, err
	}, fmt.Sprintf(selectPhotoChanges, list), args...)
	return own, err
}

// person makes the person nobody whom the request made, where no other change is about them
// and no photo is left, and gives what changes say of them.
func (d *discarding) person(ctx context.Context, tx *sql.Tx) (subjects []string, err error) {
	if !d.made {
		return nil, nil
	}
	changes, err := query(ctx, tx, scanID, selectOthersOf, d.Person.ID)
	if err != nil || slices.ContainsFunc(changes, func(id int64) bool { return !slices.Contains(d.changes, id) }) {
		return nil, err
	}
	family, err := members(ctx, tx, d.Person.ID)
	if err != nil || len(family) > 1 {
		return nil, err
	}
	photos, err := query(ctx, tx, scanID, selectPhotosWhose, d.Person.ID)
	if err != nil || len(photos) > 0 {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, updateNobody, d.Person.ID)
	return []string{subject("person", d.Person.ID, "removed")}, err
}

// forgetChanges deletes the changes of which nothing is left. Where one was announced they
// stay, by their ids alone: that it was taken back is to be announced, too.
func (d *discarding) forgetChanges(ctx context.Context, tx *sql.Tx) error {
	list, args := placeholders(distinctIDs(d.changes))
	announced, err := query(ctx, tx, scanID, selectAnnounced+list, args...)
	if err != nil || len(announced) > 0 {
		return err
	}
	empty, err := query(ctx, tx, scanID, selectEmptyChanges+list, args...)
	if err != nil || len(empty) == 0 {
		return err
	}
	for _, statement := range []string{deleteValues, deleteChangePeople, deleteChanges} {
		if err := execChunks(ctx, tx, statement, empty); err != nil {
			return err
		}
	}
	return nil
}
