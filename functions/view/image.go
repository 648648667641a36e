package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// imagePage is one picture.
type imagePage struct {
	lineup.Image
	Shown   []shownFace   `json:"-"` // the faces, from left to right, or a part of them
	Parts   []facesPart   `json:"-"` // of which more than FACES_SHOWN are shown, one at a time; else none
	Source  string        `json:"-"` // URL of what is shown, empty where nothing can be
	Shape   shape         `json:"-"`
	Missing string        `json:"-"` // why the picture itself cannot be shown, else empty
	Save    bool          `json:"-"` // it can only be saved
	Older   int64         `json:"-"` // the picture before, 0 for none
	Newer   int64         `json:"-"` // the picture after, 0 for none
	Past    []store.Event `json:"-"` // what happened to it, the oldest first
}

// Failed tells the template that there is a reason to show, not a person.
func (p imagePage) Failed() bool { return p.Status.IsFailure() }

// IsFolder tells the template that what was posted as a picture is a folder, which can be added as one.
func (p imagePage) IsFolder() bool { return p.Failed() && strings.HasPrefix(p.Reason, isFolder) }

// InOrder is the picture with the people in it from left to right, as its faces are numbered.
func (p imagePage) InOrder() lineup.Image {
	if p.Faces = leftToRight(p.Faces); len(p.Faces) > 0 {
		p.Person = nil // the best match, who is among them
	}
	return p.Image
}

func (v *view) image(r *http.Request) (page, error) {
	image, err := v.readImage(r)
	if err != nil {
		return page{}, err
	}
	content := imagePage{Image: image}
	if !serve.WantsJSON(r) {
		if err := v.addSurroundings(r, &content); err != nil {
			return page{}, err
		}
	}
	return page{template: "image", title: fmt.Sprintf("Picture %d", image.ID), content: content}, nil
}

// facesPart is a part of a picture's faces, each of which has a page.
type facesPart struct {
	Label, URL string
	Current    bool
}

// partOf gives those of very many faces that the request asks for: a page with ten thousand
// forms takes a browser minutes.
func (v *view) partOf(r *http.Request, faces []shownFace) ([]shownFace, []facesPart) {
	most := v.options.FacesShown
	if len(faces) <= most {
		return faces, nil
	}
	from, err := strconv.Atoi(r.URL.Query().Get("faces"))
	if err != nil || from < 1 || from > len(faces) {
		from = 1
	}
	from -= (from - 1) % most
	var parts []facesPart
	for first := 1; first <= len(faces); first += most {
		label := fmt.Sprintf("%d–%d", first, min(first+most-1, len(faces)))
		parts = append(parts, facesPart{label, fmt.Sprintf("?faces=%d", first), first == from})
	}
	return faces[from-1 : min(from-1+most, len(faces))], parts
}

// addSurroundings adds what only the page shows.
func (v *view) addSurroundings(r *http.Request, p *imagePage) (err error) {
	v.addSource(r, p)
	p.Shown, p.Parts = v.partOf(r, withNumbers(leftToRight(p.Faces)))
	p.addTags()
	if err := v.addLikes(r.Context(), p.Shown); err != nil {
		return err
	}
	if p.Older, p.Newer, err = v.db.Neighbours(r.Context(), p.ID); err != nil {
		return err
	}
	p.Past, err = v.db.History(r.Context(), p.ID)
	return err
}

// unknownShape is that of a picture of which nobody knows how many times higher than wide it is: in a low
// one tags cover each other rather.
const unknownShape = 0.5

// addTags adds the faces' tags. Those of faces as small as a crowd's need no room: they are shown where somebody points.
func (p *imagePage) addTags() {
	var tags []*tag
	for i := range p.Shown {
		face := &p.Shown[i]
		if face.Box == nil {
			continue
		}
		if face.Tag = newTag(face.Face, face.Number); !isTiny(face.Box) {
			tags = append(tags, face.Tag)
		}
	}
	high := unknownShape
	if p.Shape.Width > 0 {
		high = float64(p.Shape.Height) / float64(p.Shape.Width)
	}
	makeRoom(tags, high)
}

// addSource adds what is to be shown: the picture, or what was made of it when it was looked
// at, where no browser shows the file or it cannot be read any more.
func (v *view) addSource(r *http.Request, p *imagePage) {
	p.Shape = v.shapeOf(r.Context(), p.Image)
	err := v.checkPicture(r.Context(), p.Image)
	if err == nil {
		p.Source = pictureURL(p.Image)
		return
	}
	p.Source = cmp.Or(p.Large, p.Thumbnail).URL()
	switch p.Save = errors.Is(err, errNotShown) || errors.Is(err, errBroken); {
	case p.Save && p.Large != "":
	case p.Save:
		p.Missing = pictureProblem(err).Detail
	default:
		p.Missing = v.report(r, pictureProblem(err), err, "image", p.ID).Detail
	}
}
