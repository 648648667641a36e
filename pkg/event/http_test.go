package event_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
)

// with puts members into a CloudEvent that is complete.
func with(members string) string {
	return `{"specversion":"1.0","id":"1","source":"/s","type":"t"` + members + `}`
}

func TestDataIsKeptAsItIsWritten(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct{ body, data, kind string }{
		"JSON as it is written":          {with(`,"datacontenttype":"application/json","data": {"id" : 1.0, "p":"<\u00e9>"} `), `{"id" : 1.0, "p":"<\u00e9>"}`, "application/json"},
		"JSON is what has no type":       {with(`,"data":[1, 2]`), `[1, 2]`, ""},
		"a JSON string keeps its quotes": {with(`,"datacontenttype":"application/json","data":"a"`), `"a"`, "application/json"},
		"JSON null":                      {with(`,"datacontenttype":"application/json","data":null`), `null`, "application/json"},
		"another JSON media type":        {with(`,"datacontenttype":"application/vnd.x+json; charset=utf-8","data":{"a":1}`), `{"a":1}`, "application/vnd.x+json; charset=utf-8"},
		"a type in capitals":             {with(`,"datacontenttype":"APPLICATION/JSON","data":{"a":1}`), `{"a":1}`, "APPLICATION/JSON"},
		"text":                           {with(`,"datacontenttype":"text/plain","data":"a\n\"b\""`), "a\n\"b\"", "text/plain"},
		"bytes":                          {with(`,"datacontenttype":"image/png","data_base64":"AAEC/w=="`), "\x00\x01\x02\xff", "image/png"},
		"bytes with an escaped slash":    {with(`,"data_base64":"AAEC\/w=="`), "\x00\x01\x02\xff", ""},
		"no data":                        {with(``), "", ""},
	} {
		e, err := event.Unmarshal([]byte(test.body))
		if err != nil || string(e.Data()) != test.data || e.DataContentType() != test.kind {
			t.Errorf("%s: %v, data %q of type %q, want %q of type %q", what, err, e.Data(), e.DataContentType(), test.data, test.kind)
		}
	}
}

func TestWhatIsNoEventIsRefused(t *testing.T) {
	t.Parallel()
	for what, body := range map[string]string{
		"text":                        "hello",
		"JSON of another kind":        `{"id":1}`,
		"an older CloudEvent":         `{"specversion":"0.3","id":"1","source":"/s","type":"t"}`,
		"a type is missing":           `{"specversion":"1.0","id":"1","source":"/s"}`,
		"the type is no string":       `{"specversion":"1.0","id":"1","source":"/s","type":1}`,
		"something follows":           with("") + "x",
		"the bytes are no base64":     with(`,"data_base64":"?"`),
		"the bytes are a number":      with(`,"data_base64":5`),
		"the bytes are an object":     with(`,"data_base64":{}`),
		"the bytes are a list":        with(`,"data_base64":[123,125]`),
		"the bytes are null":          with(`,"data_base64":null`),
		"a name in capitals":          with(`,"Data":2`),
		"half an extension":           with(`,"ext":1.5`),
		"an extension beyond 32 bits": with(`,"ext":4294967296`),
		"data twice":                  with(`,"data":1,"data_base64":"AA=="`),
		"text that is no string":      with(`,"datacontenttype":"text/plain","data":{"a":1}`),
		"a subject of two lines":      with(`,"subject":"a\nb"`),
		"an extension with structure": with(`,"trace":{"a":1}`),
		"a time that is none":         with(`,"time":"yesterday"`),
	} {
		if e, err := event.Unmarshal([]byte(body)); err == nil {
			t.Errorf("%s: no error but %s", what, e)
		}
	}
}

