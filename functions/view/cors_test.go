package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"lineup.dev/lineup/local/browser"
	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/auth"
)

// asked is what a page's fetch gave it.
type asked struct {
	Status   int    `json:"status"`
	Location string `json:"location"`
	ETag     string `json:"etag"`
	Body     string `json:"body"`
	Error    string `json:"error"`
}

// fetchIn has the page fetch a URL, as its browser allows.
func fetchIn(tab context.Context, t *testing.T, url, options string) asked {
	t.Helper()
	script := fmt.Sprintf(`fetch(%q, %s).then(
		async r => ({status: r.status, location: r.headers.get("Location") ?? "", etag: r.headers.get("ETag") ?? "", body: await r.text()}),
		e => ({error: String(e)}))`, url, options)
	return testkit.Must(chromedp.Run(tab, chromedp.Evaluate[asked](script, chromedp.EvalAwaitPromise)))(t)
}

func TestABrowserLetsThePagesOfTrustedOriginsReadAndWrite(t *testing.T) {
	t.Parallel()
	tab := browser.Open(t)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
	}))
	t.Cleanup(page.Close)
	trusting := func(origin string) (*site, receiver) {
		r := newReceiver(t)
		dsn := deptest.Migrated(t)
		return serveSiteWithAuth(t, auth.Settings{TrustedOrigins: []string{origin}}, dsn, r.with("on")), r
	}
	testkit.Succeed(t, chromedp.Do(tab, chromedp.Navigate(page.URL)))

	s, r := trusting(page.URL)
	if got := fetchIn(tab, t, s.url+"/api/v1/images", "{}"); got.Status != http.StatusOK || got.ETag == "" || !strings.Contains(got.Body, `"items":[]`) {
		t.Errorf("reading: %+v", got)
	}
	// An upload as image/jpeg and a PATCH are no simple requests: the browser asks by a preflight first.
	for method, options := range map[string]string{
		http.MethodPost:   `{method: "POST", headers: {"Content-Type": "image/jpeg", "Prefer": "wait=3", "Content-Disposition": "attachment; filename=a.jpg"}, body: new Blob(["picture"])}`,
		http.MethodPatch:  `{method: "PATCH", headers: {"Content-Type": "application/json", "Authorization": "Bearer hunter2"}, body: "picture"}`,
		http.MethodDelete: `{method: "DELETE"}`,
	} {
		path := map[string]string{http.MethodPost: "images", http.MethodPatch: "people/7", http.MethodDelete: "images/7"}[method]
		got := fetchIn(tab, t, s.url+"/api/v1/"+path, options)
		if got.Status != http.StatusCreated || got.Location != "/api/v1/people/7" {
			t.Errorf("%s: %+v", method, got)
			continue
		}
		if seen, body := <-r.seen, <-r.body; seen.Method != method || seen.Header.Get("Origin") != "" || method != http.MethodDelete && body != "picture" {
			t.Errorf("%s arrived as %s %v %q", method, seen.Method, seen.Header, body)
		}
	}

	s, r = trusting("https://other.example")
	for _, options := range []string{"{}", `{method: "POST", body: "picture"}`, `{method: "PATCH", body: "picture"}`} {
		if got := fetchIn(tab, t, s.url+"/api/v1/images", options); got.Error == "" {
			t.Errorf("of an origin that is not trusted, %s: %+v", options, got)
		}
	}
	if len(r.seen) != 0 {
		t.Errorf("%d requests of an origin that is not trusted arrived", len(r.seen))
	}
}
