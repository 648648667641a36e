package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const selectCompany = `
	SELECT
		person,
		image_id
	FROM (%s) company`

// The index alone is read, of each person apart.
const newestPictures = `
	(SELECT ? AS person, image_id
	FROM faces FORCE INDEX (faces_person)
	WHERE person_id = ?
	ORDER BY image_id DESC
	LIMIT ?)`

// company is in which pictures persons are: two faces of one picture are two people's.
type company map[int64]map[int64]bool

// companyOf reads it of these persons, and of everybody who was merged into them: the newest pictures
// of each, at most so many.
func companyOf(ctx context.Context, q querier, people []int64, most int) (company, error) {
	family, err := families(ctx, q, people)
	if err != nil {
		return nil, err
	}
	in := company{}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(family)), branches) {
		var args []any
		for _, id := range chunk {
			args = append(args, family[id], id, most)
		}
		statement := strings.TrimSuffix(strings.Repeat(newestPictures+" UNION ALL ", len(chunk)), " UNION ALL ")
		_, err := query(ctx, q, func(rows *sql.Rows) (picture int64, err error) {
			var person int64
			if err := rows.Scan(&person, &picture); err != nil {
				return 0, err
			}
			if in[person] == nil {
				in[person] = map[int64]bool{}
			}
			in[person][picture] = true
			return picture, nil
		}, fmt.Sprintf(selectCompany, statement), args...)
		if err != nil {
			return nil, err
		}
	}
	return in, nil
}

// together tells whether two are beside each other in a picture.
func (c company) together(one, other int64) bool {
	few, many := c[one], c[other]
	if len(few) > len(many) {
		few, many = many, few
	}
	for picture := range few {
		if many[picture] {
			return true
		}
	}
	return false
}
