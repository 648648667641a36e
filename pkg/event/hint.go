package event

import (
	"encoding/json"
	"fmt"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
)

// Hint is an event that tells process of work which waits. Thousands a second are written, so it
// becomes JSON without being the SDK's Event in between, which costs twice the time and four times the memory.
type Hint struct {
	fact
	data  any
	trace Trace
}

// Submitted says that the picture waits to be looked at, for the round-th time.
func Submitted(id, round int64, path string, trace Trace) Hint {
	return newHint(TypeSubmitted, Subject(id), fmt.Sprintf("%d.%d", id, round), ImageData{ID: id, Path: path}, trace)
}

// PhotoSubmitted says that the photo waits to be examined.
func PhotoSubmitted(id int64, trace Trace) Hint {
	return newHint(TypePhotoSubmitted, fmt.Sprintf("photos/%d", id), fmt.Sprintf("photo.%d", id), PhotoData{id}, trace)
}

// RematchSubmitted says that a range of pictures waits to be compared with the gallery again.
func RematchSubmitted(data RematchData, trace Trace) Hint {
	subject, id := fmt.Sprintf("rematches/%d", data.FirstImage), fmt.Sprintf("rematch.%d.%d", data.FirstImage, data.GalleryState)
	return newHint(TypeRematchSubmitted, subject, id, data, trace)
}

// ChangeSubmitted says that the change, and those before it, wait to be announced.
func ChangeSubmitted(id int64, trace Trace) Hint {
	return newHint(TypeChangeSubmitted, fmt.Sprintf("changes/%d", id), fmt.Sprintf("change.%d", id), ChangeData{id}, trace)
}

func newHint(kind, subject, id string, data any, trace Trace) Hint {
	return Hint{fact{kind, SourceReceive, subject, id, time.Now()}, data, trace}
}

// Event is the hint as what the SDK knows.
func (h Hint) Event() (cloudevents.Event, error) { return build(h.fact, h.data, h.trace) }

// MarshalJSON gives what the Event becomes in structured JSON.
func (h Hint) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(struct {
		SpecVersion string `json:"specversion"`
		ID          string `json:"id"`
		Source      string `json:"source"`
		Type        string `json:"type"`
		Subject     string `json:"subject"`
		ContentType string `json:"datacontenttype"`
		Schema      string `json:"dataschema"`
		Time        string `json:"time"`
		TraceParent string `json:"traceparent,omitempty"`
		TraceState  string `json:"tracestate,omitempty"`
		Data        any    `json:"data"`
	}{
		cloudevents.CloudEventsVersionV1, h.id, h.source, h.kind, h.subject, cloudevents.ApplicationJSON, SchemaURN(h.kind),
		h.at.UTC().Format(time.RFC3339Nano), h.trace.Parent, h.trace.State, h.data,
	})
	if err != nil {
		return nil, fmt.Errorf("write event %s for %s: %w", h.kind, h.subject, err)
	}
	return text, nil
}
