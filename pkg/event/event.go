// Package event is every CloudEvent of Lineup: types, sources, subjects, ids and
// data. No other place spells them.
package event

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"

	"lineup.dev/lineup/pkg/lineup"
)

// Types.
const (
	TypeSubmitted  = "dev.lineup.image.submitted"  // data ImageData
	TypeIdentified = "dev.lineup.image.identified" // data ResultData: at least one person known
	TypeUnknown    = "dev.lineup.image.unknown"    // data ResultData: nobody known, or no face
	TypeFailed     = "dev.lineup.image.failed"     // data FailedData: for good

	TypePersonChanged = "dev.lineup.person.changed" // data PersonChangedData: a hand changed what is known of somebody

	TypePhotoSubmitted   = "dev.lineup.photo.submitted"   // data PhotoData: a photo of a person waits to be examined
	TypeRematchSubmitted = "dev.lineup.rematch.submitted" // data RematchData: pictures wait to be compared with the gallery again

	TypeChangeSubmitted = "dev.lineup.change.submitted" // data ChangeData: what hands did waits to be announced

	TypeNSQMessage = "dev.lineup.nsq.message" // the bridge's wrapping of a message that is no CloudEvent
	TypeNSQDead    = "dev.lineup.nsq.dead"    // a message that the bridge's sink refused for good
	TypePing       = "dev.knative.sources.ping"
)

// Sources.
const (
	SourceReceive = "/lineup/receive"
	SourceProcess = "/lineup/process"
)

// Extensions. The bridge sets the first three; the last two are the W3C trace
// context, which travels from the request that brought a picture to its result.
const (
	ExtTopic       = "nsqtopic"
	ExtChannel     = "nsqchannel"
	ExtAttempts    = "nsqattempts"
	ExtTraceParent = "traceparent"
	ExtTraceState  = "tracestate"
)

// ImageData is the data of a submitted event.
type ImageData struct {
	ID   int64  `json:"id,omitempty"` // absent when a client sends it
	Path string `json:"path"`
}

// ResultData is the data of an identified or unknown event.
type ResultData struct {
	ImageData
	FileName string        `json:"file_name,omitempty"` // what an upload was called
	Warning  string        `json:"warning,omitempty"`   // what could not be seen because the file is damaged
	Faces    []lineup.Face `json:"faces"`
}

// PhotoData is the data of a photo's submitted event.
type PhotoData struct {
	ID int64 `json:"id"`
}

// RematchData is the data of a re-match's submitted event: of the range of pictures that
// begins with that one, every face is to be compared with that state of the gallery at least.
type RematchData struct {
	FirstImage   int64 `json:"first_image"`
	GalleryState int64 `json:"gallery_state"`
}

// ChangeData is the data of a change's submitted event: that change, and those before it,
// are to be announced.
type ChangeData struct {
	ID int64 `json:"id"`
}

// PersonChangedData is the data of the event that a hand changed what is known of somebody.
type PersonChangedData struct {
	ID     int64         `json:"id"` // of the change
	Action string        `json:"action"`
	By     string        `json:"by"`     // the name of the API key; empty where there are none
	Person lineup.Person `json:"person"` // whom it is about, as who they are now; of who was erased the id alone
	People []int64       `json:"people"` // everybody whom it touches
	Image  *int64        `json:"image"`
	Face   *int64        `json:"face"`
	Undoes *int64        `json:"undoes"` // the change that it took back
}

// ImageOf reads the data of a submitted event, which must be JSON.
func ImageOf(e cloudevents.Event) (ImageData, error) { return dataOf[ImageData](e) }

// PhotoOf reads the data of a photo's submitted event, which must be JSON.
func PhotoOf(e cloudevents.Event) (PhotoData, error) { return dataOf[PhotoData](e) }

// RematchOf reads the data of a re-match's submitted event, which must be JSON.
func RematchOf(e cloudevents.Event) (RematchData, error) { return dataOf[RematchData](e) }

// ChangeOf reads the data of a change's submitted event, which must be JSON.
func ChangeOf(e cloudevents.Event) (ChangeData, error) { return dataOf[ChangeData](e) }

