package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/local/testkit"
)

// soon is how long a page may take to become what a test waits for.
const soon = 30 * time.Second

// Page is a tab on a site that is watched: the test fails when a page asks another site for
// anything, or writes to its console what was not expected.
type Page struct {
	Tab    context.Context //nolint:containedctx // that is what chromedp calls a tab
	t      testing.TB
	origin string

	mu       sync.Mutex
	requests []string // URLs, the oldest first
	expected []string // what may be in a message of the console
}

// OpenPage opens a tab in a browser of its own; addresses are of that site, as http://host:port.
func OpenPage(t testing.TB, origin string) *Page {
	t.Helper()
	return watch(Open(t), t, origin)
}

// Another opens another tab of the same browser.
func (p *Page) Another() *Page {
	p.t.Helper()
	tab, cancel := chromedp.NewContext(p.Tab)
	p.t.Cleanup(cancel)
	return watch(tab, p.t, p.origin)
}

func watch(tab context.Context, t testing.TB, origin string) *Page {
	t.Helper()
	p := &Page{Tab: tab, t: t, origin: origin}
	var said []string
	testkit.Succeed(t, chromedp.Listen(tab, func(ev any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			p.requests = append(p.requests, ev.Request.URL)
		case *network.EventResponseReceived:
			if ev.Response.Status >= http.StatusBadRequest { // which the console does not name
				t.Logf("the page asked for %s, and was told %d", ev.Response.URL, ev.Response.Status)
			}
		}
	}))
	messages := chromedp.Console(tab)
	go func() {
		for message, err := range messages {
			if err != nil {
				return
			}
			p.mu.Lock()
			said = append(said, message.Text)
			p.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, text := range said {
			if !p.isExpected(text) {
				t.Errorf("the console says: %s", text)
			}
		}
		for _, address := range p.requests {
			u, err := url.Parse(address)
			if err != nil || u.Scheme != "blob" && u.Scheme != "data" && u.Scheme != "about" && u.Scheme+"://"+u.Host != origin {
				t.Errorf("a page of %s asks for %s", origin, address)
			}
		}
	})
	return p
}

func (p *Page) isExpected(text string) bool {
	for _, part := range p.expected {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// Expect lets messages of the console pass that have this in them.
func (p *Page) Expect(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = append(p.expected, text)
}

// Requests are the URLs that were asked for so far.
func (p *Page) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.requests...)
}

// Open shows a path of the site.
func (p *Page) Open(path string) {
	p.t.Helper()
	testkit.Succeed(p.t, chromedp.Do(p.Tab, chromedp.Navigate(p.origin+path)))
}

// Is waits until an expression is true in the page, also across pages.
func (p *Page) Is(what, expression string) {
	p.t.Helper()
	p.Within(soon, what, expression)
}

// Within is Is with another patience.
func (p *Page) Within(limit time.Duration, what, expression string) {
	p.t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		is, err := chromedp.Run(p.Tab, chromedp.Evaluate[any](expression))
		if err == nil && is == true {
			return
		}
		if time.Now().After(deadline) {
			text, _ := chromedp.Run(p.Tab, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
			p.t.Fatalf("waited %s in vain: %s (%v, %v); the page shows\n%s", limit, what, is, err, text)
		}
	}
}

// Eval is what an expression is in the page.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.Tab, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// Do runs steps.
func (p *Page) Do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	testkit.Succeed(p.t, chromedp.Do(p.Tab, steps...))
}

// Keys presses keys where the focus is.
func (p *Page) Keys(keys string) {
	p.t.Helper()
	p.Do(chromedp.KeyEvent(keys))
}

// Size makes the window so large.
func (p *Page) Size(width, height int64) {
	p.t.Helper()
	p.Do(chromedp.EmulateViewport(width, height))
}

// Scheme is light or dark.
func (p *Page) Scheme(scheme string) {
	p.t.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}

// WithoutScript has pages that are opened from now on run none of their scripts, or again all.
func (p *Page) WithoutScript(without bool) {
	p.t.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: without})
}

// Before runs a script in every page that is opened from now on, before its own.
func (p *Page) Before(script string) {
	p.t.Helper()
	call(p, cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

// Drop drops files, folders too, in the middle of the page.
func (p *Page) Drop(files ...string) {
	p.t.Helper()
	data := &input.DragData{Items: []*input.DragDataItem{}, Files: files, DragOperationsMask: 1}
	for _, kind := range []input.DispatchDragEventType{"dragEnter", "dragOver", "drop"} {
		call(p, input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: 300, Y: 300, Data: data})
	}
}

func call[P, R any](p *Page, command cdp.Command[P, R], params P) {
	p.t.Helper()
	p.Do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	}))
}

// Shoot keeps a screenshot of what is seen, to be looked at.
func (p *Page) Shoot(name string) {
	p.t.Helper()
	p.shoot(name, cdpage.CaptureScreenshotFormatPng)
}

// ShootSmall keeps one that is a third as large, for the documentation.
func (p *Page) ShootSmall(name string) {
	p.t.Helper()
	p.shoot(name, cdpage.CaptureScreenshotFormatWebp)
}

func (p *Page) shoot(name string, format cdpage.CaptureScreenshotFormat) {
	p.t.Helper()
	var picture []byte
	p.Do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		shot, err := cdp.Call(ctx, target, cdpage.CaptureScreenshot, cdpage.CaptureScreenshotParams{Format: format, Quality: new(int64(88))})
		picture = shot.Data
		return err
	}))
	folder := Shots(p.t)
	testkit.Succeed(p.t, os.MkdirAll(folder, 0o755))
	testkit.Succeed(p.t, os.WriteFile(filepath.Join(folder, name+"."+string(format)), picture, 0o600))
}

// Shots is the folder of the screenshots: the environment's SHOTS, else bin/shots.
func Shots(t testing.TB) string {
	t.Helper()
	if folder := os.Getenv("SHOTS"); folder != "" {
		return folder
	}
	return filepath.Join(testkit.Must(parts.ModuleRoot())(t), "bin", "shots")
}

// Paint is when a page was first seen, and how much of it moved afterwards.
type Paint struct {
	FirstContentful float64  // milliseconds
	Shift           float64  // the share that moved, weighted as browsers do
	Moved           []string // the beginnings of what moved
}

// String tells it as tools for pages do.
func (p Paint) String() string {
	return fmt.Sprintf("first contentful paint after %.0f ms, layout shift %.4f %q", p.FirstContentful, p.Shift, p.Moved)
}

// Painted measures the page that is shown.
func (p *Page) Painted() Paint {
	p.t.Helper()
	p.Is("the first paint", `performance.getEntriesByName("first-contentful-paint").length === 1`)
	p.Do(chromedp.Evaluate[chromedp.Void](`window.shift = 0; window.moved = []; new PerformanceObserver(list => {
		for (const entry of list.getEntries()) if (!entry.hadRecentInput) {
			window.shift += entry.value;
			for (const { node, previousRect, currentRect } of entry.sources) {
				const [from, to] = [previousRect, currentRect].map(({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(","));
				window.moved.push(from + " to " + to + ": " + (node?.outerHTML?.slice(0, 80) ?? node?.textContent ?? ""));
			}
		}
	}).observe({ type: "layout-shift", buffered: true });
	requestAnimationFrame(() => setTimeout(() => window.shiftKnown = true, 100)); undefined`))
	p.Is("what shifted is known", `window.shiftKnown === true`)
	return Eval[Paint](p, `({ FirstContentful: performance.getEntriesByName("first-contentful-paint")[0].startTime, Shift: window.shift, Moved: window.moved })`)
}
