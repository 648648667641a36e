package main

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"lineup.dev/lineup/pkg/store"
)

// goings is what the line below the bar says.
type goings struct {
	Text      string     `json:"text"`      // how far everything is, or what is wrong
	Tone      string     `json:"tone"`      // idle, busy or away
	Since     *time.Time `json:"since"`     // which the text tells in UTC; the browser knows the zone
	Strangers string     `json:"strangers"` // how many are listed, as far as they are counted; empty for none
}

// clock is how the text tells a time.
const clock = "15:04 UTC"

func (v *view) status(r *http.Request, _ query) (any, error) {
	stats, err := v.progress.get(r.Context())
	if err != nil {
		return nil, err
	}
	return goingsOf(stats), nil
}

func goingsOf(stats store.Stats) goings {
	told := goings{Text: sentenceOf(stats), Tone: "idle", Strangers: strangerCount(stats.Strangers)}
	if part, ok := gravest(stats.Parts); ok {
		told.Text, told.Tone, told.Since = trouble(part, stats), "away", &part.Since
		return told
	}
	if stats.Backlog.Pictures > 0 || stats.Rematches.Ranges > 0 || stats.Photos.Of[string(store.PhotoPending)] > 0 {
		told.Tone = "busy"
	}
	return told
}

func strangerCount(n int64) string {
	switch {
	case n == 0:
		return ""
	case n >= store.StrangersCounted:
		return fmt.Sprintf("%d+", store.StrangersCounted-1)
	}
	return strconv.FormatInt(n, 10)
}

// sentenceOf tells how far everything is, in words.
func sentenceOf(s store.Stats) string {
	all, waiting := s.Pictures.All(), s.Backlog.Pictures
	switch {
	case all == 0:
		return "No pictures yet"
	case waiting > 0:
		text := fmt.Sprintf("%d of %d looked at", all-waiting, all)
		if left, ok := timeLeft(s); ok {
			text += ", about " + left + " left"
		}
		return text
	case s.Photos.Of[string(store.PhotoPending)] > 0:
		return "A person's photo is being looked at"
	case s.Rematches.Ranges > 0:
		return "Faces are compared again, " + toCompare(s)
	}
	return fmt.Sprintf("%s, all looked at", pictureCount(all))
}

// toCompare tells how many pictures are still to be compared again. Ranges are of ids, of
// which many may be nobody's any more.
func toCompare(s store.Stats) string {
	return "at most " + pictureCount(min(s.Rematches.Ranges*store.RematchRange, s.Pictures.All())) + " left"
}

// fine are the states of parts that nobody has to hear of.
var fine = map[string]bool{"closed": true, "ready": true, "reachable": true, "none": true}

// isWrong tells of a part that does not do what it is there for.
func isWrong(p store.Part) bool { return !fine[p.State] }

// gravest is the part to tell of where only one can be told: the face server before all else,
// and dead letters never, since they hold nobody up.
func gravest(parts []store.Part) (found store.Part, ok bool) {
	for _, p := range parts {
		if !isWrong(p) || p.State == "waiting" {
			continue
		}
		if p.Name == "face server" {
			return p, true
		}
		if !ok {
			found, ok = p, true
		}
	}
	return found, ok
}

// trouble tells of a part in a line: since when, what waits for it, and when it is tried again.
func trouble(p store.Part, s store.Stats) string {
	text := fmt.Sprintf("%s %s since %s", p.Name, p.State, p.Since.UTC().Format(clock))
	if s.Backlog.Pictures > 0 {
		text += fmt.Sprintf(", %d waiting", s.Backlog.Pictures)
	}
	if p.Next != nil {
		text += ", next try " + inTime(p.Next.Sub(s.Rate.At))
	}
	return text
}

// inTime is how soon something is, in words.
func inTime(wait time.Duration) string {
	if wait < time.Second {
		return "now"
	}
	return "in " + roughly(wait)
}

// timeLeft is how long the backlog takes at the rate of the last seconds: a batch that has just begun
// has hardly a part in that of the last minute, which counts where nothing came in these seconds.
func timeLeft(s store.Stats) (string, bool) {
	results, span := s.Rate.LastMinute, time.Minute
	switch since := s.Backlog.Since; {
	case s.Rate.Lately > 0:
		results, span = s.Rate.Lately, max(s.Rate.At.Sub(*s.Rate.First), time.Second)
	case since != nil && s.Rate.At.Sub(*since) < store.Lately: // before it there may have been nothing to do
		return "", false
	case results == 0:
		return "", false
	}
	return roughly(time.Duration(float64(s.Backlog.Pictures) / float64(results) * float64(span))), true
}

// roughly is a duration in one unit.
func roughly(d time.Duration) string {
	switch {
	case d < 90*time.Second:
		return fmt.Sprintf("%d s", max(1, int(d.Seconds())))
	case d < 90*time.Minute:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h", int(d.Hours()))
}
