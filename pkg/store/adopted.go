package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"lineup.dev/lineup/pkg/lineup"
)

// byGallery is in a change's By what somebody did who put a photo into the gallery.
const byGallery = "(gallery)"

// Adoptable tells whether a file of the gallery can be somebody's photo: whether its name
// fits a row, and somebody can be called as it says.
func Adoptable(imageName string) bool {
	return utf8.ValidString(imageName) && utf8.RuneCountInString(imageName) <= ImageNameWidth &&
		!strings.ContainsFunc(imageName, unicode.IsControl) && !strings.HasPrefix(imageName, facePhotoPrefix) &&
		strings.TrimSpace(imageName) == imageName && Spelling(nameOfFile(imageName)) != ""
}

// nameOfFile is the name of a person, in the form that a request's would have, whom the
// photo's name tells.
func nameOfFile(imageName string) string {
	name := []rune(strings.Join(strings.Fields(norm.NFC.String(lineup.PersonOfPath(imageName))), " "))
	return string(name[:min(len(name), PersonNameWidth)])
}

const updatePhotoAdopted = `
	UPDATE person_images
	SET person_id = ?
	WHERE id = ?`

// adopting is giving a photo to somebody, once it was looked at.
type adopting struct {
	claim    PhotoClaim
	outcome  PhotoOutcome
	name     string
	spelling string

	person  int64 // 0: to be made
	created bool
	reason  string // why the photo cannot be used although it is good
}

// finishAdopted is FinishPhoto for a photo that a hand put into the gallery: it becomes
// that of the named person whom it is like, else of the one whom its name tells.
func (s *Store) finishAdopted(ctx context.Context, c PhotoClaim, o PhotoOutcome) (photo Photo, err error) {
	name := nameOfFile(c.ImageName)
	err = s.transact(ctx, fmt.Sprintf("write the outcome of photo %d", c.ID), func(tx *sql.Tx) error {
		a := &adopting{claim: c, outcome: o, name: name, spelling: Spelling(name)}
		if err := a.run(ctx, tx); err != nil {
			return err
		}
		photo, err = writtenPhoto(ctx, tx, c.ID)
		return err
	})
	return photo, err
}

func (a *adopting) run(ctx context.Context, tx *sql.Tx) error {
	if err := lockSpellings(ctx, tx, a.spelling); err != nil {
		return err
	}
	if err := a.findOwner(ctx, tx); err != nil {
		return err
	}
	if a.person != 0 {
		if _, err := lockSurvivors(ctx, tx, a.person); err != nil {
			return err
		}
	}
	rows, err := query(ctx, tx, scanPhotoRow, selectPhotoClaimed, a.claim.ID, a.claim.token)
	if err != nil {
		return err
	}
	if len(rows) == 0 || rows[0].PersonID != 0 { // somebody enrolled it meanwhile
		return ErrClaimLost
	}
	if err := leave(ctx, tx, []lineup.Derived{rows[0].Crop}); err != nil {
		return err
	}
	if a.outcome.State == PhotoUsable {
		if err := a.ownerStands(ctx, tx); err != nil {
			return err
		}
	}
	return a.write(ctx, tx, rows[0].Photo)
}

// findOwner finds whose photo it is; nobody where that is somebody new.
func (a *adopting) findOwner(ctx context.Context, tx *sql.Tx) error {
	a.person, a.reason = 0, ""
	called, err := peopleSpelled(ctx, tx, a.spelling)
	if err != nil {
		return err
	}
	var like []Similar
	if a.outcome.State == PhotoUsable {
		if like, err = alike(ctx, tx, a.claim.Photo, a.outcome); err != nil {
			return err
		}
	}
	for _, person := range called { // of several whom it is like, it is the one it says
		if slices.ContainsFunc(like, func(s Similar) bool { return s.Person.ID == person.ID }) {
			a.person = person.ID
			return nil
		}
	}
	switch {
	case len(like) > 0:
		a.person = like[0].Person.ID
	case len(called) > 0:
		a.person = called[0].ID
	}
	if len(like) == 0 && len(called) > 1 {
		a.reason = fmt.Sprintf("it is like nobody, and %d people are called as its file is: add it to the photos of one of them", len(called))
	}
	return nil
}

// ownerStands holds the gallery, so that nobody enrols, merges or names until this is
// committed, and looks whether another should have the photo by now.
func (a *adopting) ownerStands(ctx context.Context, tx *sql.Tx) error {
	if err := tx.QueryRowContext(ctx, lockGallery).Scan(new(int64)); err != nil {
		return err
	}
	person := a.person
	if err := a.findOwner(ctx, tx); err != nil {
		return err
	}
	if a.person != person {
		return errMoved
	}
	return nil
}

func (a *adopting) write(ctx context.Context, tx *sql.Tx, photo Photo) (err error) {
	if a.person == 0 {
		if a.person, err = createPerson(ctx, tx, a.name, a.spelling); err != nil {
			return err
		}
		a.created = true
	}
	if _, err := tx.ExecContext(ctx, updatePhotoAdopted, a.person, photo.ID); err != nil {
		return err
	}
	if a.outcome.State == PhotoUsable && a.reason == "" {
		owner, err := survivorOf(ctx, tx, a.person)
		if err != nil {
			return err
		}
		if a.reason, err = samePhoto(ctx, tx, photo, owner, a.outcome); err != nil {
			return err
		}
	}
	if a.reason != "" {
		a.outcome.State, a.outcome.Reason, a.outcome.Warning = PhotoUnusable, a.reason, ""
	}
	if err := writeOutcome(ctx, tx, photo.ID, a.outcome, nil); err != nil {
		return err
	}
	action := ActionPhoto
	if a.created {
		action = ActionEnrol
	}
	_, err = record(ctx, tx, change{By: byGallery, Action: action, Person: a.person, Values: []changeValue{
		{Subject: subject("person", a.person, "removed"), Before: a.created, After: false},
		{Subject: subject("photo", photo.ID, "removed"), Before: true, After: false},
	}})
	if err == nil && a.outcome.State == PhotoUsable {
		_, err = bumpGallery(ctx, tx, nil, []int64{photo.ID})
	}
	return err
}
