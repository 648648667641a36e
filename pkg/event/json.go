package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
)

// Unmarshal reads one CloudEvent 1.0 in structured JSON: its data byte for byte as
// it was written, its attributes as the specification allows them. An event that
// does not say of what type its data is has JSON (CloudEvents 1.0, section 3.1.1). Its data
// lie in the body, which must not be written to any more.
//
// The SDK does not read it: v2.16.2 panics on a data_base64 that is no string, refuses one
// with an escaped slash, takes JSON under a +json media type for an error, and takes four
// times as long.
func Unmarshal(body []byte) (cloudevents.Event, error) {
	e, err := unmarshal(WithoutBOM(body))
	return e, JSONError(err)
}

func unmarshal(body []byte) (e cloudevents.Event, err error) {
	if !json.Valid(body) || kindOf(bytes.TrimLeft(body, jsonSpace)) != "object" {
		var none map[string]json.RawMessage
		if err := json.Unmarshal(body, &none); err != nil { // which says what is wrong
			return e, err
		}
		return e, errors.New("no CloudEvent 1.0") // null
	}
	read := reading{context: &cloudevents.EventContextV1{}, body: body}
	if err := eachMember(body, read.member); err != nil {
		return e, err
	}
	if !read.isVersion1 {
		return e, errors.New("no CloudEvent 1.0")
	}
	e.Context = read.context
	if err := valid(e); err != nil {
		return e, err
	}
	switch data, base64 := read.data, read.base64; {
	case data != nil && base64 != nil:
		return e, errors.New("both data and data_base64")
	case base64 != nil:
		e.DataEncoded, err = decodeBase64(base64)
	case data != nil && isJSON(e.DataContentType()):
		e.DataEncoded = data
	case data != nil:
		var text string
		err = json.Unmarshal(data, &text)
		e.DataEncoded = []byte(text)
	}
	return e, err
}

// reading is an event as far as its members were read.
type reading struct {
	body         []byte
	context      *cloudevents.EventContextV1
	seen         uint            // of textMembers and those behind them, a bit each
	absent       map[string]bool // extensions that are null
	isVersion1   bool
	data, base64 []byte
}

// textMembers are the attributes that are strings (CloudEvents 1.0, section 3.1). Others are
// extensions, which may be Integers and Booleans as well.
var textMembers = []string{"id", "source", "type", "subject", "time", "datacontenttype", "dataschema"}

// member takes a member's name and its value as they are written. It refuses names that are
// none (CloudEvents 1.0, section 3.1). One that is null says that there is none (JSON format,
// section 2.2).
func (r *reading) member(written, value []byte) error {
	name, err := textOf(written)
	if err != nil {
		return err
	}
	if r.isRepeated(name) {
		return fmt.Errorf("the attribute %q stands twice", DuplicateField(r.body, 0))
	}
	switch name {
	case "specversion":
		r.isVersion1 = string(value) == `"1.0"`
		return nil
	case "data":
		r.data = value
		return nil
	case "data_base64":
		r.base64 = value
		return nil
	}
	if !isAttributeName(name) {
		return fmt.Errorf("%q is no name of an attribute: it has letters other than a to z, and digits", name)
	}
	if string(value) == "null" {
		r.forget(name)
		return nil
	}
	if err := r.attribute(name, value); err != nil {
		return fmt.Errorf("attribute %s: %w", name, err)
	}
	return nil
}

// isRepeated tells whether the member was there before, and notes that it is.
func (r *reading) isRepeated(name string) bool {
	bit := slices.Index(textMembers, name)
	if bit < 0 {
		other := slices.Index([]string{"specversion", "data", "data_base64"}, name)
		if other < 0 {
			_, there := r.context.Extensions[name]
			return there || r.absent[name]
		}
		bit = len(textMembers) + other
	}
	before := r.seen
	r.seen |= 1 << bit
	return before == r.seen
}

