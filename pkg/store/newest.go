package store

import (
	"context"
	"fmt"
	"slices"
)

// lookedAt is how many of the newest pictures with a beginning are looked at for what else is
// asked of them, before all of them are.
const lookedAt = 1_000

// walked is how many of the newest pictures of all are looked at before those with a beginning:
// who looks for a name mostly looks for what was posted lately.
const walked = 10_000

// beginning is that something begins so, and the index that is in its order.
type beginning struct {
	index, column string
	condition
}

// The first and the last in the order of what begins so. Of names that are counted up, and of
// folders by day, the newest are at one end.
const selectEnds = `
	SELECT i.id
	FROM (
		(SELECT i.id FROM images i FORCE INDEX (%[1]s) WHERE %[2]s ORDER BY %[3]s LIMIT ?)
		UNION ALL
		(SELECT i.id FROM images i FORCE INDEX (%[1]s) WHERE %[2]s ORDER BY %[3]s DESC LIMIT ?)
	) i
	WHERE %[4]s
	ORDER BY i.id DESC
	LIMIT 1
	OFFSET ?`

// newestOf reads the page from the newest pictures of which begins is true. Their ids come
// from the index alone: to read 100,000 rows takes ten times as long as so many entries of an
// index. Full is false where the page may have others as well.
func (f Filter) newestOf(ctx context.Context, q querier, begins beginning, within, all []condition) (p page, full bool, err error) {
	for _, most := range f.looks() {
		newest, err := begins.newest(ctx, q, within, most)
		if err != nil {
			return p, false, err
		}
		if p, full, err = f.amongFirst(ctx, q, newest, all, most); err != nil || full {
			return p, full, err
		}
	}
	return page{}, false, nil
}

// newest reads the ids of the newest that begin so. That there are as many among the first and
// the last of them says of most others that they are older, and need not be sorted.
func (b beginning) newest(ctx context.Context, q querier, within []condition, most int) (page, error) {
	begins, args := join([]condition{b.condition})
	between, bounds := join(within)
	args = slices.Concat(args, []any{lookedAt}, args, []any{lookedAt}, bounds, []any{most - 1})
	least, err := query(ctx, q, scanID, fmt.Sprintf(selectEnds, b.index, begins, b.column, between), args...)
	if err != nil {
		return page{}, err
	}
	bounded := append(slices.Clone(within), b.condition)
	for _, id := range least { // one, or none
		bounded = append(bounded, condition{"i.id >= ?", []any{id}})
	}
	return byIndex(b.index, bounded, most), nil
}

// looks are of how many it is tried one after the other: to sort a thousand out of 100,000
// takes as long as to read them, and where nothing else is asked all of them pass but those
// that were deleted just now.
func (f Filter) looks() []int {
	alone := f == Filter{Path: f.Path, Before: f.Before, Limit: f.Limit} || f == Filter{FileName: f.FileName, Before: f.Before, Limit: f.Limit}
	if alone && 2*f.Limit < lookedAt {
		return []int{2 * f.Limit, lookedAt}
	}
	return []int{lookedAt}
}

// amongFirst reads the page from those pictures, which are as many at most.
func (f Filter) amongFirst(ctx context.Context, q querier, newest page, all []condition, most int) (p page, full bool, err error) {
	ids, err := query(ctx, q, scanID, newest.statement, newest.args...)
	if err != nil || len(ids) == 0 {
		return page{}, err == nil, err
	}
	list, args := placeholders(ids)
	there := byIndex("PRIMARY", append([]condition{{"i.id IN " + list, args}}, all...), f.Limit)
	on, err := query(ctx, q, scanID, there.statement, there.args...)
	if err != nil || len(on) < f.Limit && len(ids) == most {
		return page{}, false, err
	}
	if len(on) == 0 {
		return page{}, true, nil
	}
	list, args = placeholders(on)
	return page{"SELECT id FROM images WHERE id IN " + list, args}, true, nil
}

// amongNewest tells whether the page is full before many pictures were read, from the
// newest on. Those of a large folder of long ago are behind all that were posted since.
func (f Filter) amongNewest(ctx context.Context, q querier, within []condition) (bool, error) {
	where, args := join(within)
	last, err := query(ctx, q, scanID, "SELECT COALESCE(MAX(i.id), 0) FROM images i WHERE "+where, args...)
	if err != nil {
		return false, err
	}
	within = append(slices.Clone(within), condition{"i.id > ?", []any{last[0] - walked}})
	where, args = join(append(within, f.conditions()...))
	less, err := fewer(ctx, q, "images i FORCE INDEX (PRIMARY) WHERE "+where, f.Limit, args...)
	return !less, err
}
