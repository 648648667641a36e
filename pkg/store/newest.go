package store

import (
	"context"
	"slices"
)

// lookedAt is how many of the newest pictures with a beginning are looked at for what else is
// asked of them, before all of them are.
const lookedAt = 1_000

// newestOf reads the page from the newest pictures of which begins is true. Their ids come
// from the index alone: to read 100,000 rows takes ten times as long as so many entries of an
// index. Full is false where the page may have others as well.
func (f Filter) newestOf(ctx context.Context, q querier, index string, begins, all []condition) (p page, full bool, err error) {
	newest := byIndex(index, begins, lookedAt)
	ids, err := query(ctx, q, scanID, newest.statement, newest.args...)
	if err != nil || len(ids) == 0 {
		return page{}, err == nil, err
	}
	list, args := placeholders(ids)
	there := byIndex("PRIMARY", append([]condition{{"i.id IN " + list, args}}, all...), f.Limit)
	on, err := query(ctx, q, scanID, there.statement, there.args...)
	if err != nil || len(on) < f.Limit && len(ids) == lookedAt {
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
	within = append(slices.Clone(within), condition{"i.id > ?", []any{last[0] - few}})
	where, args = join(append(within, f.conditions()...))
	less, err := fewer(ctx, q, "images i FORCE INDEX (PRIMARY) WHERE "+where, f.Limit, args...)
	return !less, err
}
