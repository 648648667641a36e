package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

var update = flag.Bool("update", false, "write the golden file anew")

// What differs from day to day, or with the content of a file.
var (
	contentHash = regexp.MustCompile(`(/assets/[\w.]+\.)[0-9a-f]+\.`)
	tagOfPage   = regexp.MustCompile(`data-tag="[^"]*"`)
	timeShown   = regexp.MustCompile(`<time datetime="[^"]*">[^<]*</time>`)
)

func TestTheTableIsAsApproved(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.add(t, "Hannibal", "hannibal_1.jpg")
	s.add(t, "John Doe", "john_doe_1.jpg")
	s.finish(t, "/home/user/image_dump/test34", withFaces(newFace("hannibal_1.jpg", 0.9)))
	s.finish(t, "/home/user/image_dump/both.jpg", withFaces(newFace("hannibal_1.jpg", 0.6), newFace("john_doe_1.jpg", 0.8), newFace("", 0.1)))
	s.finish(t, "strangers.jpg", withFaces(newFace("", 0.1), newFace("", 0.2)))
	s.finish(t, "sea.jpg", withFaces())
	s.finish(t, "/etc/hostname", store.Result{Reason: "outside the picture roots"})
	s.edit(t, "UPDATE images SET updated_at = UTC_TIMESTAMP(6) - INTERVAL 20 SECOND") // or the time left were another each time
	s.claim(t, "/home/user/image_dump/test33")
	s.submit(t, "/home/user/image_dump/test32")

	got := contentHash.ReplaceAllString(s.get(t, "/").body, "${1}HASH.")
	got = timeShown.ReplaceAllString(tagOfPage.ReplaceAllString(got, `data-tag="TAG"`), `<time datetime="TIME">TIME</time>`)
	const golden = "testdata/table.golden.html"
	if *update {
		testkit.Succeed(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want := testkit.Must(os.ReadFile(golden))(t)
	if got != string(want) {
		t.Errorf("the table is not as in %s; if it should be, look at it and run the test with -update:\n%s", golden, got)
	}
}

func TestAPictureAsJSON(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	person := s.add(t, "Dad & Co", "dad_1.jpg")
	id := s.finish(t, "/pictures/a<b>.jpg", withFaces(newFace("", 0.12), newFace("dad_1.jpg", 0.875)))

	var got map[string]any
	s.getJSON(t, fmt.Sprintf("/images/%d", id), &got)
	for _, name := range []string{"created_at", "updated_at"} {
		at, err := time.Parse(time.RFC3339Nano, got[name].(string))
		if err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("%s is %v, want the time now", name, got[name])
		}
		delete(got, name)
	}
	var want map[string]any
	if err := json.Unmarshal(fmt.Appendf(nil, `{
		"id": %d, "path": "/pictures/a<b>.jpg", "status": "identified", "reason": "", "warning": "", "file_name": "", "thumbnail": null, "large": null, "layout": null,
		"person": {"id": %d, "name": "Dad & Co"},
		"faces": [
			{"id": 2, "person": {"id": %d, "name": "Dad & Co"}, "decided_by": "machine", "ignored": false, "not": [],
				"image_name": "dad_1.jpg", "similarity": 0.875, "margin": null, "chance_wrong": null, "refusal": "", "score": 0.99,
				"candidates": [{"person": {"id": %d, "name": "Dad & Co"}, "image_name": "dad_1.jpg", "similarity": 0.875}],
				"box": {"x": 0.25, "y": 0.125, "width": 0.5, "height": 0.75}, "crop": null},
			{"id": 1, "person": null, "decided_by": "machine", "ignored": false, "not": [],
				"image_name": "", "similarity": 0.12, "margin": null, "chance_wrong": null, "refusal": "", "candidates": [], "score": 0.99,
				"box": {"x": 0.25, "y": 0.125, "width": 0.5, "height": 0.75}, "crop": null}]}`, id, person, person, person), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v, want\n%v", got, want)
	}
	if raw := s.get(t, fmt.Sprintf("/images/%d", id), "Accept", "application/json").body; !strings.Contains(raw, "a<b>.jpg") {
		t.Errorf("the path is not to be read in %s", raw)
	}
}

func TestEmptyListsAsJSON(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.add(t, "Dad")
	for path, want := range map[string]string{
		"/":               `{"images":[],"next":null}`,
		"/people?after=9": `{"people":[],"next":null}`,
		"/people/1":       `{"id":1,"name":"Dad","hidden":false,"cover":null,"merged_into":null,"pictures":0,"last_seen":null,"image_names":[],"photos":[],"images":[],"next":null}`,
	} {
		if got := strings.TrimSpace(s.get(t, path, "Accept", "application/json").body); got != want {
			t.Errorf("GET %s: %s, want %s", path, got, want)
		}
	}
}

// listed is a list of pictures as JSON.
type listed struct {
	Images []struct {
		ID int64 `json:"id"`
	} `json:"images"`
	Next *string `json:"next"`
}

// walk follows next from a path to the end and gives the ids. It calls between
// after every page.
func (s *site) walk(t *testing.T, path string, between func()) (ids []int64) {
	t.Helper()
	for next := &path; next != nil; {
		var page listed
		s.getJSON(t, *next, &page)
		for _, image := range page.Images {
			ids = append(ids, image.ID)
		}
		next = page.Next
		if between != nil {
			between()
		}
		if len(ids) > 100 {
			t.Fatal("the pages have no end")
		}
	}
	return ids
}

func TestPagesShowEveryPictureOnceWhileMoreComeIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.PageSize = 3 })
	var want []int64
	for i := range 7 {
		want = append(want, s.submit(t, fmt.Sprintf("%d.jpg", i)))
	}
	slices.Reverse(want)
	more := 100
	got := s.walk(t, "/", func() { more++; s.submit(t, fmt.Sprintf("%d.jpg", more)) })
	if !slices.Equal(got, want) {
		t.Errorf("the pages showed %v, want %v", got, want)
	}
}