func dataOf[T any](e cloudevents.Event) (data T, err error) {
	if !isJSON(e.DataContentType()) {
		return data, fmt.Errorf("its data is %s, not JSON", e.DataContentType())
	}
	body := WithoutBOM(e.Data())
	if err := json.Unmarshal(body, &data); err != nil {
		return data, JSONError(err)
	}
	if repeats(body) {
		return data, fmt.Errorf("its data has the field %q twice", DuplicateField(body, 0))
	}
	return data, nil
}

// FailedData is the data of a failed event.
type FailedData struct {
	ImageData
	FileName string `json:"file_name,omitempty"` // what an upload was called
	Reason   string `json:"reason"`
}

// Submitted says that the picture waits to be looked at, for the round-th time.
func Submitted(id, round int64, path string, trace Trace) (cloudevents.Event, error) {
	f := fact{TypeSubmitted, SourceReceive, Subject(id), strconv.FormatInt(id, 10) + "." + strconv.FormatInt(round, 10), time.Now()}
	data := append(strconv.AppendInt([]byte(`{"id":`), id, 10), `,"path":`...) // ImageData without reflection: there is one of each picture
	return f.event(append(appendString(data, path), '}'), trace), nil
}

// PhotoSubmitted says that the photo waits to be examined.
func PhotoSubmitted(id int64, trace Trace) (cloudevents.Event, error) {
	return build(fact{TypePhotoSubmitted, SourceReceive, fmt.Sprintf("photos/%d", id), fmt.Sprintf("photo.%d", id), time.Now()}, PhotoData{id}, trace)
}

// RematchSubmitted says that a range of pictures waits to be compared with the gallery again.
func RematchSubmitted(data RematchData, trace Trace) (cloudevents.Event, error) {
	subject, id := fmt.Sprintf("rematches/%d", data.FirstImage), fmt.Sprintf("rematch.%d.%d", data.FirstImage, data.GalleryState)
	return build(fact{TypeRematchSubmitted, SourceReceive, subject, id, time.Now()}, data, trace)
}

// ChangeSubmitted says that the change, and those before it, wait to be announced.
func ChangeSubmitted(id int64, trace Trace) (cloudevents.Event, error) {
	return build(fact{TypeChangeSubmitted, SourceReceive, fmt.Sprintf("changes/%d", id), fmt.Sprintf("change.%d", id), time.Now()}, ChangeData{id}, trace)
}

// PersonChanged says that a hand changed what is known of somebody. Its id is the change's.
func PersonChanged(data PersonChangedData, at time.Time, trace Trace) (cloudevents.Event, error) {
	subject := fmt.Sprintf("people/%d", data.Person.ID)
	return build(fact{TypePersonChanged, SourceProcess, subject, strconv.FormatInt(data.ID, 10), at}, data, trace)
}

// Result says how looking at the picture ended in its round-th round, and after it was
// compared again what the answer is now. The picture's status must be final.
func Result(image lineup.Image, round int64, trace Trace) (cloudevents.Event, error) {
	kind, final := TypeOf(image.Status)
	if !final {
		return cloudevents.Event{}, fmt.Errorf("image %d has no result: it is %s", image.ID, image.Status)
	}
	var data any
	ofImage := ImageData{ID: image.ID, Path: image.Path}
	if kind == TypeFailed {
		data = FailedData{ofImage, image.FileName, image.Reason}
	} else {
		faces := append([]lineup.Face{}, image.Faces...) // in JSON none is [], not null
		data = ResultData{ofImage, image.FileName, image.Warning, faces}
	}
	id := fmt.Sprintf("%d.%d", image.ID, round)
	if image.Revision > 0 {
		id = fmt.Sprintf("%s.%d", id, image.Revision)
	}
	return build(fact{kind, SourceProcess, Subject(image.ID), id, image.UpdatedAt}, data, trace)
}

// TypeOf is the type of the event about a picture that ended with the status, false
// when the status is not final.
func TypeOf(status lineup.Status) (string, bool) {
	switch status {
	case lineup.Identified:
		return TypeIdentified, true
	case lineup.Unknown:
		return TypeUnknown, true
	case lineup.Failed:
		return TypeFailed, true
	}
	return "", false
}

// fact is what an event tells. Its id is the same whenever the same fact is told again:
// a picture is submitted, and gets its result, once a round, and then another result with
// each revision. At is when it became a fact.
type fact struct {
	kind, source, subject, id string
	at                        time.Time
}

