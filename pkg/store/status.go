package store

import (
	"strings"

	"lineup.dev/lineup/pkg/lineup"
)

// The statuses that statements name.
const (
	pending    = string(lineup.Pending)
	processing = string(lineup.Processing)

	// deleted is of a picture that is there no more: no program is told of it.
	deleted = "deleted"
)

// finalStatuses are the statuses after which nothing more happens to a picture, as SQL has them in a list.
func finalStatuses() string { return statusesThat(lineup.Status.Final) }

// failures are those of them after which a picture is tried again when it is posted again.
func failures() string { return statusesThat(lineup.Status.IsFailure) }

func statusesThat(is func(lineup.Status) bool) string {
	var some []string
	for _, status := range lineup.Statuses {
		if is(status) {
			some = append(some, "'"+string(status)+"'")
		}
	}
	return strings.Join(some, ", ")
}
