package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// apiRequest is what receive was asked for by a form.
type apiRequest struct{ method, path, body, key string }

// receiveAs runs a receive that answers every request so, and notes them.
func receiveAs(t *testing.T, status int, answer any) (url string, requests func() []apiRequest) {
	t.Helper()
	seen := make(chan apiRequest, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		seen <- apiRequest{r.Method, r.URL.Path, string(body), r.Header.Get("Authorization")}
		serve.JSON(w, status, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() (all []apiRequest) {
		for len(seen) > 0 {
			all = append(all, <-seen)
		}
		return all
	}
}

// send posts a form as a browser does, and gives the answer without following it.
func (s *site) send(t *testing.T, page string, fields url.Values, headers ...string) reply {
	t.Helper()
	request := testkit.Must(http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+page, strings.NewReader(fields.Encode())))(t)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response := testkit.Must(http.DefaultTransport.RoundTrip(request))(t)
	defer response.Body.Close()
	return reply{response.StatusCode, response.Header, string(testkit.Must(io.ReadAll(response.Body))(t))}
}

func TestAFormIsTheSameRequestsOfTheAPI(t *testing.T) {
	t.Parallel()
	receive, requests := receiveAs(t, http.StatusOK, map[string]any{"id": 9})
	s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive, "on" })
	for what, test := range map[string]struct {
		page   string
		fields url.Values
		want   []apiRequest
		leads  string
	}{
		"look again":      {"/images/7?do=look", nil, []apiRequest{{"POST", "/api/v1/images/7/look", "", ""}}, "/images/7?done=looks.1"},
		"delete":          {"/images/7?do=delete", nil, []apiRequest{{"DELETE", "/api/v1/images/7", "", ""}}, "/?done=0"},
		"several deleted": {"/?do=delete&back=/?status=failed", url.Values{"image": {"7", "8"}}, []apiRequest{{"DELETE", "/api/v1/images/7", "", ""}, {"DELETE", "/api/v1/images/8", "", ""}}, "/?done=0&status=failed"},
		"a name":          {"/people/3?do=name", url.Values{"name": {" Dad "}, "new": {"on"}}, []apiRequest{{"PATCH", "/api/v1/people/3", `{"name":"Dad","new":true}`, ""}}, "/people/9?done=0"},
		"is":              {"/images/7?do=is", url.Values{"face": {"5"}, "person": {"3"}}, []apiRequest{{"PATCH", "/api/v1/faces/5", `{"person":3}`, ""}}, "/images/7?done=0"},
		"is somebody new": {"/images/7?do=is", url.Values{"face": {"5"}, "name": {"Mum"}}, []apiRequest{{"PATCH", "/api/v1/faces/5", `{"person":{"name":"Mum"}}`, ""}}, "/images/7?done=0"},
		"is not":          {"/people/3?do=not", url.Values{"face": {"5"}, "not": {"3", "4"}}, []apiRequest{{"PATCH", "/api/v1/faces/5", `{"not":[3,4]}`, ""}}, "/people/3?done=0"},
		"merge":           {"/people/3?do=merge", url.Values{"person": {"4"}}, []apiRequest{{"POST", "/api/v1/people/3/merge", `{"people":[4]}`, ""}}, "/people/9?done=0"},
		"undo":            {"/activity?do=undo", url.Values{"change": {"12"}}, []apiRequest{{"POST", "/api/v1/changes/12/undo", "", ""}}, "/activity?done=0"},
		"draw":            {"/images/7?do=draw", url.Values{"x": {"10"}, "y": {"20"}, "width": {"5"}, "height": {"5"}}, []apiRequest{{"POST", "/api/v1/images/7/faces", `{"box":{"height":0.05,"width":0.05,"x":0.1,"y":0.2}}`, ""}}, "/images/7?done=0"},
		"a path":          {"/add?do=path", url.Values{"path": {"a/"}}, []apiRequest{{"POST", "/api/v1/images", `{"path":"a/"}`, ""}}, "/?done=taken.0"},
		"enrol":           {"/people?do=enrol", url.Values{"name": {"Dad"}}, []apiRequest{{"POST", "/api/v1/people", "name=Dad", ""}}, "/people/9?done=0"},
		"elsewhere":       {"/people/3?do=hide&back=//evil.example/", nil, []apiRequest{{"PATCH", "/api/v1/people/3", `{"hidden":true}`, ""}}, "/people/3?done=0"},
	} {
		r := s.send(t, test.page, test.fields)
		if got := requests(); fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%s: asked for were %+v, want %+v", what, got, test.want)
		}
		if r.status != http.StatusSeeOther || r.header.Get("Location") != test.leads {
			t.Errorf("%s: %d to %q, want %q: %s", what, r.status, r.header.Get("Location"), test.leads, r.body)
		}
	}
}

