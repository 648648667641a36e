package main

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// told is a detail as a page tells it, which has links where a program is told addresses.
func told(detail string) string { return onPage(serve.Problem{Detail: detail}).Detail }

// expectProblem asks for a path as JSON and as a page and wants both to tell the same problem.
func (s *site) expectProblem(t *testing.T, path string, status int, detail string) {
	t.Helper()
	asJSON := s.get(t, path, "Accept", "application/json")
	var problem struct {
		Status        int
		Title, Detail string
	}
	if err := json.Unmarshal([]byte(asJSON.body), &problem); err != nil {
		t.Errorf("GET %s: %v in %s", path, err, asJSON.body)
		return
	}
	if asJSON.header.Get("Content-Type") != "application/problem+json" || asJSON.status != status ||
		problem.Status != status || problem.Title != http.StatusText(status) || problem.Detail != detail {
		t.Errorf("GET %s: %d %+v, want %d and %s", path, asJSON.status, problem, status, detail)
	}
	page := s.get(t, path)
	if page.header.Get("Content-Type") != "text/html; charset=utf-8" || page.status != status || !strings.Contains(html.UnescapeString(page.body), told(detail)) {
		t.Errorf("GET %s: %d, want a page of status %d that says %s:\n%s", path, page.status, status, detail, page.body)
	}
	retry := ""
	if status == http.StatusServiceUnavailable {
		retry = "5"
	}
	if got := page.header.Get("Retry-After") + asJSON.header.Get("Retry-After"); got != retry+retry {
		t.Errorf("GET %s: Retry-After %q, want %q", path, got, retry)
	}
}

func TestPictureProblem(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"a file that is gone is not found":                             {photo.ErrNotFound, http.StatusNotFound},
		"nor is one that may not be seen":                              {photo.ErrOutside, http.StatusNotFound},
		"a root that is away is asked again later":                     {photo.ErrUnreachable, http.StatusServiceUnavailable},
		"so is one that takes too long":                                {context.DeadlineExceeded, http.StatusServiceUnavailable},
		"so is this program when it is busy":                           {errBusy, http.StatusServiceUnavailable},
		"a file that this program may not read is no one else's fault": {syscall.EACCES, http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			if got := pictureProblem(fmt.Errorf("secret: %w", c.err)); got.Status != c.want || strings.Contains(got.Detail, "secret") {
				t.Errorf("%v is %d %s, want %d and no secret", c.err, got.Status, got.Detail, c.want)
			}
		})
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for path, want := range map[string]string{
		"/nothing":                     "There is nothing at this address. The pictures are at /, the people at /people, the folders at /folders.",
		"/people/":                     "There is nothing at this address. The pictures are at /, the people at /people, the folders at /folders.",
		"/images/7":                    "There is no picture with the id 7. The pictures are at /.",
		"/images/7/picture":            "There is no picture with the id 7. The pictures are at /.",
		"/images/seven":                "A picture's id is a whole number. The pictures are at /.",
		"/people/7":                    "There is no person with the id 7. The people are at /people.",
		"/people/Dad":                  "A person's id is a whole number. The people are at /people.",
		"/assets/style.css":            "There is no such asset. Reload the page that uses it.",
		"/images/99999999999999999999": "A picture's id is a whole number. The pictures are at /.",
	} {
		s.expectProblem(t, path, http.StatusNotFound, want)
	}
}

func TestAPageThatIsNotThereHasLinksInsteadOfAddresses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/nothing", "/people/7", "/images/7"} {
		body := s.get(t, path).body
		_, section, _ := strings.Cut(body, `<section class="problem">`)
		for _, link := range []string{`<a href="/">Pictures</a>`, `<a href="/people">People</a>`, `<a href="/activity">Activity</a>`} {
			if !strings.Contains(section, link) || strings.Contains(section, "are at /") {
				t.Errorf("GET %s does not lead on by %s:\n%s", path, link, section)
			}
		}
	}
	erased := onPage(serve.Problem{Detail: "Person 5 was erased." + receiptAt + "12."})
	if erased.Detail != "Person 5 was erased." || erased.Receipt != "/erasures/12" {
		t.Errorf("of somebody who was erased a page tells %+v", erased)
	}
}