// What is wrong with an attribute is said in the words of those who sent it.
func TestAWrongAttributeIsNamed(t *testing.T) {
	t.Parallel()
	binary := request("", "", "Ce-Specversion", "1.0", "Ce-Id", "1", "Ce-Source", "/s", "Ce-Type", "t", "Ce-Time", "yesterday")
	_, ofHeader := event.Read(binary)
	read := func(body string) error {
		_, err := event.Unmarshal([]byte(body))
		return err
	}
	const time = `"yesterday" is no time as RFC 3339 writes it, such as 2006-01-02T15:04:05Z`
	for what, c := range map[string]struct {
		err  error
		want string
	}{
		"a time in a header":     {ofHeader, "no CloudEvent: attribute time: " + time},
		"a time":                 {read(with(`,"time":"yesterday"`)), "attribute time: " + time},
		"a time that is a count": {read(with(`,"time":5`)), "attribute time: it is a number, not a string"},
		"an extension":           {read(with(`,"x":{"a":1}`)), "attribute x: it is an object, not a string, a number or a bool"},
		"a list":                 {read(with(`,"x":[1]`)), "attribute x: it is an array, not a string, a number or a bool"},
		"a number with a point":  {read(with(`,"x":1.5`)), "attribute x: 1.5 is no whole number of 32 bits"},
		"a type":                 {read(`{"specversion":"1.0","id":"1","source":"/s","type":5}`), "attribute type: it is a number, not a string"},
		"a subject":              {read(with(`,"subject":true`)), "attribute subject: it is a bool, not a string"},
		"an event":               {read(`5`), "the JSON is a number, not an object"},
	} {
		if c.err == nil || c.err.Error() != c.want {
			t.Errorf("%s: %v, want %s", what, c.err, c.want)
		}
	}
}

func request(kind, body string, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func TestRead(t *testing.T) {
	t.Parallel()
	binary := []string{"Ce-Specversion", "1.0", "Ce-Id", "1", "Ce-Source", "/s", "Ce-Type", "t"}
	for what, c := range map[string]struct {
		request *http.Request
		want    []string // the data of each event; "refused" for one that is not valid
		err     error
	}{
		"structured":                         {request("application/cloudevents+json", with(`,"data":1`)), []string{"1"}, nil},
		"structured, in capitals":            {request("Application/CloudEvents+JSON; charset=utf-8", with(`,"data":1`)), []string{"1"}, nil},
		"structured and malformed":           {request("application/cloudevents+json", "{"), nil, event.ErrMalformed},
		"another event format":               {request("application/cloudevents+avro", "x"), nil, event.ErrFormat},
		"a batch of none":                    {request("application/cloudevents-batch+json", " [] "), []string{}, nil},
		"a batch with one that is not valid": {request("application/cloudevents-batch+json; charset=utf-8", "["+with(`,"data":1`)+`,{},5,`+with(`,"data_base64":5`)+","+with(`,"data":2`)+"]"), []string{"1", "refused", "refused", "refused", "2"}, nil},
		"a batch that is an object":          {request("application/cloudevents-batch+json", "{}"), nil, event.ErrMalformed},
		"a batch of another format":          {request("application/cloudevents-batch+avro", "[]"), nil, event.ErrFormat},
		"binary":                             {request("text/plain", "a", binary...), []string{"a"}, nil},
		"binary without a content type":      {request("", `{"a":1}`, binary...), []string{`{"a":1}`}, nil},
		"binary of an older version":         {request("", "", "Ce-Specversion", "0.3", "Ce-Id", "1"), nil, event.ErrMalformed},
		"binary without a type":              {request("", "", binary[:6]...), nil, event.ErrMalformed},
		"binary with an attribute twice":     {request("", "", append(binary, "Ce-Subject", "a", "Ce-Subject", "b")...), nil, event.ErrMalformed},
		"binary with a time that is none":    {request("", "", append(binary, "Ce-Time", "soon")...), nil, event.ErrMalformed},
		"binary with an encoded line break":  {request("", "", append(binary, "Ce-Subject", "a%0Ab")...), nil, event.ErrMalformed},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			if !event.IsEvent(c.request) {
				t.Error("it is not taken for an event")
			}
			events, err := event.Read(c.request)
			if !errors.Is(err, c.err) || len(events) != len(c.want) {
				t.Fatalf("%d events, %v; want %d, %v", len(events), err, len(c.want), c.err)
			}
			for i, received := range events {
				if refused := c.want[i] == "refused"; refused != errors.Is(received.Err, event.ErrMalformed) || !refused && string(received.Event.Data()) != c.want[i] {
					t.Errorf("event %d: %q, %v; want %q", i, received.Event.Data(), received.Err, c.want[i])
				}
			}
		})
	}
}

