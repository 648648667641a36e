package store

import (
	"strings"

	"lineup.dev/lineup/pkg/lineup"
)

// The statuses that statements name.
const (
	pending    = string(lineup.Pending)
	processing = string(lineup.Processing)
	failed     = string(lineup.Failed)
)

// finalStatuses are the statuses after which nothing more happens to a picture, as SQL has them in a list.
func finalStatuses() string {
	var final []string
	for _, status := range lineup.Statuses {
		if status.Final() {
			final = append(final, "'"+string(status)+"'")
		}
	}
	return strings.Join(final, ", ")
}
