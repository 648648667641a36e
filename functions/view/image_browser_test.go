package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"lineup.dev/lineup/local/browser"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
)

// A box is drawn by dragging, a name is suggested while one types, and the arrow keys lead
// to the pictures around.
func TestAFaceIsDrawnAndNamedInTheBrowser(t *testing.T) {
	t.Parallel()
	receive, requests := receiveAs(t, http.StatusCreated, map[string]any{"id": 9})
	s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive, "on" })
	s.add(t, "Dad", "dad_1.jpg")
	s.finish(t, "older.jpg", withFaces())
	s.put(t, "a.jpg", jpegOf(t))
	id := s.look(t, "a.jpg", withFaces(newFace("", 0.1)))
	tab := browser.Open(t)
	testkit.Succeed(t, chromedp.Do(tab, chromedp.Navigate(fmt.Sprintf("%s/images/%d", s.url, id)), chromedp.WaitVisible(chromedp.CSS("#picture")), chromedp.Click(chromedp.CSS("#draw summary"))))
	type place struct{ Left, Top, Width, Height float64 }
	at := inPage[place](t, tab, `(({left: Left, top: Top, width: Width, height: Height}) => ({Left, Top, Width, Height}))(document.getElementById("picture").getBoundingClientRect())`)
	drag := func(kind string, x, y float64) {
		t.Helper()
		testkit.Succeed(t, chromedp.Do(tab, chromedp.MouseEvent(input.DispatchMouseEventType(kind), at.Left+x*at.Width, at.Top+y*at.Height, chromedp.ButtonLeft)))
	}
	drag("mousePressed", 0.25, 0.5)
	drag("mouseMoved", 0.5, 0.6)
	drag("mouseMoved", 0.75, 0.75)
	drag("mouseReleased", 0.75, 0.75)
	if drawn := inPage[string](t, tab, `document.getElementById("drawn")?.getAttribute("width") ?? ""`); !strings.HasPrefix(drawn, "50") && !strings.HasPrefix(drawn, "49.") {
		t.Errorf("a box of width %q is shown, want half of the picture's", drawn)
	}
	testkit.Succeed(t, chromedp.Do(tab, chromedp.SendKeys(chromedp.CSS("#draw input[name=name]"), "d")))
	until(t, tab, "a name is suggested", `document.querySelector("#people option")?.value === "Dad"`)
	testkit.Succeed(t, chromedp.Do(tab, chromedp.SendKeys(chromedp.CSS("#draw input[name=name]"), "ad"), chromedp.Click(chromedp.CSS("#draw form > button"))))
	until(t, tab, "it is told that it is done", `document.getElementById("done") !== null`)
	if closed := inPage[bool](t, tab, `!document.getElementById("draw").open && document.getElementById("drawn") === null && document.activeElement.matches("#draw > summary")`); !closed {
		t.Error("the form or its box stays, or the focus is lost, once the face is drawn")
	}
	got := requests()
	if want := `"person":{"name":"dad"}`; len(got) != 1 || got[0].path != fmt.Sprintf("/api/v1/images/%d/faces", id) || !strings.Contains(got[0].body, want) || !strings.Contains(got[0].body, `"box":{"height":0.2`) {
		t.Errorf("asked for were %+v, want one box with %s", got, want)
	}
	inPage[bool](t, tab, `document.activeElement.blur() ?? true`)
	testkit.Succeed(t, chromedp.Do(tab, chromedp.KeyEvent(kb.ArrowRight), chromedp.WaitVisible(chromedp.CSS(fmt.Sprintf(`a[rel=prev][href="/images/%d"]`, id)))))
}

// On a phone the heading and the ways to the pictures around it are one line.
func TestAPictureAndThoseAroundItShareALineOnAPhone(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	var id int64
	g.edit(t, "ALTER TABLE images AUTO_INCREMENT = 23")
	for _, name := range []string{"older.jpg", "this.jpg", "newer.jpg"} {
		g.photograph(t, name, 60, 40, 40)
		if made := g.look(t, name, withFaces()); name == "this.jpg" {
			id = made
		}
	}
	p := browser.OpenPage(t, g.url)
	p.Size(360, 900)
	p.Open(fmt.Sprintf("/images/%d", id))
	p.Is("there are both", `document.querySelectorAll(".around a").length === 2`)
	if !browser.Eval[bool](p, `(() => {
		const [heading, newer, older] = [...document.querySelectorAll(".title h1, .around a")].map(one => one.getBoundingClientRect());
		return newer.top === older.top && newer.bottom === older.bottom && newer.bottom > heading.top && newer.top < heading.bottom && heading.height < 40 && newer.height < 40;
	})()`) {
		t.Error("they take more than a line")
	}
}

