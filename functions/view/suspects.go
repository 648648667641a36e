package main

import (
	"cmp"
	"context"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// suspect is somebody who could be the same person.
type suspect struct {
	store.Similar
	Crop lineup.Derived // the face of the photo that is alike, else another of theirs
}

// suspectsShown is how many a profile shows that was compared with everybody; half as many otherwise.
const suspectsShown = 6

// likeAnybody is who could be the person, the most similar first, of everybody.
func (v *view) likeAnybody(ctx context.Context, person int64) ([]suspect, error) {
	similar, err := v.db.SimilarPeople(ctx, person, v.options.SimilarLeast)
	if err != nil {
		return nil, err
	}
	return v.withFaces(ctx, similar[:min(len(similar), suspectsShown)])
}

// likeTheirFaces is the same of whom these faces of the person are like: it costs little to know, where to
// compare with everybody takes its time.
func (v *view) likeTheirFaces(ctx context.Context, person int64, faces []store.Seen) ([]suspect, error) {
	similar, err := v.notTwo(ctx, person, alsoLike(person, faces, v.options.SimilarLeast))
	if err != nil {
		return nil, err
	}
	return v.withFaces(ctx, similar)
}

// withFaces adds the face of the photo by which each is alike.
func (v *view) withFaces(ctx context.Context, similar []store.Similar) (all []suspect, err error) {
	if len(similar) == 0 {
		return nil, nil
	}
	var photos, people []int64
	for _, one := range similar {
		photos, people = append(photos, one.PhotoID), append(people, one.Person.ID)
	}
	crops, err := v.cropsOf(ctx, photos)
	if err != nil {
		return nil, err
	}
	seen, err := v.db.Glimpses(ctx, people, 1)
	for _, one := range similar {
		crop := crops[one.PhotoID]
		if glimpses := seen[one.Person.ID]; crop == "" && len(glimpses) > 0 {
			crop = glimpses[0].Crop
		}
		all = append(all, suspect{one, crop})
	}
	return all, err
}

// alsoLike is whom faces of a person are as like as that, at least.
func alsoLike(person int64, faces []store.Seen, least float64) (similar []store.Similar) {
	for _, seen := range faces {
		for _, c := range seen.Face.Candidates {
			if c.Person.ID == person || c.Similarity < least {
				continue
			}
			one := store.Similar{Person: c.Person, ImageName: c.ImageName, Similarity: c.Similarity, PhotoID: c.PhotoID}
			i := slices.IndexFunc(similar, func(s store.Similar) bool { return s.Person.ID == c.Person.ID })
			if i < 0 {
				similar = append(similar, one)
			} else if similar[i].Similarity < c.Similarity {
				similar[i] = one
			}
		}
	}
	slices.SortFunc(similar, func(a, b store.Similar) int {
		return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), cmp.Compare(a.Person.ID, b.Person.ID))
	})
	return similar[:min(len(similar), suspectsShown/2)]
}

// leastCosine is how similar two are at least.
const leastCosine = -1

// notTwo leaves out of whom a hand, or a picture that shows both, says that they are somebody else.
func (v *view) notTwo(ctx context.Context, person int64, similar []store.Similar) ([]store.Similar, error) {
	if len(similar) == 0 {
		return nil, nil
	}
	people := []int64{person}
	for _, one := range similar {
		people = append(people, one.Person.ID)
	}
	pairs, err := v.db.AlikeAmong(ctx, people, leastCosine)
	return slices.DeleteFunc(similar, func(one store.Similar) bool {
		return !slices.ContainsFunc(pairs, func(a store.Alike) bool {
			return a.One == min(person, one.Person.ID) && a.Other == max(person, one.Person.ID)
		})
	}), err
}
