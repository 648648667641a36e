package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lineup.dev/lineup/pkg/lineup"
)

// namesShown is how many people the table names of one picture.
const namesShown = 4

// summary is what the table shows of the people in a picture: their names or a text.
type summary struct {
	People []lineup.Person // known, the best match first
	More   int             // known as well, not named
	Text   string          // instead of people
}

func summarize(image lineup.Image) summary {
	switch image.Status {
	case lineup.Pending, lineup.Processing:
		return summary{Text: "Pending..."}
	case lineup.Failed:
		return summary{Text: whyFailed(image.Reason)}
	}
	if people := known(image); len(people) > 0 {
		named := min(len(people), namesShown)
		return summary{People: people[:named], More: len(people) - named}
	}
	switch {
	case image.Status != lineup.Unknown:
		return summary{Text: "–"}
	case len(image.Faces) == 0:
		return summary{Text: "No face found"}
	case len(image.Faces) == 1:
		return summary{Text: nobodyKnown}
	}
	return summary{Text: fmt.Sprintf("%s, %d faces", nobodyKnown, len(image.Faces))}
}

// whyFailed is a failure's reason as every page writes it.
func whyFailed(reason string) string { return sentence(cmp.Or(reason, "no reason was recorded")) }

// noThumbnail is why a picture has no thumbnail.
func noThumbnail(image lineup.Image) string {
	switch {
	case image.Status.IsFailure():
		return whyFailed(image.Reason)
	case image.Status.Final():
		return "No preview yet: the next look makes one."
	}
	return "Waits to be looked at."
}

// known are the known people in a picture, each once, the best match first.
func known(image lineup.Image) (people []lineup.Person) {
	if image.Person != nil && image.Person.Name != "" {
		people = append(people, *image.Person)
	}
	for _, face := range image.Faces {
		if face.Person != nil && face.Person.Name != "" && !slices.Contains(people, *face.Person) {
			people = append(people, *face.Person)
		}
	}
	return people
}

// isFolder begins the reason of what is no picture but a folder.
const isFolder = noPicture + ": not a file but a folder"

// advices are what to do about a picture that failed, by how its reason begins: those of the
// face server's status.go and of process's decide.go.
var advices = []struct{ reason, advice string }{
	{isFolder, "Add the folder, then delete this."},
	{"the face server failed", "The log of the face server says why. Once it runs well, try again."},
	{"no such picture", "Put the file back to where the path says, then try again."},
	{"outside the picture roots", "Put the file below a picture root (IMAGES_URL) and post it by its path there."},
	{"the picture cannot be read", "Let the face server read the file, by its owner and its rights, then try again."},
}

// advice is what to do about a picture that failed.
func advice(image lineup.Image) string {
	for _, a := range advices {
		if strings.HasPrefix(image.Reason, a.reason) {
			return a.advice
		}
	}
	if image.FileName != "" { // it was uploaded: nobody reaches its place
		return "Add the whole picture again, then delete this."
	}
	return "Put right what the reason names, or put another file in its place, then try again."
}

// statusClass is the CSS class of a status. An unknown one has its own.
func statusClass(s lineup.Status) string {
	if slices.Contains(lineup.Statuses, s) {
		return string(s)
	}
	return "other"
}

// contentParameter is the query parameter of a picture's URL that tells which content a
// page is about: such a URL never shows another.
const contentParameter = "content"

// pictureURL is where a page shows the picture from.
func pictureURL(image lineup.Image) string {
	url := fmt.Sprintf("/images/%d/picture", image.ID)
	if image.Content == "" {
		return url
	}
	return url + "?" + contentParameter + "=" + contentTag(image)
}

// contentTag stands for the content that was looked at, in a URL.
func contentTag(image lineup.Image) string {
	hash := sha256.Sum256([]byte(image.Content))
	return hex.EncodeToString(hash[:8])
}

func initial(name lineup.Name) string {
	if name == "" {
		return "?"
	}
	first, _ := utf8.DecodeRuneInString(string(name))
	return string(unicode.ToUpper(first))
}

// twoDigits is a similarity or a score; a dash when there is none.
func twoDigits(value *float64) string {
	if value == nil {
		return "–"
	}
	return strconv.FormatFloat(*value, 'f', 2, 64)
}

// shell quotes text as one word of a shell's command, whatever it holds.
func shell(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

func pictureCount(n int64) string {
	if n == 1 {
		return "1 picture"
	}
	return fmt.Sprintf("%d pictures", n)
}

// dayOf is a time as a field for days has it; empty for none.
func dayOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// sentence is a detail of the API as pages write it.
func sentence(detail string) string {
	if detail == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(detail)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(detail[size:], ".") + "."
}

// thumbnail is a picture as a list shows it.
type thumbnail struct {
	lineup.Image
	Circles []circle // around its faces, none where there are too many
}

// circle is an ellipse around a face, in percent of the picture.
type circle struct{ X, Y, Across, Down string }

const (
	aroundFace  = 1.25 // how much further than its box the circle around a face reaches
	mostCircles = 50
)

// thumbnailOf gives circles with so many decimals: a larger thumbnail needs more.
func thumbnailOf(image lineup.Image, decimals int) thumbnail {
	t := thumbnail{Image: image}
	if len(image.Faces) > mostCircles {
		return t
	}
	percent := func(fraction float64) string {
		scale := math.Pow10(decimals)
		return strconv.FormatFloat(math.Round(100*scale*fraction)/scale, 'f', -1, 64)
	}
	for _, face := range image.Faces {
		if b := face.Box; b != nil && !face.Ignored {
			t.Circles = append(t.Circles, circle{percent(b.X + b.Width/2), percent(b.Y + b.Height/2), percent(b.Width / 2 * aroundFace), percent(b.Height / 2 * aroundFace)})
		}
	}
	return t
}

// isTiny tells of a box beside which a number would cover the next.
func isTiny(b *lineup.Box) bool { return b.Width < 0.03 }

// longAgo is when a time is told by its day.
const longAgo = 7 * 24 * time.Hour

// ago is how long ago a time is, in the words of static/times.js.
func ago(t time.Time) string {
	since := time.Since(t)
	span := since.Abs()
	if span >= longAgo {
		return t.UTC().Format("2 Jan 2006")
	}
	for _, unit := range []struct {
		one, more string
		size      time.Duration
	}{{"day", "days", 24 * time.Hour}, {"h", "h", time.Hour}, {"min", "min", time.Minute}} {
		n := int(span / unit.size)
		if n == 0 {
			continue
		}
		text := fmt.Sprintf("%d %s", n, unit.more)
		if n == 1 {
			text = "1 " + unit.one
		}
		if since < 0 {
			return "in " + text
		}
		return text + " ago"
	}
	return "just now"
}
