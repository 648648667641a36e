package main

import (
	"bytes"
	"cmp"
	"context"
	"image/jpeg"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
)

// shownFace is a face as the page shows it.
type shownFace struct {
	lineup.Face
	Number int    // from 1
	Tag    *tag   // at its box, nil without one
	Likes  []like // whom it is like, whose it is first
}

// like is somebody whom a face is like, by the photo of theirs that is nearest.
type like struct {
	lineup.Candidate
	Crop   lineup.Derived // the face of that photo
	Theirs bool           // the face is theirs
}

// Caption says what the photo beside a face is: whose it is, or that it is no more than the
// nearest.
func (l like) Caption() string {
	switch {
	case l.Theirs && l.Person.Name == "":
		return "same stranger"
	case l.Theirs:
		return calledIn(l.Person)
	}
	return "nearest: " + calledIn(l.Person)
}

// rivalsShown is of how many persons a face is offered to be.
const rivalsShown = 3

// leftToRight puts the faces in the order in which one points at them; those without a box come last.
func leftToRight(faces []lineup.Face) []lineup.Face {
	sorted := slices.Clone(faces)
	slices.SortStableFunc(sorted, func(a, b lineup.Face) int {
		if a.Box == nil || b.Box == nil {
			return cmp.Compare(boxes(b), boxes(a))
		}
		return cmp.Compare(a.Box.X, b.Box.X)
	})
	return sorted
}

// withNumbers are the faces of that order.
func withNumbers(faces []lineup.Face) []shownFace {
	shown := make([]shownFace, len(faces))
	for i, face := range faces {
		shown[i] = shownFace{Face: face, Number: i + 1}
	}
	return shown
}

func boxes(f lineup.Face) int {
	if f.Box == nil {
		return 0
	}
	return 1
}

// tooClose is how many the machine could not tell apart where a face is as like one as another.
const tooClose = 2

// likes are whose a face is and who else it could be, but for those it was said not to be: who is
// at least as similar, or was too close to tell.
func likes(f lineup.Face, least float64) (all []like) {
	rivals := 0
	for i, c := range f.Candidates {
		near := match.Counted(c.Similarity, f.Occluded) >= least || isTooClose(f) && i < tooClose
		switch {
		case f.Person != nil && c.Person.ID == f.Person.ID:
			all = slices.Insert(all, 0, like{Candidate: c, Theirs: true})
		case rivals < rivalsShown && near && !slices.Contains(f.Not, c.Person.ID):
			all = append(all, like{Candidate: c})
			rivals++
		}
	}
	return all
}

// addLikes adds whom the faces are like, with the faces of those photos. A stranger of whom there is none is left
// out: nobody could tell who that is.
func (v *view) addLikes(ctx context.Context, faces []shownFace) error {
	if err := v.leaveOutEmptied(ctx, faces); err != nil {
		return err
	}
	var photos []int64
	for n := range faces {
		faces[n].Likes = likes(faces[n].Face, v.options.SimilarLeast)
		for _, l := range faces[n].Likes {
			photos = append(photos, l.PhotoID)
		}
	}
	crops, err := v.cropsOf(ctx, photos)
	if err != nil {
		return err
	}
	for n := range faces {
		face := &faces[n]
		for i := range face.Likes {
			face.Likes[i].Crop = crops[face.Likes[i].PhotoID]
		}
		face.Likes = slices.DeleteFunc(face.Likes, func(l like) bool { return !l.Theirs && l.Person.Name == "" && l.Crop == "" })
	}
	return nil
}

// leaveOutEmptied leaves out of whom the faces could be the strangers in no picture: somebody with a name was enrolled
// since who has their faces.
func (v *view) leaveOutEmptied(ctx context.Context, faces []shownFace) error {
	var strangers []int64
	for _, face := range faces {
		for _, c := range face.Candidates {
			if c.Person.Name == "" {
				strangers = append(strangers, c.Person.ID)
			}
		}
	}
	emptied, err := v.db.InNoPicture(ctx, strangers)
	if len(emptied) == 0 {
		return err
	}
	for n := range faces {
		faces[n].Candidates = slices.DeleteFunc(slices.Clone(faces[n].Candidates), func(c lineup.Candidate) bool { return slices.Contains(emptied, c.Person.ID) })
	}
	return nil
}

// Rivals are who else the face could be.
func (f shownFace) Rivals() []like {
	return slices.DeleteFunc(slices.Clone(f.Likes), func(l like) bool { return l.Theirs })
}

// Beside are the photos to show beside the face: of whose it is, or of the two between
// whom the machine could not tell, or of who comes nearest.
func (f shownFace) Beside() []like {
	most := 1
	if len(f.Same()) > 0 {
		most = 2
	}
	return f.Likes[:min(most, len(f.Likes))]
}

// Decision is why the face is whose it is, empty where that says no more than whose it is.
func (f shownFace) Decision() string {
	if text := decision(f.Face); text != nobodyKnown+"." {
		return text
	}
	return ""
}

// ByHand tells that a hand decided it, which can be taken back.
func (f shownFace) ByHand() bool { return f.DecidedBy == lineup.ByHand && !f.Ignored }

// NotAnyMore are the persons that the face is not once it is not who it is now.
func (f shownFace) NotAnyMore() []int64 { return append(slices.Clone(f.Not), f.Person.ID) }

// Same are the two persons between whom the machine could not tell: they may be one.
func (f shownFace) Same() []lineup.Person {
	rivals := f.Rivals()
	if f.Person != nil || !isTooClose(f.Face) || len(rivals) < 2 {
		return nil
	}
	return []lineup.Person{rivals[0].Person, rivals[1].Person}
}

// shape is the shape of a picture, so that its page keeps the place for it before it has come.
type shape struct {
	Width, Height int    // in any unit; 0 where nobody knows
	Class         string // for the style
}

// A thumbnail that is less wide and high than that is as large as its picture.
const smallPicture = 300

// shapeOf is the shape of a picture by its thumbnail, which is upright as browsers show it.
func (v *view) shapeOf(ctx context.Context, image lineup.Image) shape {
	if image.Thumbnail == "" {
		return shape{}
	}
	body, err := v.pictures.ReadDerived(ctx, string(image.Thumbnail), maxDerived)
	if err != nil {
		return shape{}
	}
	config, err := jpeg.DecodeConfig(bytes.NewReader(body))
	if err != nil {
		return shape{}
	}
	s := shape{Width: config.Width, Height: config.Height}
	switch {
	case max(s.Width, s.Height) < smallPicture:
		s.Class = "small"
	case s.Height > s.Width:
		s.Class = "tall"
	}
	return s
}
