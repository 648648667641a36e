package store

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
)

// refusals are the rule's, in the words of the API.
var refusals = map[match.Refusal]string{
	match.None:           "",
	match.NobodyEnrolled: "nobody_enrolled",
	match.BelowThreshold: "below_threshold",
	match.Ambiguous:      "ambiguous",
	match.Taken:          "taken",
	match.Ignored:        "ignored",
}

// refusalUndescribed is why a face that a hand drew is nobody's by machine: no look has found
// it, so that there is nothing to compare.
const refusalUndescribed = "not_described"

func (f faceRow) undescribed() bool { return f.drawn && len(f.Embedding) == 0 && !f.byHand() }

// ofFormerModel tells whether the face is described by a former model alone while others of
// its picture are by the current one: the picture's rule is the current one's, which cannot
// weigh whom the face was like. So it stays who it is.
func (f faceRow) ofFormerModel(k known) bool {
	return k.model != "" && f.Model != "" && f.Model != k.model && !f.byHand()
}

// stays tells whether such a face is still somebody's whom it can be.
func (f faceRow) stays(k known) bool {
	one, there := k.who[f.given]
	return f.given != 0 && there && !one.Removed && !one.Erased && !k.photos[f.photoID] && !slices.Contains(f.isNot(k.who), one.ID)
}

// picture is a picture's row, held, and its faces: who has it may decide whose they are.
type picture struct {
	id       int64
	round    int64
	revision int64 // how often the round's answer was changed
	status   lineup.Status
	person   int64
	claim    string
	content  string      // of the file that the faces were found in
	rule     *match.Rule // by which they were decided last; nil: by the face server itself
	ruled    *match.Rule // the same as the row has it

	thumbnail, large lineup.Derived

	touched   bool                    // a face came or went
	decisions []match.Decision[int64] // of the faces, by the rule
	faces     []faceRow
	before    map[int64]faceRow // the faces as they are in the table
}

// lockPictures holds the pictures' rows, in the order of their ids, and reads their faces.
// One that is not there is left out. Who writes a face holds its picture's row. What is an
// erased person's is marked, so that whoever writes it next makes it nobody's.
func lockPictures(ctx context.Context, tx *sql.Tx, ids []int64) ([]*picture, error) {
	return lockPicturesBy(ctx, tx, ids, lockedInOrder)
}

// lockPicturesBy is lockPictures by another clause.
func lockPicturesBy(ctx context.Context, tx *sql.Tx, ids []int64, clause string) ([]*picture, error) {
	ids = distinctIDs(ids)
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := placeholders(ids)
	pictures, err := query(ctx, tx, scanPicture, selectHeld+list+clause, args...)
	if err != nil {
		return nil, err
	}
	faces, err := readFaces(ctx, tx, ids, true)
	if err != nil {
		return nil, err
	}
	erased, err := erasedAmong(ctx, tx, faces)
	if err != nil {
		return nil, err
	}
	for _, p := range pictures {
		p.before = map[int64]faceRow{}
		for _, face := range faces {
			if face.imageID == p.id {
				p.before[face.ID] = face
				if erased[face.given] {
					face.markErased()
				}
				p.faces = append(p.faces, face)
			}
		}
	}
	return pictures, nil
}

const (
	selectHeld = `
		SELECT
			id,
			round,
			revision,
			status,
			person_id,
			claim,
			faces_content,
			match_threshold,
			match_margin,
			match_stranger,
			thumbnail,
			large
		FROM images
		WHERE id IN `
	lockedInOrder = `
			AND status <> '` + deleted + `'
		ORDER BY id
		FOR UPDATE`
)

func scanPicture(rows *sql.Rows) (*picture, error) {
	p := new(picture)
	var person sql.NullInt64
	var claim, content, thumbnail, large sql.NullString
	var threshold, margin, stranger sql.NullFloat64
	err := rows.Scan(&p.id, &p.round, &p.revision, &p.status, &person, &claim, &content, &threshold, &margin, &stranger, &thumbnail, &large)
	p.person, p.claim, p.content = person.Int64, claim.String, content.String
	p.thumbnail, p.large = lineup.Derived(thumbnail.String), lineup.Derived(large.String)
	if threshold.Valid && margin.Valid {
		p.rule = &match.Rule{Threshold: threshold.Float64, Margin: margin.Float64, StrangerThreshold: stranger.Float64}
		p.ruled = p.rule
	}
	return p, err
}

// ruleValues are the rule's columns.
func (p *picture) ruleValues() []any {
	if p.rule == nil {
		return []any{nil, nil, nil}
	}
	stranger := sql.NullFloat64{Float64: p.rule.StrangerThreshold, Valid: p.rule.StrangerThreshold > 0}
	return []any{p.rule.Threshold, p.rule.Margin, stranger}
}

// decide says whose each of the picture's faces is, by the one rule. What a hand said stays.
func (p *picture) decide(k known) {
	k = k.of(p)
	asked := make([]match.Face[int64], len(p.faces))
	for i := range p.faces {
		if asked[i] = p.faces[i].asked(k); p.faces[i].ofFormerModel(k) {
			asked[i] = p.faces[i].askedOfFormer(k)
		}
	}
	rule := match.Rule{Threshold: math.Inf(1)} // nobody is anybody but by what the server itself said
	if p.rule != nil {
		rule = *p.rule
	}
	p.decisions = match.Decide(rule, asked)
	for i, d := range p.decisions {
		face := &p.faces[i]
		switch {
		case face.ofFormerModel(k) && face.stays(k):
		case p.rule == nil:
			face.takeServersWord(d, k)
		default:
			face.take(d, k)
		}
		if face.undescribed() || face.ofFormerModel(k) && face.given == 0 {
			face.Refusal = refusalUndescribed
		}
		face.forget(k, d)
		if face.told = 0; face.given != 0 && !k.who[face.given].Removed {
			face.told = k.who[face.given].ID
		}
		switch {
		case !face.comparable():
			face.state = sql.NullInt64{}
		case !face.state.Valid: // it is the machine's again: the re-match looks whom it is like now
			face.state = sql.NullInt64{Valid: true}
		}
	}
}

