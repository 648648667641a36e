package store

import (
	"cmp"
	"context"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
)

// answer makes of a picture's row, and of the faces shown of it, what is shown of the
// picture. Best person and status follow a change of the gallery only by the re-match; until
// then nobody is told who is no face of it any more.
func (i imageRow) answer(faces []lineup.Face, who map[int64]survivor) lineup.Image {
	image := i.Image
	image.Faces = append([]lineup.Face{}, faces...)
	if one, there := who[i.person]; there && !one.Removed { // else nobody has that id: the row was edited by hand
		image.Person = &one.Person
	}
	if len(faces) > 0 && (image.Person == nil || !slices.ContainsFunc(faces, func(f lineup.Face) bool { return f.Person != nil && f.Person.ID == image.Person.ID })) {
		image.Person = surest(faces)
	}
	if image.Status == lineup.Identified && image.Person == nil {
		image.Status = lineup.Unknown
	}
	return image
}

// facesOf gives the faces of each picture, the best match first, without their embeddings,
// and who everybody in them is, and who these people are.
func facesOf(ctx context.Context, q querier, images, people []int64) (map[int64][]lineup.Face, map[int64]survivor, error) {
	rows, err := readFaces(ctx, q, images, false)
	if err != nil {
		return nil, nil, err
	}
	who, err := survivors(ctx, q, append(people, peopleIn(rows)...))
	if err != nil {
		return nil, nil, err
	}
	byImage := map[int64][]faceRow{}
	for _, row := range rows {
		byImage[row.imageID] = append(byImage[row.imageID], row)
	}
	faces := make(map[int64][]lineup.Face, len(byImage))
	for image, rows := range byImage {
		faces[image] = shownFaces(rows, who)
	}
	return faces, who, nil
}

// shownFaces makes of a picture's rows what is shown of them, the best match first. Merging
// acts at once: two faces that the machine gave to persons who are one since are not
// both that person's, though only a re-match writes it.
func shownFaces(rows []faceRow, who map[int64]survivor) []lineup.Face {
	order := slices.Clone(rows)
	slices.SortStableFunc(order, func(a, b faceRow) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), compareSimilarity(a.Face, b.Face), cmp.Compare(a.ID, b.ID))
	})
	taken := map[int64]bool{}
	faces := make([]lineup.Face, len(order))
	for i, row := range order {
		faces[i] = row.shown(who, taken)
	}
	slices.SortStableFunc(faces, func(a, b lineup.Face) int { // those who are somebody first
		return cmp.Or(compareBool(a.Person == nil, b.Person == nil), compareSimilarity(a, b))
	})
	return faces
}

// shown is what is shown of a face, where these persons are other faces of the picture. What
// a merge, an undoing or an erasing has made untrue of the row is not shown, though only a re-match
// writes it: nobody whom a hand said that it is not, and nobody who is gone.
func (f faceRow) shown(who map[int64]survivor, taken map[int64]bool) lineup.Face {
	face := &f.Face
	asked := match.Face[int64]{Not: f.isNot(who)}
	asked.Candidates, asked.Strangers = f.candidates(who)
	ruled := match.Decide(match.Rule{}, []match.Face[int64]{asked})[0]
	one, there := who[f.given]
	switch {
	case f.given == 0:
	case one.Erased:
		f.markErased()
		face.ImageName, face.Similarity, face.Margin, face.Refusal = "", nil, nil, refusals[match.Ignored]
	case !f.byHand() && (!there || one.Removed || slices.Contains(asked.Not, one.ID)):
		f.becomeNobody(ruled)
	case !there || one.Removed:
		face.ImageName = ""
	case taken[one.ID] && !f.byHand() && f.serverSaid() == nil:
		face.Refusal, face.ImageName = refusals[match.Taken], ""
	default:
		taken[one.ID], face.Person = true, &one.Person
	}
	if face.DecidedBy == lineup.ByStranger && (face.Person == nil || face.Person.Name != "") {
		face.DecidedBy = lineup.ByMachine // named or forgotten since
	}
	face.ChanceWrong = f.shownChance()
	face.Candidates = shownCandidates(ruled, who)
	face.Not = append([]int64{}, slices.DeleteFunc(distinctIDs(asked.Not), func(id int64) bool { return who[id].Removed })...)
	return *face
}

// shownCandidates are who the face could be, those with a name first.
func shownCandidates(d match.Decision[int64], who map[int64]survivor) []lineup.Candidate {
	all := []lineup.Candidate{}
	for _, c := range slices.Concat(d.Candidates, d.Strangers) {
		all = append(all, lineup.Candidate{Person: who[c.Person].Person, PhotoID: c.PhotoID, ImageName: c.ImageName, Similarity: float64(c.Similarity)})
	}
	return all
}

// shownChance is how likely the name that is shown is wrong; nil where none is that the machine gave.
func (f faceRow) shownChance() *float64 {
	if f.Person == nil || f.Person.Name == "" || f.byHand() {
		return nil
	}
	return f.ChanceWrong
}

// becomeNobody takes away whose it was. Without the picture's rule it is not known whether it is
// another's: the re-match tells.
func (f *faceRow) becomeNobody(d match.Decision[int64]) {
	f.ImageName, f.Refusal = "", refusals[match.BelowThreshold]
	if len(d.Candidates) == 0 {
		f.Refusal = refusals[match.NobodyEnrolled]
	}
	f.takeSimilarity(d)
}

// surest is the named person whose shown face is surest, nil where nobody is named.
func surest(faces []lineup.Face) *lineup.Person {
	for _, face := range faces { // the best match is first
		if face.Person != nil && face.Person.Name != "" {
			return face.Person
		}
	}
	return nil
}

// rank puts what a hand said before what the machine did, and that before nobody.
func rank(f faceRow) int {
	switch {
	case f.given == 0:
		return 2
	case !f.byHand():
		return 1
	}
	return 0
}

func compareBool(a, b bool) int {
	if a == b {
		return 0
	}
	if b {
		return -1
	}
	return 1
}

// compareSimilarity puts the more similar first, and last one of which nothing is told.
func compareSimilarity(a, b lineup.Face) int {
	if a.Similarity == nil || b.Similarity == nil {
		return compareBool(a.Similarity == nil, b.Similarity == nil)
	}
	return cmp.Compare(*b.Similarity, *a.Similarity)
}
