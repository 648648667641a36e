package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"lineup.dev/lineup/pkg/lineup"
)

// Enrolment is who is to be known, and by which photos.
type Enrolment struct {
	Name     string
	PersonID int64 // who it is, instead of a name
	Photos   []NewPhoto
	Chosen   int    // which face of the photo, from 1, left to right; 0 where it shows one
	New      bool   // somebody else than who is called so already
	Ask      bool   // whoever is called so already is not meant unasked
	Anyway   bool   // the photos may be like another named person
	By       string // the name of the API key
}

// NewPhoto is a photo to enrol somebody with.
type NewPhoto struct{ ImageName string }

// Enrolled is what came of an enrolment.
type Enrolled struct {
	Person  Profile
	Photos  []Photo  // those of the request, in its order; the pending ones wait for a hint
	Names   []string // under which the request's photos are to be saved, in its order
	Created bool     // the person was not there before, or no more
	Change  int64    // 0 when nothing was new

	made  bool    // the person, by this request
	added []int64 // photos, likewise
}

// NoSuchFace says that a photo which was looked at does not have the face that was chosen.
type NoSuchFace struct {
	Photo  Photo
	Chosen int
	Faces  int // it has
}

// Error says what to choose.
func (e *NoSuchFace) Error() string {
	return fmt.Sprintf("it has no face %d; next: choose one from 1 to %d, left to right", e.Chosen, e.Faces)
}

// SameSpelling says that the name is another's too, or several people's.
type SameSpelling struct{ People []lineup.Person }

// Error says what to do about it.
func (e *SameSpelling) Error() string {
	if len(e.People) == 1 {
		return fmt.Sprintf("%q, person %d, is called so already; next: merge the two, or say that this is somebody new", e.People[0].Name, e.People[0].ID)
	}
	return fmt.Sprintf("%d people are called so; next: name one by the id, or say that this is somebody new", len(e.People))
}

// Errors of what a caller asked for.
var (
	ErrOtherPerson = errors.New("the photo is already another person's")
	ErrErasing     = errors.New("the photo was an erased person's, and its file is still being removed; next: send it again in a moment")
	ErrNameless    = errors.New("the name has no character that can be seen; next: give another name")
)

// Enrol makes sure that there is a person of that name, or takes the one with the id,
// and that the photos are theirs. All or nothing; the same again completes it and changes
// nothing. Names of one spelling are one person unless New; with Ask that is *SameSpelling, but for the same again. A photo that was refused as
// like another named person is pending again with Anyway, as is one of which another face
// is chosen, and one that nobody could look at. A photo that somebody else has too gets a name of its own, and is
// looked at as any. ErrNotFound when nobody has the id; *SameSpelling when several have the name; *NoSuchFace;
// ErrErasing while the file of an erased person's photo of that name has not been removed.
func (s *Store) Enrol(ctx context.Context, e Enrolment) (Enrolled, error) {
	var done enrolling
	err := s.transact(ctx, "enrol a person", func(tx *sql.Tx) (err error) {
		done = enrolling{Enrolment: e, spelling: Spelling(e.Name)}
		return done.run(ctx, tx)
	})
	if err != nil {
		return Enrolled{}, err
	}
	profile, err := s.Person(ctx, done.person)
	if err != nil {
		return Enrolled{}, err
	}
	photos, err := s.Photos(ctx, done.photos)
	return Enrolled{Person: profile, Photos: photos, Names: done.names, Created: done.created || done.revived, Change: done.change, made: done.created, added: done.added}, err
}

// enrolling is an enrolment on its way.
type enrolling struct {
	Enrolment
	spelling string
	known    map[string]photoRow // the photos that have a row, by name
	owners   map[int64]survivor  // of these, by the person whom they were given

	person  int64
	photos  []int64
	names   []string // of these
	created bool
	revived bool
	change  int64

	values []changeValue
	added  []int64 // photos that had no row
	moved  []int64 // photos that counted and are to be looked at again
}

func (e *enrolling) run(ctx context.Context, tx *sql.Tx) error {
	if e.PersonID == 0 {
		if e.spelling == "" {
			return ErrNameless
		}
		if err := lockSpellings(ctx, tx, e.spelling); err != nil {
			return err
		}
	}
	if err := e.readPhotos(ctx, tx, photosByName); err != nil {
		return err
	}
	if err := e.findPerson(ctx, tx); err != nil {
		return err
	}
	if err := e.readPhotos(ctx, tx, photosByName+forUpdate); err != nil { // what another did meanwhile
		return err
	}
	if err := passTombstones(ctx, tx, e.unknown()); err != nil {
		return err
	}
	e.values = []changeValue{{Subject: subject("person", e.person, "removed"), Before: e.created || e.revived, After: false}}
	if err := e.enrolPhotos(ctx, tx); err != nil {
		return err
	}
	action := ActionPhoto
	if e.created || e.revived {
		action = ActionEnrol
	}
	var err error
	if e.change, err = record(ctx, tx, change{By: e.By, Action: action, Person: e.person, Values: e.values}); err != nil {
		return err
	}
	if !e.revived && len(e.moved) == 0 {
		return nil
	}
	_, err = bumpGallery(ctx, tx, []int64{e.person}, e.moved)
	return err
}

