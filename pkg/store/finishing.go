package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

// finishing is a picture's result on its way into the rows, which are held.
type finishing struct {
	*picture
	Result
	announced bool

	file   sameness  // with what the faces were found in that are there
	lost   []faceRow // of a hand, that the file does not show any more
	person int64
	status lineup.Status // that the picture has then
}

// isHeldBy tells whether the claim still holds the picture.
func (p *picture) isHeldBy(c Claim) bool {
	return c.token != "" && p.claim == c.token && p.status == lineup.Processing
}

// finish writes results, each step for all of them: the gallery's row, if it is held at all,
// comes last for all.
func finish(ctx context.Context, tx *sql.Tx, all []*finishing) error {
	if len(all) == 0 {
		return nil
	}
	if err := findFaces(ctx, tx, all); err != nil {
		return err
	}
	pictures := make([]*picture, len(all))
	for i, f := range all {
		pictures[i] = f.picture
	}
	k, err := know(ctx, tx, pictures)
	if err != nil {
		return err
	}
	for _, f := range all {
		if err := f.decided(ctx, tx, k); err != nil {
			return err
		}
	}
	if err := writeFound(ctx, tx, all); err != nil {
		return err
	}
	if err := writeFinished(ctx, tx, all); err != nil {
		return err
	}
	var faces []faceRow
	for _, f := range all {
		if err := f.settleStrangers(ctx, tx, k, f.MaxStrangers); err != nil {
			return err
		}
		faces = append(faces, f.faces...)
	}
	return describePhotos(ctx, tx, faces)
}

