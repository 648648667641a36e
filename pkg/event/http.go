package event

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
)

var (
	// ErrFormat says that a request holds events in a format other than JSON.
	ErrFormat = errors.New("event format not supported: send application/cloudevents+json, application/cloudevents-batch+json, or binary mode")
	// ErrMalformed says that a request holds no event that can be read.
	ErrMalformed = errors.New("no CloudEvent")
)

// Received is one event of a request, or what is wrong about it.
type Received struct {
	Event cloudevents.Event
	Err   error
	Body  []byte // the event as it stands in its batch; nil where it is no batch's
}

const (
	// structured begins the media types of structured mode (HTTP binding, section 3).
	structured = "application/cloudevents"
	// prefix is what the headers of binary mode begin with (HTTP binding, section 3.1.3).
	prefix = "Ce-"
)

// IsEvent tells by its header alone whether a request claims to hold CloudEvents.
func IsEvent(r *http.Request) bool {
	return strings.HasPrefix(mediaType(r), structured) || r.Header.Get(prefix+"Specversion") != ""
}

// IsBinary tells by its header alone whether a request claims to hold one event in
// binary mode, all of whose attributes are headers.
func IsBinary(r *http.Request) bool {
	return IsEvent(r) && !strings.HasPrefix(mediaType(r), structured)
}

// Read reads the events of a request in binary, structured or batched mode, by
// version 1.0 of the HTTP binding: https://github.com/cloudevents/spec. An event of
// a batch that is not valid has an error of its own; an empty batch is no event and
// no error. An event without a trace context of its own has the request's. The error wraps [ErrFormat] or [ErrMalformed], or is the one of reading
// the body, which the caller limits.
func Read(r *http.Request) ([]Received, error) {
	events, err := readEvents(r)
	trace := TraceOfHeader(r.Header)
	for i := range events {
		if e := &events[i]; e.Err == nil && TraceOf(e.Event) == (Trace{}) {
			trace.set(&e.Event)
		}
	}
	return events, err
}

func readEvents(r *http.Request) ([]Received, error) {
	media := mediaType(r)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	switch {
	case media == cloudevents.ApplicationCloudEventsBatchJSON:
		return readBatch(body)
	case media == cloudevents.ApplicationCloudEventsJSON:
		e, err := Unmarshal(body)
		return one(e, err)
	case strings.HasPrefix(media, structured):
		return nil, fmt.Errorf("%w: %s", ErrFormat, media)
	}
	e, err := readBinary(r.Header, body)
	return one(e, err)
}

// mediaType is the Content-Type without its parameters, in lower case.
func mediaType(r *http.Request) string {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return media
}

func one(e cloudevents.Event, err error) ([]Received, error) {
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return []Received{{Event: e}}, nil
}

func readBatch(body []byte) ([]Received, error) {
	var bodies []json.RawMessage
	if err := json.Unmarshal(WithoutBOM(body), &bodies); err != nil {
		return nil, fmt.Errorf("%w: the batch: %w", ErrMalformed, JSONError(err))
	}
	if bodies == nil {
		return nil, fmt.Errorf("%w: the batch is null", ErrMalformed)
	}
	events := make([]Received, len(bodies))
	for i, body := range bodies {
		events[i].Body = body
		events[i].Event, events[i].Err = Unmarshal(body)
		if events[i].Err != nil {
			events[i].Err = fmt.Errorf("%w: %w", ErrMalformed, events[i].Err)
		}
	}
	return events, nil
}

// readBinary takes the attributes from the headers, and the body as the data.
func readBinary(header http.Header, body []byte) (cloudevents.Event, error) {
	e := cloudevents.New(cloudevents.CloudEventsVersionV1)
	if version := header.Get(prefix + "Specversion"); version != cloudevents.CloudEventsVersionV1 {
		return e, fmt.Errorf("specversion %q, 1.0 is known", version)
	}
	// curl -d sends the type of a form, which no event is.
	if kind := header.Get("Content-Type"); kind != "" && !strings.HasPrefix(strings.ToLower(kind), "application/x-www-form-urlencoded") {
		e.SetDataContentType(kind)
	}
	for name, values := range header {
		attribute, ok := strings.CutPrefix(name, prefix)
		if !ok || attribute == "Specversion" {
			continue
		}
		attribute = strings.ToLower(attribute)
		if len(values) != 1 {
			return e, fmt.Errorf("attribute %s stands %d times", attribute, len(values))
		}
		value, err := decode(values[0])
		if err != nil {
			return e, fmt.Errorf("attribute %s: %w", attribute, err)
		}
		if err := set(&e, attribute, value); err != nil {
			return e, fmt.Errorf("attribute %s: %w", attribute, err)
		}
	}
	if len(body) > 0 {
		e.DataEncoded = body
	}
	return e, valid(e)
}