func TestAFormThatCannotBeDoneSaysWhy(t *testing.T) {
	t.Parallel()
	receive, requests := receiveAs(t, http.StatusConflict, map[string]any{"type": "urn:lineup:problem:name-taken", "detail": "another person has that name"})
	s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive, "on" })
	for page, want := range map[string]struct {
		status int
		text   string
	}{
		"/people/3?do=name":     {http.StatusConflict, "Another person has that name."},
		"/people/3?do=fly":      {http.StatusBadRequest, "no such form"},
		"/images/7?do=is":       {http.StatusBadRequest, "Nothing is chosen"},
		"/add?do=path":          {http.StatusBadRequest, "No path is given"},
		"/people/3?do=name&a=%": {http.StatusBadRequest, "cannot be read"},
	} {
		if r := s.send(t, page, url.Values{"name": {"Dad"}}); r.status != want.status || !strings.Contains(r.body, want.text) {
			t.Errorf("%s: %d, want %d that says %q: %s", page, r.status, want.status, want.text, r.body)
		}
	}
	if got := len(requests()); got != 1 {
		t.Errorf("%d requests reached receive, want 1", got)
	}
	if r := s.send(t, "/people/3?do=name", url.Values{"name": {"Dad"}}, "Origin", "https://evil.example"); r.status != http.StatusForbidden {
		t.Errorf("a form of another site: %d", r.status)
	}
	large := url.Values{"name": {strings.Repeat("a", 2<<20)}}
	if r := s.send(t, "/people/3?do=name", large); r.status != http.StatusBadRequest || !strings.Contains(r.body, "MAX_FORM") {
		t.Errorf("a form of 2 MiB: %d %s", r.status, r.body)
	}
}

// A form that changes nobody offers to undo nothing, least of all what somebody else changed just before.
func TestOnlyWhatAFormChangedIsOfferedToBeUndone(t *testing.T) {
	t.Parallel()
	receive, _ := receiveAs(t, http.StatusAccepted, map[string]any{"id": 1})
	s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive, "on" })
	id := s.finish(t, "one.jpg", withFaces())
	s.add(t, "Dana", "dana.jpg")
	r := post(t, http.MethodPost, s.url+"/?do=look", url.Values{"image": {fmt.Sprint(id)}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if !strings.Contains(r.body, `data-text="The picture is looked at again."`) || strings.Contains(r.body, ">Undo<") {
		t.Errorf("%d %s", r.status, r.body)
	}
	for done, want := range map[string]string{"looks.0": "There is no picture to look at again.", "looks.2": "2 pictures are looked at again.", "0": "Done."} {
		has(t, s.get(t, "/?done="+done).body, `data-text="`+want+`"`)
	}
	if html := s.get(t, "/?done=1").body; !strings.Contains(html, `data-text="Added Dana."`) || !strings.Contains(html, ">Undo<") {
		t.Errorf("of what a form changed the page says %s", html)
	}
}

// Without keys nobody is told from another: a form is told by the changes that its own requests made.
func TestAFormIsToldByItsOwnChangesWhateverAnotherTabDidSince(t *testing.T) {
	t.Parallel()
	var changes atomic.Value
	receive := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(lineup.ChangeHeader, changes.Load().(string))
		serve.JSON(w, http.StatusOK, map[string]any{"id": 1})
	}))
	t.Cleanup(receive.Close)
	s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive.URL, "on" })
	dana := s.add(t, "Dana", "dana.jpg")
	mine, _, err := s.Changes(t.Context(), store.ChangeFilter{Limit: 1})
	testkit.Succeed(t, err)
	s.add(t, "Zoe", "zoe.jpg") // the other tab
	changes.Store(fmt.Sprint(mine[0].ID))
	r := s.send(t, fmt.Sprintf("/people/%d?do=hide", dana), nil)
	if want := fmt.Sprintf("/people/%d?done=%d", dana, mine[0].ID); r.header.Get("Location") != want {
		t.Fatalf("%d to %q, want %q", r.status, r.header.Get("Location"), want)
	}
	body := s.get(t, r.header.Get("Location")).body
	has(t, body, `data-text="Added Dana."`, fmt.Sprintf(`name="change" value="%d"><button class="plain">Undo`, mine[0].ID))
	changes.Store(fmt.Sprintf("%d, %d", mine[0].ID, mine[0].ID+1))
	body = s.get(t, s.send(t, fmt.Sprintf("/people/%d?do=hide", dana), nil).header.Get("Location")).body
	has(t, body, `data-text="Added Zoe, and 1 more."`)
}

