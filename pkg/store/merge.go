package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrSamePerson says that persons are one already.
var ErrSamePerson = errors.New("they are one person already; next: undo the merge first")

const updateMergedInto = `
	UPDATE person
	SET merged_into = ?
	WHERE id = ?`

// MergePeople makes persons one. It costs a row of each, however many faces they have:
// faces and photos stay with whom they were given to, and who that is now is found when
// they are read. Merged ids act on their survivors; those that are one already stay so.
// A name is not lost: who has none and is to be the one who stays is merged into the first
// of the others who has one.
// ErrNotFound when there is no such person; ErrSamePerson when a person is to be merged
// with themselves alone.
func (s *Store) MergePeople(ctx context.Context, into int64, ids []int64, by string) (Profile, error) {
	var target, made int64
	err := s.transact(ctx, fmt.Sprintf("merge into person %d", into), func(tx *sql.Tx) (err error) {
		made = 0
		if !slices.ContainsFunc(ids, func(id int64) bool { return id != into }) {
			return ErrSamePerson
		}
		people, err := survivorsOf(ctx, tx, append([]int64{into}, ids...))
		if err != nil {
			return err
		}
		target = people[into].ID
		if i := slices.IndexFunc(ids, func(id int64) bool { return people[id].Name != "" }); i >= 0 && people[into].Name == "" {
			target = people[ids[i]].ID
		}
		var sources []int64
		for _, id := range append([]int64{into}, ids...) {
			if source := people[id].ID; source != target {
				sources = append(sources, source)
			}
		}
		if sources = distinctIDs(sources); len(sources) == 0 {
			return nil
		}
		made, err = mergeInto(ctx, tx, target, sources, append([]int64{into}, ids...), by)
		return err
	})
	if err != nil {
		return Profile{}, err
	}
	return s.profileMade(ctx, target, made)
}

// mergeInto merges survivors into another, by a change; ids are those that were asked for.
func mergeInto(ctx context.Context, tx *sql.Tx, target int64, sources, ids []int64, by string) (made int64, err error) {
	if _, err := lockSurvivors(ctx, tx, append([]int64{target}, sources...)...); err != nil {
		return 0, err
	}
	c := change{By: by, Action: ActionMerge, Person: target, People: slices.Concat(sources, ids), Values: []changeValue{
		{subject("person", target, "removed"), false, false},
	}}
	for _, source := range sources {
		if _, err := tx.ExecContext(ctx, updateMergedInto, target, source); err != nil {
			return 0, err
		}
		c.Values = append(c.Values,
			changeValue{subject("person", source, "merged_into"), nil, target},
			changeValue{subject("person", source, "removed"), false, false})
	}
	if made, err = record(ctx, tx, c); err != nil {
		return 0, err
	}
	if err := recountSome(ctx, tx, []int64{target}); err != nil {
		return 0, err
	}
	_, err = bumpGallery(ctx, tx, sources, nil)
	return made, err
}

const (
	insertDifferent = `
		INSERT INTO different_people (person_id, other_id)
		VALUES (?, ?)`

	deleteDifferent = `
		DELETE FROM different_people
		WHERE person_id = ?
			AND other_id = ?`

	selectDifferent = `
		SELECT
			person_id,
			other_id
		FROM different_people
		WHERE person_id IN %[1]s
			OR other_id IN %[1]s`
)

// DifferentPeople remembers that persons are others than this one, so that SimilarPeople
// asks no more, and tells the change, 0 where that was known. ErrSamePerson when two of them are one.
func (s *Store) DifferentPeople(ctx context.Context, id int64, others []int64, by string) (made int64, err error) {
	err = s.transact(ctx, fmt.Sprintf("tell person %d from others", id), func(tx *sql.Tx) error {
		people, err := survivorsOf(ctx, tx, append([]int64{id}, others...))
		if err != nil {
			return err
		}
		one, family := people[id].ID, []int64{people[id].ID}
		for _, other := range others {
			if people[other].ID == one {
				return ErrSamePerson
			}
			family = append(family, people[other].ID)
		}
		if _, err := lockSurvivors(ctx, tx, family...); err != nil {
			return err
		}
		known, err := toldApart(ctx, tx, []int64{one})
		if err != nil {
			return err
		}
		c := change{By: by, Action: ActionIsNot, Person: one, People: family}
		for _, other := range distinctIDs(family) {
			if other == one || known[pairOf(one, other)] {
				continue
			}
			if _, err := tx.ExecContext(ctx, insertDifferent, min(one, other), max(one, other)); err != nil {
				return err
			}
			c.Values = append(c.Values, changeValue{differentSubject(one, other), false, true})
		}
		made, err = record(ctx, tx, c)
		return err
	})
	return made, err
}

func differentSubject(one, other int64) string {
	return subject("different", min(one, other), fmt.Sprint(max(one, other)))
}

// differentFrom gives the survivors of whom a hand said that they are not this person, or
// not one of those who were merged into them.
func differentFrom(ctx context.Context, q querier, id int64) (map[int64]bool, error) {
	family, err := members(ctx, q, id)
	if err != nil {
		return nil, err
	}
	pairs, err := toldApart(ctx, q, family)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for pair := range pairs {
		ids = append(ids, pair[0], pair[1])
	}
	people, err := survivors(ctx, q, ids)
	different := map[int64]bool{}
	for _, other := range people {
		different[other.ID] = other.ID != id
	}
	return different, err
}

