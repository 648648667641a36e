package main

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// What a form met is told on a page of its own without script, with what can be sent instead.
func TestARefusedFormSaysWhatCanBeSentInstead(t *testing.T) {
	t.Parallel()
	shown := []map[string]any{{"box": nil, "width": 100, "light": 0.5, "sharpness": 0.2, "used": false}}
	photo := func(faces int, similar any) map[string]any {
		all := []any{}
		for range faces {
			all = append(all, shown[0])
		}
		return map[string]any{"id": 4, "image_name": "dana-1.jpg", "file_name": "dana.jpg", "state": "unusable", "reason": "two faces", "faces": all, "similar": similar}
	}
	dana := map[string]any{"id": 7, "name": "Dana"}
	like := map[string]any{"person": dana, "image_name": "faces/34", "similarity": 0.8}
	good := map[string]any{"id": 5, "image_name": "kate-1.jpg", "file_name": "kate.jpg", "state": "usable"}
	before := map[string]any{"id": 3, "image_name": "kate-0.jpg", "state": "usable"}
	notes := map[string]any{"number": 3, "name": "notes.txt", "error": "not a picture: send JPEG"}
	for what, test := range map[string]struct {
		page   string
		fields url.Values
		kind   string
		answer map[string]any
		status int
		wants  []string
		not    string
	}{
		"a name that somebody has": {
			"/people/3?do=name&back=/strangers", url.Values{"name": {"Dana"}}, "same-spelling", map[string]any{"people": []any{dana}}, http.StatusConflict,
			[]string{`class="problem asks"`, `action="/people/3?do=name&back=/strangers"`, `name="name" value="Dana"`, `name="person" value="3" formaction="/people/7?back=%2Fstrangers&do=merge">They are one person: merge`, `name="new" value="true" formaction="/people/3?do=name&back=/strangers">Two people of that name`, `href="/people/7"`}, "",
		},
		"a name that two have": {
			"/people/3?do=name", url.Values{"name": {"Dana"}}, "same-spelling", map[string]any{"people": []any{dana, map[string]any{"id": 8, "name": "dana"}}}, http.StatusConflict,
			[]string{`name="new" value="true"`, `href="/people/8"`, `value="3" formaction="/people/8?do=merge">Merge into this one`}, `name="merge"`,
		},
		"a merge with whom two could be": {
			"/people/3?do=name", url.Values{"name": {"Dana"}, "merge": {"true"}}, "same-spelling", map[string]any{"people": []any{dana, map[string]any{"id": 8, "name": "dana"}}}, http.StatusConflict,
			[]string{"Several people have that name", `value="3" formaction="/people/7?do=merge">Merge into this one`, `value="3" formaction="/people/8?do=merge">Merge into this one`}, `name="new"`,
		},
		"an undo that gives back a name": {
			"/people/3?do=undo", url.Values{"change": {"5"}}, "same-spelling", map[string]any{"people": []any{dana}}, http.StatusConflict,
			[]string{`name="change" value="5"`, `name="new" value="true" formaction="/people/3?do=undo">Two people of that name`, `href="/people/7"`}, `name="person"`,
		},
		"the faces of two pictures": {
			"/?do=name", url.Values{"image": {"3", "4"}, "face-3": {"5"}, "face-4": {"6"}, "name": {"Dana"}}, "same-spelling", map[string]any{"people": []any{dana, map[string]any{"id": 8, "name": "dana"}}}, http.StatusConflict,
			[]string{`name="image" value="3"`, `name="image" value="4"`, `name="person" value="8" formaction="/?do=name">This one`}, `name="new"`,
		},
		"a face of one of two": {
			"/images/3?do=is", url.Values{"face": {"5"}, "name": {"Dana"}}, "same-spelling", map[string]any{"people": []any{dana, map[string]any{"id": 8, "name": "dana"}}}, http.StatusConflict,
			[]string{`name="person" value="7" formaction="/images/3?do=is">This one<span class="unseen">: Dana, person 7`, `name="person" value="8"`, `name="face" value="5"`}, `name="new"`,
		},
		"somebody who looks like another": {
			"/people?do=enrol", nil, "like-another", map[string]any{"photos": []any{photo(1, like)}, "name": "Zed"}, http.StatusConflict,
			[]string{`name="name" value="Dana" formaction="/people?do=enrol">Add to Dana`, `name="name" value="Zed" maxlength="200"`, `<a href="/people">Back</a>`, `name="anyway" value="true" formaction="/people?do=enrol">Somebody else all the same`, `type="file" name="photo"`,
				"Nothing was added yet: the photo looks like Dana.", `Like another</span> <span class="quiet">Looks like <a class="name" href="/people/7">Dana</a>: 0.80.`}, `name="others"`,
		},
		"several photos of which one looks like another": {
			"/people/3?do=photo", nil, "like-another", map[string]any{"photos": []any{good, photo(1, like)}, "files": []any{notes}}, http.StatusConflict,
			[]string{"Nothing was added yet: 1 of 3 files looks like somebody else.", `kate.jpg</span> <span class="badge identified">Can be added`, `dana.jpg</span> <span class="badge failed">Like another`,
				`notes.txt</span> <span class="badge failed">Not taken</span> <span class="quiet">Not a picture: send JPEG.`, `name="others" value="true" formaction="/people/3?do=photo">Add the others`, `name="anyway"`}, "faces/34",
		},
		"a photo of two": {
			"/people/3?do=photo", nil, "photos-unusable", map[string]any{"id": 3, "detail": "two faces", "photos": []any{before, photo(2, nil)}}, http.StatusUnprocessableEntity,
			[]string{`name="face" value="1" formaction="/people/3?do=photo">Face 1 from the left`, `name="face" value="2"`, `href="/people/3"`, "<p>Two faces.</p>"}, "Add it again",
		},
		"a photo of one": {
			"/people/3?do=photo", nil, "photos-unusable", map[string]any{"id": 3, "photos": []any{photo(1, nil)}}, http.StatusUnprocessableEntity,
			[]string{"Two faces.", `href="/people/3"`}, `name="face"`,
		},
		"a problem of another kind": {
			"/people/3?do=name", url.Values{"name": {"Dana"}}, "not-found", nil, http.StatusNotFound, []string{"What it says."}, `class="ways"`,
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			answer := map[string]any{"type": "urn:lineup:problem:" + test.kind, "status": test.status, "detail": "what it says"}
			for name, value := range test.answer {
				answer[name] = value
			}
			receive, _ := receiveAs(t, test.status, answer)
			s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive, "on" })
			headers := []string{}
			if test.fields == nil {
				headers = []string{"Content-Type", "multipart/form-data; boundary=x"}
			}
			got := s.send(t, test.page, test.fields, headers...)
			page := html.UnescapeString(got.body)
			if got.status != test.status {
				t.Errorf("%d", got.status)
			}
			for _, want := range test.wants {
				if !strings.Contains(page, want) {
					t.Errorf("%s is missing in\n%s", want, page)
				}
			}
			if test.not != "" && strings.Contains(page, test.not) {
				t.Errorf("there is %s in\n%s", test.not, page)
			}
		})
	}
}

