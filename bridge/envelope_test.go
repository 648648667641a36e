package main

import (
	"context"
	"maps"
	"strings"
	"testing"

	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/pkg/event"
)

func message(body string) *nsq.Message {
	m := nsq.NewMessage(nsq.MessageID([]byte("0123456789abcdef")), []byte(body))
	m.Timestamp, m.Attempts = 1_700_000_000_000_000_001, 3
	return m
}

// of puts members into a CloudEvent that is complete.
func of(members string) string {
	return `{"specversion":"1.0","id":"1","source":"/s","type":"t"` + members + `}`
}

func TestACloudEventKeepsItsDataAndAttributes(t *testing.T) {
	t.Parallel()
	v := envelope{topic: "images", channel: "process", source: "/here"}
	for what, test := range map[string]struct{ body, data, kind string }{
		"JSON as it is written": {of(`,"datacontenttype":"application/json","data": {"id" : 1.0, "p":"<\u00e9>"} `), `{"id" : 1.0, "p":"<\u00e9>"}`, "application/json"},
		"JSON without a type":   {of(`,"data":[1, 2]`), `[1, 2]`, ""},
		"bytes":                 {of(`,"datacontenttype":"image/png","data_base64":"AAEC/w=="`), "\x00\x01\x02\xff", "image/png"},
	} {
		e := v.event(message(test.body))
		if e.Source() != "/s" || e.ID() != "1" || e.Type() != "t" || string(e.Data()) != test.data || e.DataContentType() != test.kind {
			t.Errorf("%s: %s", what, e)
		}
	}
}

// What is no event at all, and what is none because it is malformed: event.Unmarshal
// tells them, and its tests the kinds.
func TestWhatIsNoCloudEventIsWrapped(t *testing.T) {
	t.Parallel()
	v := envelope{topic: "images", channel: "process", source: "/here"}
	for what, test := range map[string]struct{ body, kind string }{
		"text":                       {"hello", "application/octet-stream"},
		"bytes":                      {"\x00\xff", "application/octet-stream"},
		"JSON of another kind":       {`{"id":1}`, "application/json"},
		"a batch":                    {"[" + of("") + "]", "application/json"},
		"an older CloudEvent":        {`{"specversion":"0.3","id":"1","source":"/s","type":"t"}`, "application/json"},
		"the bytes are no string":    {of(`,"data_base64":5`), "application/json"},
		"an extension of two lines":  {of(`,"trace":"a\r\nX: y"`), "application/json"},
		"an extension with a dash":   {of(`,"my-trace":"a"`), "application/json"},
		"something follows an event": {of("") + "x", "application/octet-stream"},
	} {
		m := message(test.body)
		e := v.event(m)
		if e.Type() != event.TypeNSQMessage || e.Source() != "/here" || string(e.Data()) != test.body || e.DataContentType() != test.kind {
			t.Errorf("%s: not wrapped as it is: %s", what, e)
		}
		if err := e.Validate(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if !e.Time().Equal(published(m)) {
			t.Errorf("%s: time %v, want the time of publishing", what, e.Time())
		}
		m.Attempts++
		if again := v.event(m); again.ID() != e.ID() {
			t.Errorf("%s: id %s, and %s when delivered again", what, e.ID(), again.ID())
		}
		m.Timestamp++
		if other := v.event(m); other.ID() == e.ID() {
			t.Errorf("%s: another message has the same id %s", what, e.ID())
		}
	}
}

func TestExtensions(t *testing.T) {
	v := envelope{topic: "images", channel: "process", source: "/here", overrides: event.Overrides{"region": "here", "nsqchannel": "other"}}
	trace := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	e := v.event(message(of(`,"traceparent":"` + trace + `","tracestate":"a=b,c=d","nsqtopic":"from before","number":5,"flag":true`)))
	want := map[string]any{
		"nsqtopic": "images", "nsqchannel": "other", "nsqattempts": int32(3), "region": "here",
		"traceparent": trace, "tracestate": "a=b,c=d", "number": int32(5), "flag": true,
	}
	if got := e.Extensions(); !maps.Equal(got, want) {
		t.Errorf("extensions %v, want %v", got, want)
	}
}

func FuzzEnvelope(f *testing.F) {
	for _, body := range []string{"x", of(""), of(`,"data":{"a":1}`), of(`,"data_base64":"AA=="`), of(`,"subject":"a"`), of(`,"time":"2026-11-23T12:00:00Z"`),
		of(`,"data_base64":5`), of(`,"data_base64":"A\/=="`), of(`,"data":null`), of(`,"data":1,"data_base64":"AA=="`), of(`,"datacontenttype":"application/x+json","data":{}`),
		of(`,"subject":"a\r\nX: b"`), of(`,"x":"\u0000"`), of(`,"specversion":"0.3"`), strings.Repeat("[", 1000), "{}", "null", "\xff", "\x00"} {
		f.Add(body)
	}
	v := envelope{topic: "images", channel: "process", source: "/here"}
	nowhere, err := event.NewSink(event.SinkSettings{Sink: "http://127.0.0.1:1"}, 1)
	if err != nil {
		f.Fatal(err)
	}
	over, cancel := context.WithTimeout(f.Context(), 0) // the deadline is over: nothing is sent
	defer cancel()
	f.Fuzz(func(t *testing.T, body string) {
		if body == "" {
			return // nsqd has none
		}
		e := v.event(message(body))
		if err := e.Validate(); err != nil {
			t.Fatal(err)
		}
		if a := nowhere.Send(over, e); !strings.Contains(a.Detail, "deadline") {
			t.Fatalf("it cannot be posted: %s", a)
		}
	})
}