func build(f fact, data any, trace Trace) (cloudevents.Event, error) {
	body, err := json.Marshal(data)
	if err != nil {
		return cloudevents.Event{}, fmt.Errorf("make event %s for %s: %w", f.kind, f.subject, err)
	}
	return f.event(body, trace), nil
}

// event is the event whose data are that JSON.
func (f fact) event(data []byte, trace Trace) cloudevents.Event {
	kind := cloudevents.ApplicationJSON
	e := cloudevents.Event{DataEncoded: data, Context: &cloudevents.EventContextV1{
		ID: f.id, Source: types.URIRef{URL: url.URL{Path: f.source}}, Type: f.kind, Subject: &f.subject, Time: &types.Timestamp{Time: f.at.UTC()},
		DataSchema: &types.URI{URL: url.URL{Scheme: schemaScheme, Opaque: schemaName + f.kind}}, DataContentType: &kind,
	}}
	trace.set(&e)
	return e
}

// SchemaURN is the id of the JSON Schema of an event type's data.
func SchemaURN(kind string) string { return schemaScheme + ":" + schemaName + kind }

const (
	schemaScheme = "urn"
	schemaName   = "lineup:schema:"
)

// Schemas say where the JSON Schemas of events' data are found, for a program to embed in its
// settings.
type Schemas struct {
	PublicURL string `envconfig:"PUBLIC_URL" form:"url" desc:"address of view as those reach it who read events: their dataschema is PUBLIC_URL/schemas/TYPE.json then; not set: urn:lineup:schema:TYPE"`
}

// Set makes e's dataschema an address, where there is one.
func (s Schemas) Set(e *cloudevents.Event) {
	if s.PublicURL != "" {
		e.SetDataSchema(fmt.Sprintf("%s/schemas/%s.json", strings.TrimRight(s.PublicURL, "/"), e.Type()))
	}
}

// Subject names a picture.
func Subject(id int64) string { return "images/" + strconv.FormatInt(id, 10) }

// Trace is a W3C trace context. The zero value is none.
type Trace struct{ Parent, State string }

// traceParent is version 00 of the header, https://www.w3.org/TR/trace-context/#traceparent-header.
var traceParent = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)

// voidParent is what has that form and is invalid all the same: version ff, a
// trace or a span of zeros.
var voidParent = regexp.MustCompile(`^ff|-0{32}-|-0{16}-`)

// traceStateBytes is how much tracestate is passed on: what W3C asks to carry at least.
const traceStateBytes = 512

// TraceOfHeader reads the trace context of a request or an answer
// (https://www.w3.org/TR/trace-context).
func TraceOfHeader(h http.Header) Trace {
	return newTrace(h.Get(ExtTraceParent), h.Get(ExtTraceState))
}

// newTrace takes a trace context's two texts; what is no trace context is none.
func newTrace(parent, state string) Trace {
	if !traceParent.MatchString(parent) || voidParent.MatchString(parent) {
		return Trace{}
	}
	// An event's extension may hold more than the headers can that it is sent on in.
	unprintable := func(c rune) bool { return c < ' ' || c > '~' }
	if len(state) > traceStateBytes || strings.ContainsFunc(state, unprintable) {
		state = ""
	}
	return Trace{Parent: parent, State: state}
}

// TraceOf reads the trace context that an event carries.
func TraceOf(e cloudevents.Event) Trace {
	text := func(name string) string {
		value, _ := e.Extensions()[name].(string)
		return value
	}
	return newTrace(text(ExtTraceParent), text(ExtTraceState))
}

func (t Trace) set(e *cloudevents.Event) {
	if t.Parent != "" {
		e.SetExtension(ExtTraceParent, t.Parent)
	}
	if t.State != "" {
		e.SetExtension(ExtTraceState, t.State)
	}
}

// isJSON tells whether data of this content type is JSON. No content type stands for
// JSON.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (strings.HasSuffix(media, "/json") || strings.HasSuffix(media, "+json"))
}

// Printable tells whether an attribute may have this value: no control characters,
// which no HTTP header can hold.
func Printable(value string) bool { return !strings.ContainsFunc(value, unicode.IsControl) }
