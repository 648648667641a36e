package chaos

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
)

// facts is all that is known once everything is quiet.
type facts struct {
	after int64 // pictures with ids up to this are not of this run
	// changesAfter is the same of what hands did.
	changesAfter int64
	accepted     map[int64]acceptance
	wrong        []string // answers that receive must not give
	folders      map[int64]folder
	walked       map[int64]bool // folders, and whether their walks came to an end
	rows         map[int64]*row
	changes      []change
	events       map[string]delivery
	bad          []string // what the sink was sent that is no event
	garbage      []garbage
	dead         [][]byte
	calls        map[int64]int
	faults       []injected
	crew         *crew    // who enrolled and corrected
	told         told     // what is said of people then
	logs         []string // data races and panics in the programs' logs
}

// attempts is MAX_ATTEMPTS of process, and inFlight MAX_IN_FLIGHT of the bridge.
const (
	attempts = 5
	inFlight = 16
)

// findings of a run: what it found, by how bad it is.
type findings struct {
	lost    []string // accepted and not kept
	doubled []string // done twice, or written over
	wrong   []string // anything else that must not be

	givenUp     int // pictures that rightly failed: each call for them was broken by a fault
	superseded  int // results that were not announced because the picture was posted again before
	lostGarbage int // messages that nsqd lost when it was killed
	repeats     int // events that came again with the same id and the same data
	callsMost   int // calls of the face server that there may be
}

// check compares every acceptance that Lineup makes against what happened.
func (f facts) check() findings {
	v := findings{wrong: slices.Concat(f.wrong, f.bad, f.logs)}
	f.checkFolders(&v)
	f.checkRows(&v)
	f.checkChanges(&v)
	f.checkEvents(&v)
	f.checkGarbage(&v)
	f.checkCalls(&v)
	f.checkPeople(&v)
	return v
}

// checkFolders: every folder that receive accepted was walked to its end, and every picture that
// lay in it is accepted as if it had been posted by itself.
func (f facts) checkFolders(v *findings) {
	ids := make(map[string]int64, len(f.rows))
	for id, r := range f.rows {
		ids[r.path] = id
	}
	for _, id := range slices.Sorted(maps.Keys(f.folders)) {
		if finished, there := f.walked[id]; !there || !finished {
			note(&v.lost, "folder %d (%s): has a row %v, walked to its end %v", id, f.folders[id].path, there, finished)
		}
		for _, p := range f.folders[id].pictures {
			if image, there := ids[p.path]; there {
				f.accepted[image] = acceptance{p.path, p}
			} else {
				note(&v.lost, "%s of folder %d has no row", p.path, id)
			}
		}
	}
}

// checkRows: every id that receive returned has its row, final, and as the picture says.
func (f facts) checkRows(v *findings) {
	for _, id := range slices.Sorted(maps.Keys(f.accepted)) {
		p, r := f.accepted[id], f.rows[id]
		switch {
		case r == nil:
			note(&v.lost, "image %d (%s) has no row", id, p.path)
		case !r.status.Final():
			note(&v.lost, "image %d (%s) is still %s", id, p.path, r.status)
		case r.path != p.path:
			note(&v.wrong, "image %d is %s, not %s", id, r.path, p.path)
		case f.mayBeGivenUp(r):
			v.givenUp++
		case r.status != p.picture.want:
			note(&v.wrong, "image %d (%s, %s) is %s (%s), not %s", id, p.path, p.picture.kind, r.status, r.reason, p.picture.want)
		default:
			checkFaces(v, id, p.picture, r.faces)
		}
		if r != nil && r.status.Final() && !r.announced {
			note(&v.lost, "the result of image %d is not announced", id)
		}
	}
	for id, r := range f.rows {
		if _, accepted := f.accepted[id]; !accepted && !r.status.Final() {
			note(&v.lost, "image %d (%s), of a request that was not answered, is still %s", id, r.path, r.status)
		}
	}
}

func checkFaces(v *findings, id int64, p *picture, faces []face) {
	var known []string
	places := make(map[string]bool)
	for _, face := range faces {
		places[face.box] = true
		if face.person != "" {
			known = append(known, face.person)
		}
	}
	slices.Sort(known)
	switch {
	case len(places) != len(faces):
		note(&v.doubled, "image %d has %d faces at %d places", id, len(faces), len(places))
	case len(faces) != p.faces || !slices.Equal(known, p.known):
		note(&v.wrong, "image %d (%s) has %d faces, among them %q, not %d with %q", id, p.kind, len(faces), known, p.faces, p.known)
	}
}

// mayBeGivenUp tells whether a picture may be failed although nothing is wrong with
// it: when at least as many faults broke calls of the face server while it was
// looked at as it takes attempts to fail it. A call that broke after it was sent
// counts, because the picture could have been the reason.
func (f facts) mayBeGivenUp(r *row) bool {
	if r.status != lineup.Failed || !strings.HasPrefix(r.reason, fmt.Sprintf("the face server failed at it %d times", attempts)) {
		return false
	}
	faults := 0
	for _, fault := range f.faults {
		if fault.breaksCalls && fault.to.After(r.created) {
			faults++
		}
	}
	return faults >= attempts
}