func set(e *cloudevents.Event, attribute, value string) error {
	switch attribute {
	case "id":
		return e.Context.SetID(value)
	case "source":
		return e.Context.SetSource(value)
	case "type":
		return e.Context.SetType(value)
	case "subject":
		return e.Context.SetSubject(value)
	case "dataschema":
		return e.Context.SetDataSchema(value)
	case "time":
		at, err := parseTime(value)
		if err != nil {
			return err
		}
		return e.Context.SetTime(at)
	}
	return e.Context.SetExtension(attribute, value)
}

// NewRequest is a POST of the event in binary mode. Its trace context stands in the headers
// by which HTTP carries one as well, since not everybody on the way reads events. One whose
// data are an event themselves goes in structured mode, or they would be taken for it. An
// event that is not valid is an error.
func NewRequest(ctx context.Context, address string, e cloudevents.Event) (*http.Request, error) {
	if err := valid(e); err != nil {
		return nil, err
	}
	newRequest := newBinary
	if strings.HasPrefix(strings.ToLower(e.DataContentType()), structured) {
		newRequest = newStructured
	}
	r, err := newRequest(ctx, address, e)
	if err != nil {
		return nil, err
	}
	trace := TraceOf(e)
	if trace.Parent != "" {
		r.Header.Set(ExtTraceParent, trace.Parent)
	}
	if trace.State != "" {
		r.Header.Set(ExtTraceState, trace.State)
	}
	return r, nil
}

func newStructured(ctx context.Context, address string, e cloudevents.Event) (*http.Request, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err == nil {
		r.Header.Set("Content-Type", cloudevents.ApplicationCloudEventsJSON)
	}
	return r, err
}

func newBinary(ctx context.Context, address string, e cloudevents.Event) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(e.Data()))
	if err != nil {
		return nil, err
	}
	add := func(name, value string) {
		if value != "" {
			r.Header.Set(prefix+name, encode(value))
		}
	}
	add("Specversion", e.SpecVersion())
	add("Id", e.ID())
	add("Source", e.Source())
	add("Type", e.Type())
	add("Subject", e.Subject())
	add("Dataschema", e.DataSchema())
	if !e.Time().IsZero() {
		add("Time", e.Time().UTC().Format(time.RFC3339Nano))
	}
	for name, value := range e.Extensions() {
		text, err := types.Format(value)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		add(name, text)
	}
	switch {
	case e.DataContentType() != "":
		r.Header.Set("Content-Type", e.DataContentType())
	case len(e.Data()) > 0: // which is JSON then, and a receiver need not know that
		r.Header.Set("Content-Type", cloudevents.ApplicationJSON)
	}
	return r, nil
}

// encode percent-encodes what a header may not hold as it is: space, quotation mark,
// percent sign, and all beyond printable ASCII (HTTP binding, section 3.1.3.2).
func encode(value string) string {
	plain := func(b byte) bool { return b > ' ' && b <= '~' && b != '"' && b != '%' }
	if !slices.ContainsFunc([]byte(value), func(b byte) bool { return !plain(b) }) {
		return value
	}
	var header strings.Builder
	for _, b := range []byte(value) {
		if plain(b) {
			header.WriteByte(b)
		} else {
			fmt.Fprintf(&header, "%%%02X", b)
		}
	}
	return header.String()
}

// decode undoes encode. What follows a percent sign and is no code stays as it is:
// not every sender encodes. Quotation marks around the whole go (the same section).
func decode(header string) (string, error) {
	if len(header) >= 2 && header[0] == '"' && header[len(header)-1] == '"' {
		header = escaped.ReplaceAllString(header[1:len(header)-1], "$1")
	}
	value := code.ReplaceAllStringFunc(header, func(code string) string {
		b, _ := strconv.ParseUint(code[1:], 16, 8) // two hexadecimal digits
		return string([]byte{byte(b)})
	})
	if !utf8.ValidString(value) {
		return "", errors.New("it is no valid UTF-8")
	}
	return value, nil
}

// escaped is a character inside quotation marks (RFC 9110, section 5.6.4).
var escaped = regexp.MustCompile(`\\(.)`)

// code stands for one byte.
var code = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)