func TestTheLastPageIsKnownToBeTheLast(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i := range 4 {
		s.submit(t, fmt.Sprintf("%d.jpg", i))
	}
	var page listed
	s.getJSON(t, "/?limit=2&status=pending", &page)
	if page.Next == nil || *page.Next != "/?before=3&limit=2&status=pending" {
		t.Fatalf("next is %v, want the same URL with before=3", page.Next)
	}
	s.getJSON(t, *page.Next, &page)
	if page.Next != nil {
		t.Errorf("next of the last page is %q, want null", *page.Next)
	}
	first, last := s.get(t, "/?limit=2").body, s.get(t, "/?limit=2&before=3").body
	if !strings.Contains(first, `rel="next" href="/?before=3&amp;limit=2"`) || strings.Contains(first, ">Newest<") {
		t.Errorf("the first page should lead to the older ones alone:\n%s", first)
	}
	if strings.Contains(last, `rel="next"`) || !strings.Contains(last, `href="/?limit=2">Newest<`) {
		t.Errorf("the last page should lead to the newest alone:\n%s", last)
	}
	if !strings.Contains(last, `href="/?limit=2&amp;status=failed"`) {
		t.Errorf("a filter should lead to its first page:\n%s", last)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dad, mom := s.add(t, "Dad", "dad.jpg"), s.add(t, "Mom", "mom.jpg")
	pending := s.submit(t, "pending")
	processing := s.claim(t, "processing").ID
	withDad := s.finish(t, "dad", withFaces(newFace("dad.jpg", 0.9)))
	withBoth := s.finish(t, "both", withFaces(newFace("dad.jpg", 0.7), newFace("mom.jpg", 0.8)))
	unknown := s.finish(t, "nobody", withFaces(newFace("", 0.1)))
	failed := s.finish(t, "failed", store.Result{Reason: "no picture"})
	for path, want := range map[string][]int64{
		"/?status=pending":                                        {pending},
		"/?status=processing":                                     {processing},
		"/?status=identified":                                     {withBoth, withDad},
		"/?status=unknown":                                        {unknown},
		"/?status=failed":                                         {failed},
		"/?status=&person=":                                       {failed, unknown, withBoth, withDad, processing, pending},
		fmt.Sprintf("/?person=%d", dad):                           {withBoth, withDad},
		fmt.Sprintf("/?person=%d&limit=1", dad):                   {withBoth, withDad},
		fmt.Sprintf("/?person=%d", mom):                           {withBoth},
		fmt.Sprintf("/?person=%d&status=failed", mom):             nil,
		fmt.Sprintf("/?person=%d&before=%d", dad, withBoth):       {withDad},
		fmt.Sprintf("/people/%d?limit=1", dad):                    {withBoth, withDad},
		fmt.Sprintf("/?status=unknown&before=%d", failed):         {unknown},
		fmt.Sprintf("/?status=unknown&before=%d&limit=1", failed): {unknown},
	} {
		if got := s.walk(t, path, nil); !slices.Equal(got, want) {
			t.Errorf("GET %s: %v, want %v", path, got, want)
		}
	}
	page := s.get(t, fmt.Sprintf("/?person=%d&status=failed", mom)).body
	has(t, s.get(t, "/?since=2026-11-28&until=2026-11-28").body, "Nothing is posted since 2026-11-28 and before 2026-11-28: the first day has to be before the other.")
	for _, want := range []string{"Nothing passes the filter", `href="/?status=failed"`, fmt.Sprintf(`href="/?person=%d"`, mom)} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is missing in\n%s", want, page)
		}
	}
}