// checkChanges: one result a round, written by whoever holds the claim, and left alone.
func (f facts) checkChanges(v *findings) {
	results := make(map[work]int)
	for _, c := range f.changes {
		w := work{c.image, c.round}
		switch {
		case c.early:
			note(&v.doubled, "image %d was taken over before the lease ran out, at %v", c.image, c.at)
		case c.revised() && f.mayBeRevised(c.image): // compared again, or corrected by hand
		case c.statusBefore.Final() && c.status.Final():
			note(&v.doubled, "the result of image %d was written over: %s by %s, at %v", c.image, c.statusBefore, c.status, c.at)
		case c.status.Final() && c.statusBefore != lineup.Processing:
			note(&v.doubled, "image %d got a result while it was %s, at %v", c.image, c.statusBefore, c.at)
		case c.statusBefore.Final() && !f.mayBeginAgain(c):
			note(&v.doubled, "image %d went from %s, round %d, to %s, round %d, at %v", c.image, c.statusBefore, c.roundBefore, c.status, c.round, c.at)
		}
		if c.status.Final() && !c.statusBefore.Final() {
			results[w]++
		}
	}
	for w, n := range results {
		if n > 1 {
			note(&v.doubled, "image %d has %d results in round %d", w.image, n, w.round)
		}
	}
}

// mayBeginAgain tells whether a change of a final picture is another round of one that
// failed, or whose file was overwritten.
func (f facts) mayBeginAgain(c change) bool {
	p := f.accepted[c.image].picture
	return c.status == lineup.Pending && c.round == c.roundBefore+1 &&
		(c.statusBefore == lineup.Failed || p != nil && p.overwritten || f.ofPeople(c.image))
}

// ofPeople tells of the pictures of the people who are enrolled meanwhile: their answers
// follow, and they are looked at again.
func (f facts) ofPeople(image int64) bool {
	return slices.Contains(f.crew.pictures, image)
}

// mayBeRevised also tells of the pictures of who has no name: strangers are joined.
func (f facts) mayBeRevised(image int64) bool {
	p := f.accepted[image].picture
	return f.ofPeople(image) || p != nil && (p.kind == stranger || p.overwritten)
}

// revised tells of another answer in the same round.
func (c change) revised() bool {
	return c.statusBefore.Final() && c.status.Final() && c.round == c.roundBefore && c.revision == c.revisionBefore+1
}

// checkEvents: every result was told, no other was, and what was told again was the same.
func (f facts) checkEvents(v *findings) {
	results := make(map[string]lineup.Status) // by event id
	for _, c := range f.changes {
		if c.status.Final() {
			results[eventID(c.image, c.round, c.revision)] = c.status
		}
	}
	for _, c := range f.changes {
		id := eventID(c.image, c.round, c.revision)
		if _, seen := f.events[id]; seen || !c.status.Final() {
			continue
		}
		if f.rows[c.image].after(c) {
			v.superseded++ // a sink that was down is told how the picture ended, not how often it failed
			continue
		}
		note(&v.lost, "the sink was never told of event %s: image %d is %s", id, c.image, c.status)
	}
	for id, e := range f.events {
		v.repeats += e.times - 1
		status, ours := results[id]
		kind, _ := event.TypeOf(status)
		switch {
		case e.image <= f.after:
		case !ours:
			note(&v.wrong, "the sink was told %s as event %s of image %d, which has no such result", e.kind, id, e.image)
		case e.changed && !f.ofPeople(e.image): // people are renamed and merged meanwhile
			note(&v.doubled, "event %s was told again with another type or other data", id)
		case e.kind != kind:
			note(&v.wrong, "event %s says %s, but the picture is %s", id, e.kind, status)
		case f.rows[e.image] != nil && e.path != f.rows[e.image].path:
			note(&v.wrong, "event %s is of %s, not of %s", id, e.path, f.rows[e.image].path)
		}
	}
}

// after tells of a row that has another answer than the change gave it.
func (r *row) after(c change) bool {
	return r != nil && (r.round > c.round || r.round == c.round && r.revision > c.revision)
}

func eventID(image, round, revision int64) string {
	if revision > 0 {
		return fmt.Sprintf("%d.%d.%d", image, round, revision)
	}
	return fmt.Sprintf("%d.%d", image, round)
}

// checkGarbage: the dead letters are the garbage, and nothing else. A message that
// nsqd had and lost by being killed before it became a dead letter is nsqd's to lose: what is
// in flight, deferred or not synced it has in memory only.
func (f facts) checkGarbage(v *findings) {
	for _, letter := range f.dead {
		if !slices.ContainsFunc(f.garbage, func(g garbage) bool { return bytes.Equal(g.body, letter) }) {
			note(&v.wrong, "a message that is no garbage is a dead letter: %.200q", letter)
		}
	}
	for _, g := range f.garbage {
		if !g.sure || slices.ContainsFunc(f.dead, func(letter []byte) bool { return bytes.Equal(g.body, letter) }) {
			continue
		}
		if slices.ContainsFunc(f.faults, func(fault injected) bool { return fault.losesMessages && fault.to.After(g.from) }) {
			v.lostGarbage++
			continue
		}
		note(&v.lost, "garbage is no dead letter, and nsqd was not killed since it was published: %.80q", g.body)
	}
}

// checkCalls: no call without a reason. Each picture needs one in each of its
// rounds, and a fault wastes those that are under way.
func (f facts) checkCalls(v *findings) {
	rounds, made := 0, 0
	for _, r := range f.rows {
		rounds += int(r.round)
	}
	for id, n := range f.calls {
		if f.rows[id] != nil {
			made += n
		}
	}
	v.callsMost = rounds + len(f.faults)*inFlight
	if made > v.callsMost {
		note(&v.doubled, "the face server was called %d times for %d pictures and rounds and %d faults: at most %d would do", made, rounds, len(f.faults), v.callsMost)
	}
}
