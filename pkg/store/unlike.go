package store

import (
	"context"
	"slices"
)

const selectDescribed = `
	SELECT
		photo_id,
		model,
		descriptor
	FROM descriptors
	WHERE photo_id IN `

// comparedOfOne is how many photos of one person are compared with one another: a page waits for it.
const comparedOfOne = 100

// UnlikeOthers gives those of one person's photos that are less similar than least (a cosine) to every other
// of them: of two that are unlike one another both. Of many it compares the newest.
func (s *Store) UnlikeOthers(ctx context.Context, photos []int64, least float64) (unlike []int64, err error) {
	photos = distinctIDs(photos)
	photos = photos[max(0, len(photos)-comparedOfOne):]
	if len(photos) < 2 {
		return nil, nil
	}
	err = s.do(ctx, "compare a person's photos", func() error {
		list, args := placeholders(photos)
		all, err := query(ctx, s.db, scanDescribed, selectDescribed+list, args...)
		unlike = unlikeOthers(all, least)
		return err
	})
	return unlike, err
}

func unlikeOthers(photos []described, least float64) []int64 {
	var compared, like []int64
	for i, one := range photos {
		for _, other := range photos[:i] {
			if one.of == other.of || one.model != other.model {
				continue
			}
			compared = append(compared, one.of, other.of)
			if cosine(one.descriptor, other.descriptor) >= least {
				like = append(like, one.of, other.of)
			}
		}
	}
	return slices.DeleteFunc(distinctIDs(compared), func(id int64) bool { return slices.Contains(like, id) })
}
