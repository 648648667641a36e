package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

// FaceDecision is what a hand says of a face. What is nil stays as it is.
type FaceDecision struct {
	Person   *int64   // it is this person
	NewName  *string  // it is the person of that name, who is made if there is none
	TakeBack bool     // whose it is, the machine says again
	Not      *[]int64 // all whom it is not; replaces what was said before
	Ignored  *bool    // it is nobody's business
}

// ErrContradiction says that a decision says two things of a face that cannot both be.
var ErrContradiction = errors.New("a face cannot be somebody and also not them, or nobody's business")

func (d FaceDecision) gives() bool { return d.Person != nil || d.NewName != nil }

func (d FaceDecision) action() Action {
	switch {
	case d.gives(), d.TakeBack:
		return ActionIs
	case d.Not != nil:
		return ActionIsNot
	}
	return ActionIgnore
}

// Decided is a picture with a face of which a hand said something.
type Decided struct {
	lineup.Image
	Face   int64
	Change int64 // that did it; 0 where nothing was new
}

// DecideFace does what a hand says of a face, decides the whole picture again, and gives
// it. A face that is given to somebody is no more ignored nor said not to be them; one that
// is ignored or not somebody is theirs no more. Where it is good enough it counts as their
// photo. ErrNotFound when there is no such face or person; *SameSpelling when several have
// the name.
func (s *Store) DecideFace(ctx context.Context, id int64, d FaceDecision, by string) (Decided, error) {
	if d.gives() && (d.TakeBack || d.Ignored != nil && *d.Ignored || d.Person != nil && d.NewName != nil) {
		return Decided{}, ErrContradiction
	}
	var image, made int64
	err := s.transact(ctx, fmt.Sprintf("decide face %d", id), func(tx *sql.Tx) error {
		h := &hand{by: by, action: d.action()}
		if err := h.lockName(ctx, tx, d.NewName); err != nil {
			return err
		}
		face, err := h.holdFace(ctx, tx, id)
		if err != nil {
			return err
		}
		image = face.imageID
		if err := h.findPerson(ctx, tx, d); err != nil {
			return err
		}
		if d.Not != nil {
			if _, err := survivorsOf(ctx, tx, *d.Not); err != nil {
				return err
			}
		}
		after, err := h.said(ctx, tx, face, d)
		if err != nil {
			return err
		}
		made, err = h.write(ctx, tx, face, face.handValues(after))
		return err
	})
	if err != nil {
		return Decided{}, err
	}
	picture, err := s.Image(ctx, image)
	return Decided{picture, id, made}, err
}

// AddFace puts a face into the picture that was not found, as a hand drew it, and gives it
// to the person. The same again changes nothing. ErrNotFound when there
// is no such picture or person.
func (s *Store) AddFace(ctx context.Context, image int64, box lineup.Box, d FaceDecision, by string) (added Decided, err error) {
	err = s.transact(ctx, fmt.Sprintf("add a face to image %d", image), func(tx *sql.Tx) error {
		added = Decided{}
		h := &hand{by: by, action: ActionFace}
		if err := h.lockName(ctx, tx, d.NewName); err != nil {
			return err
		}
		pictures, err := lockPictures(ctx, tx, []int64{image})
		if err != nil {
			return err
		}
		if len(pictures) == 0 {
			return ErrNotFound
		}
		if err := h.findPerson(ctx, tx, d); err != nil {
			return err
		}
		who, err := survivors(ctx, tx, peopleIn(pictures[0].faces))
		if err != nil {
			return err
		}
		there := slices.IndexFunc(pictures[0].faces, func(f faceRow) bool { return f.Box != nil && *f.Box == box && who[f.handPerson()].ID == h.person })
		if there >= 0 {
			added.Face = pictures[0].faces[there].ID
			return nil
		}
		added.Face, added.Change, err = h.draw(ctx, tx, image, box)
		return err
	})
	if err != nil {
		return Decided{}, err
	}
	added.Image, err = s.Image(ctx, image)
	return added, err
}

// hand is a decision by hand on its way.
type hand struct {
	by     string
	action Action

	spelling string
	person   int64 // whom the face is given to; 0 for nobody
	created  bool
	others   []int64 // who else was made for the change, as whom the face is not
	name     string
}

// lockName holds the spelling of a name that may be somebody new's.
func (h *hand) lockName(ctx context.Context, tx *sql.Tx, name *string) error {
	if name == nil {
		return nil
	}
	if h.name, h.spelling = *name, Spelling(*name); h.spelling == "" {
		return ErrNameless
	}
	return lockSpellings(ctx, tx, h.spelling)
}

// holdFace holds the row of the face's picture and reads the face.
func (h *hand) holdFace(ctx context.Context, tx *sql.Tx, id int64) (faceRow, error) {
	images, err := query(ctx, tx, scanID, fmt.Sprintf(selectImagesOfFaces, "(?)"), id)
	if err != nil {
		return faceRow{}, err
	}
	pictures, err := lockPictures(ctx, tx, images)
	if err != nil {
		return faceRow{}, err
	}
	for _, p := range pictures {
		if i := slices.IndexFunc(p.faces, func(f faceRow) bool { return f.ID == id }); i >= 0 {
			return p.faces[i], nil
		}
	}
	return faceRow{}, ErrNotFound
}

