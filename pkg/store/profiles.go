package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/lineup"
)

// Profile is a person with what is known of them.
type Profile struct {
	lineup.Person
	Hidden     bool       `json:"hidden"`      // recognised, not listed
	Cover      *int64     `json:"cover"`       // the photo that stands for the person
	MergedInto *int64     `json:"merged_into"` // who this person is since they were merged
	Pictures   int64      `json:"pictures"`    // in which the person is
	LastSeen   *time.Time `json:"last_seen"`   // when the newest of these was posted
	ImageNames []string   `json:"image_names"` // of the photos
	Photos     []Photo    `json:"photos"`
}

// Person gives one person with what everybody has who was merged into them; ErrNotFound
// when there is none.
func (s *Store) Person(ctx context.Context, id int64) (profile Profile, err error) {
	err = s.do(ctx, fmt.Sprintf("read person %d", id), func() error {
		rows, err := query(ctx, s.db, scanPersonRow, selectPerson, id)
		if err != nil || len(rows) == 0 {
			return cmp.Or(err, ErrNotFound)
		}
		profiles, err := s.profiles(ctx, rows)
		if err == nil {
			profile = profiles[0]
		}
		return err
	})
	return profile, err
}

// People lists persons with an id above after, at most limit, in the order in
// which they were added. More tells that there are more behind the last.
func (s *Store) People(ctx context.Context, after int64, limit int) (people []lineup.Person, more bool, err error) {
	rows, more, err := s.people(ctx, PeopleFilter{After: after, Limit: limit})
	for _, row := range rows {
		people = append(people, row.Person)
	}
	return people, more, err
}

// PeopleFilter says which persons to list: those who were merged into another are not
// listed by themselves.
type PeopleFilter struct {
	Named  *bool  // with a name, or without; both when nil
	Hidden *bool  // hidden, or not; both when nil
	Query  string // what the name begins with, in any case
	After  int64  // with an id above
	Limit  int    // at most so many; must be above 0
}

// Profiles lists persons with what is known of them, in the order in which they were
// added. More tells that there are more behind the last.
func (s *Store) Profiles(ctx context.Context, f PeopleFilter) (profiles []Profile, more bool, err error) {
	rows, more, err := s.people(ctx, f)
	if err != nil {
		return nil, false, err
	}
	err = s.do(ctx, "read people", func() error {
		profiles, err = s.profiles(ctx, rows)
		return err
	})
	return profiles, more, err
}

func (s *Store) people(ctx context.Context, f PeopleFilter) (rows []personRow, more bool, err error) {
	statement, args := selectPeople, []any{f.After}
	if f.Named != nil {
		statement, args = statement+" AND (name IS NOT NULL) = ?", append(args, *f.Named)
	}
	if f.Hidden != nil {
		statement, args = statement+" AND hidden = ?", append(args, *f.Hidden)
	}
	if prefix := Spelling(f.Query); prefix != "" {
		statement, args = statement+" AND spelling LIKE ?", append(args, likeEscaper.Replace(prefix)+"%")
	}
	err = s.do(ctx, "read people", func() error {
		rows, err = query(ctx, s.db, scanPersonRow, statement+" ORDER BY id LIMIT ?", append(args, f.Limit+1)...)
		return err
	})
	if len(rows) > f.Limit {
		return rows[:f.Limit], true, err
	}
	return rows, false, err
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

const (
	selectPictures = `
		SELECT
			person_id,
			COUNT(DISTINCT image_id),
			MAX(image_id)
		FROM faces
		WHERE person_id IN %s
		GROUP BY person_id`

	selectCreated = `
		SELECT
			id,
			created_at
		FROM images
		WHERE id IN `
)

// profiles tells what is known of the persons, and of everybody who was merged into them.
func (s *Store) profiles(ctx context.Context, rows []personRow) ([]Profile, error) {
	profiles := make([]Profile, len(rows))
	at := map[int64]int{} // which profile a person, or who was merged into them, belongs to
	var all, merged []int64
	for i, row := range rows {
		profiles[i] = Profile{Person: row.Person, Hidden: row.hidden, ImageNames: []string{}, Photos: []Photo{}}
		family, err := members(ctx, s.db, row.ID)
		if err != nil {
			return nil, err
		}
		for _, id := range family {
			at[id] = i
		}
		all = append(all, family...)
		if row.into.Valid {
			merged = append(merged, row.ID)
		}
	}
	into, err := survivors(ctx, s.db, merged)
	if err != nil {
		return nil, err
	}
	for i := range profiles {
		if one, there := into[profiles[i].ID]; there {
			profiles[i].MergedInto = &one.ID
		}
	}
	for chunk := range slices.Chunk(all, maxValues) {
		if err := s.addPhotos(ctx, profiles, at, chunk); err != nil {
			return nil, err
		}
		if err := s.addPictures(ctx, profiles, at, chunk); err != nil {
			return nil, err
		}
	}
	for i, row := range rows {
		if slices.ContainsFunc(profiles[i].Photos, func(p Photo) bool { return p.ID == row.cover.Int64 }) {
			profiles[i].Cover = &row.cover.Int64
		}
	}
	return profiles, nil
}

func (s *Store) addPhotos(ctx context.Context, profiles []Profile, at map[int64]int, people []int64) error {
	list, args := placeholders(people)
	photos, err := query(ctx, s.db, scanPhotoRow, selectPhotosOf+list+" ORDER BY i.id", args...)
	for _, photo := range photos {
		profile := &profiles[at[photo.PersonID]]
		profile.Photos = append(profile.Photos, photo.Photo)
		profile.ImageNames = append(profile.ImageNames, photo.ImageName)
	}
	return err
}

func (s *Store) addPictures(ctx context.Context, profiles []Profile, at map[int64]int, people []int64) error {
	list, args := placeholders(people)
	newest := map[int64]int{} // by picture, whose it is the newest
	_, err := query(ctx, s.db, func(rows *sql.Rows) (person int64, err error) {
		var pictures, last int64
		err = rows.Scan(&person, &pictures, &last)
		profiles[at[person]].Pictures += pictures
		newest[last] = at[person]
		return person, err
	}, fmt.Sprintf(selectPictures, list), args...)
	if err != nil || len(newest) == 0 {
		return err
	}
	var ids []int64
	for id := range newest {
		ids = append(ids, id)
	}
	list, args = placeholders(ids)
	_, err = query(ctx, s.db, func(rows *sql.Rows) (id int64, err error) {
		var created time.Time
		err = rows.Scan(&id, &created)
		profile := &profiles[newest[id]]
		if profile.LastSeen == nil || created.After(*profile.LastSeen) {
			profile.LastSeen = &created
		}
		return id, err
	}, selectCreated+list, args...)
	return err
}
