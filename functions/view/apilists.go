package main

import (
	"context"
	"net/http"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func (v *view) apiImages(r *http.Request, q query) (any, error) {
	f, err := q.filter(v.options)
	if err != nil {
		return nil, err
	}
	images, more, err := v.db.Images(r.Context(), f)
	return newList(images, more, q, "before", func(i lineup.Image) int64 { return i.ID }), err
}

func (v *view) apiImage(r *http.Request, _ query) (any, error) {
	return byID(r, "picture", v.db.Image)
}

func (v *view) apiHistory(r *http.Request, _ query) (any, error) {
	events, err := byID(r, "picture", v.db.History)
	return list[store.Event]{Items: events}, err
}

func (v *view) apiPeople(r *http.Request, q query) (any, error) {
	f, err := q.peopleFilter(v.options)
	if err != nil {
		return nil, err
	}
	people, more, err := v.db.Profiles(r.Context(), f)
	return newList(people, more, q, "after", func(p store.Profile) int64 { return p.ID }), err
}

func (v *view) apiPerson(r *http.Request, _ query) (any, error) {
	profile, err := byID(r, "person", v.db.Person)
	return profile, v.orErased(r, err)
}

func (v *view) apiErasure(r *http.Request, _ query) (any, error) {
	return byID(r, "receipt", v.db.Erasure)
}

func (v *view) apiStats(r *http.Request, _ query) (any, error) { return v.db.Stats(r.Context()) }

func (v *view) apiSimilar(r *http.Request, q query) (any, error) {
	least, err := q.similarity("least", v.options.SimilarLeast)
	if err != nil {
		return nil, err
	}
	similar, err := byID(r, "person", func(ctx context.Context, id int64) ([]store.Similar, error) {
		return v.db.SimilarPeople(ctx, id, least)
	})
	return list[store.Similar]{Items: append([]store.Similar{}, similar...)}, v.orErased(r, err)
}

func (v *view) apiChanges(r *http.Request, q query) (any, error) {
	f := store.ChangeFilter{}
	for name, value := range map[string]*int64{"person": &f.Person, "image": &f.Image, "before": &f.Before} {
		var err error
		if *value, err = q.id(name); err != nil {
			return nil, err
		}
	}
	var err error
	if f.Limit, err = q.limit(v.options); err != nil {
		return nil, err
	}
	made, more, err := v.db.Changes(r.Context(), f)
	return newList(made, more, q, "before", func(c store.Change) int64 { return c.ID }), err
}
