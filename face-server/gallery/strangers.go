package gallery

import (
	"iter"

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
func (d *Database) sort(photos iter.Seq[*enrolled]) {
	var moving []search.Vector[*enrolled]
	move := func() {
		var before []*enrolled
		for _, one := range moving {
			before = append(before, one.Key)
		}
		d.index(before, nil)
		for _, photo := range before {
			photo.stranger = !photo.stranger
		}
		d.index(nil, moving)
		moving = nil
	}
	for photo := range photos {
		if isStranger(photo.person, d.people) == photo.stranger || d.photos[photo.id] != photo {
			continue
		}
		index := d.named
		if photo.stranger {
			index = d.strangers
		}
		if vector := index.Vector(photo); vector != nil { // else it cannot be used
			moving = append(moving, search.Vector[*enrolled]{Key: photo, Values: vector})
		}
		if len(moving) == batch {
			move()
		}
	}
	move()
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
