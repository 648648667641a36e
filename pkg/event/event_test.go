package event_test

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/local/contract"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
)

var trace = event.Trace{Parent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", State: "vendor=1,other=2"}

// picture has two faces: one of which everything is told, one of which nothing is.
func picture(status lineup.Status) lineup.Image {
	return lineup.Image{
		ID: 23, Path: "a/ä.jpg", Status: status, Reason: "no picture", Person: &lineup.Person{ID: 4, Name: "Dad"}, CreatedAt: time.Now(), UpdatedAt: time.Now(),
		Faces: []lineup.Face{{
			ID: 31, Person: &lineup.Person{ID: 4, Name: "Dad"}, DecidedBy: lineup.ByMachine, Not: []int64{5}, ImageName: "dad.jpg", Similarity: testkit.Ptr(.75), Score: testkit.Ptr(.5),
			Margin: testkit.Ptr(.25), ChanceWrong: testkit.Ptr(.001), Candidates: []lineup.Candidate{{Person: lineup.Person{ID: 4, Name: "Dad"}, PhotoID: 6, ImageName: "dad.jpg", Similarity: .75}},
			Box: &lineup.Box{X: .1, Y: .2, Width: .3, Height: .4}, Embedding: []float32{1}, Model: "m",
		}, {Not: []int64{}, Candidates: []lineup.Candidate{}}},
	}
}

const faces = `[{"id":31,"person":{"id":4,"name":"Dad"},"decided_by":"machine","ignored":false,"not":[5],"image_name":"dad.jpg","similarity":0.75,"margin":0.25,"chance_wrong":0.001,"refusal":"",` +
	`"candidates":[{"person":{"id":4,"name":"Dad"},"image_name":"dad.jpg","similarity":0.75}],"score":0.5,"box":{"x":0.1,"y":0.2,"width":0.3,"height":0.4},"crop":null},` +
	`{"id":0,"person":null,"decided_by":"","ignored":false,"not":[],"image_name":"","similarity":null,"margin":null,"chance_wrong":null,"refusal":"","candidates":[],"score":null,"box":null,"crop":null}]`

func TestEventsAreWhatTheContractSays(t *testing.T) {
	t.Parallel()
	faceless := picture(lineup.Unknown)
	faceless.Faces = nil
	cut, refused := picture(lineup.Unknown), picture(lineup.Failed)
	cut.FileName, cut.Warning, cut.Faces = "Öl.jpg", "cut off", nil
	refused.FileName = "Öl.jpg"
	revised := faceless
	revised.Revision = 3
	for name, c := range map[string]struct {
		build        func() (cloudevents.Event, error)
		kind, source string
		data         string
		subject, id  string // those of picture 23 in round 2 where they are empty
	}{
		"person changed": {func() (cloudevents.Event, error) {
			return event.PersonChanged(event.PersonChangedData{ID: 9, Action: "merge", By: "phone", Person: lineup.Person{ID: 4, Name: "Dad"}, People: []int64{4, 5}}, time.Now(), trace)
		},
			"dev.lineup.person.changed", "/lineup/process", `{"id":9,"action":"merge","by":"phone","person":{"id":4,"name":"Dad"},"people":[4,5],"image":null,"face":null,"undoes":null}`, "people/4", "9"},
		"change submitted": {func() (cloudevents.Event, error) { return event.ChangeSubmitted(9, trace) },
			"dev.lineup.change.submitted", "/lineup/receive", `{"id":9}`, "changes/9", "change.9"},
		"submitted": {func() (cloudevents.Event, error) { return event.Submitted(23, 2, "a/ä.jpg", trace) },
			"dev.lineup.image.submitted", "/lineup/receive", `{"id":23,"path":"a/ä.jpg"}`, "", ""},
		"identified": {func() (cloudevents.Event, error) { return event.Result(picture(lineup.Identified), 2, trace) },
			"dev.lineup.image.identified", "/lineup/process", `{"id":23,"path":"a/ä.jpg","faces":` + faces + `}`, "", ""},
		"unknown": {func() (cloudevents.Event, error) { return event.Result(picture(lineup.Unknown), 2, trace) },
			"dev.lineup.image.unknown", "/lineup/process", `{"id":23,"path":"a/ä.jpg","faces":` + faces + `}`, "", ""},
		"unknown, no face": {func() (cloudevents.Event, error) { return event.Result(faceless, 2, trace) },
			"dev.lineup.image.unknown", "/lineup/process", `{"id":23,"path":"a/ä.jpg","faces":[]}`, "", ""},
		"upload, damaged": {func() (cloudevents.Event, error) { return event.Result(cut, 2, trace) },
			"dev.lineup.image.unknown", "/lineup/process", `{"id":23,"path":"a/ä.jpg","file_name":"Öl.jpg","warning":"cut off","faces":[]}`, "", ""},
		"upload, failed": {func() (cloudevents.Event, error) { return event.Result(refused, 2, trace) },
			"dev.lineup.image.failed", "/lineup/process", `{"id":23,"path":"a/ä.jpg","file_name":"Öl.jpg","reason":"no picture"}`, "", ""},
		"failed": {func() (cloudevents.Event, error) { return event.Result(picture(lineup.Failed), 2, trace) },
			"dev.lineup.image.failed", "/lineup/process", `{"id":23,"path":"a/ä.jpg","reason":"no picture"}`, "", ""},
		"another answer": {func() (cloudevents.Event, error) { return event.Result(revised, 2, trace) },
			"dev.lineup.image.unknown", "/lineup/process", `{"id":23,"path":"a/ä.jpg","faces":[]}`, "", "23.2.3"},
		"photo": {func() (cloudevents.Event, error) { return event.PhotoSubmitted(7, trace) },
			"dev.lineup.photo.submitted", "/lineup/receive", `{"id":7}`, "photos/7", "photo.7"},
		"rematch": {func() (cloudevents.Event, error) {
			return event.RematchSubmitted(event.RematchData{FirstImage: 500, GalleryState: 9}, trace)
		}, "dev.lineup.rematch.submitted", "/lineup/receive", `{"first_image":500,"gallery_state":9}`, "rematches/500", "rematch.500.9"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := c.build()
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Validate(); err != nil {
				t.Error(err)
			}
			contract.Event(t, e)
			subject, id := cmp.Or(c.subject, "images/23"), cmp.Or(c.id, "23.2")
			if e.SpecVersion() != "1.0" || e.Type() != c.kind || e.Source() != c.source || e.Subject() != subject || e.ID() != id || e.DataContentType() != "application/json" {
				t.Errorf("the event has type %s, source %s, subject %s, id %s; want type %s, source %s, subject %s, id %s", e.Type(), e.Source(), e.Subject(), e.ID(), c.kind, c.source, subject, id)
			}
			if string(e.Data()) != c.data {
				t.Errorf("the data is\n%s, want\n%s", e.Data(), c.data)
			}
			if event.TraceOf(e) != trace || len(e.Extensions()) != 2 {
				t.Errorf("the extensions are %v, want the trace", e.Extensions())
			}
			if again, err := c.build(); err != nil || again.ID() != e.ID() {
				t.Errorf("built again its id is %s, before %s, %v", again.ID(), e.ID(), err)
			}
		})
	}
}

func TestDataIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	photo := testkit.Must(event.PhotoSubmitted(7, trace))(t)
	if data, err := event.PhotoOf(photo); err != nil || data.ID != 7 {
		t.Errorf("the photo is %+v, %v", data, err)
	}
	change := testkit.Must(event.ChangeSubmitted(8, trace))(t)
	if data, err := event.ChangeOf(change); err != nil || data.ID != 8 {
		t.Errorf("the change is %+v, %v", data, err)
	}
	want := event.RematchData{FirstImage: 500, GalleryState: 9}
	rematch := testkit.Must(event.RematchSubmitted(want, trace))(t)
	if data, err := event.RematchOf(rematch); err != nil || data != want {
		t.Errorf("the re-match is %+v, %v", data, err)
	}
}

func TestOnlyAFinalPictureHasAResult(t *testing.T) {
	t.Parallel()
	for _, status := range lineup.Statuses {
		kind, final := event.TypeOf(status)
		if final != status.Final() {
			t.Errorf("a picture that is %s has the type %q, %v", status, kind, final)
		}
		if e, err := event.Result(picture(status), 1, trace); (err == nil) != status.Final() {
			t.Errorf("the result of a picture that is %s has the type %q, %v", status, e.Type(), err)
		}
	}
}

func TestEveryFactHasItsOwnID(t *testing.T) {
	t.Parallel()
	seen := map[string]string{} // by source and id, as CloudEvents tells events apart
	for _, id := range []int64{1, 2, 11, 12, 112} {
		for _, round := range []int64{1, 2, 11, 12, 112} {
			submitted, err := event.Submitted(id, round, "a.jpg", event.Trace{})
			if err != nil {
				t.Fatal(err)
			}
			image := picture(lineup.Failed)
			image.ID = id
			result, err := event.Result(image, round, event.Trace{})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range []cloudevents.Event{submitted, result} {
				key, fact := e.Source()+" "+e.ID(), fmt.Sprintf("%s of picture %d in round %d", e.Type(), id, round)
				if other := seen[key]; other != "" {
					t.Errorf("%s has the id of %s", fact, other)
				}
				seen[key] = fact
				if len(e.Extensions()) != 0 {
					t.Errorf("without a trace there are %v", e.Extensions())
				}
			}
		}
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 512)
	for name, c := range map[string]struct {
		parent, state string
		want          event.Trace
	}{
		"both":                            {trace.Parent, trace.State, trace},
		"a parent alone":                  {trace.Parent, "", event.Trace{Parent: trace.Parent}},
		"a later version":                 {"cc" + trace.Parent[2:], "", event.Trace{Parent: "cc" + trace.Parent[2:]}},
		"nothing":                         {"", "", event.Trace{}},
		"a state alone":                   {"", trace.State, event.Trace{}},
		"a parent in capitals":            {strings.ToUpper(trace.Parent), trace.State, event.Trace{}},
		"a parent that is too short":      {trace.Parent[1:], trace.State, event.Trace{}},
		"a parent with something behind":  {trace.Parent + "-01", trace.State, event.Trace{}},
		"a parent with a line behind":     {trace.Parent + "\n", trace.State, event.Trace{}},
		"a parent of the version ff":      {"ff" + trace.Parent[2:], trace.State, event.Trace{}},
		"a parent without a trace":        {"00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01", trace.State, event.Trace{}},
		"a parent without a span":         {"00-4bf92f3577b34da6a3ce929d0e0e4736-" + strings.Repeat("0", 16) + "-01", trace.State, event.Trace{}},
		"the longest state":               {trace.Parent, long, event.Trace{Parent: trace.Parent, State: long}},
		"a state that is too long":        {trace.Parent, long + "a", event.Trace{Parent: trace.Parent}},
		"a state that no header can hold": {trace.Parent, "a=1\nX-Evil: 1", event.Trace{Parent: trace.Parent}},
		"a state beyond ASCII":            {trace.Parent, "a=ä", event.Trace{Parent: trace.Parent}},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{"Traceparent": {c.parent}, "Tracestate": {c.state}}
			if got := event.TraceOfHeader(header); got != c.want {
				t.Errorf("TraceOfHeader = %+v, want %+v", got, c.want)
			}
			e := cloudevents.New()
			e.SetExtension("traceparent", c.parent)
			e.SetExtension("tracestate", c.state)
			if got := event.TraceOf(e); got != c.want {
				t.Errorf("TraceOf = %+v, want %+v", got, c.want)
			}
		})
	}
	e := cloudevents.New()
	e.SetExtension("traceparent", 7)
	if got := event.TraceOf(e); got != (event.Trace{}) {
		t.Errorf("a number as traceparent became %+v", got)
	}
}

func TestSchemasMayHaveAnAddress(t *testing.T) {
	t.Parallel()
	e := testkit.Must(event.Submitted(23, 2, "a.jpg", trace))(t)
	event.Schemas{}.Set(&e)
	if e.DataSchema() != "urn:lineup:schema:dev.lineup.image.submitted" {
		t.Errorf("without one it is %s", e.DataSchema())
	}
	event.Schemas{PublicURL: "https://example.com/"}.Set(&e)
	if e.DataSchema() != "https://example.com/schemas/dev.lineup.image.submitted.json" {
		t.Errorf("with one it is %s", e.DataSchema())
	}
}
