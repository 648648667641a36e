package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
)

// redecide decides the pictures again and writes what differs, also of what its caller
// changed in their faces. It tells which pictures have another answer than before: with
// announced, nobody waits for its event.
func redecide(ctx context.Context, tx *sql.Tx, pictures []*picture, announced bool) (changed []Answer, err error) {
	k, err := know(ctx, tx, pictures)
	if err != nil {
		return nil, err
	}
	faces := movedFaces{compared: map[int64][]int64{}}
	var revisions []revision
	for _, p := range pictures {
		p.decide(k)
		r := p.revise(k, faces.add(p))
		if r.changed {
			p.revision++
			changed = append(changed, Answer{p.id, p.round, p.revision})
		}
		if r.changed || r.person != p.person || !sameRule(p.rule, p.ruled) {
			revisions = append(revisions, r)
		}
	}
	if err := writeRevisions(ctx, tx, revisions, announced); err != nil {
		return nil, err
	}
	return changed, faces.write(ctx, tx)
}

// movedFaces are the faces whose rows are to be written.
type movedFaces struct {
	rows     []faceRow
	compared map[int64][]int64 // by state, the ids of those of which nothing else differs
}

// add takes what differs of a decided picture's faces. It tells whether the answer does.
func (m *movedFaces) add(p *picture) (differs bool) {
	differs = p.touched || len(p.faces) != len(p.before)
	for _, face := range p.faces {
		before, there := p.before[face.ID]
		differs = differs || !there || before.told != face.told || before.given != face.given
		switch {
		case !there || !sameButForState(before, face), before.state != face.state && face.Erased:
			m.rows = append(m.rows, face)
		case before.state != face.state:
			m.compared[face.state.Int64] = append(m.compared[face.state.Int64], face.ID)
		}
	}
	return differs
}

func (m *movedFaces) write(ctx context.Context, tx *sql.Tx) error {
	for _, state := range slices.Sorted(maps.Keys(m.compared)) {
		if err := stampFaces(ctx, tx, m.compared[state], state); err != nil {
			return err
		}
	}
	if err := writeDecisions(ctx, tx, m.rows); err != nil {
		return err
	}
	return undescribe(ctx, tx, m.rows)
}

// revision is the picture's own part of an answer.
type revision struct {
	*picture
	person  int64
	status  lineup.Status
	changed bool // the answer is another one than before
}

// revise gives the picture's own part of the answer, which is another one where a face's
// is, the status or the best person. A picture that waits to be looked at again, or
// failed, has no answer that could be told.
func (p *picture) revise(k known, differs bool) revision {
	r := revision{picture: p}
	r.person, r.status = p.best(k)
	if p.status != lineup.Identified && p.status != lineup.Unknown {
		r.status = p.status
		if p.status == lineup.Failed {
			r.person = 0
		}
		return r
	}
	r.changed = differs || r.status != p.status || r.person != p.person
	return r
}

func sameRule(a, b *match.Rule) bool { return a == b || a != nil && b != nil && *a == *b }

// updateRevised writes many pictures with one statement. The columns are set after the last
// that asks for them.
const updateRevised = `
	UPDATE images i
	JOIN (%s) new ON new.id = i.id
	SET i.status = new.status,
		i.person_id = new.person_id,
		i.match_threshold = new.match_threshold,
		i.match_margin = new.match_margin,
		i.match_stranger = new.match_stranger,
		i.revision = i.revision + new.changed,
		i.announced_at = IF(new.changed, IF(?, UTC_TIMESTAMP(6), NULL), i.announced_at),
		i.updated_at = IF(new.changed, UTC_TIMESTAMP(6), i.updated_at)`

func writeRevisions(ctx context.Context, tx *sql.Tx, revisions []revision, announced bool) error {
	const row = "SELECT ? AS id, ? AS status, ? AS person_id, ? AS changed, ? AS match_threshold, ? AS match_margin, ? AS match_stranger"
	for chunk := range slices.Chunk(revisions, rematchChunk) {
		var args []any
		for _, r := range chunk {
			args = append(args, r.id, r.status, nullableID(r.person), r.changed)
			args = append(args, r.ruleValues()...)
		}
		statement := fmt.Sprintf(updateRevised, union(row, len(chunk))) //nolint:gosec // rows are question marks
		if _, err := tx.ExecContext(ctx, statement, append(args, announced)...); err != nil {
			return fmt.Errorf("revise images from %d on: %w", chunk[0].id, err)
		}
	}
	return nil
}
