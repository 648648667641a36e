package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/lineup"
)

// Filter says which pictures to list. All that is set must be true of a picture.
type Filter struct {
	Status   lineup.Status // any when empty
	Person   int64         // who is in it, or somebody merged into them; anybody when 0
	Path     string        // what its path begins with
	FileName string        // what the name of the upload, or the end of the path, begins with, in any case
	Since    time.Time     // posted then or later; at any time when zero
	Until    time.Time     // posted before; at any time when zero
	Before   int64         // with an id below; all when 0
	Limit    int           // at most so many; must be above 0
}

const (
	// few pictures are read whatever else a filter asks of them; of more, another index is
	// asked that has them in the order of the list.
	few = 5_000

	// atOnce is how many pictures may be posted before one that has a lower id.
	atOnce = 1_000

	// branches is how many persons that are one are asked for apart, each in the order of
	// the list.
	branches = 200
)

// pageOf finds the index by which the page is read without reading many rows that are not
// on it. The server's own choice would read a whole table for some filters.
func (s *Store) pageOf(ctx context.Context, q querier, f Filter) (page, error) {
	within, some, err := f.within(ctx, q)
	if err != nil || !some {
		return page{}, err
	}
	all := append(slices.Clone(within), f.conditions()...)
	var family []int64
	if f.Person != 0 {
		if family, err = members(ctx, q, f.Person); err != nil {
			return page{}, err
		}
		if possible, err := f.possible(ctx, q); err != nil || !possible {
			return page{}, err
		}
	}
	index, many, err := f.index(ctx, q, within)
	if err != nil {
		return page{}, err
	}
	if many != nil {
		if p, full, err := f.newestOf(ctx, q, *many, within, all); err != nil || full {
			return p, err
		}
	}
	switch {
	case index == "" && family != nil:
		return f.byFaces(family, all), nil
	case family != nil:
		all = append(all, inPicture(family))
	}
	return byIndex(index, all, f.Limit), nil
}

// within are the bounds of the pictures' ids. They follow from the times, too: ids are
// given in the order of posting, give or take what is posted at once. Some tells that
// there may be a picture between them.
func (f Filter) within(ctx context.Context, q querier) (bounds []condition, some bool, err error) {
	before := f.Before
	if before == 0 {
		before = math.MaxInt64
	}
	bounds = append(bounds, condition{"i.id < ?", []any{before}})
	for _, side := range []struct {
		time              time.Time
		statement, bounds string
	}{
		{f.Since, selectFirstSince, "i.id >= ?"},
		{f.Until, selectLastUntil, "i.id <= ?"},
	} {
		if side.time.IsZero() {
			continue
		}
		ids, err := query(ctx, q, scanID, side.statement, asColumn(side.time), atOnce)
		if err != nil {
			return nil, false, err
		}
		if ids[0] == 0 {
			return nil, false, nil
		}
		bounds = append(bounds, condition{side.bounds, []any{ids[0]}})
	}
	return bounds, true, nil
}

const (
	selectFirstSince = `
		SELECT COALESCE(MIN(id), 0)
		FROM (
			SELECT id
			FROM images FORCE INDEX (images_created)
			WHERE created_at >= ?
			ORDER BY
				created_at,
				id
			LIMIT ?
		) firsts`

	selectLastUntil = `
		SELECT COALESCE(MAX(id), 0)
		FROM (
			SELECT id
			FROM images FORCE INDEX (images_created)
			WHERE created_at < ?
			ORDER BY
				created_at DESC,
				id DESC
			LIMIT ?
		) lasts`
)

// possible tells whether somebody can be in a picture of that status. It saves reading all
// of a person's faces for none.
func (f Filter) possible(ctx context.Context, q querier) (bool, error) {
	switch {
	case f.Status == "":
		return true, nil
	case f.Status != lineup.Unknown:
		return true, nil
	}
	one, err := survivorOf(ctx, q, f.Person)
	if err != nil || one.Name == "" {
		return err == nil, ignoreNotFound(err)
	}
	settled, err := fewer(ctx, q, "rematches WHERE finished_at IS NULL", 1)
	return !settled, err // else a status may be from before the person's name
}

func ignoreNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// index is the index of images to read the page by; empty where that of a person's faces
// is better. Many is what it is asked for where that is true of many pictures, which are not
// among the newest.
func (f Filter) index(ctx context.Context, q querier, within []condition) (index string, many *beginning, err error) {
	narrow := []struct {
		asked  bool
		index  string
		column string // in whose order it is, where a beginning is asked for
		where  func() condition
	}{
		{f.Path != "", "images_path", "i.path", func() condition { return pathBegins(f.Path) }},
		{f.FileName != "", "images_shown_name", "i.shown_name", func() condition { return nameBegins(f.FileName) }},
		{f.Person != 0 && f.waits(), "images_status_updated", "", func() condition {
			return condition{"i.answered = 1 AND i.status = ?", []any{f.Status}}
		}},
	}
	var begins *beginning
	for _, c := range narrow {
		if !c.asked {
			continue
		}
		where, args := join([]condition{c.where()})
		is, err := fewer(ctx, q, "images i FORCE INDEX ("+c.index+") WHERE "+where, few, args...)
		if err != nil || is {
			return c.index, nil, err
		}
		if begins == nil && c.column != "" {
			begins = &beginning{c.index, c.column, c.where()}
		}
	}
	switch {
	case f.Person != 0:
		return "", nil, nil
	case begins != nil:
		newest, err := f.amongNewest(ctx, q, within)
		if err != nil || !newest {
			return begins.index, begins, err
		}
	case f.Status != "":
		return "images_status", nil, nil
	}
	return "PRIMARY", nil, nil
}

// inPicture is that a face of the picture is one of these persons'. Written as EXISTS, it
// would be up to the server to begin with all their faces.
func inPicture(family []int64) condition {
	list, args := placeholders(family)
	return condition{"(SELECT 1 FROM faces f WHERE f.image_id = i.id AND f.person_id IN " + list + " LIMIT 1) = 1", args}
}

// byFaces reads the page by the faces of persons that are one: the newest of each, and of
// these the newest. A picture that failed has no others than those that a hand decided.
func (f Filter) byFaces(family []int64, all []condition) page {
	where, args := join(all)
	where = strings.ReplaceAll(where, "i.id ", "f.image_id ")
	index, hands := "faces_person", ""
	if f.Status.IsFailure() {
		index, hands = "faces_by_hand", "f.decided_by = 'hand' AND "
	}
	const branch = `SELECT f.image_id AS id
		FROM faces f FORCE INDEX (%s)
		STRAIGHT_JOIN images i ON i.id = f.image_id
		WHERE %sf.person_id IN %s AND %s
		GROUP BY f.image_id
		ORDER BY f.image_id DESC
		LIMIT ?`
	var chunks [][]int64
	if len(family) <= branches {
		chunks = slices.Collect(slices.Chunk(family, 1))
	} else {
		chunks = [][]int64{family}
	}
	var p page
	var selects []string
	for _, some := range chunks {
		list, ids := placeholders(some)
		selects = append(selects, fmt.Sprintf(branch, index, hands, list, where))
		p.args = append(p.args, slices.Concat(ids, args, []any{f.Limit})...)
	}
	if len(selects) == 1 {
		p.statement = selects[0]
		return p
	}
	p.statement = "SELECT DISTINCT id FROM ((" + strings.Join(selects, ") UNION ALL (") + ")) theirs ORDER BY id DESC LIMIT ?"
	p.args = append(p.args, f.Limit)
	return p
}
