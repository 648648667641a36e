package store

import (
	"context"
	"database/sql"
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
		described, err := query(ctx, s.db, func(rows *sql.Rows) (p describedPhoto, err error) {
			var descriptor sql.RawBytes
			err = rows.Scan(&p.id, &p.model, &descriptor)
			p.descriptor = decodeEmbedding(descriptor)
			return p, err
		}, selectDescribed+list, args...)
		unlike = unlikeOthers(described, least)
		return err
	})
	return unlike, err
}

// describedPhoto is a photo's descriptor by one model.
type describedPhoto struct {
	id         int64
	model      string
	descriptor []float32
}

func unlikeOthers(photos []describedPhoto, least float64) []int64 {
	var compared, like []int64
	for i, one := range photos {
		for _, other := range photos[:i] {
			if one.id == other.id || one.model != other.model {
				continue
			}
			compared = append(compared, one.id, other.id)
			if cosine(one.descriptor, other.descriptor) >= least {
				like = append(like, one.id, other.id)
			}
		}
	}
	return slices.DeleteFunc(distinctIDs(compared), func(id int64) bool { return slices.Contains(like, id) })
}