// findFaces makes rows of what the face server told, and has them inherit what hands said.
func findFaces(ctx context.Context, tx *sql.Tx, all []*finishing) error {
	var state int64
	if slices.ContainsFunc(all, func(f *finishing) bool { return f.Comparison != nil }) {
		if err := tx.QueryRowContext(ctx, selectGallery).Scan(&state); err != nil {
			return err
		}
	}
	var told []lineup.Face
	for _, f := range all {
		told = append(told, f.Faces...)
	}
	owners, err := ownersOf(ctx, tx, told)
	if err != nil {
		return err
	}
	for _, f := range all {
		if f.Comparison != nil {
			f.rule = &f.Comparison.Rule
		} else if f.Reason == "" {
			f.rule = nil
		}
		f.file = samenessOf(f.content, f.Content)
		found := f.foundFaces(owners, state)
		var kept []faceRow
		kept, f.lost = f.inherit(found, f.file)
		f.faces = slices.Concat(found, kept)
		if err := f.replaceDerived(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// foundFaces makes rows of what the face server told. A state that is yet to come was never
// compared with.
func (f *finishing) foundFaces(owners ownership, state int64) []faceRow {
	if f.Comparison == nil {
		state = 0
	} else {
		state = min(state, f.Comparison.GalleryState)
	}
	rows := make([]faceRow, len(f.Faces))
	for i, face := range f.Faces {
		row := faceRow{Face: face, imageID: f.id, state: sql.NullInt64{Int64: state, Valid: true}}
		row.ID, row.DecidedBy, row.Ignored, row.Not = 0, lineup.ByMachine, false, nil
		row.likes = owners.likes(face, f.Comparison == nil)
		rows[i] = row
	}
	return rows
}

// inherit gives the found faces the ids of those that they were before, and what hands said
// of these. It gives those that were drawn or decided by hand and not found again: of the
// same content they stay, and of another they are lost.
func (p *picture) inherit(found []faceRow, file sameness) (kept, lost []faceRow) {
	is := correspond(found, p.faces, file)
	for i, j := range is {
		if j < 0 {
			continue
		}
		face, old := &found[i], p.faces[j]
		face.ID, face.Not, face.Ignored, face.Erased, face.given, face.drawn = old.ID, old.Not, old.Ignored, old.Erased, 0, old.drawn
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
		if file.keeps(old) {
			kept = append(kept, old)
		} else {
			lost = append(lost, old)
		}
	}
	return kept, lost
}

// replaceDerived takes what was made at this look in place of what the row and the faces had.
// Of the same content they keep what was not made again.
func (f *finishing) replaceDerived(ctx context.Context, tx *sql.Tx) error {
	before := []lineup.Derived{f.thumbnail, f.large}
	if f.Thumbnail != "" || f.file != sameContent {
		f.thumbnail, f.large = f.Thumbnail, f.Large
	}
	now := []lineup.Derived{f.thumbnail, f.large}
	for i := range f.faces {
		face := &f.faces[i]
		old := f.before[face.ID].Crop
		if face.Crop == "" && f.file == sameContent {
			face.Crop = old
		}
		before, now = append(before, old), append(now, face.Crop)
	}
	return leave(ctx, tx, slices.DeleteFunc(before, func(name lineup.Derived) bool { return slices.Contains(now, name) }))
}

// decided decides whose the faces are, and leaves those behind that there are no more.
func (f *finishing) decided(ctx context.Context, tx *sql.Tx, k known) error {
	f.decide(k)
	if err := f.dropErasedCrops(ctx, tx); err != nil {
		return err
	}
	f.person, f.status = f.best(k)
	if f.Reason != "" {
		f.person, f.status = 0, lineup.Failed
		if err := note(ctx, tx, f.id, unusual{f.round, eventResult, lastly(f.status, f.Reason)}); err != nil {
			return err
		}
	}
	if err := recordLost(ctx, tx, f.id, f.lost, changeValue{subject("image", f.id, contentField), f.content, f.Content}); err != nil {
		return err
	}
	return removeFaces(ctx, tx, f.gone())
}

// dropErasedCrops leaves what was made of erased persons' faces: a crop shows who was forgotten.
func (f *finishing) dropErasedCrops(ctx context.Context, tx *sql.Tx) error {
	var crops []lineup.Derived
	for i := range f.faces {
		if face := &f.faces[i]; face.Erased {
			crops, face.Crop = append(crops, face.Crop), ""
		}
	}
	return leave(ctx, tx, crops)
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

// writeFound writes the faces. New ones that may become a photo are written one by one, for
// the ids that photos are named by.
func writeFound(ctx context.Context, tx *sql.Tx, all []*finishing) error {
	var rest []faceRow
	for _, f := range all {
		oneByOne := f.MaxStrangers != 0 && slices.ContainsFunc(f.nobodys(), f.mayBePhoto)
		for i := range f.faces {
			if !oneByOne || f.faces[i].ID != 0 {
				rest = append(rest, f.faces[i])
				continue
			}
			var err error
			if f.faces[i].ID, err = addFace(ctx, tx, f.faces[i]); err != nil {
				return err
			}
		}
	}
	return writeFaces(ctx, tx, rest)
}

// updateFinished writes many pictures with one statement.
const updateFinished = `
	UPDATE images i
	JOIN (%s) new ON new.id = i.id
	SET i.status = new.status,
		i.person_id = new.person_id,
		i.reason = new.reason,
		i.warning = new.warning,
		i.content = new.content,
		i.faces_content = new.content,
		i.match_threshold = new.match_threshold,
		i.match_margin = new.match_margin,
		i.match_stranger = new.match_stranger,
		i.thumbnail = new.thumbnail,
		i.large = new.large,
		i.stored_width = new.stored_width,
		i.stored_height = new.stored_height,
		i.orientation = new.orientation,
		i.prior_claim = NULL,
		i.answered = 0,
		i.claim = NULL,
		i.lease_until = NULL,
		i.announced_at = IF(new.announced, UTC_TIMESTAMP(6), NULL),
		i.looked_at = UTC_TIMESTAMP(6),
		i.updated_at = UTC_TIMESTAMP(6)`

const finishedRow = `
		SELECT
			? AS id,
			? AS status,
			? AS person_id,
			? AS reason,
			? AS warning,
			? AS content,
			? AS match_threshold,
			? AS match_margin,
			? AS match_stranger,
			? AS thumbnail,
			? AS large,
			? AS stored_width,
			? AS stored_height,
			? AS orientation,
			? AS announced`

func writeFinished(ctx context.Context, tx *sql.Tx, all []*finishing) error {
	for chunk := range slices.Chunk(all, rematchChunk) {
		var args []any
		for _, f := range chunk {
			args = append(args, f.id, f.status, nullableID(f.person), nullable(truncate(f.Reason, ReasonWidth)), nullable(truncate(f.Warning, WarningWidth)), nullable(f.Content))
			args = append(append(args, f.ruleValues()...), nullable(string(f.thumbnail)), nullable(string(f.large)))
			args = append(append(args, f.layoutValues()...), f.announced)
		}
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(updateFinished, union(finishedRow, len(chunk))), args...); err != nil {
			return err
		}
	}
	return nil
}

// layoutValues are those of the columns.
func (r Result) layoutValues() []any {
	if r.Layout == nil {
		return []any{nil, nil, nil}
	}
	return []any{r.Layout.Width, r.Layout.Height, r.Layout.Orientation}
}
