package main

import (
	"fmt"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func TestAFaceIsCutOutOfTheUprightPicture(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		box    lineup.Box
		layout lineup.Layout
		want   string
	}{
		"in the middle":       {lineup.Box{X: 0.4, Y: 0.4, Width: 0.1, Height: 0.2}, lineup.Layout{Width: 1000, Height: 500, Orientation: 1}, "1000x500: 375.0 175.0 150.0 150.0"},
		"at the edge":         {lineup.Box{X: 0.95, Y: 0, Width: 0.1, Height: 0.1}, lineup.Layout{Width: 1000, Height: 500, Orientation: 1}, "1000x500: 850.0 0.0 150.0 150.0"},
		"larger than it":      {lineup.Box{X: 0, Y: 0, Width: 1, Height: 1}, lineup.Layout{Width: 1000, Height: 500, Orientation: 1}, "1000x500: 250.0 0.0 500.0 500.0"},
		"stored on its side":  {lineup.Box{X: 0.4, Y: 0.4, Width: 0.2, Height: 0.1}, lineup.Layout{Width: 1000, Height: 500, Orientation: 6}, "500x1000: 175.0 375.0 150.0 150.0"},
		"of an unknown shape": {lineup.Box{X: 0.4, Y: 0.4, Width: 0.2, Height: 0.1}, lineup.Layout{Orientation: 1}, ""},
	} {
		got := ""
		if c := cutoutOf(store.Seen{Image: lineup.Image{Thumbnail: "a.jpg", Layout: &test.layout}, Face: lineup.Face{Box: &test.box}}); c != nil {
			got = fmt.Sprintf("%dx%d: %s", c.Width, c.Height, c.View)
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", what, got, test.want)
		}
	}
}

// A face that a hand drew is seen beside the others, on the picture's page and on a profile.
func TestAFaceThatAHandDrewIsSeen(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dana := s.add(t, "Dana", "dana.jpg")
	id := s.finish(t, "a.jpg", store.Result{Layout: &lineup.Layout{Width: 1000, Height: 500, Orientation: 1}})
	s.preview(t, id, 40)
	_, err := s.AddFace(t.Context(), id, lineup.Box{X: 0.4, Y: 0.4, Width: 0.1, Height: 0.2}, store.FaceDecision{Person: &dana}, "")
	testkit.Succeed(t, err)
	for _, page := range []string{fmt.Sprintf("/images/%d", id), fmt.Sprintf("/people/%d", dana)} {
		if html := s.get(t, page).body; !strings.Contains(html, `<svg class="crop" viewBox="375.0 175.0 150.0 150.0"`) {
			t.Errorf("%s does not show it:\n%s", page, html)
		}
	}
}
