package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// imagePage is one picture.
type imagePage struct {
	lineup.Image
	Shown   []shownFace   `json:"-"` // the faces, from left to right
	Missing string        `json:"-"` // why the picture itself cannot be shown, else empty
	Save    bool          `json:"-"` // it can be saved all the same
	Older   int64         `json:"-"` // the picture before, 0 for none
	Newer   int64         `json:"-"` // the picture after, 0 for none
	Past    []store.Event `json:"-"` // what happened to it, the oldest first
}

// shownFace is a face as the page shows it.
type shownFace struct {
	lineup.Face
	Number int             // from 1
	Rivals []lineup.Person // who else it could be
}

// Of how many persons a face is offered to be, and how similar they are at least: below
// that nobody is like it.
const (
	rivalsShown = 3
	rivalsFrom  = 0.25
)

// Failed tells the template that there is a reason to show, not a person.
func (p imagePage) Failed() bool { return p.Status.IsFailure() }

// ByHand tells that a hand decided it, which can be taken back.
func (f shownFace) ByHand() bool { return f.DecidedBy == lineup.ByHand && !f.Ignored }

// NotAnyMore are the persons that the face is not once it is not who it is now.
func (f shownFace) NotAnyMore() []int64 { return append(slices.Clone(f.Not), f.Person.ID) }

// Same are the two persons between whom the machine could not tell: they may be one.
func (f shownFace) Same() []lineup.Person {
	if f.Refusal != "ambiguous" || len(f.Rivals) < 2 {
		return nil
	}
	return f.Rivals[:2]
}

func (v *view) image(r *http.Request) (page, error) {
	image, err := v.readImage(r)
	if err != nil {
		return page{}, err
	}
	content := imagePage{Image: image, Shown: leftToRight(image.Faces)}
	if !serve.WantsJSON(r) {
		if err := v.addSurroundings(r, &content); err != nil {
			return page{}, err
		}
	}
	return page{template: "image", title: fmt.Sprintf("Picture %d", image.ID), content: content, about: store.ChangeFilter{Image: image.ID}}, nil
}

// addSurroundings adds what only the page shows.
func (v *view) addSurroundings(r *http.Request, p *imagePage) (err error) {
	switch err := v.checkPicture(r.Context(), p.Image); {
	case errors.Is(err, errNotShown):
		p.Missing, p.Save = pictureProblem(err).Detail, true
	case err != nil:
		p.Missing = v.report(r, pictureProblem(err), err, "image", p.ID).Detail
	}
	if p.Older, p.Newer, err = v.db.Neighbours(r.Context(), p.ID); err != nil {
		return err
	}
	p.Past, err = v.db.History(r.Context(), p.ID)
	return err
}

// leftToRight numbers the faces as one points at them; those without a box come last.
func leftToRight(faces []lineup.Face) []shownFace {
	sorted := slices.Clone(faces)
	slices.SortStableFunc(sorted, func(a, b lineup.Face) int {
		if a.Box == nil || b.Box == nil {
			return cmp.Compare(boxes(b), boxes(a))
		}
		return cmp.Compare(a.Box.X, b.Box.X)
	})
	shown := make([]shownFace, len(sorted))
	for i, face := range sorted {
		shown[i] = shownFace{Face: face, Number: i + 1, Rivals: rivals(face)}
	}
	return shown
}

func boxes(f lineup.Face) int {
	if f.Box == nil {
		return 0
	}
	return 1
}

func rivals(f lineup.Face) (all []lineup.Person) {
	for _, c := range f.Candidates {
		if f.Person != nil && c.Person.ID == f.Person.ID || slices.Contains(f.Not, c.Person.ID) || c.Similarity < rivalsFrom {
			continue
		}
		if all = append(all, c.Person); len(all) == rivalsShown {
			break
		}
	}
	return all
}