func TestTheTraceContextIsTheEventsOwnOrTheRequests(t *testing.T) {
	t.Parallel()
	const own, requests = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	traced := `{"specversion":"1.0","type":"t","source":"/s","id":"1","traceparent":"` + own + `"}`
	untraced := with("")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("["+traced+","+untraced+",7]"))
	r.Header.Set("Content-Type", "application/cloudevents-batch+json")
	r.Header.Set("Traceparent", requests)
	r.Header.Set("Tracestate", "a=b")
	got := testkit.Must(event.Read(r))(t)
	if first, second := event.TraceOf(got[0].Event), event.TraceOf(got[1].Event); first != (event.Trace{Parent: own}) || second != (event.Trace{Parent: requests, State: "a=b"}) || got[2].Err == nil {
		t.Errorf("%+v and %+v, want the event's own and the request's", first, second)
	}
	sent := testkit.Must(event.NewRequest(t.Context(), "http://sink.example.com", got[1].Event))(t)
	if sent.Header.Get("Traceparent") != requests || sent.Header.Get("Tracestate") != "a=b" || sent.Header.Get("Ce-Traceparent") != requests {
		t.Errorf("sent on with %v, want the trace context as headers and as extension", sent.Header)
	}
}

func TestCurlsOwnContentTypeIsForgiven(t *testing.T) {
	t.Parallel()
	events, err := event.Read(request("application/x-www-form-urlencoded", `{"path":"a.jpg"}`,
		"Ce-Specversion", "1.0", "Ce-Id", "1", "Ce-Source", "/s", "Ce-Type", event.TypeSubmitted))
	if err != nil {
		t.Fatal(err)
	}
	if data, err := event.ImageOf(events[0].Event); err != nil || data.Path != "a.jpg" {
		t.Errorf("%+v, %v", data, err)
	}
}

func TestARequestIsReadAsItWasMade(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 27, 1, 2, 3, 4000, time.UTC)
	for what, members := range map[string]string{
		"plain":                          `,"subject":"images/1","datacontenttype":"text/plain","data":"a"`,
		"beyond ASCII":                   `,"subject":"Bücher/€ 😀 100% \"x\" %41"`,
		"without a content type":         `,"data":{"a":1}`,
		"with an extension and a time":   `,"nsqattempts":3,"time":"` + at.Format(time.RFC3339Nano) + `"`,
		"with an event as its data":      `,"datacontenttype":"Application/CloudEvents+json","ext":"a","data":` + with(`,"subject":"inner"`),
		"with a time in small letters":   `,"time":"2026-11-27t01:02:03z"`,
		"with a time in escapes":         `,"time":"2026-11-27\u0074\u00301:02:03z"`,
		"with an attribute that is null": `,"subject":null`,
		"with a quotation mark outside":  `,"subject":"\"quoted\""`,
	} {
		e, err := event.Unmarshal([]byte(with(members)))
		if err != nil {
			t.Fatal(what, err)
		}
		r, err := event.NewRequest(t.Context(), "http://sink.example", e)
		if err != nil {
			t.Fatal(what, err)
		}
		for name, values := range r.Header {
			for _, value := range values {
				if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c > '~' }) {
					t.Errorf("%s: header %s holds %q", what, name, value)
				}
			}
		}
		events, err := event.Read(r)
		if err != nil {
			t.Fatal(what, err)
		}
		got := events[0].Event
		if got.Subject() != e.Subject() || string(got.Data()) != string(e.Data()) || !got.Time().Equal(e.Time()) || len(got.Extensions()) != len(e.Extensions()) {
			t.Errorf("%s: read %s, made of %s", what, got, e)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("application/cloudevents+json", with(`,"data_base64":5`), "a%zz")
	f.Add("application/cloudevents-batch+json", "["+with("")+"]", "")
	f.Add("", "x", `"a\"`)
	f.Fuzz(func(t *testing.T, kind, body, subject string) {
		r := request(kind, body, "Ce-Specversion", "1.0", "Ce-Id", "1", "Ce-Source", "/s", "Ce-Type", "t")
		r.Header["Ce-Subject"] = []string{subject}
		events, err := event.Read(r)
		if err != nil {
			return
		}
		for _, received := range events {
			if received.Err == nil {
				if _, err := event.NewRequest(t.Context(), "http://sink.example", received.Event); err != nil {
					t.Errorf("what was read cannot be sent: %v", err)
				}
			}
		}
	})
}
