package gallery

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"iter"
	"math"
	"slices"

	"lineup.dev/lineup/face-server/search"
	"lineup.dev/lineup/pkg/store"
)

// isStranger tells whether a photo of the person belongs among strangers', as the first of
// the maps tells that has each row.
func isStranger(id int64, people ...map[int64]store.GalleryPerson) bool {
	one, known := survivor(id, people...)
	return known && one.Name == ""
}

// moved tells whether anybody who was known is a stranger by these rows and was none before,
// or the other way round: with them all who were merged into them are.
func (d *Database) moved(rows map[int64]store.GalleryPerson) bool {
	for id := range rows {
		if _, known := d.people[id]; known && isStranger(id, d.people) != isStranger(id, rows, d.people) {
			return true
		}
	}
	return false
}

// sort puts photos into the index that is theirs now: people are named, merged, and that
// undone.
func (d *Database) sort(ctx context.Context, photos iter.Seq[*enrolled]) error {
	var ids []int64
	for photo := range photos {
		if isStranger(photo.person, d.people) != photo.stranger && d.photos[photo.id] == photo {
			ids = append(ids, photo.id)
		}
	}
	for some := range slices.Chunk(ids, batch) {
		c := change{Database: d, numbers: make([]float32, 0, len(some)*d.length)}
		vectors := map[int64][]float32{}
		err := d.rows.GalleryDescriptors(ctx, some, d.model, func(id int64, descriptor []byte) {
			if vector := c.vector(descriptor); vector != nil && crc32.ChecksumIEEE(descriptor) == d.photos[id].crc {
				vectors[id] = vector
			}
		})
		if err != nil {
			return err
		}
		for id, vector := range vectors {
			c.remove = append(c.remove, d.photos[id])
			c.add = append(c.add, search.Vector[*enrolled]{Key: d.photos[id], Values: vector})
		}
		d.index(c.remove, nil)
		for _, photo := range c.remove {
			photo.stranger = !photo.stranger
		}
		d.index(nil, c.add)
	}
	return nil
}

// vector is the descriptor's numbers, nil if it cannot be one.
func (c *change) vector(descriptor []byte) []float32 {
	if len(descriptor) != 4*c.length {
		return nil
	}
	from := len(c.numbers)
	for ; len(descriptor) > 0; descriptor = descriptor[4:] {
		c.numbers = append(c.numbers, math.Float32frombits(binary.LittleEndian.Uint32(descriptor)))
	}
	if vector := c.numbers[from:]; IsUnit(vector) {
		return vector
	}
	return nil
}

// index lets searches see what came and went.
func (d *Database) index(remove []*enrolled, add []search.Vector[*enrolled]) {
	type update struct {
		remove []*enrolled
		add    []search.Vector[*enrolled]
	}
	var named, strangers update
	part := func(photo *enrolled) *update {
		if photo.stranger {
			return &strangers
		}
		return &named
	}
	for _, photo := range remove {
		u := part(photo)
		u.remove = append(u.remove, photo)
	}
	for _, vector := range add {
		u := part(vector.Key)
		u.add = append(u.add, vector)
	}
	d.named.Update(named.remove, named.add)
	d.strangers.Update(strangers.remove, strangers.add)
}

// survivor is who a person is now, as the first of the maps that has each row tells. A circle,
// which only a hand in the database can make, is nobody.
func survivor(id int64, people ...map[int64]store.GalleryPerson) (Person, bool) {
	row := func(id int64) (p store.GalleryPerson, known bool) {
		for _, m := range people {
			if p, known = m[id]; known {
				break
			}
		}
		return p, known
	}
	p, known := row(id)
	for steps := 0; known && p.MergedInto != 0; steps++ {
		if p, known = row(p.MergedInto); steps > mostMerged {
			return Person{}, false
		}
	}
	return Person{ID: p.ID, Name: p.Name}, known && !p.Removed
}

// mostMerged is how long a way of pointers can be that is no circle.
const mostMerged = 1_000_000
