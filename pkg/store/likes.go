package store

import (
	"context"
	"database/sql"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

const selectOwners = `
	SELECT
		id,
		image_name,
		COALESCE(person_id, 0),
		COALESCE(face_id, 0)
	FROM person_images
	WHERE `

// owner is whose a photo is.
type owner struct {
	photo, person, face int64
	imageName           string
}

// ownership is whose the photos are that faces are like. The face server tells persons as
// it knows them, merged ones as one; a photo's row says to whom it was given.
type ownership struct {
	byPhoto map[int64]owner
	byName  map[string]owner
}

// ownersOf reads whose the photos are that the face server told.
func ownersOf(ctx context.Context, tx *sql.Tx, faces []lineup.Face) (ownership, error) {
	all := ownership{map[int64]owner{}, map[string]owner{}}
	var photos []int64
	var names []string
	erased := map[string]string{} // by what their rows have instead
	for _, face := range faces {
		if face.ImageName != "" {
			names = append(names, face.ImageName)
		}
		for _, c := range slices.Concat(face.Candidates, face.Strangers) {
			if c.PhotoID != 0 {
				photos = append(photos, c.PhotoID)
			} else {
				names = append(names, c.ImageName)
			}
		}
	}
	read := func(where string, args []any) error {
		_, err := query(ctx, tx, func(rows *sql.Rows) (o owner, err error) {
			err = rows.Scan(&o.photo, &o.imageName, &o.person, &o.face)
			if name, there := erased[o.imageName]; there {
				o.imageName = name
			}
			all.byPhoto[o.photo], all.byName[o.imageName] = o, o
			return o, err
		}, selectOwners+where, args...)
		return err
	}
	for chunk := range slices.Chunk(distinctIDs(photos), maxValues) {
		list, args := placeholders(chunk)
		if err := read("id IN "+list, args); err != nil {
			return all, err
		}
	}
	for _, name := range names {
		erased[erasedName(name)] = name
		names = append(names, erasedName(name))
	}
	slices.Sort(names)
	for chunk := range slices.Chunk(slices.Compact(names), maxValues) {
		list, args := placeholders(chunk)
		if err := read("image_name IN "+list, args); err != nil {
			return all, err
		}
	}
	return all, nil
}

// maxLikes is how many candidates a row keeps: they fit its column however long the names are.
const maxLikes = 20

// maxStrangers is the same of people without a name.
const maxStrangers = 5

// likes are the persons that the face server told the face is like, as its row keeps them.
// A photo that is nobody's is like nobody. With itself, the server also said whose the face is.
func (o ownership) likes(face lineup.Face, itself bool) []like {
	likes := []like{}
	candidates, strangers := face.Candidates, face.Strangers
	candidates, strangers = candidates[:min(maxLikes, len(candidates))], strangers[:min(maxStrangers, len(strangers))]
	for _, c := range slices.Concat(candidates, strangers) {
		one, there := o.byPhoto[c.PhotoID]
		if c.PhotoID == 0 {
			one, there = o.byName[c.ImageName]
		}
		if !there {
			continue
		}
		similarity := float32(c.Similarity)
		likes = append(likes, like{
			Person: one.person, Photo: one.photo, ImageName: one.imageName, Similarity: &similarity, face: one.face,
			Told: itself && one.imageName == face.ImageName, ChanceWrong: c.ChanceWrong,
		})
	}
	told := slices.ContainsFunc(likes, func(l like) bool { return l.Told })
	if one, there := o.byName[face.ImageName]; itself && there && !told {
		l := like{Person: one.person, Photo: one.photo, ImageName: one.imageName, Told: true, ChanceWrong: face.ChanceWrong}
		if face.Similarity != nil {
			similarity := float32(*face.Similarity)
			l.Similarity = &similarity
		}
		likes = append(likes, l)
	}
	return likes
}
