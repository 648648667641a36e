package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"
)

var updateChanged = updateRound + `
	WHERE status IN (` + finalStatuses() + `)
		AND path IN `

const andContent = `
		AND (path, content) IN `

// LookAgain makes pictures pending again, each in a new round, because their files are
// no longer those that were looked at. It answers in their order with their rows as they
// are then, all or nothing. One that another made pending, or that was looked at again
// meanwhile, is left as it is.
func (s *Store) LookAgain(ctx context.Context, changed []Submission) ([]Submission, error) {
	distinct := slices.Clone(changed)
	slices.SortFunc(distinct, func(a, b Submission) int { return strings.Compare(a.Path, b.Path) }) // as Submit locks them
	distinct = slices.Compact(distinct)
	byPath := make(map[string]Submission, len(distinct))
	err := s.transact(ctx, "submit changed pictures", func(tx *sql.Tx) error {
		clear(byPath)
		for chunk := range slices.Chunk(distinct, maxValues) {
			if err := lookAgain(ctx, tx, chunk, byPath); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	again := make([]Submission, len(changed))
	for i, c := range changed {
		again[i] = byPath[c.Path]
	}
	return again, nil
}

func lookAgain(ctx context.Context, tx *sql.Tx, changed []Submission, byPath map[string]Submission) error {
	paths, pairs, contents := make([]string, len(changed)), make([]string, len(changed)), []any{}
	for i, c := range changed {
		paths[i], pairs[i], contents = c.Path, "(?, ?)", append(contents, c.Path, c.Content)
	}
	list, args := placeholders(paths)
	update := updateChanged + list + andContent + "(" + strings.Join(pairs, ", ") + ")"
	if _, err := tx.ExecContext(ctx, update, slices.Concat(args, contents)...); err != nil {
		return err
	}
	submissions, err := query(ctx, tx, scanSubmission, selectSubmitted+list, args...)
	for _, submission := range submissions {
		submission.Known = true
		byPath[submission.Path] = submission
	}
	return err
}
