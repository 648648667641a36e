package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
)

// Result is what came of looking at a picture: the faces, as the face server told
// them, or the reason why it failed for good. Whose a face is, and the status with it,
// Finish finds.
type Result struct {
	Faces   []lineup.Face
	Reason  string
	Warning string // what could not be seen because the file is damaged
	// Content tells the content of the file that was looked at, in ContentBytes at most;
	// empty when it is not known.
	Content string
	// Comparison tells what the faces were compared with; nil for a face server that says
	// by image_name alone whose a face is.
	Comparison *Comparison
	// MaxStrangers is how many people without a name there may be: a face that is like nobody
	// begins one more only below that. 0: none begins.
	MaxStrangers int64
	// Regions are the faces of which the file's metadata says whose they are.
	Regions []Region
	// Layout tells how the file holds its pixels; nil where the face server does not.
	Layout *lineup.Layout

	Thumbnail, Large lineup.Derived // made of it; each face has its crop
}

// Comparison is what faces were compared with, and the rule that holds then.
type Comparison struct {
	GalleryState int64
	Rule         match.Rule
}

const updateFinished = `
	UPDATE images
	SET status = ?,
		person_id = ?,
		reason = ?,
		warning = ?,
		content = ?,
		faces_content = ?,
		match_threshold = ?,
		match_margin = ?,
		match_stranger = ?,
		thumbnail = ?,
		large = ?,
		stored_width = ?,
		stored_height = ?,
		orientation = ?,
		prior_claim = NULL,
		answered = 0,
		claim = NULL,
		lease_until = NULL,
		announced_at = IF(?, UTC_TIMESTAMP(6), NULL),
		updated_at = UTC_TIMESTAMP(6)
	WHERE id = ?`

// Finish writes the result and ends the claim. Faces that were there before keep their
// ids and what a hand said of them. With announced, the result event counts as accepted
// from the start: nobody waits for it. It answers with the status the picture now has;
// ErrClaimLost when the claim was another's by then.
func (s *Store) Finish(ctx context.Context, c Claim, r Result, announced bool) (lineup.Status, error) {
	var status lineup.Status
	err := s.transact(ctx, fmt.Sprintf("write the result of image %d", c.ID), func(tx *sql.Tx) error {
		said := newImport(r)
		if err := said.lockNames(ctx, tx); err != nil {
			return err
		}
		pictures, err := lockPictures(ctx, tx, []int64{c.ID})
		if err != nil {
			return err
		}
		if len(pictures) == 0 || c.token == "" || pictures[0].claim != c.token || pictures[0].status != lineup.Processing {
			return ErrClaimLost
		}
		p := pictures[0]
		if err := said.findPeople(ctx, tx, p); err != nil {
			return err
		}
		if status, err = p.finish(ctx, tx, r, announced); err != nil || len(said.regions) == 0 {
			return err
		}
		status, err = said.apply(ctx, tx, p)
		return err
	})
	return status, err
}

func (p *picture) finish(ctx context.Context, tx *sql.Tx, r Result, announced bool) (lineup.Status, error) {
	found, err := foundFaces(ctx, tx, p.id, r)
	if err != nil {
		return "", err
	}
	if r.Comparison != nil {
		p.rule = &r.Comparison.Rule
	} else if r.Reason == "" {
		p.rule = nil
	}
	sameContent := p.content == "" || r.Content == "" || p.content == r.Content
	kept, lost := p.inherit(found, sameContent)
	p.faces = slices.Concat(found, kept)
	if err := p.replaceDerived(ctx, tx, r, sameContent); err != nil {
		return "", err
	}
	k, err := know(ctx, tx, []*picture{p})
	if err != nil {
		return "", err
	}
	p.decide(k)
	person, status := p.best(k)
	if r.Reason != "" {
		person, status = 0, lineup.Failed
		if err := note(ctx, tx, p.id, unusual{p.round, eventResult, lastly(status, r.Reason)}); err != nil {
			return "", err
		}
	}
	if err := recordLost(ctx, tx, p.id, lost, changeValue{subject("image", p.id, contentField), p.content, r.Content}); err != nil {
		return "", err
	}
	if err := removeFaces(ctx, tx, p.gone()); err != nil {
		return "", err
	}
	if err := p.writeFound(ctx, tx, r.MaxStrangers); err != nil {
		return "", err
	}
	args := []any{
		status, nullableID(person),
		nullable(truncate(r.Reason, ReasonWidth)), nullable(truncate(r.Warning, WarningWidth)), nullable(r.Content), nullable(r.Content),
	}
	args = append(append(args, p.ruleValues()...), nullable(string(p.thumbnail)), nullable(string(p.large)))
	args = append(append(args, r.layoutValues()...), announced, p.id)
	_, err = tx.ExecContext(ctx, updateFinished, args...)
	if err != nil {
		return "", err
	}
	if err := p.settleStrangers(ctx, tx, k, r.MaxStrangers); err != nil {
		return "", err
	}
	return status, describePhotos(ctx, tx, p.faces)
}

