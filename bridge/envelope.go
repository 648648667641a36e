package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/pkg/event"
)

// envelope makes events of the messages of one channel.
type envelope struct {
	topic, channel string
	overrides      event.Overrides
}

// event is what is posted for a message.
func (v envelope) event(m *nsq.Message) cloudevents.Event {
	e, err := native(m.Body)
	if err != nil {
		e = v.wrap(m)
	}
	e.SetExtension(event.ExtTopic, v.topic)
	e.SetExtension(event.ExtChannel, v.channel)
	e.SetExtension(event.ExtAttempts, int32(m.Attempts))
	v.overrides.Set(&e)
	return e
}

// wrap makes the message the data of an event.
func (v envelope) wrap(m *nsq.Message) cloudevents.Event {
	e := cloudevents.New(cloudevents.CloudEventsVersionV1)
	e.SetType(event.TypeNSQMessage)
	e.SetSource(event.SourceBridge)
	e.SetID(v.id(m))
	e.SetTime(published(m))
	kind := "application/octet-stream"
	if json.Valid(m.Body) {
		kind = cloudevents.ApplicationJSON
	}
	e.SetData(kind, m.Body)
	return e
}

// id is the same at every delivery of a message, and no other message's: nsqd's
// own id tells messages of one topic at one nsqd apart, the time of publishing, in
// nanoseconds, those of several nsqds.
func (v envelope) id(m *nsq.Message) string {
	return fmt.Sprintf("%s.%s.%d", v.topic, m.ID, m.Timestamp)
}

func published(m *nsq.Message) time.Time { return time.Unix(0, m.Timestamp).UTC() }

// native reads a CloudEvent 1.0 in structured JSON.
//
// The SDK reads the attributes, not the data: v2.16.2 panics on a data_base64 that
// is no string, refuses one with an escaped slash, and takes JSON under a +json
// media type for an error.
func native(body []byte) (cloudevents.Event, error) {
	var e cloudevents.Event
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return e, err
	}
	if string(members["specversion"]) != `"1.0"` {
		return e, errors.New("no CloudEvent 1.0")
	}
	data, base64 := members["data"], members["data_base64"]
	delete(members, "data")
	delete(members, "data_base64")
	attributes, err := json.Marshal(members)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(attributes, &e); err != nil {
		return e, err
	}
	if err := e.Validate(); err != nil {
		return e, err
	}
	if err := sendable(e); err != nil {
		return e, err
	}
	switch {
	case data != nil && base64 != nil:
		return e, errors.New("data twice")
	case base64 != nil:
		err = json.Unmarshal(base64, &e.DataEncoded)
	case data != nil && isJSON(e.DataContentType()):
		e.DataEncoded = data
	case data != nil:
		var text string
		err = json.Unmarshal(data, &text)
		e.DataEncoded = []byte(text)
	}
	return e, err
}

// isJSON tells whether data of this content type is JSON. CloudEvents takes none
// for JSON.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (strings.HasSuffix(media, "/json") || strings.HasSuffix(media, "+json"))
}

// sendable looks for what no HTTP header can hold, and CloudEvents therefore does
// not allow in an attribute.
func sendable(e cloudevents.Event) error {
	values := map[string]any{"id": e.ID(), "type": e.Type(), "subject": e.Subject(), "datacontenttype": e.DataContentType()}
	for name, value := range e.Extensions() {
		values[name] = value
	}
	for name, value := range values {
		text, err := types.Format(value)
		if err != nil {
			return fmt.Errorf("attribute %s: %w", name, err)
		}
		if !event.Printable(text) {
			return fmt.Errorf("attribute %s has a control character", name)
		}
	}
	return nil
}