func TestAQueryThatCannotBeAnswered(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.MaxPageSize = 60 })
	for path, want := range map[string]string{
		"/?status=<b>":                 fmt.Sprintf("status=<b> is not a status: it must be one of %s.", lineup.Statuses),
		"/?person=dad":                 "person=dad is not an id: it must be a whole number above 0.",
		"/?person=7":                   "There is no person with the id 7. The people are at /people.",
		"/?before=-1":                  "before=-1 is not an id: it must be a whole number above 0.",
		"/?limit=0":                    "limit=0 cannot be used: it must be a whole number from 1 to 60.",
		"/?limit=61":                   "limit=61 cannot be used: it must be a whole number from 1 to 60.",
		"/people?after=x":              "after=x is not an id: it must be a whole number above 0.",
		"/people?limit=many":           "limit=many cannot be used: it must be a whole number from 1 to 60.",
		"/?status=%zz":                 "The query cannot be read: a % must be followed by two hexadecimal digits, and parameters are separated by &.",
		"/?person=9999999999999999999": "person=9999999999999999999 is not an id: it must be a whole number above 0.",
	} {
		s.expectProblem(t, path, http.StatusBadRequest, want)
	}
	if r := s.get(t, "/?limit=60"); r.status != http.StatusOK {
		t.Errorf("the most rows that may be asked for: %d %s", r.status, r.body)
	}
}

func TestAPageIsSentAgainOnlyWhenItChanged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	claim := s.claim(t, "a.jpg")
	page := fmt.Sprintf("/images/%d", claim.ID)
	whole, tags := map[string]string{}, map[string]string{"/": "", page: "", "/people": ""} // of browsers, and of scripts
	for path := range tags {
		r := s.get(t, path)
		whole[path] = r.header.Get("ETag")
		_, tag, _ := strings.Cut(html.UnescapeString(r.body), `data-tag="`)
		tags[path], _, _ = strings.Cut(tag, `">`)
		for _, tag := range []string{whole[path], tags[path]} {
			if r := s.get(t, path, "If-None-Match", tag); r.status != http.StatusNotModified || r.body != "" {
				t.Errorf("%s is the same: %d", path, r.status)
			}
		}
		if strings.Contains(s.get(t, path).body, "http-equiv") {
			t.Errorf("%s loads again by itself", path)
		}
	}
	testkit.Must(s.Store.Finish(t.Context(), claim, withFaces(), true))(t)
	for path, want := range map[string]int{"/": http.StatusOK, page: http.StatusOK, "/people": http.StatusNotModified} {
		if r := s.get(t, path, "If-None-Match", tags[path]); r.status != want {
			t.Errorf("%s after the picture's result: %d, want %d", path, r.status, want)
		}
		if r := s.get(t, path, "If-None-Match", whole[path]); r.status != http.StatusOK {
			t.Errorf("%s, whose line below the bar tells something else: %d", path, r.status)
		}
	}
}

