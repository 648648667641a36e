package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
)

// Alike are two persons who could be one, and how alike two of their photos are.
type Alike struct {
	One, Other int64
	Similarity float64 // cosine
}

// comparedPhotos is how many photos are compared with one another at once: to compare more
// takes longer than a page may.
const comparedPhotos = 300

const (
	selectComparedOf = `
		SELECT
			i.person_id,
			d.model,
			d.descriptor
		FROM person_images i
		JOIN descriptors d ON d.photo_id = i.id
		WHERE i.state = '` + string(PhotoUsable) + `'
			AND i.removed_at IS NULL
			AND i.person_id IN %s
		LIMIT ?`

	selectDifferentAmong = `
		SELECT
			person_id,
			other_id
		FROM different_people
		WHERE person_id IN %[1]s
			AND other_id IN %[1]s`
)

// described is a photo's descriptor by a model, and whose, or which photo's, it is.
type described struct {
	of         int64
	model      string
	descriptor []float32
}

func scanDescribed(rows *sql.Rows) (d described, err error) {
	var descriptor sql.RawBytes
	err = rows.Scan(&d.of, &d.model, &descriptor)
	d.descriptor = decodeEmbedding(descriptor)
	return d, err
}

// AlikeAmong gives the pairs of these persons who could be one, the most similar first, without
// those of whom a hand said that they are two. Least is how similar they are at least. Unlike
// SimilarPeople it compares with nobody else, and of many photos with some.
func (s *Store) AlikeAmong(ctx context.Context, people []int64, least float64) (pairs []Alike, err error) {
	if len(people) < 2 {
		return nil, nil
	}
	err = s.do(ctx, "compare people", func() error {
		family, err := families(ctx, s.db, people)
		if err != nil {
			return err
		}
		ids := slices.Sorted(maps.Keys(family))
		ids = ids[:min(len(ids), maxValues)]
		list, args := placeholders(ids)
		photos, err := query(ctx, s.db, scanDescribed, fmt.Sprintf(selectComparedOf, list), append(slices.Clone(args), comparedPhotos)...)
		if err != nil {
			return err
		}
		for i := range photos {
			photos[i].of = family[photos[i].of]
		}
		best := mostAlike(photos)
		_, err = query(ctx, s.db, func(rows *sql.Rows) (id int64, err error) {
			var other int64
			err = rows.Scan(&id, &other)
			delete(best, pairOf(family[id], family[other]))
			return id, err
		}, fmt.Sprintf(selectDifferentAmong, list), slices.Concat(args, args)...)
		if err != nil {
			return err
		}
		pairs, ids = nil, nil
		for pair, similarity := range best {
			if similarity >= least {
				pairs = append(pairs, Alike{pair[0], pair[1], similarity})
				ids = append(ids, pair[0], pair[1])
			}
		}
		if len(pairs) == 0 {
			return nil
		}
		seen, err := companyOf(ctx, s.db, ids, countedInList)
		pairs = slices.DeleteFunc(pairs, func(a Alike) bool { return seen.together(a.One, a.Other) })
		return err
	})
	slices.SortFunc(pairs, func(a, b Alike) int {
		return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), cmp.Compare(a.One, b.One), cmp.Compare(a.Other, b.Other))
	})
	return pairs, err
}

// mostAlike is how alike the most similar photos are of each two persons.
func mostAlike(photos []described) map[[2]int64]float64 {
	best := map[[2]int64]float64{}
	for i, one := range photos {
		for _, other := range photos[:i] {
			if one.of == other.of || one.model != other.model {
				continue
			}
			pair, similarity := pairOf(one.of, other.of), cosine(one.descriptor, other.descriptor)
			if known, there := best[pair]; !there || similarity > known {
				best[pair] = similarity
			}
		}
	}
	return best
}

func pairOf(one, other int64) [2]int64 { return [2]int64{min(one, other), max(one, other)} }