// toldApart gives the pairs, the lower id first, of these persons and others of whom a hand
// said that they are not one.
func toldApart(ctx context.Context, q querier, ids []int64) (map[[2]int64]bool, error) {
	pairs := map[[2]int64]bool{}
	for chunk := range slices.Chunk(ids, maxValues) {
		list, args := placeholders(chunk)
		_, err := query(ctx, q, func(rows *sql.Rows) (pair [2]int64, err error) {
			err = rows.Scan(&pair[0], &pair[1])
			pairs[pair] = true
			return pair, err
		}, fmt.Sprintf(selectDifferent, list), slices.Concat(args, args)...)
		if err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

const (
	maxSimilar = 20 // persons who are asked about at once
	maxOwn     = 50 // of the person's photos that are compared
)

const (
	selectModels = `
		SELECT
			d.model,
			d.descriptor
		FROM person_images i
		JOIN descriptors d ON d.photo_id = i.id
		WHERE i.state = '` + string(PhotoUsable) + `'
			AND i.removed_at IS NULL
			AND i.person_id IN `
)

// SimilarPeople gives who could be the same person, the most similar first: by their
// photos, and without those of whom a hand said that they are not, or who are beside the
// person in a picture. Least is how similar they are at least. It compares with every photo that there is.
func (s *Store) SimilarPeople(ctx context.Context, id int64, least float64) (similar []Similar, err error) {
	err = s.do(ctx, fmt.Sprintf("find who is like person %d", id), func() error {
		similar = nil
		one, err := survivorOf(ctx, s.db, id)
		if err != nil {
			return err
		}
		family, err := members(ctx, s.db, one.ID)
		if err != nil {
			return err
		}
		nearest, err := s.nearestPhotos(ctx, family, least)
		if err != nil {
			return err
		}
		different, err := differentFrom(ctx, s.db, one.ID)
		if err != nil {
			return err
		}
		different[one.ID] = true
		candidates, err := whoIsLike(ctx, s.db, nearest, different)
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(candidates, maxSimilar) {
			ids := []int64{one.ID}
			for _, c := range chunk {
				ids = append(ids, c.Person.ID)
			}
			seen, err := companyOf(ctx, s.db, ids, countedPictures)
			if err != nil {
				return err
			}
			chunk = slices.DeleteFunc(chunk, func(c Similar) bool { return seen.together(one.ID, c.Person.ID) })
			if similar = append(similar, chunk...); len(similar) >= maxSimilar {
				similar = similar[:maxSimilar]
				break
			}
		}
		return nil
	})
	return similar, err
}

// whoIsLike gives whose the photos are by now, each person once, without those who are left out.
func whoIsLike(ctx context.Context, q querier, nearest []PhotoCandidate, out map[int64]bool) (like []Similar, err error) {
	var ids []int64
	for _, c := range nearest {
		ids = append(ids, c.PersonID)
	}
	people, err := survivors(ctx, q, ids)
	for _, c := range nearest {
		person, there := people[c.PersonID]
		if there && !person.Removed && !out[person.ID] {
			out[person.ID] = true
			like = append(like, Similar{person.Person, c.ImageName, c.Similarity, c.PhotoID})
		}
	}
	return like, err
}

// nearestPhotos gives of every other person the photo that is most similar to one of
// these persons, the most similar first.
func (s *Store) nearestPhotos(ctx context.Context, family []int64, least float64) ([]PhotoCandidate, error) {
	byModel := map[string][][]float32{}
	for chunk := range slices.Chunk(family, maxValues) {
		list, args := placeholders(chunk)
		_, err := query(ctx, s.db, func(rows *sql.Rows) (model string, err error) {
			var descriptor []byte
			err = rows.Scan(&model, &descriptor)
			if len(byModel[model]) < maxOwn {
				byModel[model] = append(byModel[model], decodeEmbedding(descriptor))
			}
			return model, err
		}, selectModels+list, args...)
		if err != nil {
			return nil, err
		}
	}
	best := map[int64]PhotoCandidate{}
	for model, descriptors := range byModel {
		_, err := query(ctx, s.db, func(rows *sql.Rows) (none struct{}, err error) {
			var c PhotoCandidate
			var other sql.RawBytes
			if err := rows.Scan(&c.PersonID, &c.PhotoID, &c.ImageName, &other); err != nil {
				return none, err
			}
			c.Similarity = math.Inf(-1)
			decoded := decodeEmbedding(other)
			for _, descriptor := range descriptors {
				c.Similarity = max(c.Similarity, cosine(descriptor, decoded))
			}
			if known, there := best[c.PersonID]; c.Similarity >= least && (!there || c.Similarity > known.Similarity) {
				best[c.PersonID] = c
			}
			return none, nil
		}, selectDescriptors+"TRUE", model)
		if err != nil {
			return nil, err
		}
	}
	for _, id := range family {
		delete(best, id)
	}
	var nearest []PhotoCandidate
	for _, c := range best {
		nearest = append(nearest, c)
	}
	slices.SortFunc(nearest, func(a, b PhotoCandidate) int {
		return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), cmp.Compare(a.PersonID, b.PersonID))
	})
	return nearest, nil
}
