package gallery

import (
	"errors"
	"log/slog"
	"slices"

	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/photo"
)

// stamp tells a photo from one that took its place.
type stamp struct{ size, modified int64 } // bytes, nanoseconds since 1970

func stampOf(e photo.Entry) stamp { return stamp{e.Size, e.ModTime.UnixNano()} }

// known is what is known of a photo of a folder. It does not change once others see it,
// but for embedding, which is the reading goroutine's.
type known struct {
	entry     photo.Entry
	person    string
	problems  []Problem
	usable    bool
	faces     int   // how many it shows
	failure   error // why it could not be read
	embedding []float32
}

// unreadable is what is known of a photo that could not be read.
func unreadable(entry photo.Entry, failure error) *known {
	return &known{entry: entry, person: lineup.PersonOf(entry.Name), problems: []Problem{Unreadable}, failure: failure}
}

// show is the photo as the gallery lists it.
func (k *known) show() Photo {
	return Photo{Name: k.entry.Name, Person: k.person, Usable: k.usable, Problems: k.problems, Failure: k.failure}
}

// is tells whether k is still right about an entry of the list.
func (k *known) is(e photo.Entry) bool {
	return stampOf(k.entry) == stampOf(e) && (k.failure == nil || lasting(k.failure))
}

// failedAs tells whether the same photo failed before as now.
func (k *known) failedAs(now *known) bool {
	return stampOf(k.entry) == stampOf(now.entry) && k.failure != nil && now.failure != nil && k.failure.Error() == now.failure.Error()
}

// level is a warning's where something is wrong with the photo.
func (k *known) level() slog.Level {
	if len(k.problems) > 0 {
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

// words say what is wrong with it, for a log.
func (k *known) words() []any {
	words := []any{"image_name", k.entry.Name, "usable", k.usable, "faces", k.faces}
	switch {
	case k.failure != nil:
		return append(words, "reason", k.failure)
	case len(k.problems) > 0:
		return append(words, "reason", k.problems[len(k.problems)-1].Advice())
	}
	return words
}

// lasting tells whether what reading a photo ended with holds for as long as the
// photo and the settings stay as they are. Other failures, of a disk say, are worth
// another try.
func lasting(err error) bool {
	return slices.ContainsFunc([]error{
		picture.ErrNoPicture, picture.ErrTooLarge, picture.ErrOff, photo.ErrTooLarge, photo.ErrNotFile, photo.ErrOutside, photo.ErrRefused,
	}, func(kind error) bool { return errors.Is(err, kind) })
}