func TestADatabaseThatIsGoneAndComesBack(t *testing.T) {
	t.Parallel()
	dsn := deptest.Migrated(t)
	w := newWire(t, dsn)
	s := serveSite(t, w.dsn)
	id := s.submit(t, "a.jpg")
	everywhere := []string{"/", "/?status=failed", "/people", "/people/1", fmt.Sprintf("/images/%d", id), fmt.Sprintf("/images/%d/picture", id)}

	w.cut()
	for _, path := range everywhere {
		s.expectProblem(t, path, http.StatusServiceUnavailable,
			"The database does not answer now. Nothing is lost: try again in a moment. The log of view says what is wrong.")
		for _, secret := range []string{w.address, "dial", "refused", "test_"} {
			if body := s.get(t, path).body; strings.Contains(body, secret) {
				t.Errorf("GET %s tells %q:\n%s", path, secret, body)
			}
		}
	}
	if r := s.get(t, "/"); r.header.Get("Retry-After") != "5" {
		t.Errorf("the page does not say when to come again: %v", r.header)
	}

	w.mend(t)
	if r := s.get(t, "/"); r.status != http.StatusOK {
		t.Errorf("with the database back: %d", r.status)
	}
}

func TestADatabaseThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWire(t, deptest.MySQL(t))
	w.hush()
	s := serveSite(t, w.dsn, func(o *Options) { o.RequestTimeout = 100 * time.Millisecond })
	began := time.Now()
	if r := s.get(t, "/"); r.status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", r.status, r.body)
	}
	// Without REQUEST_TIMEOUT it would be the store's 30 s.
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestASchemaThatIsTooOld(t *testing.T) {
	t.Parallel()
	dsn := deptest.MySQL(t)
	s := serveSite(t, dsn)
	s.expectProblem(t, "/", http.StatusServiceUnavailable,
		"The database's schema is older than this program. Run `make migrate` with the database's MYSQL_DSN.")
	testkit.Succeed(t, store.Migrate(t.Context(), dsn))
	if r := s.get(t, "/"); r.status != http.StatusOK {
		t.Errorf("after the migration: %d", r.status)
	}
}

// routes are one URL of every kind, with the status each should have.
func (s *site) routes(t *testing.T) map[string]int {
	t.Helper()
	s.put(t, "a.jpg", jpegOf(t))
	id := s.finish(t, "a.jpg", withFaces(newFace("", 0.1)))
	person := s.add(t, "Dad")
	style := testkit.Must(s.view.assets.url("style.css"))(t)
	return map[string]int{
		"/":                                   http.StatusOK,
		"/?limit=x":                           http.StatusBadRequest,
		fmt.Sprintf("/images/%d", id):         http.StatusOK,
		fmt.Sprintf("/images/%d/picture", id): http.StatusOK,
		fmt.Sprintf("/images/%d/picture", s.submit(t, "gone.jpg")): http.StatusNotFound,
		"/people":                         http.StatusOK,
		fmt.Sprintf("/people/%d", person): http.StatusOK,
		"/nothing":                        http.StatusNotFound,
		style:                             http.StatusOK,
	}
}

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	routes := s.routes(t)
	for path, status := range routes {
		for _, accept := range []string{"text/html", "application/json"} {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
				if method == http.MethodPost {
					status = http.StatusMethodNotAllowed
				}
				r := s.ask(t, method, path, "Accept", accept)
				if r.status != status {
					t.Errorf("%s %s: %d, want %d", method, path, r.status, status)
				}
				csp := r.header.Get("Content-Security-Policy")
				for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'"} {
					if !strings.Contains(csp, want) {
						t.Errorf("%s %s: the policy %q lacks %s", method, path, csp, want)
					}
				}
				if strings.Contains(csp, "unsafe") || strings.Contains(strings.ReplaceAll(csp, "script-src 'self';", ""), "script-src") {
					t.Errorf("%s %s: the policy %q allows too much", method, path, csp)
				}
				for name, want := range map[string]string{
					"X-Content-Type-Options":       "nosniff",
					"X-Frame-Options":              "DENY",
					"Referrer-Policy":              "no-referrer",
					"Cross-Origin-Resource-Policy": "same-origin",
				} {
					if got := r.header.Get(name); got != want {
						t.Errorf("%s %s: %s is %q, want %q", method, path, name, got, want)
					}
				}
			}
			status = routes[path]
		}
	}
}

