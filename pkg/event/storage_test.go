package event_test

import (
	"os"
	"slices"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
)

// The bodies in testdata are as the stores send them; names and ids are made up.
func TestObjectsOfRecordedBodies(t *testing.T) {
	t.Parallel()
	for file, want := range map[string][]event.StoredObject{
		"minio-put.json":    {{"s3:ObjectCreated:Put", true, "pictures", "2026/the beach + sun/ä%.jpg"}},
		"minio-delete.json": {{"s3:ObjectRemoved:Delete", false, "pictures", "a.jpg"}},
		"s3-put.json":       {{"ObjectCreated:Put", true, "pictures", "in/a b.jpg"}, {"ObjectCreated:CompleteMultipartUpload", true, "pictures", "in/c+d.jpg"}},
		"s3-test.json":      nil,
		"ceph-put.json":     {{"ObjectCreated:Put", true, "pictures", "a.jpg"}},
	} {
		got, isStorage, err := event.Objects(testkit.Must(os.ReadFile("testdata/" + file))(t))
		if !isStorage || err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %+v, %v, %v, want %+v", file, got, isStorage, err, want)
		}
	}
}

func TestObjectsIsNotFooled(t *testing.T) {
	t.Parallel()
	for body, c := range map[string]struct{ isStorage, fails bool }{
		`{"path":"a.jpg"}`:  {},
		`{"paths":[]}`:      {},
		`{}`:                {},
		``:                  {},
		`[]`:                {},
		`{"Records":"a"}`:   {},
		`{"eventName":"x"}`: {},
		`{"Event":"other"}`: {},
		`{"Records":[]}`:    {isStorage: true},
		`{"Records":null}`:  {},
		`{"Records":[{}]}`:  {true, true},
		`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"%zz"}}}]}`: {true, true},
		`{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"a"}}}`:                 {isStorage: true},
	} {
		if _, isStorage, err := event.Objects([]byte(body)); isStorage != c.isStorage || (err != nil) != c.fails {
			t.Errorf("%s: %v, %v", body, isStorage, err)
		}
	}
}

func TestObjectsOfCloudEvents(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind, contentType, data string
		want                    []event.StoredObject
		isStorage, fails        bool
	}{
		"Google's, arrived": {"google.cloud.storage.object.v1.finalized", "application/json", `{"bucket":"pictures","name":"in/a+b%20c.jpg","size":"7"}`,
			[]event.StoredObject{{"google.cloud.storage.object.v1.finalized", true, "pictures", "in/a+b%20c.jpg"}}, true, false},
		"Google's, deleted": {"google.cloud.storage.object.v1.deleted", "application/json", `{"bucket":"pictures","name":"a.jpg"}`,
			[]event.StoredObject{{"google.cloud.storage.object.v1.deleted", false, "pictures", "a.jpg"}}, true, false},
		"Google's, broken": {"google.cloud.storage.object.v1.finalized", "application/json", `{"bucket":1}`, []event.StoredObject{{}}, true, true},
		"S3's records, of whatever type": {"com.example.s3", "application/json", `{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"a+b"}}}]}`,
			[]event.StoredObject{{"ObjectCreated:Put", true, "b", "a b"}}, true, false},
		"S3's record alone": {"com.example.s3", "", `{"eventName":"ObjectCreated:Copy","s3":{"bucket":{"name":"b"},"object":{"key":"a"}}}`,
			[]event.StoredObject{{"ObjectCreated:Copy", true, "b", "a"}}, true, false},
		"a picture's":       {event.TypeSubmitted, "application/json", `{"path":"a.jpg"}`, nil, false, false},
		"what is not JSON":  {"com.example.s3", "text/plain", `{"Records":[]}`, nil, false, false},
		"anything else":     {"com.example", "application/json", `{"a":1}`, nil, false, false},
		"an event, no data": {"com.example", "", ``, nil, false, false},
	} {
		e := cloudevents.New()
		e.SetType(c.kind)
		e.SetDataContentType(c.contentType)
		e.DataEncoded = []byte(c.data)
		got, isStorage, err := event.ObjectsOf(e)
		if isStorage != c.isStorage || (err != nil) != c.fails || !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, %v, %v", name, got, isStorage, err)
		}
	}
}

func FuzzObjects(f *testing.F) {
	f.Add([]byte(`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"a+%2b"}}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		objects, isStorage, err := event.Objects(body)
		if len(objects) > 0 && !isStorage || !isStorage && err != nil {
			t.Errorf("%+v, %v, %v", objects, isStorage, err)
		}
	})
}
