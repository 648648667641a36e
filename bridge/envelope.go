package main

import (
	"encoding/json"
	"fmt"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/pkg/event"
)

// envelope makes events of the messages of one channel.
type envelope struct {
	topic, channel string
	source         string // of the events that it makes
	overrides      event.Overrides
}

// event is what is posted for a message.
func (v envelope) event(m *nsq.Message) cloudevents.Event {
	e, err := event.Unmarshal(m.Body)
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
	e.SetSource(v.source)
	e.SetID(v.id(m))
	e.SetTime(published(m))
	kind := "application/octet-stream"
	if json.Valid(m.Body) {
		kind = cloudevents.ApplicationJSON
	}
	e.SetData(kind, m.Body) //nolint:errcheck // bytes need no encoding that could fail
	return e
}

// id is the same at every delivery of a message, and no other message's: nsqd's
// own id tells messages of one topic at one nsqd apart, the time of publishing, in
// nanoseconds, those of several nsqds.
func (v envelope) id(m *nsq.Message) string {
	return fmt.Sprintf("%s.%s.%d", v.topic, m.ID, m.Timestamp)
}

func published(m *nsq.Message) time.Time { return time.Unix(0, m.Timestamp).UTC() }