// findPerson finds or makes the person whom the face is given to, and holds the row.
func (h *hand) findPerson(ctx context.Context, tx *sql.Tx, d FaceDecision) error {
	switch {
	case d.NewName != nil:
		people, err := peopleSpelled(ctx, tx, h.spelling)
		if err != nil {
			return err
		}
		switch len(people) {
		case 0:
			h.person, err = createPerson(ctx, tx, h.name, h.spelling)
			h.created = true
			return err
		case 1:
			h.person = people[0].ID
		default:
			return &SameSpelling{people}
		}
	case d.Person != nil:
		one, err := survivorOf(ctx, tx, *d.Person)
		if err != nil {
			return err
		}
		h.person = one.ID
	default:
		return nil
	}
	_, err := lockSurvivors(ctx, tx, h.person)
	return err
}

// draw puts a face into the picture, whose row is held, and tells its id, and the change.
func (h *hand) draw(ctx context.Context, tx *sql.Tx, image int64, box lineup.Box) (id, made int64, err error) {
	face := faceRow{imageID: image}
	if face.ID, err = drawFace(ctx, tx, 0, drawn{image, box}); err != nil {
		return 0, 0, err
	}
	after := face
	if h.person != 0 {
		after.DecidedBy, after.given = lineup.ByHand, h.person
	}
	values := append(face.handValues(after), changeValue{subject("face", face.ID, "drawn"), nil, drawn{image, box}})
	made, err = h.write(ctx, tx, face, values)
	return face.ID, made, err
}

// said is the face with what the hand says of it.
func (h *hand) said(ctx context.Context, tx *sql.Tx, face faceRow, d FaceDecision) (faceRow, error) {
	after := face
	if d.Ignored != nil {
		after.Ignored = *d.Ignored
	}
	ids := append([]int64{face.given, h.person}, face.Not...)
	if d.Not != nil {
		ids = append(ids, *d.Not...)
	}
	who, err := survivors(ctx, tx, ids)
	if err != nil {
		return after, err
	}
	if d.Not != nil {
		after.Not = face.replacedNot(*d.Not, who)
	}
	same := func(a, b int64) bool { return a == b || who[a].ID != 0 && who[a].ID == who[b].ID }
	given := face.handPerson()
	switch {
	case h.person != 0:
		if d.Not != nil && slices.ContainsFunc(after.Not, func(id int64) bool { return same(id, h.person) }) {
			return after, ErrContradiction
		}
		given, after.Ignored = h.person, false
		after.Not = slices.DeleteFunc(slices.Clone(after.Not), func(id int64) bool { return same(id, h.person) })
	case d.TakeBack, after.Ignored, slices.ContainsFunc(after.Not, func(id int64) bool { return same(id, given) }):
		given = 0
	}
	after.given, after.DecidedBy = given, lineup.ByMachine
	if given != 0 || after.Ignored {
		after.DecidedBy = lineup.ByHand
	}
	return after, nil
}

// replacedNot are the persons that the face is said not to be once the list that is shown is
// replaced by this one. Who was merged since is shown as who they are now, and stays in it as who
// they were, so that undoing that merge does not change what was said; who is not shown, as their
// enrolment was undone, stays.
func (f faceRow) replacedNot(list []int64, who map[int64]survivor) (not []int64) {
	said := map[int64]bool{}
	for _, id := range list {
		said[who[id].ID] = true
	}
	covered := map[int64]bool{}
	for _, id := range f.Not {
		if one := who[id]; one.Removed || said[one.ID] {
			not, covered[one.ID] = append(not, id), true
		}
	}
	for _, id := range list {
		if !covered[who[id].ID] {
			not = append(not, id)
		}
	}
	return distinctIDs(not)
}

// write sets the values, records them, and lets the gallery know.
func (h *hand) write(ctx context.Context, tx *sql.Tx, face faceRow, values []changeValue) (made int64, err error) {
	if len(values) == 0 {
		return 0, nil
	}
	settings := make([]setting, len(values))
	for i, value := range values {
		if settings[i], err = newSetting(value); err != nil {
			return 0, err
		}
	}
	before, err := facePhotos(ctx, tx, face.ID)
	if err != nil {
		return 0, err
	}
	photos, err := setFaces(ctx, tx, settings)
	if err != nil {
		return 0, err
	}
	after, err := facePhotos(ctx, tx, face.ID)
	if err != nil {
		return 0, err
	}
	for _, photo := range after { // also where it stays: who put it in or out before is undone only after this
		values = append(values, changeValue{subject("photo", photo.id, "removed"), len(before) == 0 || before[0].removed, photo.removed})
	}
	people := slices.Concat([]int64{face.handPerson()}, face.Not)
	for _, value := range values {
		if ids, are := value.After.([]int64); are {
			people = append(people, ids...)
		}
	}
	if h.person != 0 { // the decision holds as long as there is the person
		values = append(values, changeValue{subject("person", h.person, "removed"), h.created, false})
	}
	for _, id := range h.others {
		values = append(values, changeValue{subject("person", id, "removed"), true, false})
	}
	c := change{By: h.by, Action: h.action, Person: cmp.Or(h.person, whoIsNot(values)), Image: face.imageID, Face: face.ID, Values: values, People: people}
	if made, err = record(ctx, tx, c); err != nil || len(photos) == 0 {
		return made, err
	}
	_, err = bumpGallery(ctx, tx, nil, photos)
	return made, err
}

// whoIsNot is the one person more whom a face is said not to be; 0 where it is not one.
func whoIsNot(values []changeValue) int64 {
	for _, value := range values {
		before, were := value.Before.([]int64)
		after, are := value.After.([]int64)
		if !were || !are {
			continue
		}
		if added := slices.DeleteFunc(slices.Clone(after), func(id int64) bool { return slices.Contains(before, id) }); len(added) == 1 {
			return added[0]
		}
	}
	return 0
}
