package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
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
	Pictures   int64      `json:"pictures"`    // in which the person is; of very many as many as the last ping counted
	LastSeen   *time.Time `json:"last_seen"`   // when the newest of these was posted
	ImageNames []string   `json:"image_names"` // of the photos
	Photos     []Photo    `json:"photos"`
	Made       []int64    `json:"-"` // the changes that led to it just now, where it is given for some
}

// How many pictures of a person are counted: to count 100,000 takes a tenth of a second.
const (
	countedPictures = 10_000
	countedInList   = 1_000
)

// Person gives one person with what everybody has who was merged into them; ErrNotFound
// when there is none.
func (s *Store) Person(ctx context.Context, id int64) (profile Profile, err error) {
	err = s.do(ctx, fmt.Sprintf("read person %d", id), func() error {
		rows, err := query(ctx, s.db, scanPersonRow, selectPerson, id)
		if err != nil || len(rows) == 0 {
			return cmp.Or(err, ErrNotFound)
		}
		profiles, err := s.profiles(ctx, rows, countedPictures)
		if err == nil {
			profile = profiles[0]
		}
		return err
	})
	return profile, err
}

// profileMade is a person whom these changes led to; 0 is none.
func (s *Store) profileMade(ctx context.Context, id int64, changes ...int64) (Profile, error) {
	profile, err := s.Person(ctx, id)
	profile.Made = slices.DeleteFunc(changes, func(change int64) bool { return change == 0 })
	return profile, err
}

const selectMergedBy = `
	SELECT subject
	FROM change_values
	WHERE change_id = ?
		AND subject LIKE 'person/%/merged_into'`

