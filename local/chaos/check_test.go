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
		},
		changes: []change{
			{image: 1, roundBefore: 1, round: 1, statusBefore: lineup.Pending, status: lineup.Processing},
			{image: 1, roundBefore: 1, round: 1, statusBefore: lineup.Processing, status: lineup.Identified},
			{image: 2, roundBefore: 1, round: 1, statusBefore: lineup.Processing, status: lineup.Failed},
			{image: 2, roundBefore: 1, round: 2, statusBefore: lineup.Failed, status: lineup.Pending},
			{image: 2, roundBefore: 2, round: 2, statusBefore: lineup.Processing, status: lineup.Failed},
		},
		events: map[string]delivery{
			"1.1": {kind: event.TypeIdentified, image: 1, path: "a.jpg", times: 2},
			"2.1": {kind: event.TypeFailed, image: 2, path: "b.jpg", times: 1},
			"2.2": {kind: event.TypeFailed, image: 2, path: "b.jpg", times: 1},
		},
		folders: map[int64]folder{4: {"f/", nil}},
		walked:  map[int64]bool{4: true},
		garbage: []garbage{{body: []byte("g"), from: now, to: now, sure: true}},
		dead:    [][]byte{[]byte("g")},
		calls:   map[int64]int{1: 1, 2: 2},
	}
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
		f.rows[1].status, f.rows[1].reason, f.rows[1].faces = lineup.Failed, "the face server failed at it 5 times, at last with Unavailable", nil
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
		"too many calls":                     {func(f *facts) { f.calls[1] = 2 }, doubled, "called 4 times"},
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
		"a program panicked": {func(f *facts) { f.logs = []string{"panic"} }, wrong, "panic"},
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
