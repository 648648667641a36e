package store

import (
	"cmp"
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

// page is the SELECT of a page's ids, the highest first. Without a statement nothing
// passes the filter.
type page struct {
	statement string
	args      []any
}

// condition is one on a picture's row, which statements call i.
type condition struct {
	where string
	args  []any
}

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
	index, err := f.index(ctx, q, within)
	if err != nil {
		return page{}, err
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

// conditions are what the filter asks of a picture's row, but for the id.
func (f Filter) conditions() (all []condition) {
	if f.Status != "" {
		all = append(all, condition{"i.status = ?", []any{f.Status}})
	} else {
		all = append(all, condition{"i.status <> '" + deleted + "'", nil})
	}
	switch {
	case f.Person == 0:
	case f.waits():
		all = append(all, condition{"i.answered = 1", nil})
	default:
		all = append(all, condition{"(i.status IN (" + finalStatuses() + ") OR i.answered = 1)", nil})
	}
	if f.Path != "" {
		all = append(all, pathBegins(f.Path))
	}
	if f.FileName != "" {
		all = append(all, nameBegins(f.FileName))
	}
	if !f.Since.IsZero() {
		all = append(all, condition{"i.created_at >= ?", []any{asColumn(f.Since)}})
	}
	if !f.Until.IsZero() {
		all = append(all, condition{"i.created_at < ?", []any{asColumn(f.Until)}})
	}
	return all
}

// asColumn is the time as precisely as the columns have it: of one more precise no server
// looks for the place in an index.
func asColumn(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// pathBegins compares bytes: a path need not be text.
func pathBegins(beginning string) condition {
	c := condition{"i.path >= ?", []any{[]byte(beginning)}}
	end := []byte(beginning)
	for len(end) > 0 && end[len(end)-1] == 0xff {
		end = end[:len(end)-1]
	}
	if len(end) > 0 {
		end[len(end)-1]++
		c.where, c.args = c.where+" AND i.path < ?", append(c.args, end)
	}
	return c
}

func nameBegins(beginning string) condition {
	return condition{"i.shown_name LIKE ?", []any{likeEscaper.Replace(beginning) + "%"}}
}

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

// waits tells whether pictures without a result are asked for.
func (f Filter) waits() bool { return f.Status != "" && !f.Status.Final() }

// index is the index of images to read the page by; empty where that of a person's faces
// is better.
func (f Filter) index(ctx context.Context, q querier, within []condition) (string, error) {
	narrow := []struct {
		asked bool
		index string
		where func() condition
	}{
		{f.Path != "", "images_path", func() condition { return pathBegins(f.Path) }},
		{f.FileName != "", "images_shown_name", func() condition { return nameBegins(f.FileName) }},
		{f.Person != 0 && f.waits(), "images_answered", func() condition {
			return condition{"i.answered = 1 AND i.status = ?", []any{f.Status}}
		}},
	}
	beginning := "" // the index of one
	for _, c := range narrow {
		if !c.asked {
			continue
		}
		where, args := join([]condition{c.where()})
		is, err := fewer(ctx, q, "images i FORCE INDEX ("+c.index+") WHERE "+where, few, args...)
		if err != nil || is {
			return c.index, err
		}
		beginning = cmp.Or(beginning, c.index)
	}
	switch {
	case f.Person != 0:
		return "", nil
	case beginning != "":
		newest, err := f.amongNewest(ctx, q, within)
		if err != nil || !newest {
			return beginning, err
		}
	case f.Status != "":
		return "images_status", nil
	}
	return "PRIMARY", nil
}

// amongNewest tells whether the page is full before many pictures were read, from the
// newest on. Those of a large folder of long ago are behind all that were posted since.
func (f Filter) amongNewest(ctx context.Context, q querier, within []condition) (bool, error) {
	where, args := join(within)
	last, err := query(ctx, q, scanID, "SELECT COALESCE(MAX(i.id), 0) FROM images i WHERE "+where, args...)
	if err != nil {
		return false, err
	}
	within = append(slices.Clone(within), condition{"i.id > ?", []any{last[0] - few}})
	where, args = join(append(within, f.conditions()...))
	less, err := fewer(ctx, q, "images i FORCE INDEX (PRIMARY) WHERE "+where, f.Limit, args...)
	return !less, err
}

// fewer tells whether there are fewer rows than that.
func fewer(ctx context.Context, q querier, from string, than int, args ...any) (bool, error) {
	number, err := countUpTo(ctx, q, than, from, args...)
	return number < int64(than), err
}

// byIndex reads the page by an index of images.
func byIndex(index string, all []condition, limit int) page {
	where, args := join(all)
	return page{
		fmt.Sprintf("SELECT i.id FROM images i FORCE INDEX (%s) WHERE %s ORDER BY i.id DESC LIMIT ?", index, where),
		append(args, limit),
	}
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

// join is that all conditions are true.
func join(all []condition) (string, []any) {
	where, args := []string{"TRUE"}, []any{}
	for _, c := range all {
		where, args = append(where, c.where), append(args, c.args...)
	}
	return strings.Join(where, " AND "), args
}