// Faces of which some stand above others are told apart by that as well.
func TestFacesInSeveralRows(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		tops []float64
		want []string
	}{
		"one row":    {[]float64{0.1, 0.2, 0.15}, []string{"", "", ""}},
		"two rows":   {[]float64{0.1, 0.6, 0.12}, []string{", at the top", ", at the bottom", ", at the top"}},
		"three rows": {[]float64{0, 0.35, 0.7}, []string{", at the top", ", in the middle", ", at the bottom"}},
	} {
		var faces []lineup.PhotoFace
		for _, top := range test.tops {
			faces = append(faces, lineup.PhotoFace{Box: &lineup.Box{Y: top, Height: 0.3}})
		}
		if got := rowsOf(faces); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", what, got, test.want)
		}
	}
	if got := rowsOf(make([]lineup.PhotoFace, 2)); !slices.Equal(got, []string{"", ""}) {
		t.Errorf("without boxes: %q", got)
	}
}

func TestAReceiptTellsWhatWent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.add(t, "Dana", "dana.jpg")
	receipt := testkit.Must(s.ErasePerson(t.Context(), id, "phone"))(t)
	page := s.get(t, fmt.Sprintf("/erasures/%d", receipt.ID)).body
	for _, want := range []string{fmt.Sprintf("Person %d", id), "<dt>Photos</dt><dd>1,", "by phone"} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is missing in\n%s", want, page)
		}
	}
	if strings.Contains(page, "Dana") {
		t.Error("the receipt has the name")
	}
	if r := s.get(t, "/erasures/99"); r.status != http.StatusNotFound {
		t.Errorf("of no receipt: %d", r.status)
	}
}

// With crops of at most 5 KiB it is far below 500 KB.
func TestAProfileOfFiftyAppearancesIsSmall(t *testing.T) {
	t.Parallel()
	receive, _ := receiveAs(t, http.StatusOK, nil)
	s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive, "on" })
	dana := s.add(t, "Dana", "dana.jpg")
	for i := range 50 {
		claim := s.claim(t, fmt.Sprintf("%d.jpg", i))
		face := newFace("dana.jpg", 0.8)
		face.Crop = claim.Derived(1)
		testkit.Must(s.Finish(t.Context(), claim, store.Result{Faces: withFaces(face).Faces}, true))(t)
	}
	const crop = 5 << 10 // the most that one has
	page := s.get(t, fmt.Sprintf("/people/%d", dana)).body
	if crops := strings.Count(page, `class="crop"`); crops != 50 || len(page)+crops*crop > 500_000 {
		t.Errorf("%d bytes and %d crops", len(page), crops)
	}
	if strings.Contains(page, "/picture") {
		t.Error("it shows whole pictures")
	}
}

func TestAnOrderOfPeopleThatThereIsNotIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if r := s.get(t, "/people?sort=size"); r.status != http.StatusBadRequest || !strings.Contains(r.body, "sort is name, newest") {
		t.Errorf("%d %s", r.status, r.body)
	}
}
