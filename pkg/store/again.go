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
	byPath, err := submitChunks(ctx, s, "submit changed pictures", distinct, maxValues, lookAgain)
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
	pairList := "(" + strings.Join(pairs, ", ") + ")"
	if _, err := tx.ExecContext(ctx, updateChanged+list+andContent+pairList, slices.Concat(args, contents)...); err != nil {
		return err
	}
	submissions, err := query(ctx, tx, scanSubmission, selectSubmitted+list, args...)
	for _, submission := range submissions {
		submission.Known = true
		byPath[submission.Path] = submission
	}
	return err
}

var (
	selectReposted = `
	SELECT ` + submissionColumns + `
	FROM images
	WHERE reposted_at IS NOT NULL
		AND status IN (` + finalStatuses() + `)
	ORDER BY reposted_at
	LIMIT ?`

	updateCompared = `
	UPDATE images
	SET reposted_at = NULL
	WHERE status IN (` + finalStatuses() + `)
		AND id IN `
)

// Reposted gives up to limit pictures that have a result and were submitted again while it
// was being found, the longest ago first: the files may be others since.
func (s *Store) Reposted(ctx context.Context, limit int) (pictures []Submission, err error) {
	err = s.do(ctx, "find pictures that were submitted again", func() error {
		pictures, err = query(ctx, s.db, scanSubmission, selectReposted, limit)
		return err
	})
	for i := range pictures {
		pictures[i].Known = true
	}
	return pictures, err
}

// MarkCompared notes that the pictures' files were compared after their result: Reposted
// gives them no more.
func (s *Store) MarkCompared(ctx context.Context, ids []int64) error {
	return s.execIn(ctx, "mark pictures as compared", updateCompared, ids)
}
