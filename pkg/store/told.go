package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

const (
	// contentField is what a change has of a picture whose content took with it what was said of a face.
	contentField  = "content"
	reasonContent = "the picture's content changed, and no longer shows the face"

	// The names that changes gave, and the contents of those that no hand made: see recordLost.
	selectTold = `
		SELECT
			change_id,
			subject LIKE 'image/%',
			after_it
		FROM change_values
		WHERE (subject LIKE 'person/%/name' OR subject LIKE 'image/%/` + contentField + `')
			AND change_id IN `
)

// addTold tells of changes, and of those that they took back, what is known from what they set: the
// name, and that another content of a picture made them. Apart from readChanges: process
// has no right to read what changes set.
func addTold(ctx context.Context, q querier, changes []Change) error {
	byID := map[int64][]*Change{}
	for i := range changes {
		for c := &changes[i]; c != nil; c = c.Undone {
			byID[c.ID] = append(byID[c.ID], c)
		}
	}
	for chunk := range slices.Chunk(slices.Collect(maps.Keys(byID)), maxValues) {
		list, args := placeholders(chunk)
		_, err := query(ctx, q, func(rows *sql.Rows) (none struct{}, err error) {
			var id int64
			var content bool
			var after []byte
			if err := rows.Scan(&id, &content, &after); err != nil {
				return none, err
			}
			var name lineup.Name
			if !content {
				err = json.Unmarshal(after, &name)
			}
			for _, c := range byID[id] {
				if content {
					c.Reason = reasonContent
				} else {
					c.Name = name
				}
			}
			return none, err
		}, selectTold+list, args...)
		if err != nil {
			return err
		}
	}
	return nil
}
