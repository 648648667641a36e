package serve_test

import (
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/serve"
)

func TestWantsJSON(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		accept []string
		want   bool
	}{
		"nothing":                          {nil, false},
		"JSON":                             {[]string{"application/json"}, true},
		"JSON in capitals, with a charset": {[]string{" Application/JSON ; charset=utf-8"}, true},
		"JSON among others":                {[]string{"text/html,application/xhtml+xml, application/json;q=0.1"}, true},
		"JSON in a second header":          {[]string{"text/html", "application/json"}, true},
		"JSON with a weight of none":       {[]string{"application/json;q=0"}, false},
		"none in thousandths":              {[]string{"application/json; q=0.000"}, false},
		"no JSON, and JSON":                {[]string{"application/json;q=0, application/json"}, true},
		"a weight that is none":            {[]string{"application/json;q=much"}, true},
		"anything, as curl":                {[]string{"*/*"}, false},
		"any application":                  {[]string{"application/*"}, false},
		"a browser":                        {[]string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, false},
		"another JSON":                     {[]string{"application/cloudevents+json"}, false},
		"JSON as a parameter":              {[]string{"text/html;profile=application/json"}, false},
		"commas alone":                     {[]string{",,;"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := serve.WantsJSON(&http.Request{Header: http.Header{"Accept": c.accept}}); got != c.want {
				t.Errorf("%q: %t, want %t", c.accept, got, c.want)
			}
		})
	}
}

func TestProblem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		problem                         serve.Problem
		text                            bool
		kind, body, retryAfter, message string
	}{
		"as JSON": {
			serve.Problem{Status: 422, Detail: "the path <a&b> is refused", Title: "overwritten"}, false,
			"application/problem+json", `{"type":"urn:lineup:problem:unprocessable-entity","status":422,"title":"Unprocessable Entity","detail":"the path <a&b> is refused"}` + "\n", "", "422: the path <a&b> is refused",
		},
		"as JSON, with a time": {
			serve.Problem{Status: 503, Detail: "the database does not answer", RetryAfter: 1500 * time.Millisecond}, false,
			"application/problem+json", `{"type":"urn:lineup:problem:service-unavailable","status":503,"title":"Service Unavailable","detail":"the database does not answer"}` + "\n", "2", "503: the database does not answer",
		},
		"as text": {
			serve.Problem{Status: 413, Detail: "a.jpg is\ntoo <large>"}, true,
			"text/plain; charset=utf-8", "a.jpg is too <large>\n", "", "413: a.jpg is\ntoo <large>",
		},
		"as text, with a time": {
			serve.Problem{Status: 429, Detail: "slower", RetryAfter: time.Minute}, true,
			"text/plain; charset=utf-8", "slower\n", "60", "429: slower",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			c.problem.Write(w, c.text)
			if w.Code != c.problem.Status || w.Header().Get("Content-Type") != c.kind || w.Body.String() != c.body || w.Header().Get("Retry-After") != c.retryAfter {
				t.Errorf("%d %v\n%s", w.Code, w.Header(), w.Body)
			}
			if got := c.problem.Error(); got != c.message {
				t.Errorf("as an error: %q, want %q", got, c.message)
			}
		})
	}
}

func TestSeconds(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "1", 0: "1", 1: "1", time.Second: "1", time.Second + 1: "2", 59500 * time.Millisecond: "60", time.Hour: "3600", math.MaxInt64: "9223372037",
	} {
		if got := serve.Seconds(d); got != want {
			t.Errorf("%v is %s seconds, want %s", d, got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"": "application/json", "application/cloudevents+json": "application/cloudevents+json"} {
		w := httptest.NewRecorder()
		if given != "" {
			w.Header().Set("Content-Type", given)
		}
		serve.JSON(w, http.StatusAccepted, map[string]string{"path": "<a&b>ä"})
		if w.Code != http.StatusAccepted || w.Header().Get("Content-Type") != want || w.Body.String() != `{"path":"<a&b>ä"}`+"\n" {
			t.Errorf("%d %v\n%s", w.Code, w.Header(), w.Body)
		}
	}
}