// layoutValues are those of the columns.
func (r Result) layoutValues() []any {
	if r.Layout == nil {
		return []any{nil, nil, nil}
	}
	return []any{r.Layout.Width, r.Layout.Height, r.Layout.Orientation}
}

// inherit gives the found faces the ids of those that they were before, and what hands said
// of these. It gives those that were drawn or decided by hand and not found again: of the
// same content they stay, and of another they are lost.
func (p *picture) inherit(found []faceRow, sameContent bool) (kept, lost []faceRow) {
	is := correspond(found, p.faces, sameContent)
	for i, j := range is {
		if j < 0 {
			continue
		}
		face, old := &found[i], p.faces[j]
		face.ID, face.Not, face.Ignored, face.erased, face.given, face.drawn = old.ID, old.Not, old.Ignored, old.erased, 0, old.drawn
		if old.byHand() {
			face.DecidedBy, face.given = lineup.ByHand, old.given
		}
		face.likes = slices.DeleteFunc(face.likes, func(l like) bool { return l.face == face.ID })
		if face.Model == old.Model && old.state.Valid && face.state.Valid && old.state.Int64 > face.state.Int64 {
			face.likes, face.state = old.likes, old.state // compared with more than this answer was
		}
	}
	for j, old := range p.faces {
		if slices.Contains(is, j) || !old.said() {
			continue
		}
		if sameContent {
			kept = append(kept, old)
		} else {
			lost = append(lost, old)
		}
	}
	return kept, lost
}

// replaceDerived takes what was made at this look in place of what the row and the faces had.
// Of the same content they keep what was not made again.
func (p *picture) replaceDerived(ctx context.Context, tx *sql.Tx, r Result, sameContent bool) error {
	before := []lineup.Derived{p.thumbnail, p.large}
	if r.Thumbnail != "" || !sameContent {
		p.thumbnail, p.large = r.Thumbnail, r.Large
	}
	now := []lineup.Derived{p.thumbnail, p.large}
	for i := range p.faces {
		face := &p.faces[i]
		old := p.before[face.ID].Crop
		if face.Crop == "" && sameContent {
			face.Crop = old
		}
		before, now = append(before, old), append(now, face.Crop)
	}
	return leave(ctx, tx, slices.DeleteFunc(before, func(name lineup.Derived) bool { return slices.Contains(now, name) }))
}

// gone are the ids of faces that the picture had and has no more.
func (p *picture) gone() (ids []int64) {
	for id := range p.before {
		if !slices.ContainsFunc(p.faces, func(f faceRow) bool { return f.ID == id }) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// recordLost puts into the picture's history what hands said of faces that its file does
// not show any more, with the content that took it away.
func recordLost(ctx context.Context, tx *sql.Tx, image int64, lost []faceRow, content changeValue) error {
	for _, face := range lost {
		c := change{Action: ActionFace, Person: face.handPerson(), Image: image, Face: face.ID, Values: append(face.handValues(faceRow{}), content), People: face.Not}
		if face.drawn && face.Box != nil {
			c.Values = append(c.Values, changeValue{subject("face", face.ID, "drawn"), drawn{image, *face.Box}, nil})
		}
		if _, err := record(ctx, tx, c); err != nil {
			return err
		}
	}
	return nil
}

// foundFaces makes rows of what the face server told.
func foundFaces(ctx context.Context, tx *sql.Tx, image int64, r Result) ([]faceRow, error) {
	var state int64
	if r.Comparison != nil { // a state that is yet to come was never compared with
		if err := tx.QueryRowContext(ctx, selectGallery).Scan(&state); err != nil {
			return nil, err
		}
		state = min(state, r.Comparison.GalleryState)
	}
	owners, err := ownersOf(ctx, tx, r.Faces)
	if err != nil {
		return nil, err
	}
	rows := make([]faceRow, len(r.Faces))
	for i, face := range r.Faces {
		row := faceRow{Face: face, imageID: image, state: sql.NullInt64{Int64: state, Valid: true}}
		row.ID, row.DecidedBy, row.Ignored, row.Not = 0, lineup.ByMachine, false, nil
		row.likes = owners.likes(face, r.Comparison == nil)
		rows[i] = row
	}
	return rows, nil
}

const updateAnnounced = `
	UPDATE images
	SET announced_at = UTC_TIMESTAMP(6)
	WHERE id = ?
		AND round = ?
		AND revision = ?`

// MarkAnnounced stamps the event of that answer as accepted by the sink.
func (s *Store) MarkAnnounced(ctx context.Context, id, round, revision int64) error {
	_, err := s.exec(ctx, fmt.Sprintf("mark image %d as announced", id), updateAnnounced, id, round, revision)
	return err
}