// PicturesNamed is how many pictures show another name by a change: all of whoever was named
// or merged by it. Other changes name nobody.
func (s *Store) PicturesNamed(ctx context.Context, c Change) (pictures int64, err error) {
	var people []int64
	switch {
	case c.Action == ActionName && c.Person != nil:
		people = []int64{c.Person.ID}
	case c.Action == ActionMerge:
		err := s.do(ctx, "read who was merged", func() error {
			people, err = query(ctx, s.db, func(rows *sql.Rows) (id int64, err error) {
				var text string
				if err := rows.Scan(&text); err != nil {
					return 0, err
				}
				_, err = fmt.Sscanf(text, "person/%d/", &id)
				return id, err
			}, selectMergedBy, c.ID)
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	for _, id := range people {
		profile, err := s.Person(ctx, id)
		if err != nil {
			return 0, err
		}
		pictures += profile.Pictures
	}
	return pictures, nil
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
	Named  *bool  // with a name, or without, these by how many pictures they are in; both when nil
	Hidden *bool  // hidden, or not; both when nil
	Query  string // what the name begins with, in any case
	Order  PeopleOrder
	After  int64 // those after this one; all when 0
	Limit  int   // at most so many; must be above 0
}

// PeopleOrder is an order of a list of persons, for which there is an index.
type PeopleOrder string

// The orders of those with a name, or of all; those without one come by how many pictures
// they are in.
const (
	FirstAdded PeopleOrder = ""
	LastAdded  PeopleOrder = "newest"
	ByName     PeopleOrder = "name"     // those who have one
	InMost     PeopleOrder = "pictures" // who is in the most first, as RecountIn counted, of very many the last ping
)

// Profiles lists persons with what is known of them. More tells that there are more behind
// the last. Who has neither a name nor a picture is not listed: all of them are somebody
// else's since.
func (s *Store) Profiles(ctx context.Context, f PeopleFilter) (profiles []Profile, more bool, err error) {
	for more = true; more && len(profiles) == 0; {
		var rows []personRow
		if rows, more, err = s.people(ctx, f); err != nil || len(rows) == 0 {
			return nil, false, err
		}
		err = s.do(ctx, "read people", func() error {
			profiles, err = s.profiles(ctx, rows, countedInList)
			return err
		})
		if err != nil {
			return nil, false, err
		}
		profiles = slices.DeleteFunc(profiles, func(p Profile) bool { return p.Name == "" && p.Pictures == 0 })
		f.After = rows[len(rows)-1].ID
	}
	return profiles, more, nil
}

func (s *Store) people(ctx context.Context, f PeopleFilter) (rows []personRow, more bool, err error) {
	statement := selectPeople
	after, order := afterPerson, firstAdded
	place := []any{f.After}
	switch f.Order {
	case FirstAdded:
	case ByName:
		statement += byName
		after, order = afterName, inOrderOfNames
		place = []any{f.After, f.After, f.After}
	case LastAdded:
		after, order = beforePerson, lastAdded
	case InMost:
		return s.inMost(ctx, f)
	}
	if f.mostAreListed() {
		statement = selectPeopleByID
	}
	strangers := f.Named != nil && !*f.Named
	if strangers {
		order = mostPictures
	}
	where, values := f.conditions()
	err = s.do(ctx, "read people", func() (err error) {
		switch {
		case strangers:
			after, place, err = behindInMost(ctx, s.db, f.After)
		case f.After == 0:
			after, place = "", nil
		}
		if err == nil {
			rows, err = query(ctx, s.db, scanPersonRow, statement+after+where+order, append(slices.Concat(place, values), f.Limit+1)...)
		}
		return err
	})
	if len(rows) > f.Limit {
		return rows[:f.Limit], true, err
	}
	return rows, false, err
}

// mostAreListed tells whether the list is in the order of ids, and leaves few out.
func (f PeopleFilter) mostAreListed() bool {
	return f.Order != ByName && f.Query == "" && (f.Named == nil || *f.Named) && (f.Hidden == nil || !*f.Hidden)
}

const (
	selectNewest = `
		SELECT
			person_id,
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

	// The first column says whose the pictures are.
	countPictures = `
		SELECT
			%d,
			COUNT(*)
		FROM (
			SELECT DISTINCT image_id
			FROM faces
			WHERE person_id IN %s
			LIMIT ?
		) pictures`
)

// profiles tells what is known of the persons, and of everybody who was merged into them.
func (s *Store) profiles(ctx context.Context, rows []personRow, most int) ([]Profile, error) {
	profiles := make([]Profile, len(rows))
	index := map[int64]int{}
	var ids, merged []int64
	for i, row := range rows {
		profiles[i] = Profile{Person: row.Person, Hidden: row.hidden, ImageNames: []string{}, Photos: []Photo{}}
		index[row.ID] = i
		ids = append(ids, row.ID)
		if row.into.Valid {
			merged = append(merged, row.ID)
		}
	}
	into, err := survivors(ctx, s.db, merged)
	if err != nil {
		return nil, err
	}
	for id, one := range into {
		profiles[index[id]].MergedInto = &one.ID
	}
	family, err := families(ctx, s.db, ids)
	if err != nil {
		return nil, err
	}
	at := map[int64]*Profile{} // of everybody
	for id, one := range family {
		at[id] = &profiles[index[one]]
	}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(at)), maxValues) {
		if err := s.addPhotos(ctx, at, chunk); err != nil {
			return nil, err
		}
		if err := s.addPictures(ctx, at, chunk, most); err != nil {
			return nil, err
		}
	}
	for i, row := range rows {
		if profiles[i].Pictures == int64(most) {
			profiles[i].Pictures = max(profiles[i].Pictures, row.pictures)
		}
		if slices.ContainsFunc(profiles[i].Photos, func(p Photo) bool { return p.ID == row.cover.Int64 }) {
			profiles[i].Cover = &row.cover.Int64
		}
	}
	return profiles, nil
}

func (s *Store) addPhotos(ctx context.Context, at map[int64]*Profile, people []int64) error {
	list, args := placeholders(people)
	photos, err := query(ctx, s.db, scanPhotoRow, selectPhotosOf+list+" ORDER BY i.id", args...)
	for _, photo := range photos {
		profile := at[photo.PersonID]
		profile.Photos = append(profile.Photos, photo.Photo)
		profile.ImageNames = append(profile.ImageNames, photo.ImageName)
	}
	return err
}

func (s *Store) addPictures(ctx context.Context, at map[int64]*Profile, people []int64, most int) error {
	newest := map[int64][]*Profile{} // by picture
	seen := map[*Profile][]int64{}   // who has pictures at all
	list, args := placeholders(people)
	_, err := query(ctx, s.db, func(rows *sql.Rows) (person int64, err error) {
		var picture int64
		err = rows.Scan(&person, &picture)
		newest[picture] = append(newest[picture], at[person])
		seen[at[person]] = append(seen[at[person]], person)
		return person, err
	}, fmt.Sprintf(selectNewest, list), args...)
	if err != nil || len(newest) == 0 {
		return err
	}
	list, args = placeholders(slices.Collect(maps.Keys(newest)))
	_, err = query(ctx, s.db, func(rows *sql.Rows) (id int64, err error) {
		var created time.Time
		err = rows.Scan(&id, &created)
		for _, profile := range newest[id] {
			if profile.LastSeen == nil || created.After(*profile.LastSeen) {
				profile.LastSeen = &created
			}
		}
		return id, err
	}, selectCreated+list, args...)
	if err != nil {
		return err
	}
	var counts []string
	args = nil
	for _, family := range seen {
		list, ids := placeholders(family)
		counts, args = append(counts, fmt.Sprintf(countPictures, family[0], list)), append(append(args, ids...), most)
	}
	_, err = query(ctx, s.db, func(rows *sql.Rows) (person int64, err error) {
		var pictures int64
		err = rows.Scan(&person, &pictures)
		at[person].Pictures = min(at[person].Pictures+pictures, int64(most))
		return person, err
	}, strings.Join(counts, " UNION ALL "), args...)
	return err
}
