package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
)

// receiveThatRefuses runs a receive that makes the change of an id that the address ends in, but for some.
func receiveThatRefuses(t *testing.T, refused map[string]serve.Problem) (url string, asked func() []string) {
	t.Helper()
	var mu sync.Mutex
	var paths []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimSuffix(strings.TrimSuffix(r.URL.Path, "/undo"), "/look")
		id := path[strings.LastIndexByte(path, '/')+1:]
		mu.Lock()
		paths = append(paths, id)
		mu.Unlock()
		if problem, is := refused[id]; is {
			problem.Write(w, false)
			return
		}
		w.Header().Set(lineup.ChangeHeader, "10"+id)
		serve.JSON(w, http.StatusOK, map[string]any{"id": 1})
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		defer func() { paths = nil }()
		return paths
	}
}

func TestAFormOverSeveralThingsTellsWhatWasDoneAndWhatNot(t *testing.T) {
	t.Parallel()
	gone := serve.Problem{Status: http.StatusNotFound, Detail: "there is no such face or person"}
	receive, asked := receiveThatRefuses(t, map[string]serve.Problem{
		"3": gone, "4": gone,
		"6": {Status: http.StatusConflict, Detail: "another reason"},
		"8": {Status: http.StatusServiceUnavailable, Detail: "the database does not answer"},
	})
	s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive, "on" })
	for what, test := range map[string]struct {
		page, field string
		of          []string
		asked       int
		status      int
		text        string
		undo        string
	}{
		"some":             {"/people/7?do=is&back=/people/7", "face", []string{"1", "3", "2", "4", "6"}, 5, 404, "2 of 5 were done. The 2nd, the 4th: There is no such face or person. The 5th: Another reason.", "101-102"},
		"pictures":         {"/?do=look", "image", []string{"1", "3"}, 2, 404, "1 of 2 were done. Picture 3: There is no such face or person.", "101"},
		"the way is shut":  {"/people/7?do=is", "face", []string{"1", "8", "2", "5"}, 2, 503, "1 of 4 were done. The 2nd: The database does not answer. The last 2 were not tried.", "101"},
		"all for one":      {"/people/7?do=is", "face", []string{"3", "4"}, 2, 404, "There is no such face or person.", ""},
		"all for another":  {"/people/7?do=is", "face", []string{"3", "6"}, 2, 404, "0 of 2 were done. The 1st: There is no such face or person. The 2nd: Another reason.", ""},
		"deleted, or gone": {"/?do=delete", "image", []string{"1", "3", "6"}, 3, 409, "1 of 3 were done. Already gone: 1. Picture 6: Another reason.", "101"},
	} {
		r := s.send(t, test.page, url.Values{test.field: test.of, "name": {"Mum"}})
		if got := len(asked()); r.status != test.status || got != test.asked || !strings.Contains(r.body, "<p>"+test.text+"</p>") {
			t.Errorf("%s: %d after %d requests, want %d after %d that says %q:\n%s", what, r.status, got, test.status, test.asked, test.text, r.body)
		}
		if got := strings.Contains(r.body, "Undo what was done"); got != (test.undo != "") || got && !strings.Contains(r.body, fmt.Sprintf(`name="change" value=%q`, test.undo)) {
			t.Errorf("%s: to be undone is not %q in\n%s", what, test.undo, r.body)
		}
	}
	r := s.send(t, "/?do=name", url.Values{"image": {"7", "8"}, "face-7": {"70"}, "name": {"Mum"}})
	has(t, r.body, "1 of 2 were done. Picture 8: It does not show one face: say on its page whose its faces are.")
	if got := asked(); !slices.Equal(got, []string{"70"}) {
		t.Errorf("asked for the faces %v, want that of the picture that shows one", got)
	}
	var many []string
	for i := range 9 {
		many = append(many, fmt.Sprint(3+i%2))
	}
	r = s.send(t, "/people/7?do=is", url.Values{"face": append(many, "1"), "name": {"Mum"}})
	has(t, r.body, "1 of 10 were done. The 1st, the 2nd, the 3rd, the 4th, the 5th and 4 more: There is no")
	asked()
	s.send(t, "/people/7?do=undo&back=/people/7", url.Values{"change": {"11-12", "9"}})
	if got := asked(); !slices.Equal(got, []string{"12", "11", "9"}) {
		t.Errorf("undone are %v, want the newest first", got)
	}
}
