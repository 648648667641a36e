package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// look posts a file and writes who is in what lies there now.
func (s *site) look(t *testing.T, path string, result store.Result) int64 {
	t.Helper()
	result.Content = testkit.Must(s.view.pictures.Entry(t.Context(), path))(t).Mark()
	return s.finish(t, path, result)
}

// source is where the page shows the picture from; empty when it does not.
func source(page string) string {
	if found := regexp.MustCompile(`<img src="(/images/[^"]+)"`).FindStringSubmatch(page); found != nil {
		return found[1]
	}
	return ""
}

// A path with U+202E, which turns what follows, would look like another.
func TestNoPathLooksLikeAnother(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.finish(t, "dir\u2066/photo\u202egpj.exe", withFaces())
	for _, path := range []string{"/", fmt.Sprintf("/images/%d", id)} {
		if body := s.get(t, path).body; strings.ContainsAny(body, "\u202e\u2066") || !strings.Contains(body, "photo\uFFFDgpj.exe") {
			t.Errorf("%s shows\n%s", path, body)
		}
	}
}

// A camera writes its pictures to one path: no page shows one beside the answer about
// another, at no moment on the way.
func TestAnAnswerIsNeverShownBesideAnotherPicture(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Originals = "as-is" })
	mum := s.add(t, "Mum", "mum_1.jpg")
	old, now := jpegOf(t), append(jpegOf(t), "another"...)
	s.put(t, "cam.jpg", old)
	id := s.look(t, "cam.jpg", withFaces(newFace("mum_1.jpg", 0.8)))
	page := fmt.Sprintf("/images/%d", id)
	shows := func(when string, want []byte, from string) {
		t.Helper()
		if r := s.get(t, from); r.status != http.StatusOK || r.body != string(want) {
			t.Errorf("%s: %s is %d, %d bytes; want the %d bytes", when, from, r.status, len(r.body), len(want))
		}
	}
	hides := func(when, from string) {
		t.Helper()
		r := s.get(t, from, "Accept", "application/json")
		if r.status != http.StatusConflict || !strings.Contains(r.body, "has changed since it was looked at") || r.header.Get("Cache-Control") == "private, max-age=300" {
			t.Errorf("%s: %s is %d %s, want 409 that says why", when, from, r.status, r.body)
		}
	}
	before := source(s.get(t, page).body)
	shows("looked at", old, before)
	if person := s.get(t, fmt.Sprintf("/people/%d?as=pictures", mum)).body; source(person) != "" {
		t.Errorf("the person's page shows the original, from %s", source(person))
	}

	s.put(t, "cam.jpg", now)
	hides("overwritten, a page that is open", before)
	hides("overwritten", page+"/picture")
	if body := s.get(t, page).body; source(body) != "" || !strings.Contains(body, "Post the path again") || !strings.Contains(body, "Mum") {
		t.Errorf("overwritten, the page is\n%s", body)
	}

	submission := testkit.Must(s.Submit(t.Context(), store.Paths("cam.jpg")))(t)
	testkit.Must(s.LookAgain(t.Context(), submission))(t)
	body := s.get(t, page).body
	if strings.Contains(body, "Mum") || !strings.Contains(body, "Pending...") || strings.Contains(body, "<rect") {
		t.Errorf("posted again, the page is\n%s", body)
	}
	shows("posted again", now, source(body))
	hides("posted again, a page that is still open", before)
	if cache := s.get(t, source(body)).header.Get("Cache-Control"); cache != "private, no-cache" {
		t.Errorf("while it waits a browser keeps the picture: %s", cache)
	}

	s.look(t, "cam.jpg", withFaces())
	after := source(s.get(t, page).body)
	if after == before {
		t.Errorf("the new picture has the old one's address %s, under which a browser may have kept that", after)
	}
	shows("looked at again", now, after)
	hides("looked at again, a page that is still open", before)
}

// What was found in a picture that failed is no answer, but its reason is.
func TestAReasonIsNeverShownBesideAnotherPicture(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put(t, "a.jpg", []byte("no picture"))
	id := s.look(t, "a.jpg", store.Result{Reason: "no picture: not a JPEG"})
	s.put(t, "a.jpg", jpegOf(t))
	if body := s.get(t, fmt.Sprintf("/images/%d", id)).body; source(body) != "" || !strings.Contains(body, "has changed") {
		t.Errorf("the page shows another picture beside the reason:\n%s", body)
	}
}

func TestARowFromBeforeThereWereMarksIsShown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put(t, "a.jpg", jpegOf(t))
	id := s.finish(t, "a.jpg", withFaces())
	from := source(s.get(t, fmt.Sprintf("/images/%d", id)).body)
	if r := s.get(t, from); r.status != http.StatusOK || r.header.Get("Cache-Control") != "private, max-age=300" {
		t.Errorf("%s is %d, %s", from, r.status, r.header.Get("Cache-Control"))
	}
}

func TestWarningAndFileNameAreShown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	path := "uploads/ab/" + strings.Repeat("ab", 32) + ".jpg"
	testkit.Must(s.Submit(t.Context(), []store.Posted{{Path: path, FileName: `<b>"holiday".jpg`}}))(t)
	id := s.finish(t, path, store.Result{Warning: "the end of the file is missing"})
	var image lineup.Image
	s.getJSON(t, fmt.Sprintf("/images/%d", id), &image)
	if image.Warning != "the end of the file is missing" || image.FileName != `<b>"holiday".jpg` {
		t.Errorf("as JSON it is %+v", image)
	}
	for url, wants := range map[string][]string{
		fmt.Sprintf("/images/%d", id): {"<dt>Warning</dt><dd>the end of the file is missing</dd>", `<dd class="whole">&lt;b&gt;&#34;holiday&#34;.jpg</dd>`, path[len("uploads/ab/"):]},
		"/":                           {`<span class="path base">&lt;b&gt;&#34;holiday&#34;.jpg</span>`, "(not seen whole)"},
	} {
		body := s.get(t, url).body
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s has no %s:\n%s", url, want, body)
			}
		}
	}
	if strings.Contains(s.get(t, "/").body, `<span class="base">abab`) {
		t.Error("the list shows the hash instead of the name")
	}
}
