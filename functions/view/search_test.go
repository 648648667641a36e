package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestAFolderIsFoundByItsNameAndAMonthByItsDate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.finish(t, "holidays/beach.jpg", withFaces())
	for query, found := range map[string]bool{"holidays": true, "holi": true, "holidays/": true, "beach": true, "2019-03": false} {
		if got := strings.Contains(s.get(t, "/search?q="+query).body, "beach.jpg"); got != found {
			t.Errorf("%s: found is %v, want %v", query, got, found)
		}
	}
	id := s.finish(t, "other.jpg", withFaces())
	for _, query := range []string{fmt.Sprint(id), "%23" + fmt.Sprint(id), "today", "Today"} {
		if body := s.get(t, "/search?q="+query).body; strings.Count(body, "other.jpg") == 0 || strings.Contains(body, "beach.jpg") != strings.HasSuffix(query, "day") {
			t.Errorf("%s finds %s", query, body)
		}
	}
	if body := s.get(t, "/search?q=99").body; !strings.Contains(body, "Nothing found") {
		t.Errorf("an id that no picture has finds %s", body)
	}
	for text, want := range map[string]string{"2026-11": "2026-11-01 2026-12-01", "2026-12-31": "2026-12-31 2027-01-01", "2026": "", "11-2026": ""} {
		first, next, is := daysOf(text)
		if got := first.Format("2006-01-02") + " " + next.Format("2006-01-02"); is != (want != "") || is && got != want {
			t.Errorf("%s is %v from %s", text, is, got)
		}
	}
}
