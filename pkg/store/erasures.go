package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"lineup.dev/lineup/pkg/lineup"
)

// Erasure is the receipt of an erasing: what went, by ids and numbers alone.
type Erasure struct {
	ID       int64          `json:"id"`
	Person   int64          `json:"person"`   // who was erased
	People   []int64        `json:"people"`   // that person, and everybody who was merged into them
	Photos   []int64        `json:"photos"`   // of theirs, with what the gallery knew them by
	At       time.Time      `json:"at"`       // when; since then nobody is recognised as them
	By       string         `json:"by"`       // the name of the API key; empty where there are none
	Gone     ErasedCounts   `json:"gone"`     // so far
	Progress SearchedImages `json:"progress"` // how far the pictures were searched for what else names them
	Problem  string         `json:"problem"`  // why it does not go on; else empty
	Finished *time.Time     `json:"finished_at"`
	Change   int64          `json:"-"` // that began it just now, where it is given for that
}

// ErasedCounts is how much of a person goes, or went.
type ErasedCounts struct {
	Files    int64 `json:"files"`    // of photos
	Faces    int64 `json:"faces"`    // that are ignored now, without descriptor
	Pictures int64 `json:"pictures"` // that these are in; the pictures stay
	Changes  int64 `json:"changes"`  // whose values went
}

// SearchedImages is how many of the pictures that there were have been searched, by their ids.
type SearchedImages struct {
	Searched int64 `json:"searched"`
	Of       int64 `json:"of"`
}

// Erasable is what would go, were a person erased.
type Erasable struct {
	People []lineup.Person `json:"people"` // the person, and everybody who was merged into them
	Photos []Photo         `json:"photos"`
	Counts ErasedCounts    `json:"counts"`
}

const (
	selectErasures = `
		SELECT
			id,
			person_id,
			people,
			photos,
			made_at,
			made_by,
			last_image,
			searched,
			files,
			faces,
			pictures,
			changes,
			COALESCE(problem, ''),
			finished_at
		FROM erasures
		WHERE `

	selectErasureOf = `
		SELECT MAX(id)
		FROM erasures
		WHERE person_id = ?`

	selectUnfinishedErasures = `
		SELECT id
		FROM erasures
		WHERE finished_at IS NULL
		ORDER BY id
		LIMIT ?`

	selectPeopleNamed = `
		SELECT
			id,
			COALESCE(name, '')
		FROM person
		WHERE id IN `

	selectAllPhotosOf = selectPhotosWithNames + `i.person_id IN %s`

	// Strangers', of faces that are theirs since.
	selectPhotosOfFaces = selectPhotosWithNames + `i.erased_at IS NULL
			AND i.face_id IN (SELECT id FROM faces WHERE person_id IN %[1]s)
			AND i.person_id NOT IN %[1]s`

	// Those that photos of theirs are as well.
	countFacesOf = `
		SELECT
			COUNT(*),
			COUNT(DISTINCT image_id)
		FROM (
			SELECT
				id,
				image_id
			FROM faces
			WHERE person_id IN %[1]s
			UNION
			SELECT
				f.id,
				f.image_id
			FROM person_images i
			JOIN faces f ON f.id = i.face_id
			WHERE i.removed_at IS NULL
				AND i.person_id IN %[1]s
		) theirs`

	countPhotosOf = `
		SELECT
			COUNT(*),
			COUNT(IF(face_id IS NULL, 1, NULL))
		FROM person_images
		WHERE erased_at IS NULL
			AND person_id IN `

	// Of people in more pictures than are counted as many as are.
	countPhotosOfFaces = `
		SELECT COUNT(*)
		FROM (
			SELECT id
			FROM faces
			WHERE person_id IN %[1]s
			LIMIT ?
		) theirs
		JOIN person_images i ON i.face_id = theirs.id
		WHERE i.erased_at IS NULL
			AND i.person_id NOT IN %[1]s`

	countChangesOf = `
		SELECT COUNT(DISTINCT v.change_id)` + valuesOf + `%s`
)

