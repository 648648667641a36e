package event

import (
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
)

// DeadLetter is the data of a dead letter: a message that the bridge's sink refused
// for good, or an event that receive refused while it accepted others of its batch.
type DeadLetter struct {
	NSQD      string    `json:"nsqd"` // host:port; empty for an event that was no message
	Topic     string    `json:"topic"`
	Channel   string    `json:"channel"`
	Message   string    `json:"message"` // nsqd's id; of an event that was no message, one made of its body
	Published time.Time `json:"published"`
	Attempts  uint16    `json:"attempts"`
	Status    int       `json:"status"` // of the answer that refused it, as HTTP has it
	Reason    string    `json:"reason"` // its words
	Body      []byte    `json:"body"`   // the message itself, in base64
}

// Event makes the event of a dead letter. The id has to be the same however often the
// letter is made; so is the time, which is when the message was published.
func (l DeadLetter) Event(source, id string) (cloudevents.Event, error) {
	e := cloudevents.New(cloudevents.CloudEventsVersionV1)
	e.SetType(TypeNSQDead)
	e.SetSource(source)
	e.SetID(id)
	e.SetTime(l.Published)
	return e, e.SetData(cloudevents.ApplicationJSON, l)
}