func TestOnlyReadingIsAllowed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"} {
		r := s.ask(t, method, "/people")
		if r.status != http.StatusMethodNotAllowed || r.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d, Allow %q", method, r.status, r.header.Get("Allow"))
		}
	}
}

func TestHEADIsGETWithoutTheBody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for path := range s.routes(t) {
		get, head := s.get(t, path, "Accept-Encoding", "identity"), s.ask(t, http.MethodHead, path, "Accept-Encoding", "identity")
		if head.status != get.status || head.body != "" {
			t.Errorf("HEAD %s: %d, %d bytes; GET: %d", path, head.status, len(head.body), get.status)
		}
		for _, name := range []string{"Content-Type", "Content-Length", "Cache-Control", "ETag", "Vary"} {
			if head.header.Get(name) != get.header.Get(name) {
				t.Errorf("HEAD %s: %s is %q, with GET %q", path, name, head.header.Get(name), get.header.Get(name))
			}
		}
	}
}

var (
	loaded = regexp.MustCompile(`(?:src|href|action|data|poster|srcset)="([^"]*)"`)
	inline = regexp.MustCompile(`(?i)<(style|iframe|object|embed|base)|<script[^>]*>[^<]|\s(style|on\w+)=`)
)

func TestPagesUseNothingFromElsewhereAndNothingInline(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for path, status := range s.routes(t) {
		r := s.get(t, path)
		if r.status != status || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, found := range loaded.FindAllStringSubmatch(r.body, -1) {
			if url := found[1]; !strings.HasPrefix(url, "/") && !strings.HasPrefix(url, "#") && !strings.HasPrefix(url, "?do=") || strings.HasPrefix(url, "//") {
				t.Errorf("%s leads to %s", path, url)
			}
		}
		if found := inline.FindString(r.body); found != "" {
			t.Errorf("%s holds %q, which its policy forbids", path, found)
		}
	}
}

func TestAssetsAreKeptForEver(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	page := s.get(t, "/").body
	for kind, pattern := range map[string]string{
		"text/css; charset=utf-8": `/assets/style\.[0-9a-f]{12}\.css`,
		"image/svg+xml":           `/assets/icon\.[0-9a-f]{12}\.svg`,
	} {
		url := regexp.MustCompile(pattern).FindString(page)
		r := s.get(t, url)
		if url == "" || r.status != http.StatusOK || r.header.Get("Content-Type") != kind || r.header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %d %s %s", url, r.status, r.header.Get("Content-Type"), r.header.Get("Cache-Control"))
		}
		if strings.Contains(r.body, "url(") || strings.Contains(r.body, "@import") {
			t.Errorf("%s loads something else", url)
		}
		if packed := s.get(t, url, "Accept-Encoding", "gzip"); len(r.body) > 1<<10 && (packed.header.Get("Content-Encoding") != "gzip" || len(packed.body) > len(r.body)/2) {
			t.Errorf("%s: %d bytes, packed %d", url, len(r.body), len(packed.body))
		}
	}
}