// Of several pictures to be deleted those that are there are, whoever was faster with another.
func TestDeletingGoesOnAfterWhatIsGone(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	receive := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if strings.HasSuffix(r.URL.Path, "/7") {
			serve.Problem{Status: http.StatusNotFound, Detail: "there is no such picture"}.Write(w, false)
			return
		}
		w.Header().Set(lineup.ChangeHeader, r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(receive.Close)
	s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive.URL, "on" })
	r := s.send(t, "/?do=delete", url.Values{"image": {"7", "8", "9"}})
	if r.status != http.StatusSeeOther || r.header.Get("Location") != "/?done=8-9.1" || asked.Load() != 3 {
		t.Errorf("%d to %q after %d requests", r.status, r.header.Get("Location"), asked.Load())
	}
	if r := s.send(t, "/?do=delete", url.Values{"image": {"7"}}); r.status != http.StatusNotFound {
		t.Errorf("one that is gone: %d", r.status)
	}
}

func TestEachFileThatIsNotTakenIsTold(t *testing.T) {
	t.Parallel()
	const bad, good = `bad.jpg</span> <span class="badge failed">Not taken</span> <span class="quiet">No picture.`, `<a class="path" href="/images/3">good.jpg</a> <span class="badge identified">Taken<`
	for status, told := range map[int][]string{
		http.StatusOK:                  {"<h1>Not all were taken</h1>", "1 of 2 files were not taken, the others were.", bad, good},
		http.StatusUnprocessableEntity: {"Each has its error", bad},
	} {
		images := []map[string]any{{"file_name": "bad.jpg", "error": "bad.jpg: no picture"}}
		if status == http.StatusOK {
			images = append(images, map[string]any{"id": 3, "file_name": "good.jpg"})
		}
		receive, _ := receiveAs(t, status, map[string]any{"detail": "each has its error", "images": images})
		s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive, "on" })
		r := s.send(t, "/add?do=upload", url.Values{})
		for _, want := range told {
			if r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, want) {
				t.Errorf("%d: %d without %s in\n%s", status, r.status, want, r.body)
			}
		}
	}
}

// What was added is told on the page that shows it.
func TestWhatWasAddedIsShown(t *testing.T) {
	t.Parallel()
	picture := func(id int) map[string]any { return map[string]any{"id": id, "path": "a.jpg"} }
	folder := []map[string]any{{"id": 5, "path": "a/", "found": 3}}
	for what, test := range map[string]struct {
		images, folders any
		leads           string
	}{
		"a picture":           {[]any{picture(3)}, nil, "/images/3?done=taken.1"},
		"one sent twice":      {[]any{picture(3), picture(3)}, nil, "/images/3?done=taken.1"},
		"two":                 {[]any{picture(3), picture(4)}, nil, "/?done=taken.2&image=3&image=4"},
		"more than are shown": {[]any{picture(3), picture(4), picture(5)}, nil, "/?done=taken.3"},
		"a folder":            {[]any{}, folder, "/folders/5?done=taken.0"},
	} {
		receive, _ := receiveAs(t, http.StatusAccepted, map[string]any{"images": test.images, "folders": test.folders})
		s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes, o.PageSize, o.MaxPageSize = receive, "on", 2, 2 })
		if r := s.send(t, "/add?do=path", url.Values{"path": {"a"}}); r.header.Get("Location") != test.leads {
			t.Errorf("%s: %d to %q, want %q", what, r.status, r.header.Get("Location"), test.leads)
		}
	}
	s := newSite(t)
	one, two := s.finish(t, "one.jpg", withFaces()), s.finish(t, "two.jpg", withFaces())
	for page, want := range map[string]string{
		fmt.Sprintf("/images/%d?done=taken.1", one):               "The picture is taken.",
		fmt.Sprintf("/?done=taken.2&image=%d&image=%d", one, two): "2 pictures are taken.",
	} {
		if r := s.get(t, page); !strings.Contains(r.body, `data-text="`+want+`"`) || !strings.Contains(r.body, `<a href="/activity">Activity</a>`) {
			t.Errorf("%s does not say %s:\n%s", page, want, r.body)
		}
	}
}