// forget notes that there is no such attribute, which may not come any more.
func (r *reading) forget(name string) {
	if r.absent == nil {
		r.absent = map[string]bool{}
	}
	r.absent[name] = true
}

// attribute refuses what is not of the attribute's type (JSON format, section 2.2).
func (r *reading) attribute(name string, value []byte) error {
	kind := kindOf(value)
	isText := slices.Contains(textMembers, name)
	switch {
	case isText && kind != "string":
		return fmt.Errorf("it is %s, not a string", article(kind))
	case kind == "object" || kind == "array":
		return fmt.Errorf("it is %s, not a string, a number or a bool", article(kind))
	case kind == "number":
		number, err := strconv.ParseInt(string(value), 10, 32)
		if err != nil {
			return fmt.Errorf("%s is no whole number of 32 bits", value)
		}
		return r.context.SetExtension(name, int32(number))
	case kind == "bool":
		return r.context.SetExtension(name, string(value) == "true")
	}
	text, err := textOf(value)
	if err != nil {
		return err
	}
	if !isText {
		return r.context.SetExtension(name, text)
	}
	return r.setText(name, text)
}

// setText sets an attribute. An empty one is none.
func (r *reading) setText(name, text string) error {
	if text == "" {
		return nil
	}
	switch name {
	case "id":
		r.context.ID = text
	case "type":
		r.context.Type = text
	case "subject":
		r.context.Subject = &text
	case "datacontenttype":
		r.context.DataContentType = &text
	case "dataschema":
		r.context.DataSchema = types.ParseURI(text)
	case "source":
		source := types.ParseURIRef(text)
		if source == nil {
			return fmt.Errorf("%q is no URI reference", text)
		}
		r.context.Source = *source
	case "time":
		at, err := parseTime(text)
		if err != nil {
			return err
		}
		r.context.Time = &types.Timestamp{Time: at}
	}
	return nil
}

func isAttributeName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') })
}

// parseTime reads a time of RFC 3339, which allows small letters.
func parseTime(text string) (time.Time, error) {
	at, err := types.ParseTime(strings.ToUpper(text))
	if err != nil {
		return at, fmt.Errorf("%q is no time as RFC 3339 writes it, such as 2006-01-02T15:04:05Z", text)
	}
	return at, nil
}

// decodeBase64 takes a string alone: encoding/json would take a list of numbers as well.
func decodeBase64(member json.RawMessage) ([]byte, error) {
	if !bytes.HasPrefix(member, []byte(`"`)) {
		return nil, errors.New("data_base64 is no string")
	}
	var data []byte
	err := json.Unmarshal(member, &data)
	return data, err
}

// CheckSource refuses what is no source of an event: it must be a URI reference (CloudEvents
// 1.0, section 3.1.1).
func CheckSource(source string) error {
	if err := new(cloudevents.EventContextV1).SetSource(source); err != nil {
		return errors.New("it is no URI reference")
	}
	if source == "" || !Printable(source) {
		return errors.New("it is empty, or has a control character")
	}
	return nil
}

// valid is the SDK's validation, and refuses what no HTTP header can hold and
// CloudEvents therefore does not allow in an attribute.
func valid(e cloudevents.Event) error {
	if err := e.Validate(); err != nil {
		return errors.New(strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; "))
	}
	for _, attribute := range [...]struct{ name, value string }{{"id", e.ID()}, {"source", e.Source()}, {"type", e.Type()}, {"subject", e.Subject()}, {"datacontenttype", e.DataContentType()}} {
		if !Printable(attribute.value) {
			return controlCharacter(attribute.name)
		}
	}
	for name, value := range e.Extensions() {
		text, err := types.Format(value)
		if err != nil {
			return fmt.Errorf("attribute %s: %w", name, err)
		}
		if !Printable(text) {
			return controlCharacter(name)
		}
	}
	return nil
}

func controlCharacter(attribute string) error {
	return fmt.Errorf("attribute %s has a control character", attribute)
}
