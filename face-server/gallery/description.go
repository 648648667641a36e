package gallery

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"slices"

	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/pkg/photo"
)

// content is the SHA-256 of a photo's bytes.
type content [sha256.Size]byte

// description is what a photo's content shows; it holds for as long as the models do.
type description struct {
	content    content
	unreadable error   // of package picture, or nil
	faces      int     // how many
	second     float64 // the second largest face's area as a part of the largest's
	quality    Quality // of the largest
	embedding  []float32
}

// describe makes the description of a photo that shows these faces, the largest first.
func describe(of content, faces []Face) description {
	d := description{content: of, faces: len(faces)}
	if len(faces) > 0 {
		d.quality, d.embedding = faces[0].Quality, faces[0].Embedding
	}
	if len(faces) > 1 {
		d.second = faces[1].Box.Area() / faces[0].Box.Area()
	}
	return d
}

// stamp tells a photo from one that took its place.
type stamp struct{ size, modified int64 } // bytes, nanoseconds since 1970

func stampOf(e photo.Entry) stamp { return stamp{e.Size, e.ModTime.UnixNano()} }

// record is a description and the photo it was made of.
type record struct {
	name  string
	stamp stamp
	description
}

// known is what is known of a photo. It does not change once others see it, but for
// embedding and home, which are the reading goroutine's.
type known struct {
	entry    photo.Entry
	person   string
	problems []Problem
	usable   bool
	failure  error // why it could not even be read; then there is no description
	description
	home *segment // where its record lies; nil when nowhere
}

// show is the photo as the gallery lists it.
func (k *known) show() Photo {
	return Photo{k.entry.Name, k.person, k.usable, k.problems, cmp.Or(k.failure, k.unreadable)}
}

// unreadable is what is known of a photo that could not be read.
func unreadable(entry photo.Entry, failure error) *known {
	return &known{entry: entry, person: Person(entry.Name), problems: []Problem{Unreadable}, failure: failure}
}

// moveTo makes s the home of a record that lies there too. All replicas choose the
// same of several: no two of them take each other's file for dead.
func (k *known) moveTo(s *segment) {
	if k.home == nil || k.home.gone || s.name < k.home.name {
		k.home = s
	}
}

// is tells whether k is still right about an entry of the list.
func (k *known) is(e photo.Entry) bool {
	return stampOf(k.entry) == stampOf(e) && (k.failure == nil || lasting(k.failure))
}

// lasting tells whether what reading a photo ended with holds for as long as the
// photo and the settings stay as they are. Other failures, of a disk say, are worth
// another try.
func lasting(err error) bool {
	return slices.ContainsFunc([]error{
		picture.ErrNoPicture, picture.ErrTooLarge, picture.ErrOff, photo.ErrTooLarge, photo.ErrNotFile, photo.ErrOutside, photo.ErrRefused,
	}, func(kind error) bool { return errors.Is(err, kind) })
}

// noPicture is a picture's error that was kept as words.
type noPicture string

func (n noPicture) Error() string        { return string(n) }
func (n noPicture) Is(target error) bool { return target == picture.ErrNoPicture }
