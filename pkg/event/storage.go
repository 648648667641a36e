package event

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
)

// What Google Cloud Storage calls its events; the data is
// https://github.com/googleapis/google-cloudevents, storage/v1.
const (
	storageGoogle = "google.cloud.storage.object.v1."
	finalized     = storageGoogle + "finalized"
)

// StoredObject is an object of a bucket of which an object store told.
type StoredObject struct {
	Kind    string // of what happened, as the store calls it
	Created bool   // it arrived; else something else happened to it
	Bucket  string
	Key     string // as the store has it, not encoded
}

// ObjectsOf reads an event of an object store: Google's, or one of any type whose data
// are S3's event records. isStorage is false for all other events.
func ObjectsOf(e cloudevents.Event) (objects []StoredObject, isStorage bool, err error) {
	if strings.HasPrefix(e.Type(), storageGoogle) {
		object, err := googleObject(e)
		return []StoredObject{object}, true, err
	}
	if e.Type() == TypeSubmitted || !isJSON(e.DataContentType()) {
		return nil, false, nil
	}
	return Objects(e.Data())
}

func googleObject(e cloudevents.Event) (StoredObject, error) {
	var data struct{ Bucket, Name string }
	if err := json.Unmarshal(WithoutBOM(e.Data()), &data); err != nil {
		return StoredObject{}, fmt.Errorf(`the event's data is not {"bucket": "...", "name": "..."}`)
	}
	return StoredObject{e.Type(), e.Type() == finalized, data.Bucket, data.Name}, nil
}

// record is one of S3's, and of stores that are like it, MinIO and Ceph among them:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html.
type record struct {
	EventName string
	S3        *struct {
		Bucket struct{ Name string }
		Object struct{ Key string } // encoded as in a form
	}
}

// Objects reads S3's event records: {"Records": [...]}, a record alone, or the event by
// which S3 tries an address, which is of no object. isStorage is false for all other JSON.
func Objects(data []byte) (objects []StoredObject, isStorage bool, err error) {
	var message struct {
		Records *[]record
		Event   string
		record
	}
	if json.Unmarshal(WithoutBOM(data), &message) != nil {
		return nil, false, nil
	}
	switch {
	case message.Records != nil:
		for i, r := range *message.Records {
			object, err := r.object()
			if err != nil {
				return nil, true, fmt.Errorf("record %d: %w", i, err)
			}
			objects = append(objects, object)
		}
		return objects, true, nil
	case message.EventName != "" && message.S3 != nil:
		object, err := message.object()
		return []StoredObject{object}, true, err
	}
	return nil, message.Event == "s3:TestEvent", nil
}

func (r record) object() (StoredObject, error) {
	if r.S3 == nil {
		return StoredObject{}, fmt.Errorf("it is no record of S3: it has no s3")
	}
	key, err := url.QueryUnescape(r.S3.Object.Key)
	if err != nil {
		return StoredObject{}, fmt.Errorf("the object's key %q is not encoded as S3 does: %w", r.S3.Object.Key, err)
	}
	kind := strings.TrimPrefix(r.EventName, "s3:") // which MinIO writes, and S3 does not
	return StoredObject{r.EventName, strings.HasPrefix(kind, "ObjectCreated:"), r.S3.Bucket.Name, key}, nil
}
