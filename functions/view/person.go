package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// personPage is a person's profile with one page of the pictures they are in.
type personPage struct {
	store.Profile
	imageList
	Faces      []store.Seen                  `json:"-"` // the person's own, in these pictures
	AsPictures bool                          `json:"-"` // whole, not faces
	LeastSure  bool                          `json:"-"` // first
	Switch     string                        `json:"-"` // URL of the other of faces and pictures
	Orders     []choice                      `json:"-"` // of the appearances
	Similar    []suspect                     `json:"-"` // who could be the same person
	Compared   bool                          `json:"-"` // with everybody, for that
	Compare    string                        `json:"-"` // URL of the page with that
	Unlike     []int64                       `json:"-"` // photos that are like no other of the person's
	Goes       struct{ Photos, Files int64 } `json:"-"` // if the person is erased
	Changes    []store.Change                `json:"-"` // of the person, the newest first
	Here       string                        `json:"-"` // this page, for a form to lead back to
}

// changesShown is of how many changes a profile tells.
const changesShown = 5

// IsUnlike tells of a photo that it is like no other of the person's.
func (p personPage) IsUnlike(photo int64) bool { return slices.Contains(p.Unlike, photo) }

// Called is what the person is called within a sentence.
func (p personPage) Called() string { return calledIn(p.Person) }

func (v *view) person(r *http.Request) (page, error) {
	q, err := parseQuery(r)
	if err != nil {
		return page{}, err
	}
	id, ok := pathID(r)
	if !ok {
		return page{}, notFound("A person's id is a whole number. The people are at /people.")
	}
	profile, err := v.db.Person(r.Context(), id)
	if errors.Is(err, store.ErrNotFound) && q.values.Has(doneParameter) && !serve.WantsJSON(r) { // that they were added is undone
		return page{moved: "/people?" + url.Values{doneParameter: q.values[doneParameter]}.Encode()}, nil
	}
	if errors.Is(err, store.ErrNotFound) {
		return page{}, v.orErased(r, notFound(fmt.Sprintf("There is no person with the id %d. The people are at /people.", id)))
	}
	if err != nil {
		return page{}, err
	}
	if profile.MergedInto != nil && !serve.WantsJSON(r) {
		q.path = fmt.Sprintf("/people/%d", *profile.MergedInto)
		return page{moved: q.with()}, nil
	}
	content := personPage{Profile: profile, AsPictures: q.values.Get("as") == "pictures", LeastSure: q.values.Get("sort") == "sure", Here: q.with(doneParameter, "")}
	if err := v.addAppearances(r, q, &content); err != nil {
		return page{}, err
	}
	content.addChoices(q)
	if !serve.WantsJSON(r) {
		err = v.addPeopleAround(r, q, &content)
	}
	return page{template: "person", title: content.Called(), content: content}, err
}

// addAppearances adds one page of what the person is in.
func (v *view) addAppearances(r *http.Request, q query, p *personPage) (err error) {
	if !p.LeastSure {
		p.imageList, err = v.readImages(r, q, store.Filter{Person: p.ID})
		for _, image := range p.Images {
			for _, face := range image.Faces {
				if face.Person != nil && face.Person.ID == p.survivor() {
					p.Faces = append(p.Faces, store.Seen{Image: image, Face: face})
				}
			}
		}
		return err
	}
	f := store.SureFilter{Person: p.ID, Among: v.options.LeastSureAmong}
	if f.After, err = q.id("after"); err != nil {
		return err
	}
	if f.Limit, err = q.limit(v.options); err != nil {
		return err
	}
	var last int64
	if p.Faces, last, err = v.db.LeastSure(r.Context(), f); err != nil {
		return err
	}
	p.Images = []lineup.Image{}
	for _, seen := range p.Faces {
		p.Images = append(p.Images, seen.Image)
	}
	if last != 0 {
		p.Next = q.next("after", last)
	}
	if f.After != 0 {
		p.Newest = q.with("after", "")
	}
	return nil
}

// survivor is who the person is by now.
func (p personPage) survivor() int64 {
	if p.MergedInto != nil {
		return *p.MergedInto
	}
	return p.ID
}

// addChoices adds how else the appearances can be shown.
func (p *personPage) addChoices(q query) {
	rest := []string{"before", "", "after", "", doneParameter, ""}
	p.Switch = q.with(append(rest, "as", "pictures")...)
	if p.AsPictures {
		p.Switch = q.with(append(rest, "as", "")...)
	}
	p.Orders = []choice{
		{Label: "newest first", URL: q.with(append(rest, "sort", "")...), Current: !p.LeastSure},
		{Label: "least sure first", URL: q.with(append(rest, "sort", "sure")...), Current: p.LeastSure},
	}
	p.Compare = q.with(doneParameter, "", "similar", "true") + "#same"
}

// addPeopleAround adds who could be the same person, what was changed, and what would go.
func (v *view) addPeopleAround(r *http.Request, q query, p *personPage) (err error) {
	if p.Changes, _, err = v.db.Changes(r.Context(), store.ChangeFilter{Person: p.ID, Limit: changesShown}); err != nil {
		return err
	}
	if p.Goes.Photos, p.Goes.Files, err = v.db.ErasablePhotos(r.Context(), p.ID); err != nil {
		return err
	}
	if p.Unlike, err = v.db.UnlikeOthers(r.Context(), countingPhotos(p.Profile), unlikeBelow); err != nil {
		return err
	}
	if p.Compared, err = q.is("similar"); err != nil {
		return err
	}
	if p.Compared {
		p.Similar, err = v.likeAnybody(r.Context(), p.survivor())
	} else {
		p.Similar, err = v.likeTheirFaces(r.Context(), p.survivor(), p.Faces)
	}
	return err
}
