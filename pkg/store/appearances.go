package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
)

// Seen is a face that is somebody's, in the picture it is in.
type Seen struct {
	Image lineup.Image
	Face  lineup.Face
}

// SureFilter says which faces of a person to list, those first that are the least sure.
type SureFilter struct {
	Person int64
	After  int64 // those after this face; from the first when 0
	Among  int   // of the person's newest so many: all would be too many to sort
	Limit  int   // at most so many; must be above 0
}

const (
	// A branch for each of the persons that are one: by their index, the newest first.
	newestFaces = `
		(SELECT id, image_id, similarity, decided_by
		FROM faces FORCE INDEX (faces_person)
		WHERE person_id = ?
		ORDER BY image_id DESC
		LIMIT ?)`

	// Of what a hand decided there is no doubt.
	selectLeastSure = `
		SELECT
			id,
			image_id
		FROM (%s) newest
		WHERE decided_by <> 'hand'
			AND similarity IS NOT NULL
			AND (similarity > %[2]s OR similarity = %[2]s AND id > ?)
		ORDER BY
			similarity,
			id
		LIMIT ?`
	similarityOf = `COALESCE((SELECT o.similarity FROM faces o WHERE o.id = ?), -2)`
)

// LeastSure lists the faces that the machine took for the person's, those first that are the
// least like them. Last is the last that was read, after which to go on; 0 where no more are.
func (s *Store) LeastSure(ctx context.Context, f SureFilter) (seen []Seen, last int64, err error) {
	var faces, pictures []int64
	err = s.do(ctx, fmt.Sprintf("read the faces of person %d", f.Person), func() error {
		faces, pictures = nil, nil
		family, err := members(ctx, s.db, f.Person)
		if err != nil {
			return err
		}
		family = family[:min(len(family), branches)]
		var args []any
		for _, id := range family {
			args = append(args, id, f.Among)
		}
		all := strings.TrimSuffix(strings.Repeat(newestFaces+" UNION ALL ", len(family)), " UNION ALL ")
		_, err = query(ctx, s.db, func(rows *sql.Rows) (id int64, err error) {
			var picture int64
			err = rows.Scan(&id, &picture)
			faces, pictures = append(faces, id), append(pictures, picture)
			return id, err
		}, fmt.Sprintf(selectLeastSure, all, similarityOf), append(args, f.After, f.After, f.After, f.Limit+1)...)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	if len(faces) > f.Limit {
		faces, pictures = faces[:f.Limit], pictures[:f.Limit]
		last = faces[f.Limit-1]
	}
	seen, err = s.seenAs(ctx, f.Person, faces, pictures)
	return seen, last, err
}

// seenAs are these faces, without those that are not shown as the person's.
func (s *Store) seenAs(ctx context.Context, person int64, faces, pictures []int64) (seen []Seen, err error) {
	one, err := survivorOf(ctx, s.db, person)
	if err != nil {
		return nil, err
	}
	images, err := s.ImagesOf(ctx, distinctIDs(pictures))
	byID := map[int64]Seen{}
	for _, image := range images {
		for _, face := range image.Faces {
			byID[face.ID] = Seen{image, face}
		}
	}
	for _, id := range faces {
		if found, there := byID[id]; there && found.Face.Person != nil && found.Face.Person.ID == one.ID {
			seen = append(seen, found)
		}
	}
	return seen, err
}

// Glimpse is a face of somebody, as much of it as it takes to show it.
type Glimpse struct {
	Face, Image int64
	Crop        lineup.Derived
}

const selectGlimpses = `
	SELECT
		person,
		id,
		image_id,
		crop
	FROM (%s) glimpses
	ORDER BY image_id DESC`

const newestGlimpses = `
	(SELECT ? AS person, id, image_id, COALESCE(crop, '') AS crop
	FROM faces FORCE INDEX (faces_person)
	WHERE person_id = ?
		AND ignored = 0
	ORDER BY image_id DESC
	LIMIT ?)`

// Glimpses gives the newest faces of each of these persons, at most so many of each.
func (s *Store) Glimpses(ctx context.Context, people []int64, most int) (all map[int64][]Glimpse, err error) {
	err = s.do(ctx, "read faces of people", func() error {
		all = map[int64][]Glimpse{}
		family, err := families(ctx, s.db, people)
		if err != nil {
			return err
		}
		var ids []int64
		for id := range family {
			ids = append(ids, id)
		}
		for chunk := range slices.Chunk(distinctIDs(ids), branches) {
			var args []any
			for _, id := range chunk {
				args = append(args, family[id], id, most)
			}
			statement := strings.TrimSuffix(strings.Repeat(newestGlimpses+" UNION ALL ", len(chunk)), " UNION ALL ")
			statement = fmt.Sprintf(selectGlimpses, statement)
			_, err := query(ctx, s.db, func(rows *sql.Rows) (g Glimpse, err error) {
				var person int64
				err = rows.Scan(&person, &g.Face, &g.Image, &g.Crop)
				if len(all[person]) < most {
					all[person] = append(all[person], g)
				}
				return g, err
			}, statement, args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}
