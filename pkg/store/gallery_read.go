package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// GalleryPerson is a person as the gallery knows them.
type GalleryPerson struct {
	ID         int64
	Name       string // empty for one without
	MergedInto int64  // who it is; 0 for somebody of their own
	Removed    bool
}

// GalleryPhoto is a photo of the gallery.
type GalleryPhoto struct {
	ID, PersonID int64
	ImageName    string
	// Descriptor is nil for a photo that does not count. It is overwritten by the next.
	Descriptor []byte
}

// GalleryRows takes the gallery's rows as they are read, which may be more than once: what
// an error broke off is read again from its beginning.
type GalleryRows struct {
	Person func(GalleryPerson)
	Photo  func(GalleryPhoto)
}

// EveryState is before the gallery's first.
const EveryState = -1

// galleryPage is how many photos one statement reads: with their descriptors a few megabytes.
const galleryPage = 2000

const (
	selectPeopleOfGallery = `
		SELECT
			id,
			COALESCE(name, ''),
			COALESCE(merged_into, 0),
			removed_at IS NOT NULL
		FROM person`

	changedPeople = selectPeopleOfGallery + `
		WHERE gallery_state > ?`

	thesePeople = selectPeopleOfGallery + `
		WHERE id IN `

	// In the order in which the rows lie, so that each page of the disk is read once.
	selectGalleryPhotos = `
		SELECT
			p.id,
			p.person_id,
			p.image_name,
			d.descriptor
		FROM person_images p FORCE INDEX (PRIMARY)
		JOIN descriptors d ON d.photo_id = p.id AND d.model = ?
		WHERE p.id > ? AND p.state = 'usable' AND p.removed_at IS NULL
		ORDER BY p.id
		LIMIT ?`

	selectChangedPhotos = `
		SELECT
			p.id,
			p.person_id,
			p.image_name,
			d.descriptor
		FROM person_images p
		LEFT JOIN descriptors d ON d.photo_id = p.id AND d.model = ? AND p.state = 'usable' AND p.removed_at IS NULL
		WHERE p.gallery_state > ?`

	selectListedPhotos = `
		SELECT
			image_name,
			state = 'usable'
		FROM person_images
		WHERE image_name > ? AND removed_at IS NULL AND (state <> 'usable' OR NOT ?)
		ORDER BY image_name
		LIMIT ?`

	selectLastPhoto = `
		SELECT COALESCE(MAX(id), 0)
		FROM person_images`

	// Whether anybody could be the person at the end of the pointer.
	sumPointers = `
		SELECT
			COUNT(*),
			COALESCE(SUM(CRC32(CONCAT_WS('/', o.id, o.merged_into, t.removed_at IS NULL AND COALESCE(t.name, '') <> ''))), 0)
		FROM person o
		JOIN person t ON t.id = o.merged_into`

	sumPhotos = `
		SELECT
			COUNT(*),
			COALESCE(SUM(CRC32(CONCAT_WS('/', p.id, p.person_id, o.removed_at IS NULL AND COALESCE(o.name, '') <> '', p.image_name, CRC32(d.descriptor)))), 0)
		FROM person_images p
		JOIN descriptors d ON d.photo_id = p.id AND d.model = ?
		JOIN person o ON o.id = p.person_id
		WHERE p.id > ? AND p.id <= ? AND p.state = 'usable' AND p.removed_at IS NULL`
)

// GalleryState gives the number of the gallery's last change.
func (s *Store) GalleryState(ctx context.Context) (state int64, err error) {
	err = s.do(ctx, "read the gallery's state", func() error {
		return s.db.QueryRowContext(ctx, selectGallery).Scan(&state)
	})
	return state, err
}

// GallerySince reads what changed after a state, and gives the state that this leads to.
// Since EveryState it is all people and the photos that count; else also those that no
// longer do. Descriptors are those of the model.
func (s *Store) GallerySince(ctx context.Context, since int64, model string, rows GalleryRows) (state int64, err error) {
	err = s.snapshot(ctx, "read the gallery", func(tx *sql.Tx, at int64) error {
		state = at
		if since == EveryState {
			return rows.readAll(ctx, tx, model)
		}
		return rows.readChanges(ctx, tx, since, model)
	})
	return state, err
}

func (g GalleryRows) readAll(ctx context.Context, tx *sql.Tx, model string) error {
	if err := each(ctx, tx, func(r *sql.Rows) error { _, err := g.readPerson(r); return err }, selectPeopleOfGallery); err != nil {
		return err
	}
	last := int64(0)
	for count := galleryPage; count == galleryPage; {
		count = 0
		if err := each(ctx, tx, func(r *sql.Rows) error {
			count++
			p, err := g.readPhoto(r)
			last = p.ID
			return err
		}, selectGalleryPhotos, model, last, galleryPage); err != nil {
			return err
		}
	}
	return nil
}

