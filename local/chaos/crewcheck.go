package chaos

import (
	"fmt"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

// told is what the API says of people when all is quiet.
type told struct {
	changes []changeItem // the newest first
	people  map[int64]profile
	before  map[int64]pictured // the people's pictures
	after   map[int64]pictured // once they were all looked at again
	traces  []string           // of who was erased
	placed  map[string][]placedPhoto
	// strangers are the faces of people without a name.
	strangers []strangerFace
	behind    int // faces that were not compared with the gallery as it is, and photos nobody looked at
}

// profile is a person, as the API tells it.
type profile struct {
	Name       string
	MergedInto *int64 `json:"merged_into"`
	Photos     []photoItem
}

type photoItem struct {
	ID            int64
	State, Reason string
}

// checkPeople: what hands said, and was answered, is so.
func (f facts) checkPeople(v *findings) {
	v.wrong = append(v.wrong, f.crew.wrong...)
	if len(f.crew.wrong) > 0 {
		return
	}
	if f.told.behind > 0 {
		note(&v.lost, "%d faces or photos were not compared with the gallery as it is", f.told.behind)
	}
	f.checkMade(v)
	f.checkPersons(v)
	f.checkDecisions(v)
	f.checkLooks(v)
	f.checkGone(v)
	f.checkPlaced(v)
	f.checkStrangers(v)
}

// checkMade: every change that was answered was made, once.
func (f facts) checkMade(v *findings) {
	made := slices.Clone(f.told.changes)
	slices.Reverse(made)
	made = slices.DeleteFunc(made, func(one changeItem) bool { return one.ID <= f.changesAfter })
	for i, want := range f.crew.changes {
		if i == len(made) {
			note(&v.lost, "change %d, %+v, and all after it are not among the changes", i, want)
			return
		}
		got := made[i]
		if got.Action != want.action || want.id != 0 && got.ID != want.id || want.face != 0 && (got.Face == nil || *got.Face != want.face) ||
			want.person != 0 && f.crew.erased[want.person] == nil && (got.Person == nil || got.Person.ID != f.crew.now.survivor(want.person)) {
			note(&v.wrong, "change %d is %s, id %d, not %+v", i, got.Action, got.ID, want)
			return
		}
	}
	if len(made) > len(f.crew.changes) {
		note(&v.doubled, "%d changes were made, %d were answered", len(made), len(f.crew.changes))
	}
}

// checkPersons: everybody who was enrolled is there, with the photos, by the last name, and
// whoever was merged names the survivor.
func (f facts) checkPersons(v *findings) {
	now, photos := f.crew.now, make(map[int64]bool)
	for id, name := range now.names {
		p := f.told.people[id]
		survivor := now.survivor(id)
		switch {
		case now.into[id] == 0 && p.MergedInto != nil:
			note(&v.wrong, "person %d was merged into %d by nobody", id, *p.MergedInto)
		case now.into[id] != 0 && (p.MergedInto == nil || now.survivor(*p.MergedInto) != survivor):
			note(&v.lost, "person %d does not name %d, whom they were merged into: %+v", id, survivor, p)
		case now.into[id] == 0 && p.Name != name:
			note(&v.lost, "person %d is called %q, not %q", id, p.Name, name)
		}
		for _, photo := range p.Photos {
			photos[photo.ID] = true
			if photo.State != "usable" && (photo.State != "unusable" || photo.Reason == "") {
				note(&v.lost, "nobody said what became of photo %d of person %d: %+v", photo.ID, id, photo)
			}
		}
	}
	for id, name := range f.crew.photos {
		if !photos[id] {
			note(&v.lost, "photo %d, by which %s was enrolled, is nobody's", id, name)
		}
	}
}

// checkDecisions: no decision by hand is lost or overturned, and there are no others.
func (f facts) checkDecisions(v *findings) {
	now, byHand := f.crew.now, 0
	for face, d := range now.faces {
		faces := f.told.after[d.image].Faces
		i := slices.IndexFunc(faces, func(one faceItem) bool { return one.ID == face })
		if i < 0 {
			note(&v.lost, "face %d of image %d, of which a hand said %+v, is gone", face, d.image, d)
		} else if !now.holds(d, faces[i]) {
			note(&v.lost, "what a hand said of face %d, %+v, was overturned: %+v", face, d, faces[i])
		}
		if d.is != 0 {
			byHand++
		}
	}
	for _, p := range f.told.after {
		for _, one := range p.Faces {
			if one.DecidedBy == string(lineup.ByHand) && one.Person != nil {
				byHand--
			}
		}
	}
	if byHand < 0 {
		note(&v.wrong, "%d faces were given to somebody by no hand", -byHand)
	}
}

// checkLooks: a new look at a picture finds nothing else: it was compared with the gallery
// as it is. One that was given up for broken calls has nothing to compare.
func (f facts) checkLooks(v *findings) {
	for id, before := range f.told.before {
		after := f.told.after[id]
		if r := f.rows[id]; r == nil || !r.announced || !r.status.Final() {
			note(&v.lost, "image %d of the people is not final and announced", id)
		}
		if before.Status != string(lineup.Failed) && fmt.Sprint(before.answer()) != fmt.Sprint(after.answer()) {
			note(&v.wrong, "a new look at image %d finds %v, not %v", id, after.answer(), before.answer())
		}
	}
}

// answer is which named person's each of its faces is, 0 for nobody's. Nothing is compared
// again for strangers, so that only a new look finds those that began since.
func (p pictured) answer() map[int64]int64 {
	all := make(map[int64]int64)
	for _, face := range p.Faces {
		all[face.ID] = 0
		if face.DecidedBy != string(lineup.ByStranger) {
			all[face.ID] = face.person()
		}
	}
	return all
}