// asked is the face as the rule is asked about it.
func (f *faceRow) asked(k known) match.Face[int64] {
	face := match.Face[int64]{Not: f.isNot(k.who), Ignored: f.Ignored, Occluded: f.Occluded}
	gone := func(c match.Candidate[int64]) bool { return k.photos[c.PhotoID] }
	face.Candidates, face.Strangers = f.candidates(k.who)
	face.Candidates, face.Strangers = slices.DeleteFunc(face.Candidates, gone), slices.DeleteFunc(face.Strangers, gone)
	k.addItself(f, &face)
	face.Candidates = append(face.Candidates, f.likesErased(k)...)
	if f.byHand() && f.given != 0 {
		is := cmp.Or(k.who[f.given].ID, f.given)
		face.Is = &is
	}
	return face
}

// askedOfFormer is asked for a face that stays who it is, which no other of the picture can be.
func (f *faceRow) askedOfFormer(k known) (face match.Face[int64]) {
	if f.stays(k) {
		is := k.who[f.given].ID
		face.Is = &is
	}
	return face
}

// take writes down what the rule said. Who has the photo that it matched, has the face.
func (f *faceRow) take(d match.Decision[int64], k known) {
	f.takeSimilarity(d)
	f.Refusal, f.ImageName, f.photoID, f.ChanceWrong = refusals[d.Refusal], "", 0, nil
	switch {
	case d.ByHand:
		f.DecidedBy = lineup.ByHand
	default:
		f.DecidedBy, f.given = lineup.ByMachine, 0
		if d.Person == nil {
			return
		}
		nearest := d.Candidates
		if d.Stranger {
			nearest, f.DecidedBy = d.Strangers, lineup.ByStranger
		}
		f.ImageName, f.photoID, f.given = nearest[0].ImageName, nearest[0].PhotoID, k.own[f.ID].person
		for _, l := range f.likes {
			if l.Photo == f.photoID && l.ImageName == f.ImageName {
				f.given = l.Person
				if !d.Stranger {
					f.ChanceWrong = l.ChanceWrong
				}
			}
		}
	}
}

// takeSimilarity writes down how near whom it was decided to be is, and by how much nearer than
// the second. To whom a hand gave it, it may not be like at all: then nobody's nearness is told.
func (f *faceRow) takeSimilarity(d match.Decision[int64]) {
	f.Similarity, f.Margin = nil, nil
	if d.ByHand && d.Person != nil {
		f.Similarity = similarityTo(*d.Person, d)
		return
	}
	if similarity, ok := d.Similarity(); ok {
		f.Similarity = asFloat(similarity)
	}
	if margin, ok := d.Margin(); ok {
		f.Margin = asFloat(margin)
	}
}

// similarityTo is how similar the face is to that person, nil where no candidate says it.
func similarityTo(person int64, d match.Decision[int64]) *float64 {
	all := slices.Concat(d.Candidates, d.Strangers)
	i := slices.IndexFunc(all, func(c match.Candidate[int64]) bool { return c.Person == person })
	if i < 0 {
		return nil
	}
	return asFloat(all[i].Similarity)
}

func asFloat(f float32) *float64 {
	wide := float64(f)
	return &wide
}

// takeServersWord is for a face server that decides itself: whose the photo is that it
// named, the face is, unless a hand said otherwise.
func (f *faceRow) takeServersWord(d match.Decision[int64], k known) {
	f.ChanceWrong = nil
	if f.byHand() {
		f.ImageName, f.photoID, f.Refusal = "", 0, refusals[d.Refusal]
		f.takeSimilarity(d)
		return
	}
	f.DecidedBy, f.given, f.photoID = lineup.ByMachine, 0, 0
	said := f.serverSaid()
	if said == nil {
		return // ImageName may be of a photo that is nobody's
	}
	f.ImageName, f.photoID = "", 0
	if said.Similarity != nil && (f.Similarity == nil || float32(*f.Similarity) != *said.Similarity) { // a hand had given it to somebody else
		f.Similarity = asFloat(*said.Similarity)
	}
	one := k.who[said.Person]
	if one.Erased {
		f.given = said.Person // which makes it nobody's
		return
	}
	if one.ID != 0 && !one.Removed && !k.photos[said.Photo] && !slices.Contains(f.isNot(k.who), one.ID) {
		f.ImageName, f.photoID, f.given, f.ChanceWrong = said.ImageName, said.Photo, said.Person, said.ChanceWrong
	}
}

// best is the named person whose face is surest: the row's person and the status follow
// from it. Where the face server tells no similarity, the first known face is.
func (p *picture) best(k known) (person int64, status lineup.Status) {
	highest := math.Inf(-1)
	for _, face := range p.faces {
		if one := k.who[face.given]; face.given == 0 || one.Removed || one.Name == "" {
			continue
		}
		similarity := math.Inf(-1)
		if face.Similarity != nil {
			similarity = *face.Similarity
		}
		if person == 0 || similarity > highest {
			person, highest = face.given, similarity
		}
	}
	if person == 0 {
		return 0, lineup.Unknown
	}
	return person, lineup.Identified
}