// Pictures are chosen on the page: all, those between two, none.
func TestPicturesAreChosenInTheBrowser(t *testing.T) {
	t.Parallel()
	receive, requests := receiveAs(t, http.StatusAccepted, map[string]any{"id": 9})
	s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive, "on" })
	for i := range 5 {
		s.finish(t, fmt.Sprintf("%d.jpg", i), withFaces())
	}
	tab := browser.Open(t)
	box := func(id int) chromedp.Action[chromedp.Void] {
		return chromedp.Click(chromedp.CSS(fmt.Sprintf("#image-%d .choose input", id)))
	}
	testkit.Succeed(t, chromedp.Do(tab, chromedp.Navigate(s.url)))
	const place = `JSON.stringify(document.querySelector("#filter summary").getBoundingClientRect())`
	before := inPage[string](t, tab, place)
	if inPage[bool](t, tab, `document.querySelector("#filter summary").click() ?? true`); inPage[string](t, tab, place) != before {
		t.Error("what opens the filter moves when it is pressed")
	}
	testkit.Succeed(t, chromedp.Do(tab, box(5)))
	until(t, tab, "one is chosen", `document.getElementById("how-many").textContent === "1 chosen:"`)
	inPage[bool](t, tab, `document.querySelector("#image-3 .choose input").dispatchEvent(new MouseEvent("click", {bubbles: true, shiftKey: true}))`)
	until(t, tab, "three are chosen", `document.getElementById("how-many").textContent === "3 chosen:"`)
	testkit.Succeed(t, chromedp.Do(tab, chromedp.Click(chromedp.CSS("[data-all]"))))
	until(t, tab, "all are chosen", `document.getElementById("how-many").textContent === "5 chosen:"`)
	testkit.Succeed(t, chromedp.Do(tab, chromedp.Click(chromedp.CSS("#selected [type=reset]"))))
	until(t, tab, "none is chosen", `document.querySelector("#selected :checked") === null`)
	testkit.Succeed(t, chromedp.Do(tab, box(2), chromedp.Click(chromedp.CSS(".chosen > button:not([type]):not([name])"))))
	until(t, tab, "it is told that it is done", `document.getElementById("done") !== null`)
	if got := requests(); len(got) != 1 || got[0].path != "/api/v1/images/2/look" {
		t.Errorf("asked for were %+v", got)
	}
}

// Without script a box is drawn by numbers.
func TestAFaceIsDrawnWithoutScript(t *testing.T) {
	t.Parallel()
	receive, requests := receiveAs(t, http.StatusCreated, map[string]any{"id": 9})
	s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive, "on" })
	s.put(t, "a.jpg", jpegOf(t))
	id := s.look(t, "a.jpg", withFaces(lineup.Face{}))
	tab := browser.Open(t)
	withoutScript(t, tab)
	steps := []chromedp.Action[chromedp.Void]{chromedp.Navigate(fmt.Sprintf("%s/images/%d", s.url, id)), chromedp.Click(chromedp.CSS("#draw summary"))}
	for name, value := range map[string]string{"x": "10", "y": "20", "width": "30", "height": "40"} {
		steps = append(steps, chromedp.SendKeys(chromedp.CSS("#draw input[name="+name+"]"), value))
	}
	steps = append(steps, chromedp.Click(chromedp.CSS("#draw form > button")), chromedp.WaitVisible(chromedp.CSS("#done")))
	testkit.Succeed(t, chromedp.Do(tab, steps...))
	if got := requests(); len(got) != 1 || got[0].body != `{"box":{"height":0.4,"width":0.3,"x":0.1,"y":0.2}}` {
		t.Errorf("asked for were %+v", got)
	}
}