func TestWhatIsWrongWithAPathIsToldOnce(t *testing.T) {
	t.Parallel()
	const wrong = "path refused: it leads to no file below a picture root"
	receive, _ := receiveAs(t, http.StatusUnprocessableEntity, map[string]any{"detail": wrong, "images": []map[string]any{{"path": "../a.jpg", "error": wrong}}})
	s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive, "on" })
	if r := s.send(t, "/add?do=path", url.Values{"path": {"../a.jpg"}}); strings.Count(strings.ToLower(r.body), wrong) != 1 {
		t.Errorf("not once in\n%s", r.body)
	}
}

// Of an enrolment each file is told: by the name that was sent, what became of it.
func TestTheFileThatIsNoPhotoIsTold(t *testing.T) {
	t.Parallel()
	notes := map[string]any{"number": 2, "name": "notes.txt", "error": "not a picture: send JPEG"}
	photo := map[string]any{"id": 8, "image_name": "ann-1.jpg", "file_name": "beach.jpg", "state": "unusable", "reason": "no face was found"}
	before := map[string]any{"id": 7, "image_name": "ann-0.jpg", "state": "usable"}
	for status, test := range map[int]struct {
		answer map[string]any
		told   []string
	}{
		http.StatusUnsupportedMediaType: {map[string]any{"detail": "notes.txt: not a picture: send JPEG", "files": []any{notes}}, []string{"<h1>That is not a picture</h1>", "Nothing was added."}},
		http.StatusCreated: {map[string]any{"id": 3, "photos": []any{before, photo}, "files": []any{notes}}, []string{
			"<h1>Not all were taken</h1>", " data-taken>", "1 of 2 files were not taken, the others were.", `href="/people/3"`, `beach.jpg</span> <span class="badge failed">Unusable</span> <span class="quiet">No face was found.`}},
	} {
		receive, _ := receiveAs(t, status, test.answer)
		s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive, "on" })
		r := s.send(t, "/people?do=enrol", url.Values{})
		for _, want := range append(test.told, `notes.txt</span> <span class="badge failed">Not taken</span> <span class="quiet">Not a picture: send JPEG.`) {
			if !strings.Contains(r.body, want) {
				t.Errorf("%s is missing in\n%s", want, r.body)
			}
		}
		if strings.Contains(r.body, "ann-") {
			t.Errorf("a photo is told by its name in the gallery, or one of another request, in\n%s", r.body)
		}
	}
}

// What was left out as it was to be is no problem, unless there is another.
func TestWhatWasLeftOutIsToldWithWhatWasNotTaken(t *testing.T) {
	t.Parallel()
	good := map[string]any{"id": 8, "file_name": "ann.jpg", "state": "usable"}
	bea := map[string]any{"id": 9, "file_name": "bea.jpg", "state": "unusable", "similar": map[string]any{"person": map[string]any{"id": 7, "name": "Bea"}, "similarity": 0.8}}
	answer := map[string]any{"id": 3, "photos": []any{good}, "left_out": []any{bea}}
	for _, refused := range []bool{false, true} {
		if refused {
			answer["files"] = []any{map[string]any{"number": 3, "name": "notes.txt", "error": "not a picture"}}
		}
		receive, _ := receiveAs(t, http.StatusCreated, answer)
		s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive, "on" })
		r := s.send(t, "/people/3?do=photo", url.Values{})
		if !refused {
			if r.header.Get("Location") != "/people/3?done=0" {
				t.Errorf("%d %s", r.status, r.body)
			}
			continue
		}
		has(t, r.body, "2 of 3 files were not taken, the others were.", `ann.jpg</span> <span class="badge identified">Added`,
			`bea.jpg</span> <span class="badge failed">Left out</span> <span class="quiet">Looks like <a class="name" href="/people/7">Bea</a>`)
	}
}

// A receipt has photos, too, by their ids.
func TestErasingLeadsToTheReceipt(t *testing.T) {
	t.Parallel()
	receive, _ := receiveAs(t, http.StatusAccepted, map[string]any{"id": 9, "person": 3, "photos": []int{1, 2}})
	s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive, "on" })
	if r := s.send(t, "/people/3?do=erase", nil); r.header.Get("Location") != "/erasures/9?done=0" {
		t.Errorf("%d to %q: %s", r.status, r.header.Get("Location"), r.body)
	}
}

func TestUndoingThatSomebodyWasAddedLeadsToThePeople(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if r := s.get(t, "/people/77?done=5"); !strings.Contains(r.body, "<h1>People</h1>") {
		t.Errorf("%d %s", r.status, r.body)
	}
}
