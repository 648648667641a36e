package main

import (
	"fmt"
	"net/http"
	"time"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// status is what the pill at the top of every page says.
type status struct {
	Text      string `json:"text"` // empty when nothing goes on
	Tone      string `json:"tone"` // idle, busy or away
	Strangers int64  `json:"strangers"`
}

func (v *view) status(r *http.Request, _ query) (any, error) {
	stats, err := v.db.Stats(r.Context())
	if err != nil {
		return nil, err
	}
	if stats.Backlog.Pictures == 0 && stats.Rematches.Ranges == 0 && stats.Photos.Of[string(store.PhotoPending)] == 0 {
		return status{Tone: "idle"}, nil
	}
	return status{Text: sentenceOf(stats), Tone: "busy"}, nil
}

// sentenceOf tells how far everything is, in words.
func sentenceOf(s store.Stats) string {
	waiting := s.Backlog.Pictures
	switch {
	case waiting > 0:
		text := fmt.Sprintf("%s to look at", pictureCount(waiting))
		if left, ok := timeLeft(s); ok {
			text += ", about " + left + " left"
		}
		return text
	case s.Photos.Of[string(store.PhotoPending)] > 0:
		return "A person's photo is being looked at"
	case s.Rematches.Ranges > 0:
		return fmt.Sprintf("Up to %s to compare again", pictureCount(s.Rematches.Ranges*store.RematchRange))
	}
	all := int64(0)
	for _, status := range lineup.Statuses {
		all += s.Pictures.Of[string(status)]
	}
	return fmt.Sprintf("%s, all looked at", pictureCount(all))
}

// timeLeft is how long the backlog takes at the rate of the last minute.
func timeLeft(s store.Stats) (string, bool) {
	if s.Rate.LastMinute == 0 {
		return "", false
	}
	left := time.Duration(float64(s.Backlog.Pictures) / float64(s.Rate.LastMinute) * float64(time.Minute))
	switch {
	case left < 90*time.Second:
		return fmt.Sprintf("%d s", max(1, int(left.Seconds()))), true
	case left < 90*time.Minute:
		return fmt.Sprintf("%d min", int(left.Minutes())), true
	}
	return fmt.Sprintf("%d h", int(left.Hours())), true
}
