package chaos

import (
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
)

// good are the facts of a run in which picture 1 was recognised, picture 2 failed,
// was posted again and failed again, and one garbage message became a dead letter.
func good() facts {
	now := time.Now()
	return facts{
		accepted: map[int64]acceptance{
			1: {"a.jpg", &picture{kind: known, path: "a.jpg", want: lineup.Identified, known: []string{"Ada"}, faces: 1}},
			2: {"b.jpg", &picture{kind: broken, path: "b.jpg", want: lineup.Failed}},
		},
		rows: map[int64]*row{
			1: {path: "a.jpg", status: lineup.Identified, round: 1, announced: true, created: now, faces: []face{{"0 0 1 1", "Ada"}}},
			2: {path: "b.jpg", status: lineup.Failed, reason: "no picture", round: 2, announced: true, created: now},
			5: {path: "people/e.jpg", status: lineup.Identified, round: 1, revision: 1, announced: true, created: now},
		},
		changes: []change{
			{image: 1, roundBefore: 1, round: 1, statusBefore: lineup.Pending, status: lineup.Processing},
			{image: 1, roundBefore: 1, round: 1, statusBefore: lineup.Processing, status: lineup.Identified},
			{image: 2, roundBefore: 1, round: 1, statusBefore: lineup.Processing, status: lineup.Failed},
			{image: 2, roundBefore: 1, round: 2, statusBefore: lineup.Failed, status: lineup.Pending},
			{image: 2, roundBefore: 2, round: 2, statusBefore: lineup.Processing, status: lineup.Failed},
			{image: 5, roundBefore: 1, round: 1, statusBefore: lineup.Processing, status: lineup.Unknown},
			{image: 5, roundBefore: 1, round: 1, revision: 1, statusBefore: lineup.Unknown, status: lineup.Identified},
		},
		events: map[string]delivery{
			"1.1":   {kind: event.TypeIdentified, image: 1, path: "a.jpg", times: 2},
			"2.1":   {kind: event.TypeFailed, image: 2, path: "b.jpg", times: 1},
			"5.1.1": {kind: event.TypeIdentified, image: 5, path: "people/e.jpg", times: 1},
			"2.2":   {kind: event.TypeFailed, image: 2, path: "b.jpg", times: 1},
		},
		crew: &crew{
			now: state{
				names: map[int64]string{7: "Ann", 8: "Bea"}, into: map[int64]int64{8: 7},
				faces: map[int64]decision{50: {image: 5, is: 8}, 51: {image: 5, ignored: true}, 52: {image: 5, not: 7}},
			},
			photos: map[int64]string{70: "Ann", 80: "Bea"}, pictures: []int64{5},
			changes: []expected{{action: "enrol", person: 8}, {action: "is", face: 50}, {action: "undo", id: 23}},
		},
		told:    quiet(),
		folders: map[int64]folder{4: {"f/", nil}},
		walked:  map[int64]bool{4: true},
		garbage: []garbage{{body: []byte("g"), from: now, to: now, sure: true}},
		dead:    [][]byte{[]byte("g")},
		calls:   map[int64]int{1: 1, 2: 2, 5: 1},
	}
}

// quiet is what is told of people 7 and 8, who are one, and of a picture of theirs.
func quiet() (t told) {
	id, person, face := int64(7), &struct{ ID int64 }{7}, int64(50)
	t.people = map[int64]profile{
		7: {Name: "Ann", Photos: []photoItem{{ID: 70, State: "usable"}, {ID: 80, State: "usable"}}},
		8: {Name: "Bea", MergedInto: &id},
	}
	t.changes = []changeItem{{ID: 23, Action: "undo"}, {ID: 22, Action: "is", Face: &face}, {ID: 21, Action: "enrol", Person: person}}
	see := func() map[int64]pictured {
		return map[int64]pictured{5: {Status: "identified", Faces: []faceItem{
			{ID: 50, Person: person, DecidedBy: "hand"}, {ID: 51, DecidedBy: "hand", Ignored: true}, {ID: 52, DecidedBy: "machine", Not: []int64{7}},
		}}}
	}
	t.before, t.after = see(), see()
	return t
}