// readChanges also tells whom photos are of, and who merged persons are, that came since: to
// make a person moves no state, as it changes no answer.
func (g GalleryRows) readChanges(ctx context.Context, tx *sql.Tx, since int64, model string) error {
	read := map[int64]bool{}
	var named []int64
	person := func(r *sql.Rows) error {
		p, err := g.readPerson(r)
		read[p.ID] = true
		named = append(named, p.MergedInto)
		return err
	}
	if err := each(ctx, tx, person, changedPeople, since); err != nil {
		return err
	}
	if err := each(ctx, tx, func(r *sql.Rows) error {
		p, err := g.readPhoto(r)
		named = append(named, p.PersonID)
		return err
	}, selectChangedPhotos, model, since); err != nil {
		return err
	}
	for len(named) > 0 {
		unread := slices.DeleteFunc(distinctIDs(named), func(id int64) bool { return read[id] })
		named = nil
		for chunk := range slices.Chunk(unread, maxValues) {
			list, args := placeholders(chunk)
			if err := each(ctx, tx, person, thesePeople+list, args...); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g GalleryRows) readPerson(r *sql.Rows) (p GalleryPerson, err error) {
	if err := r.Scan(&p.ID, &p.Name, &p.MergedInto, &p.Removed); err != nil {
		return p, err
	}
	g.Person(p)
	return p, nil
}

func (g GalleryRows) readPhoto(r *sql.Rows) (p GalleryPhoto, err error) {
	if err := r.Scan(&p.ID, &p.PersonID, &p.ImageName, (*sql.RawBytes)(&p.Descriptor)); err != nil {
		return p, err
	}
	g.Photo(p)
	return p, nil
}

const selectDescriptorsOf = `
	SELECT
		photo_id,
		descriptor
	FROM descriptors
	WHERE model = ?
		AND photo_id IN `

// GalleryDescriptors reads the descriptors of these photos, each until the next is read.
func (s *Store) GalleryDescriptors(ctx context.Context, photos []int64, model string, descriptor func(photo int64, descriptor []byte)) error {
	return s.do(ctx, "read descriptors", func() error {
		for chunk := range slices.Chunk(photos, maxValues) {
			list, args := placeholders(chunk)
			err := each(ctx, s.db, func(r *sql.Rows) error {
				var id int64
				var numbers sql.RawBytes
				if err := r.Scan(&id, &numbers); err != nil {
					return err
				}
				descriptor(id, numbers)
				return nil
			}, selectDescriptorsOf+list, slices.Concat([]any{model}, args)...)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// ListedPhoto is a photo in the gallery's list.
type ListedPhoto struct {
	ImageName string
	Usable    bool
}

// GalleryPhotos lists at most limit photos in the order of their names, from the first
// after that name; with onlyUnusable those that do not count.
func (s *Store) GalleryPhotos(ctx context.Context, after string, limit int, onlyUnusable bool) (photos []ListedPhoto, err error) {
	err = s.do(ctx, "list the gallery", func() error {
		photos, err = query(ctx, s.db, func(r *sql.Rows) (p ListedPhoto, err error) {
			err = r.Scan(&p.ImageName, &p.Usable)
			return p, err
		}, selectListedPhotos, after, onlyUnusable, limit)
		return err
	})
	return photos, err
}

// GallerySum stands for a state of the gallery's rows, also for what was changed by hand
// without counting it as a state.
type GallerySum struct {
	State            int64
	Pointers, Photos Sum // of merged persons; of photos with whose they are
}

// Sum adds up rows.
type Sum struct{ Count, CRC uint64 }

// GalleryChecksum reads all of the gallery's rows and adds them up.
func (s *Store) GalleryChecksum(ctx context.Context, model string) (sum GallerySum, err error) {
	err = s.snapshot(ctx, "add up the gallery", func(tx *sql.Tx, at int64) error {
		sum = GallerySum{State: at}
		if err := tx.QueryRowContext(ctx, sumPointers).Scan(&sum.Pointers.Count, &sum.Pointers.CRC); err != nil {
			return err
		}
		var last int64
		if err := tx.QueryRowContext(ctx, selectLastPhoto).Scan(&last); err != nil {
			return err
		}
		// In parts, of which each is read in less time than a statement may take.
		for from := int64(0); from < last; from += galleryPage {
			var part Sum
			if err := tx.QueryRowContext(ctx, sumPhotos, model, from, from+galleryPage).Scan(&part.Count, &part.CRC); err != nil {
				return err
			}
			sum.Photos.Count += part.Count
			sum.Photos.CRC += part.CRC
		}
		return nil
	})
	return sum, err
}

// snapshot is do for questions that see the database at one moment, when the gallery was
// at a state.
func (s *Store) snapshot(ctx context.Context, what string, ask func(tx *sql.Tx, state int64) error) error {
	return s.do(ctx, what, func() error {
		// Not as read only, which TiDB refuses. The first question makes the snapshot.
		tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
		if err != nil {
			return err
		}
		defer tx.Rollback()
		var state int64
		if err := tx.QueryRowContext(ctx, selectGallery).Scan(&state); err != nil {
			return fmt.Errorf("read its state: %w", err)
		}
		if err := ask(tx, state); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// each runs a SELECT and gives row after row to read.
func each(ctx context.Context, q querier, read func(*sql.Rows) error, statement string, args ...any) error {
	rows, err := q.QueryContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := read(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