func TestWhatIsStoredIsShownAsText(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const evil = `<script>alert("1")</script>' onerror='x`
	const status = `"><b onclick=1>`
	person := s.add(t, evil, evil+".jpg")
	recognised := s.finish(t, evil+"/a", withFaces(newFace(evil+".jpg", 0.9)))
	failed := s.finish(t, evil+"/b", store.Result{Reason: evil})
	edited := s.finish(t, evil+"/c", withFaces(newFace("", 0.1)))
	s.edit(t, "UPDATE images SET status=? WHERE id=?", status, edited)
	for path, want := range map[string]string{
		"/":                                   evil,
		"/people":                             evil,
		fmt.Sprintf("/people/%d", person):     evil,
		fmt.Sprintf("/images/%d", recognised): evil,
		fmt.Sprintf("/images/%d", failed):     evil,
		fmt.Sprintf("/images/%d", edited):     status,
		"/?status=" + "%3Cscript%3Ealert(%221%22)%3C%2Fscript%3E'%20onerror='x": evil,
	} {
		page := s.get(t, path).body
		if !strings.Contains(page, escape.Replace(want)) {
			t.Errorf("%s does not show %s:\n%s", path, want, page)
		}
		for _, raw := range []string{"<script>", "<b onclick", "' onerror"} {
			if strings.Contains(page, raw) {
				t.Errorf("%s holds %s as it is:\n%s", path, raw, page)
			}
		}
	}
	if page := s.get(t, "/").body; !strings.Contains(page, `<span class="badge other">`+escape.Replace(status)) {
		t.Errorf("the status written by hand has not its own class:\n%s", page)
	}
}

var escape = strings.NewReplacer("<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

func TestAnEmptyTableTellsTheNextStep(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.ReceiveURL = "https://receive.example.com/" })
	for path, want := range map[string][]string{
		"/":               {"No pictures yet", "https://receive.example.com/image/post", "https://receive.example.com/images"},
		"/?before=5":      {"No older pictures", `<a href="/">`},
		"/people":         {"Nobody is known yet", "https://receive.example.com/people"},
		"/people?after=5": {"No more people", `<a href="/people">`},
	} {
		page := s.get(t, path).body
		for _, want := range want {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not say %s:\n%s", path, want, page)
			}
		}
	}
}

func TestWhatIsShownAsAFile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dad := s.add(t, `=HYPERLINK("x")`, "dad_1.jpg")
	s.finish(t, "a.jpg", withFaces(newFace("dad_1.jpg", 0.9)))
	s.finish(t, "-b.jpg", store.Result{Reason: "no picture"})
	r := s.get(t, fmt.Sprintf("/?format=csv&person=%d", dad))
	if lines := strings.Split(strings.TrimSpace(r.body), "\n"); r.header.Get("Content-Type") != "text/csv; charset=utf-8" || len(lines) != 2 || !strings.HasPrefix(lines[1], `1,a.jpg,,identified,,"'=HYPERLINK(""x"")",`) {
		t.Errorf("%v\n%s", r.header, r.body)
	}
	if r := s.get(t, "/?format=csv&status=failed"); !strings.Contains(r.body, "\n2,'-b.jpg,,failed,no picture,,") {
		t.Errorf("%s", r.body)
	}
	var shown imageList
	if r := s.get(t, "/?format=json&status=failed"); json.Unmarshal([]byte(r.body), &shown) != nil || len(shown.Images) != 1 || shown.Images[0].ID != 2 {
		t.Errorf("%s", r.body)
	}
}