// Erasable tells what ErasePerson would erase, and changes nothing.
func (s *Store) Erasable(ctx context.Context, id int64) (e Erasable, err error) {
	err = s.do(ctx, fmt.Sprintf("read what erasing person %d would erase", id), func() error {
		e = Erasable{People: []lineup.Person{}, Photos: []Photo{}}
		people, err := erasable(ctx, s.db, id)
		if err == nil && people == nil {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(people, maxValues) {
			if err := e.add(ctx, s.db, chunk); err != nil {
				return err
			}
		}
		return nil
	})
	return e, err
}

// ErasablePhotos is how many photos of a person, and files of these, would go: also of those that were taken
// out or refused, whose files are kept so that this can be undone, and strangers' of faces that are theirs since.
// It costs a page little, unlike Erasable.
func (s *Store) ErasablePhotos(ctx context.Context, id int64) (photos, files int64, err error) {
	err = s.do(ctx, fmt.Sprintf("count the photos of person %d", id), func() error {
		photos, files = 0, 0
		people, err := erasable(ctx, s.db, id)
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(people, maxValues) {
			list, args := placeholders(chunk)
			var some, kept int64
			if err := s.db.QueryRowContext(ctx, countPhotosOf+list, args...).Scan(&some, &kept); err != nil {
				return err
			}
			photos, files = photos+some, files+kept
			if err := s.db.QueryRowContext(ctx, fmt.Sprintf(countPhotosOfFaces, list), slices.Concat(args, []any{countedPictures}, args)...).Scan(&some); err != nil {
				return err
			}
			photos += some
		}
		return nil
	})
	return photos, files, err
}

// erasable gives everybody who is erased with the person; nobody where that was done.
func erasable(ctx context.Context, q querier, id int64) ([]int64, error) {
	who, err := survivors(ctx, q, []int64{id})
	if err != nil {
		return nil, err
	}
	one, there := who[id]
	if !there {
		return nil, ErrNotFound
	}
	if one.Erased {
		return nil, nil
	}
	return members(ctx, q, one.ID)
}

func (e *Erasable) add(ctx context.Context, q querier, people []int64) error {
	list, args := placeholders(people)
	named, err := query(ctx, q, func(rows *sql.Rows) (p lineup.Person, err error) {
		err = rows.Scan(&p.ID, &p.Name)
		return p, err
	}, selectPeopleNamed+list, args...)
	if err != nil {
		return err
	}
	photos, err := query(ctx, q, scanPhotoRow, fmt.Sprintf(selectAllPhotosOf, list), args...)
	if err != nil {
		return err
	}
	twice := slices.Concat(args, args)
	others, err := query(ctx, q, scanPhotoRow, fmt.Sprintf(selectPhotosOfFaces, list), twice...)
	if err != nil {
		return err
	}
	photos = append(photos, others...)
	e.People = append(e.People, named...)
	for _, photo := range photos {
		e.Photos = append(e.Photos, photo.Photo)
		if !photo.IsFace() {
			e.Counts.Files++
		}
	}
	for _, count := range []struct {
		statement string
		args      []any
		of        []*int64
	}{{countFacesOf, twice, []*int64{&e.Counts.Faces, &e.Counts.Pictures}}, {countChangesOf, args, []*int64{&e.Counts.Changes}}} {
		_, err := query(ctx, q, func(rows *sql.Rows) (none struct{}, err error) {
			found := make([]int64, len(count.of))
			into := make([]any, len(count.of))
			for i := range found {
				into[i] = &found[i]
			}
			err = rows.Scan(into...)
			for i, n := range found {
				*count.of[i] += n
			}
			return none, err
		}, fmt.Sprintf(count.statement, list), count.args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// Erasure gives a receipt; ErrNotFound when there is none.
func (s *Store) Erasure(ctx context.Context, id int64) (receipt Erasure, err error) {
	err = s.do(ctx, fmt.Sprintf("read erasure %d", id), func() error {
		receipt, err = readErasure(ctx, s.db, id)
		return err
	})
	return receipt, err
}

// ErasureOf gives the receipt's id of a person who was erased; ErrNotFound when nobody with
// that id was.
func (s *Store) ErasureOf(ctx context.Context, person int64) (id int64, err error) {
	err = s.do(ctx, fmt.Sprintf("read how person %d was erased", person), func() error {
		id, err = erasureOf(ctx, s.db, person)
		return err
	})
	return id, err
}

func erasureOf(ctx context.Context, q querier, person int64) (int64, error) {
	who, err := survivors(ctx, q, []int64{person})
	if err != nil {
		return 0, err
	}
	if !who[person].Erased {
		return 0, ErrNotFound
	}
	ids, err := query(ctx, q, scanNullID, selectErasureOf, who[person].ID)
	if err != nil || len(ids) == 0 || !ids[0].Valid {
		return 0, cmp.Or(err, ErrNotFound)
	}
	return ids[0].Int64, nil
}

// unfinishedErasures is how many erasures go on at once.
const unfinishedErasures = 100

// UnfinishedErasures gives the ids of those of which something is left, the oldest first.
func (s *Store) UnfinishedErasures(ctx context.Context) (ids []int64, err error) {
	err = s.do(ctx, "find erasures that are not finished", func() error {
		ids, err = query(ctx, s.db, scanID, selectUnfinishedErasures, unfinishedErasures)
		return err
	})
	return ids, err
}

func readErasure(ctx context.Context, q querier, id int64) (Erasure, error) {
	rows, err := query(ctx, q, scanErasure, selectErasures+"id = ?", id)
	if err != nil || len(rows) == 0 {
		return Erasure{}, cmp.Or(err, ErrNotFound)
	}
	return rows[0], nil
}

func scanErasure(rows *sql.Rows) (e Erasure, err error) {
	var people, photos []byte
	err = rows.Scan(&e.ID, &e.Person, &people, &photos, &e.At, &e.By, &e.Progress.Of, &e.Progress.Searched,
		&e.Gone.Files, &e.Gone.Faces, &e.Gone.Pictures, &e.Gone.Changes, &e.Problem, &e.Finished)
	if err == nil {
		err = cmp.Or(json.Unmarshal(people, &e.People), json.Unmarshal(photos, &e.Photos))
	}
	return e, err
}