// enrolPhotos gives the photos to the person: one that somebody else has too by a name of its own.
func (e *enrolling) enrolPhotos(ctx context.Context, tx *sql.Tx) error {
	for _, photo := range e.Photos {
		name := photo.ImageName
		if row, known := e.known[name]; known && e.isOthers(row) {
			name = ownName(name, e.person)
		}
		id, err := e.enrolPhoto(ctx, tx, name)
		if err != nil {
			return err
		}
		e.photos, e.names = append(e.photos, id), append(e.names, name)
	}
	return nil
}

// readPhotos reads the rows that the photos have, and whose they are.
func (e *enrolling) readPhotos(ctx context.Context, tx *sql.Tx, statement string) error {
	e.known, e.owners = map[string]photoRow{}, map[int64]survivor{}
	if len(e.Photos) == 0 {
		return nil
	}
	var names []string
	for _, photo := range e.Photos {
		names = append(names, photo.ImageName)
		if e.person != 0 {
			names = append(names, ownName(photo.ImageName, e.person))
		}
	}
	list, args := placeholders(names)
	rows, err := query(ctx, tx, scanPhotoRow, fmt.Sprintf(statement, list), args...)
	if err != nil {
		return err
	}
	var people []int64
	for _, row := range rows {
		e.known[row.ImageName] = row
		people = append(people, row.PersonID)
	}
	e.owners, err = survivors(ctx, tx, people)
	return err
}

// unknown are the names of the photos that have no row.
func (e *enrolling) unknown() (names []string) {
	for _, photo := range e.Photos {
		if _, known := e.known[photo.ImageName]; !known {
			names = append(names, photo.ImageName)
		}
	}
	return names
}

// findPerson finds, brings back or makes the person, and holds the row.
func (e *enrolling) findPerson(ctx context.Context, tx *sql.Tx) (err error) {
	if e.PersonID != 0 {
		one, err := survivorOf(ctx, tx, e.PersonID)
		if err != nil {
			return err
		}
		e.person = one.ID
	} else if err := e.findNamed(ctx, tx); err != nil {
		return err
	}
	switch {
	case e.person == 0:
		e.created = true
		e.person, err = createPerson(ctx, tx, e.Name, e.spelling)
	case e.revived:
		err = e.revive(ctx, tx)
	default:
		_, err = lockSurvivors(ctx, tx, e.person)
	}
	return err
}

// findNamed finds who has the name; nobody where that is somebody new.
func (e *enrolling) findNamed(ctx context.Context, tx *sql.Tx) error {
	people, err := peopleSpelled(ctx, tx, e.spelling)
	if err != nil {
		return err
	}
	owner := e.ownerSpelled()
	switch {
	case owner != nil && e.isRepeated(owner, people):
		e.person = owner.ID
	case !e.New && e.isAsked(owner, people):
		return &SameSpelling{people}
	case !e.New && len(people) == 1:
		e.person = people[0].ID
	case owner != nil && owner.Removed:
		e.person, e.revived = owner.ID, true
	}
	return nil
}

// isRepeated tells whether the request is the one that enrolled its photos' owner.
func (e *enrolling) isRepeated(owner *survivor, people []lineup.Person) bool {
	return !owner.Removed && (e.New && !e.counts() || !e.New && len(people) != 1)
}

// isAsked tells whether whoever enrols has to say which of the people of the name is meant.
func (e *enrolling) isAsked(owner *survivor, people []lineup.Person) bool {
	if len(people) != 1 {
		return len(people) > 1
	}
	return e.Ask && (owner == nil || owner.ID != people[0].ID)
}

// revive brings back a person whose enrolment was undone.
func (e *enrolling) revive(ctx context.Context, tx *sql.Tx) error {
	rows, err := lockPeople(ctx, tx, e.person)
	if err != nil {
		return err
	}
	if !rows[0].removed || rows[0].into.Valid {
		return errMoved
	}
	_, err = tx.ExecContext(ctx, updatePersonRemoved, false, e.person)
	return err
}

// owner is the one person whose all the photos are that have a row.
func (e *enrolling) owner() *survivor {
	var owner *survivor
	for _, one := range e.owners {
		if owner != nil && owner.ID != one.ID {
			return nil
		}
		owner = &one
	}
	return owner
}

// ownerSpelled is the owner, if they are called as the request says.
func (e *enrolling) ownerSpelled() *survivor {
	if owner := e.owner(); owner != nil && Spelling(string(owner.Name)) == e.spelling {
		return owner
	}
	return nil
}

// counts tells whether one of the photos is known and counts: whoever says that it is
// somebody new's means one more person then.
func (e *enrolling) counts() bool {
	for _, row := range e.known {
		if !row.removed && (row.State == PhotoUsable || row.State == PhotoUnchecked) {
			return true
		}
	}
	return false
}
