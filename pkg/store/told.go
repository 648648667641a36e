package store

import (
	"cmp"
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

	// What changes set that is told of them: names, who was merged, what was hidden or ignored, which photos came or
	// went, and the contents of those that no hand made, see recordLost.
	selectTold = `
		SELECT
			change_id,
			subject,
			COALESCE(before_it, '` + jsonNull + `'),
			COALESCE(after_it, '` + jsonNull + `')
		FROM change_values
		WHERE (
				subject LIKE 'person/%/name'
				OR subject LIKE 'person/%/merged_into'
				OR subject LIKE 'person/%/hidden'
				OR subject LIKE 'face/%/ignored'
				OR subject LIKE 'photo/%/removed'
				OR subject LIKE 'image/%/` + contentField + `'
			)
			AND change_id IN `

	selectNames = `
		SELECT
			id,
			COALESCE(name, '')
		FROM person
		WHERE id IN `
)

// addTold tells of changes, and of those that they took back, what is known from what they set. Apart from
// readChanges: process has no right to read what changes set.
func addTold(ctx context.Context, q querier, changes []Change) error {
	byID := map[int64][]*Change{}
	for i := range changes {
		for c := &changes[i]; c != nil; c = c.Undone {
			byID[c.ID] = append(byID[c.ID], c)
		}
	}
	var merged []int64
	for chunk := range slices.Chunk(slices.Collect(maps.Keys(byID)), maxValues) {
		list, args := placeholders(chunk)
		_, err := query(ctx, q, func(rows *sql.Rows) (none struct{}, err error) {
			var id int64
			var of, before, after string
			if err := rows.Scan(&id, &of, &before, &after); err != nil {
				return none, err
			}
			set, err := parseSetting(of, before, after)
			if err != nil {
				return none, err
			}
			for _, c := range byID[id] {
				if err := c.tell(set); err != nil {
					return none, err
				}
			}
			if set.field == "merged_into" {
				merged = append(merged, set.id)
			}
			return none, nil
		}, selectTold+list, args...)
		if err != nil {
			return err
		}
	}
	return nameMerged(ctx, q, byID, merged)
}

// tell takes what a change set. That it took somebody's merge back is no merge.
func (c *Change) tell(set setting) error {
	switch set.field {
	case "name":
		return json.Unmarshal(set.after, &c.Name)
	case contentField:
		c.Reason = reasonContent
	case "merged_into":
		if c.Action == ActionMerge && set.sets() {
			c.Merged = append(c.Merged, lineup.Person{ID: set.id})
		}
	case "ignored":
		if set.sets() {
			return json.Unmarshal(set.after, &c.Ignored)
		}
	case "hidden":
		if set.sets() {
			return json.Unmarshal(set.after, &c.Hidden)
		}
	case "removed":
		if set.sets() {
			return json.Unmarshal(set.after, &c.Removed)
		}
	}
	return nil
}

// nameMerged adds the names of who was merged: nobody gives them another while they are.
func nameMerged(ctx context.Context, q querier, byID map[int64][]*Change, merged []int64) error {
	names := map[int64]lineup.Name{}
	for chunk := range slices.Chunk(distinctIDs(merged), maxValues) {
		list, args := placeholders(chunk)
		_, err := query(ctx, q, func(rows *sql.Rows) (p lineup.Person, err error) {
			err = rows.Scan(&p.ID, &p.Name)
			names[p.ID] = p.Name
			return p, err
		}, selectNames+list, args...)
		if err != nil {
			return err
		}
	}
	for _, changes := range byID {
		for _, c := range changes {
			slices.SortFunc(c.Merged, func(a, b lineup.Person) int { return cmp.Compare(a.ID, b.ID) })
			for i := range c.Merged {
				c.Merged[i].Name = names[c.Merged[i].ID]
			}
		}
	}
	return nil
}