func TestARunIsJudged(t *testing.T) {
	t.Parallel()
	const lost, doubled, wrong = "lost", "doubled", "wrong"
	breaks := func(n int) (faults []injected) {
		for range n {
			faults = append(faults, injected{fault: fault{effect: effect{true, true}}, to: time.Now().Add(time.Minute)})
		}
		return faults
	}
	givenUp := func(f *facts) {
		f.rows[1].status, f.rows[1].reason, f.rows[1].faces = lineup.Failed, "the face server failed at it 5 times; at last the face server broke off", nil
		f.changes[1].status = lineup.Failed
		f.events["1.1"] = delivery{kind: event.TypeFailed, image: 1, path: "a.jpg", times: 1}
	}
	for name, test := range map[string]struct {
		change func(*facts)
		found  string // of which sort; empty: nothing
		words  string
	}{
		"all is well":                  {func(f *facts) {}, "", ""},
		"a row is missing":             {func(f *facts) { delete(f.rows, 1) }, lost, "no row"},
		"a picture waits for ever":     {func(f *facts) { f.rows[1].status = lineup.Pending }, lost, "still pending"},
		"one without an answer waits":  {func(f *facts) { f.rows[3] = &row{path: "c.jpg", status: lineup.Pending, round: 1} }, lost, "not answered"},
		"a result is not announced":    {func(f *facts) { f.rows[1].announced = false }, lost, "not announced"},
		"an event never came":          {func(f *facts) { delete(f.events, "1.1") }, lost, "event 1.1"},
		"garbage vanished":             {func(f *facts) { f.dead = nil }, lost, "garbage"},
		"nsqd was killed over garbage": {func(f *facts) { f.dead, f.faults = nil, breaks(1) }, "", ""},
		"a known person is not seen":   {func(f *facts) { f.rows[1].status = lineup.Unknown }, wrong, "not identified"},
		"somebody else is seen":        {func(f *facts) { f.rows[1].faces[0].person = "Eve" }, wrong, `"Eve"`},
		"a face stands there twice":    {func(f *facts) { f.rows[1].faces = append(f.rows[1].faces, f.rows[1].faces[0]) }, doubled, "2 faces at 1 places"},
		"the path is another's":        {func(f *facts) { f.rows[1].path = "b.jpg" }, wrong, "not a.jpg"},
		"a claim was taken over early": {func(f *facts) { f.changes[0].early = true }, doubled, "before the lease"},
		"a result was written over":    {func(f *facts) { f.changes[1].statusBefore = lineup.Unknown }, doubled, "written over"},
		"a result without a claim":     {func(f *facts) { f.changes[1].statusBefore = lineup.Pending }, doubled, "while it was pending"},
		"two results in a round":       {func(f *facts) { f.changes = append(f.changes, f.changes[1]) }, doubled, "2 results in round 1"},
		"a final picture begins again": {func(f *facts) { f.changes[3].statusBefore = lineup.Identified }, doubled, "from identified"},
		"an overwritten picture begins again": {func(f *facts) {
			f.changes[3].statusBefore, f.accepted[2].picture.overwritten = lineup.Identified, true
		}, "", ""},
		"an event of nothing":                {func(f *facts) { f.events["1.9"] = f.events["1.1"] }, wrong, "no such result"},
		"a repeat with other data":           {func(f *facts) { e := f.events["1.1"]; e.changed = true; f.events["1.1"] = e }, doubled, "other data"},
		"an event says something else":       {func(f *facts) { f.events["1.1"] = f.events["2.1"] }, wrong, "event 1.1 says"},
		"a superseded event is left out":     {func(f *facts) { delete(f.events, "2.1") }, "", ""},
		"a picture is a dead letter":         {func(f *facts) { f.dead = append(f.dead, []byte("picture")) }, wrong, "no garbage"},
		"a dead letter came twice":           {func(f *facts) { f.dead = append(f.dead, f.dead[0]) }, "", ""},
		"too many calls":                     {func(f *facts) { f.calls[1] = 2 }, doubled, "called 5 times"},
		"calls wasted by a fault":            {func(f *facts) { f.calls[1], f.faults = 2, breaks(1) }, "", ""},
		"a picture failed for nothing":       {givenUp, wrong, "not identified"},
		"four faults do not excuse it":       {func(f *facts) { givenUp(f); f.faults = breaks(4) }, wrong, "not identified"},
		"five faults excuse it":              {func(f *facts) { givenUp(f); f.faults = breaks(5) }, "", ""},
		"receive answers something strange":  {func(f *facts) { f.wrong = []string{"strange"} }, wrong, "strange"},
		"the sink received no event":         {func(f *facts) { f.bad = []string{"odd"} }, wrong, "odd"},
		"a folder was not walked to its end": {func(f *facts) { f.walked[4] = false }, lost, "folder 4"},
		"a folder is missing":                {func(f *facts) { delete(f.walked, 4) }, lost, "folder 4"},
		"a picture of a folder is missing": {func(f *facts) {
			f.folders[4] = folder{"f/", []*picture{{path: "f/a.jpg", want: lineup.Failed}}}
		}, lost, "f/a.jpg of folder 4"},
		"a picture of a folder waits": {func(f *facts) {
			f.folders[4] = folder{"f/", []*picture{{path: "c.jpg", want: lineup.Failed}}}
			f.rows[3] = &row{path: "c.jpg", status: lineup.Pending, round: 1}
		}, lost, "image 3 (c.jpg) is still pending"},
		"an answer of the crew is strange": {func(f *facts) { f.crew.wrong = []string{"odd"} }, wrong, "odd"},
		"a face was compared with less":    {func(f *facts) { f.told.behind = 1 }, lost, "not compared"},
		"a change is not listed":           {func(f *facts) { f.told.changes = f.told.changes[1:] }, lost, "not among the changes"},
		"a change was made twice":          {func(f *facts) { f.told.changes = append(f.told.changes[:1:1], f.told.changes...) }, doubled, "4 changes were made"},
		"a change is another":              {func(f *facts) { f.told.changes[2].Person = nil }, wrong, "change 0 is enrol"},
		"a merged person names nobody":     {func(f *facts) { f.told.people[8] = profile{} }, lost, "does not name 7"},
		"somebody has another name":        {func(f *facts) { f.crew.now.names[7] = "Eve" }, lost, `not "Eve"`},
		"a photo is nobody's":              {func(f *facts) { f.crew.photos[90] = "Eve" }, lost, "photo 90"},
		"a photo waits for ever":           {func(f *facts) { f.told.people[7].Photos[0].State = "pending" }, lost, "became of photo 70"},
		"a hand is overturned":             {func(f *facts) { f.told.after[5].Faces[0].DecidedBy = "machine" }, lost, "overturned"},
		"an exclusion is forgotten":        {func(f *facts) { f.told.after[5].Faces[2].Not = nil }, lost, "overturned"},
		"a face that a hand decided is gone": {func(f *facts) {
			p := f.told.after[5]
			p.Faces = p.Faces[1:]
			f.told.after[5] = p
		}, lost, "is gone"},
		"no hand decided it":      {func(f *facts) { delete(f.crew.now.faces, 50) }, wrong, "by no hand"},
		"a new look finds nobody": {func(f *facts) { f.told.before[5].Faces[2].Person = &struct{ ID int64 }{9} }, wrong, "a new look"},
		"a new look finds a stranger": {func(f *facts) {
			face := &f.told.after[5].Faces[2]
			face.Person, face.DecidedBy = &struct{ ID int64 }{9}, "stranger"
		}, "", ""},
		"a new look finds no more who has a name": {func(f *facts) {
			f.told.before[5].Faces[2].Person, f.told.after[5].Faces[2].Person = &struct{ ID int64 }{8}, &struct{ ID int64 }{9}
			f.told.after[5].Faces[2].DecidedBy = "stranger"
		}, wrong, "a new look"},
		"an answer that may not change": {func(f *facts) { f.crew.pictures = nil }, doubled, "written over"},
		"a program panicked":            {func(f *facts) { f.logs = []string{"panic"} }, wrong, "panic"},
	} {
		t.Run(name, func(t *testing.T) {
			f := good()
			test.change(&f)
			v := f.check()
			for sort, found := range map[string][]string{lost: v.lost, doubled: v.doubled, wrong: v.wrong} {
				all := strings.Join(found, "; ")
				switch {
				case sort == test.found && !strings.Contains(all, test.words):
					t.Errorf("%s: %q, want %q", sort, all, test.words)
				case test.found == "" && all != "":
					t.Errorf("%s: %q, want nothing", sort, all)
				}
			}
		})
	}
}
