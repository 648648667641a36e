package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

const spelledLike = " AND spelling LIKE ?"

// The index alone is read: it is in this order, and has all that is asked of people here.
const selectInMost = `
	SELECT id
	FROM person FORCE INDEX (person_most)
	WHERE spelling IS NOT NULL`

// inMost lists those with a name in the order of how many pictures they are in.
func (s *Store) inMost(ctx context.Context, f PeopleFilter) (rows []personRow, more bool, err error) {
	listed, values := f.listed()
	err = s.do(ctx, "read who is in the most pictures", func() error {
		rows, more = nil, false
		asked, few, err := s.asked(ctx, f)
		if err != nil {
			return err
		}
		if few {
			rows, err = s.inMostOf(ctx, f, asked)
			return err
		}
		for after, most := f.After, 2*f.Limit+1; len(rows) <= f.Limit; {
			where, place, err := behindInMost(ctx, s.db, after)
			if err != nil {
				return err
			}
			ids, err := query(ctx, s.db, scanID, selectInMost+listed+where+mostPictures, append(slices.Concat(values, place), most)...)
			if err != nil {
				return err
			}
			some, err := s.passing(ctx, f, ids, "")
			if err != nil {
				return err
			}
			if rows = append(rows, some...); len(ids) < most {
				break
			}
			after = ids[most-1]
		}
		return nil
	})
	if len(rows) > f.Limit {
		return rows[:f.Limit], true, err
	}
	return rows, false, err
}

// inMostOf lists these persons as inMost does.
func (s *Store) inMostOf(ctx context.Context, f PeopleFilter, people []int64) (rows []personRow, err error) {
	behind, place, err := behindInMost(ctx, s.db, f.After)
	if err != nil {
		return nil, err
	}
	rows, err = s.passing(ctx, f, people, behind, place...)
	slices.SortFunc(rows, func(a, b personRow) int { // who is in the most pictures first
		return cmp.Or(cmp.Compare(b.pictures, a.pictures), cmp.Compare(b.ID, a.ID))
	})
	return rows, err
}

// behindInMost is the condition of coming after a person in the order of pictures; none of
// after nobody, or after somebody who is not there any more: then the list begins anew.
func behindInMost(ctx context.Context, q querier, after int64) (where string, args []any, err error) {
	if after == 0 {
		return "", nil, nil
	}
	pictures, err := query(ctx, q, scanID, selectPictures, after)
	if err != nil || len(pictures) == 0 {
		return "", nil, err
	}
	return afterPictures, []any{pictures[0], pictures[0], after}, nil
}

// passing are those of these people who pass the filter, and a condition more, in the same order.
func (s *Store) passing(ctx context.Context, f PeopleFilter, people []int64, more string, of ...any) (rows []personRow, err error) {
	where, values := f.conditions()
	for chunk := range slices.Chunk(people, maxValues) {
		list, args := placeholders(chunk)
		some, err := query(ctx, s.db, scanPersonRow, selectPeople+" AND id IN "+list+where+more, slices.Concat(args, values, of)...)
		if err != nil {
			return nil, err
		}
		slices.SortFunc(some, func(a, b personRow) int { return cmp.Compare(slices.Index(chunk, a.ID), slices.Index(chunk, b.ID)) })
		rows = append(rows, some...)
	}
	return rows, nil
}

// fewAsked is how many persons are found first, where no more pass the filter: they may be
// behind everybody else in an order.
const fewAsked = 1_000

// The index is that of what few have.
const selectAsked = `
	SELECT id
	FROM person FORCE INDEX (%s)
	WHERE merged_into IS NULL
		AND removed_at IS NULL%s
	LIMIT ?`

// asked are those who pass a filter that only few may pass. Few is false where it is another
// filter, or too many pass it.
func (s *Store) asked(ctx context.Context, f PeopleFilter) (people []int64, few bool, err error) {
	index := "person_spelling"
	if Spelling(f.Query) == "" {
		if f.Hidden == nil || !*f.Hidden {
			return nil, false, nil
		}
		index = "person_hidden"
	}
	where, args := f.conditions()
	people, err = query(ctx, s.db, scanID, fmt.Sprintf(selectAsked, index, where), append(args, fewAsked+1)...)
	return people, len(people) <= fewAsked, err
}

// conditions are who passes the filter, wherever they come in a list.
func (f PeopleFilter) conditions() (where string, args []any) {
	where, args = f.listed()
	switch {
	case f.Named == nil:
	case *f.Named:
		where += " AND name IS NOT NULL"
	default:
		where += " AND name IS NULL"
	}
	return where, args
}

// listed are the conditions of which names are asked for, and whether of those who are hidden.
func (f PeopleFilter) listed() (where string, args []any) {
	if f.Hidden != nil {
		where, args = where+" AND hidden = ?", append(args, *f.Hidden)
	}
	if prefix := Spelling(f.Query); prefix != "" {
		where, args = where+spelledLike, append(args, likeEscaper.Replace(prefix)+"%")
	}
	return where, args
}
