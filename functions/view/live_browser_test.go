package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/browser"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

// What changes is seen in every tab within three seconds, and takes the focus, what was typed
// and what was chosen from nobody.
func TestAChangeIsSeenWithinThreeSecondsAndTakesTheFocusFromNobody(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	id := g.submit(t, "waits.jpg")
	other := g.submit(t, "other.jpg")
	p := browser.OpenPage(t, g.url)
	p.Open("/")
	p.Is("both wait", `document.querySelectorAll(".badge.pending").length === 2`)
	hold := fmt.Sprintf(`document.querySelector("#image-%d a"); link.focus()`, id)
	browser.Eval[any](p, "link = "+hold+", null")
	browser.Eval[any](p, fmt.Sprintf(`document.querySelector("#image-%d input[type=checkbox]").checked = true, null`, other))
	browser.Eval[any](p, `document.querySelector("#filter").open = true, document.querySelector("#filter [name=path]").value = "holi", null`)
	g.finishImage(t, id, store.Result{})
	p.Within(3*time.Second, "the row's new status", fmt.Sprintf(`document.querySelector("#image-%d .badge.unknown") !== null`, id))
	if kept := browser.Eval[bool](p, `document.activeElement === link && link.isConnected`); !kept {
		t.Error("the update took the focus")
	}
	if kept := browser.Eval[bool](p, fmt.Sprintf(`document.querySelector("#image-%d input[type=checkbox]").checked && document.querySelector("#filter").open && document.querySelector("#filter [name=path]").value === "holi"`, other)); !kept {
		t.Error("the update took what was chosen or typed")
	}
}

// A tab that nobody has used for two minutes asks for nothing, so that it keeps no function
// awake; whoever comes back to it sees what is new.
func TestATabThatNobodyUsesAsksForNothing(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	p := browser.OpenPage(t, g.url)
	p.Before(`{ const real = Date.now.bind(Date); window.later = 0; Date.now = () => real() + window.later;
		const timer = setTimeout; window.setTimeout = (f, pause, ...args) => timer(f, pause / 20, ...args); }`)
	p.Open("/")
	asked := func() int { return len(p.Requests()) }
	at := asked()
	testkit.Eventually(t, 20*time.Second, "a tab in use asks again", func() bool { return asked() >= at+2 })
	browser.Eval[any](p, `window.later = 119_000, null`)
	at = asked()
	testkit.Eventually(t, 20*time.Second, "before the two minutes are over it asks again", func() bool { return asked() >= at+1 })
	browser.Eval[any](p, `window.later = 125_000, null`)
	p.Is("the page says that it is not followed", `document.getElementById("status").textContent.startsWith("Paused")`)
	time.Sleep(time.Second) // what was under way is over
	at = asked()
	time.Sleep(2 * time.Second) // 40 s of its timers
	if more := asked() - at; more != 0 {
		t.Errorf("a tab that nobody uses asked %d times", more)
	}
	g.finish(t, "new.jpg", store.Result{})
	browser.Eval[any](p, `dispatchEvent(new PointerEvent("pointermove")), null`)
	p.Within(3*time.Second, "whoever comes back sees what is new", `document.getElementById("main").textContent.includes("new.jpg")`)
	p.Is("it is followed again", `document.getElementById("status").textContent.startsWith("1 picture")`)
}

// While nothing happens the line below the bar is asked for less and less often, the page is not.
func TestWhatMayComeLaterIsAskedForLessOften(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	p := browser.OpenPage(t, g.url)
	p.Before(`{ const timer = setTimeout; window.setTimeout = (f, pause, ...args) => timer(f, pause / 20, ...args); }`)
	p.Open("/")
	asked := func(path string) (n int) {
		for _, url := range p.Requests() {
			if url == g.url+path {
				n++
			}
		}
		return n
	}
	p.Is("it says what goes on", `document.getElementById("status").textContent === "No pictures yet"`)
	pages, lines := asked("/"), asked("/status")
	testkit.Eventually(t, 60*time.Second, "the page goes on being asked for", func() bool { return asked("/") >= pages+64 })
	pages, lines = asked("/")-pages, asked("/status")-lines
	if lines == 0 || lines*4 > pages {
		t.Errorf("the line was asked for %d times and the page %d times, want one for eight in the end", lines, pages)
	}
	g.submit(t, "new.jpg")
	p.Is("what happens is told", `document.getElementById("status").textContent.includes("0 of 1")`)
}

// What a form did is told for a while, however often the page is put anew meanwhile, and as long as
// somebody is about to undo it.
func TestWhatWasDoneIsToldAsLongAsItMayBeUndone(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	id := g.add(t, "Dana", "dana.jpg")
	p := browser.OpenPage(t, g.url)
	p.Before(`{ const real = Date.now.bind(Date); window.later = 0; Date.now = () => real() + window.later; }`)
	p.Open(fmt.Sprintf("/people/%d?done=1", id))
	p.Is("what was done, and the page's own address", `document.querySelector("#done p").textContent === "Added Dana." && location.search === ""`)
	browser.Eval[any](p, `document.querySelector("#done button").focus(), null`)
	for i, step := range []struct{ what, script, told string }{
		{"19 s later", `window.later = 19_000`, `document.activeElement === document.querySelector("#done button")`},
		{"while its button has the focus", `window.later = 25_000`, `document.activeElement === document.querySelector("#done button")`},
		{"when it has not", `document.activeElement.blur()`, `document.getElementById("done") === null`},
	} {
		browser.Eval[any](p, step.script+", null")
		g.finish(t, fmt.Sprintf("%d.jpg", i), withFaces(newFace("dana.jpg", 0.7)))
		p.Is("the page follows "+step.what, fmt.Sprintf(`document.querySelectorAll(".crops li").length === %d`, i+1))
		if !browser.Eval[bool](p, step.told) {
			t.Errorf("%s the notice is not as it should be", step.what)
		}
	}
}

func TestPagesAndScriptsAreSmall(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Writes, o.ReceiveURL = "on", "http://127.0.0.1:1" })
	s.add(t, "Dana Example", "dana.jpg")
	for i := range 60 {
		id := s.finish(t, fmt.Sprintf("/home/somebody/pictures/holiday/2026/summer/IMG_%08d.jpg", i), withFaces(newFace("dana.jpg", .7)))
		s.preview(t, id, uint8(i))
	}
	html := s.get(t, "/").body
	if rows := strings.Count(html, `id="image-`); rows != 50 || len(html) > 60_000 {
		t.Errorf("/ with %d rows has %d bytes, want 50 in 60 KB at most", rows, len(html))
	}
	t.Logf("/ with 50 rows has %d bytes", len(html))
	all := 0
	for name, content := range s.view.assets {
		if !strings.HasSuffix(name, ".js") {
			continue
		}
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		testkit.Must(w.Write(content))(t)
		testkit.Succeed(t, w.Close())
		all += packed.Len()
	}
	t.Logf("the scripts have %d bytes, gzipped", all)
	if all == 0 || all > 25<<10 {
		t.Errorf("the scripts have %d bytes, gzipped, want 25 KB at most", all)
	}
}
