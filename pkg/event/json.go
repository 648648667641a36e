package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
)

// Unmarshal reads one CloudEvent 1.0 in structured JSON: its data byte for byte as
// it was written, its attributes as the specification allows them. An event that
// does not say of what type its data is has JSON (CloudEvents 1.0, section 3.1.1).
//
// The SDK reads the attributes alone: v2.16.2 panics on a data_base64 that is no
// string, refuses one with an escaped slash, and takes JSON under a +json media type
// for an error.
func Unmarshal(body []byte) (cloudevents.Event, error) {
	e, err := unmarshal(WithoutBOM(body))
	return e, JSONError(err)
}

func unmarshal(body []byte) (cloudevents.Event, error) {
	var e cloudevents.Event
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return e, err
	}
	if Fields(body, 0) != len(members) {
		return e, fmt.Errorf("the attribute %q stands twice", DuplicateField(body, 0))
	}
	if string(members["specversion"]) != `"1.0"` {
		return e, errors.New("no CloudEvent 1.0")
	}
	data, base64 := members["data"], members["data_base64"]
	delete(members, "data")
	delete(members, "data_base64")
	if err := tidyAttributes(members); err != nil {
		return e, err
	}
	attributes, err := json.Marshal(members)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(attributes, &e); err != nil {
		return e, err
	}
	if err := valid(e); err != nil {
		return e, err
	}
	switch {
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

// tidyAttributes makes the attributes such as the SDK takes them: without null, which says
// that there is none (JSON format, section 2.2). It refuses names that are none (CloudEvents
// 1.0, section 3.1), which the SDK would change.
func tidyAttributes(members map[string]json.RawMessage) error {
	for name, value := range members {
		if !attributeName.MatchString(name) {
			return fmt.Errorf("%q is no name of an attribute: it has letters other than a to z, and digits", name)
		}
		if string(value) == "null" {
			delete(members, name)
			continue
		}
		tidy, err := tidyAttribute(name, value)
		if err != nil {
			return fmt.Errorf("attribute %s: %w", name, err)
		}
		members[name] = tidy
	}
	return nil
}

var attributeName = regexp.MustCompile(`^[a-z0-9]+$`)

// tidyAttribute writes a time as the SDK takes it. It refuses what is not of the attribute's
// type (JSON format, section 2.2): the SDK changes numbers that are no Integer, and words
// what it refuses itself for those who write Go.
func tidyAttribute(name string, value json.RawMessage) (json.RawMessage, error) {
	kind := kindOf(value)
	switch {
	case ofText[name] && kind != "string":
		return nil, fmt.Errorf("it is %s, not a string", article(kind))
	case kind == "object" || kind == "array":
		return nil, fmt.Errorf("it is %s, not a string, a number or a bool", article(kind))
	case kind == "number":
		if _, err := strconv.ParseInt(string(value), 10, 32); err != nil {
			return nil, fmt.Errorf("%s is no whole number of 32 bits", value)
		}
	case name == "time":
		var text string
		if err := json.Unmarshal(value, &text); err != nil || text == "" { // to the SDK, an empty time is none
			return value, err
		}
		if _, err := parseTime(text); err != nil {
			return nil, err
		}
		return json.Marshal(strings.ToUpper(text))
	}
	return value, nil
}

// ofText are the attributes that are strings (CloudEvents 1.0, section 3.1), beside
// specversion. Others are extensions, which may be Integers and Booleans as well.
var ofText = map[string]bool{"id": true, "source": true, "type": true, "subject": true, "time": true, "datacontenttype": true, "dataschema": true}

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
	for name, value := range map[string]string{"id": e.ID(), "source": e.Source(), "type": e.Type(), "subject": e.Subject(), "datacontenttype": e.DataContentType()} {
		if !Printable(value) {
			return controlCharacter(name)
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
