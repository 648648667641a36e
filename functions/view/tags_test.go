package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"lineup.dev/lineup/local/browser"
	"lineup.dev/lineup/pkg/lineup"
)

// row are faces side by side that are the people's of the photos.
func row(width float64, photos ...string) (faces []lineup.Face) {
	for i, photo := range photos {
		face := newFace(photo, 0.7)
		face.Box = &lineup.Box{X: float64(i) / float64(len(photos)), Y: 0.3 + 0.02*float64(i%2), Width: width, Height: 0.2}
		faces = append(faces, face)
	}
	return faces
}

// However wide a picture is shown, no number or name in it covers another; and who is pointed at is told.
func TestNoTagCoversAnother(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	family := []string{"Family-dad", "Family-mom", "Family-daughter", "Family-son", "Grandmother Wilhelmina"}
	for _, name := range family {
		g.add(t, name, name)
	}
	for i, name := range []string{"two.jpg", "family.jpg", "crowd.jpg", "edge.jpg"} {
		g.photograph(t, name, 600, 400, uint8(40*i))
	}
	edge := newFace("Grandmother Wilhelmina", 0.7)
	edge.Box = &lineup.Box{X: 0.8, Y: 0.02, Width: 0.15, Height: 0.2}
	for _, c := range []struct {
		path    string
		faces   []lineup.Face
		numbers bool          // all of them are shown
		names   map[int64]int // at least, by how wide the window is
	}{
		{"two.jpg", row(0.2, family[:2]...), true, map[int64]int{360: 2, 768: 2, 1440: 2}},
		{"family.jpg", row(0.15, family...), true, map[int64]int{360: 0, 768: 3, 1440: 2}},
		{"crowd.jpg", row(0.031, slices.Repeat([]string{""}, 30)...), false, nil},
		{"edge.jpg", []lineup.Face{edge}, true, map[int64]int{360: 1, 768: 1, 1440: 1}},
	} {
		id := g.look(t, c.path, withFaces(c.faces...))
		g.preview(t, id, 40)
		p := browser.OpenPage(t, g.url)
		for _, width := range []int64{360, 768, 1440} {
			p.Size(width, 900)
			p.Open(fmt.Sprintf("/images/%d", id))
			p.Is("the picture is there", `document.querySelector("#picture img").complete`)
			told := browser.Eval[[]string](p, `[...document.querySelectorAll("#picture text")].filter(one => one.checkVisibility()).map(one =>
				one.firstChild.data + (one.querySelector("tspan")?.checkVisibility() ? one.querySelector("tspan").textContent : ""))`)
			covered := browser.Eval[[]string](p, `(() => {
				const all = [...document.querySelectorAll("#picture text")].filter(one => one.checkVisibility()).map(one => [one.textContent, one.getBoundingClientRect()]);
				const within = document.querySelector("#picture").getBoundingClientRect();
				return all.flatMap(([text, a], i) => all.slice(i + 1).filter(([, b]) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
					.map(([other]) => text + " and " + other).concat(a.right > within.right || a.left < within.left ? text + " and the edge" : []));
			})()`)
			if len(covered) > 0 {
				t.Errorf("%s, %d pixels wide: covered are %q", c.path, width, covered)
			}
			names := 0
			for _, text := range told {
				if strings.Contains(text, " ") {
					names++
				}
			}
			if names < c.names[width] || c.numbers && len(told) != len(c.faces) || len(told) < len(c.faces)/3 {
				t.Errorf("%s, %d pixels wide: of %d faces only %q are told", c.path, width, len(c.faces), told)
			}
		}
		if c.path == "family.jpg" {
			p.Size(360, 900)
			at := browser.Eval[[]float64](p, `(({x, y, width, height}) => [x + width / 2, y + height / 2])(document.querySelector("#box-3 rect").getBoundingClientRect())`)
			p.Do(chromedp.MouseEvent(input.DispatchMouseEventType("mouseMoved"), at[0], at[1]))
			p.Is("who is pointed at is told alone", `[...document.querySelectorAll("#picture text")].filter(one => one.checkVisibility()).length === 1
				&& document.querySelector("#box-3 tspan").checkVisibility()`)
		}
	}
}
