package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// walked submits a folder, and these names in it as if a walk had come upon them.
func (s *site) walked(t *testing.T, path string, names ...string) store.Walk {
	t.Helper()
	posted := testkit.Must(s.SubmitFolder(t.Context(), path))(t)
	walk := testkit.Must(s.ClaimFolder(t.Context(), posted.ID, time.Minute))(t)
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = path + name
	}
	testkit.Must(s.SubmitWalked(t.Context(), walk, store.Paths(paths...)))(t)
	testkit.Succeed(t, s.MoveWalk(t.Context(), &walk, "z", len(names)))
	return walk
}

// finishImage gives a picture its result.
func (s *site) finishImage(t *testing.T, id int64, result store.Result) {
	t.Helper()
	claim := testkit.Must(s.Claim(t.Context(), id, time.Minute))(t)
	testkit.Must(s.Finish(t.Context(), claim, result, true))(t)
}

func TestAFoldersProgress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	walk := s.walked(t, "a <b>/", "1.jpg", "2.jpg", "3.jpg")
	check := func(when string, want lineup.Folder, texts ...string) {
		t.Helper()
		var got lineup.Folder
		s.getJSON(t, "/folders/1", &got)
		if (got.FinishedAt == nil) != (want.FinishedAt == nil) || got.CreatedAt.IsZero() {
			t.Errorf("%s: %+v", when, got)
		}
		got.FinishedAt, want.FinishedAt, got.CreatedAt = nil, nil, time.Time{}
		if got != want {
			t.Errorf("%s: %+v, want %+v", when, got, want)
		}
		page := s.get(t, "/folders/1")
		for _, text := range append(texts, "a &lt;b&gt;/") {
			if page.status != http.StatusOK || !strings.Contains(page.body, text) {
				t.Errorf("%s: the page lacks %q: %d %s", when, text, page.status, page.body)
			}
		}
	}
	check("while it is walked", lineup.Folder{ID: 1, Path: "a <b>/", Found: 3, Submitted: 3}, "Goes on: 3 pictures found so far", "0 of 3 pictures done")
	s.finishImage(t, 1, store.Result{Faces: []lineup.Face{{}}})
	s.finishImage(t, 2, store.Result{Reason: "no picture"})
	testkit.Succeed(t, s.FinishWalk(t.Context(), walk))
	check("when all were found", lineup.Folder{ID: 1, Path: "a <b>/", Found: 3, Submitted: 3, Done: 1, Failed: 1, FinishedAt: new(time.Time)}, "At its end: 3 pictures found", "2 of 3 pictures done")
	s.finishImage(t, 3, store.Result{})
	check("at the end", lineup.Folder{ID: 1, Path: "a <b>/", Found: 3, Submitted: 3, Done: 2, Failed: 1, FinishedAt: new(time.Time)}, "3 pictures, all done")
}

func TestAFoldersProblemIsShown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	testkit.Succeed(t, s.ReleaseWalk(t.Context(), s.walked(t, "a/"+"b/", "1.jpg"), "its root is away"))
	var got lineup.Folder
	s.getJSON(t, "/folders/1", &got)
	if page := s.get(t, "/folders/1"); got.Problem != "its root is away" || !strings.Contains(page.body, got.Problem) {
		t.Errorf("%+v, %s", got, page.body)
	}
}

func TestFoldersComeInPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if page := s.get(t, "/folders"); page.status != http.StatusOK || !strings.Contains(page.body, "No folders yet") {
		t.Errorf("none: %d %s", page.status, page.body)
	}
	for i := range 3 {
		testkit.Must(s.SubmitFolder(t.Context(), fmt.Sprintf("%d/", i)))(t)
	}
	var first, second foldersPage
	s.getJSON(t, "/folders?limit=2", &first)
	if len(first.Folders) != 2 || first.Folders[0].Path != "2/" || first.Next == nil {
		t.Fatalf("%+v", first)
	}
	s.getJSON(t, *first.Next, &second)
	if len(second.Folders) != 1 || second.Folders[0].Path != "0/" || second.Next != nil {
		t.Errorf("%+v", second)
	}
	if page := s.get(t, *first.Next); !strings.Contains(page.body, `href="/folders/1"`) || !strings.Contains(page.body, "Newest") {
		t.Errorf("%s", page.body)
	}
}

func TestAFolderThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/folders/1", "/folders/x", "/folders/0", "/folders/9999999999999999999999"} {
		if got := s.get(t, path); got.status != http.StatusNotFound || !strings.Contains(got.body, "/folders") {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}
