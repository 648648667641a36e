package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"lineup.dev/lineup/local/browser"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/serve"
)

// uploads is a receive that takes pictures, the first of which it puts off.
type uploads struct {
	url     string
	names   chan string
	atOnce  atomic.Int32
	most    atomic.Int32
	refused atomic.Int32
	release func() // lets the answers come
}

func newUploads(t *testing.T) *uploads {
	t.Helper()
	released := make(chan struct{})
	u := &uploads{names: make(chan string, 100), release: sync.OnceFunc(func() { close(released) })}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for n := u.atOnce.Add(1); n > u.most.Load(); n = u.atOnce.Load() {
			u.most.Store(n)
		}
		defer u.atOnce.Add(-1)
		form, err := r.MultipartReader()
		if err != nil {
			serve.Problem{Status: http.StatusBadRequest, Detail: err.Error()}.Write(w, false)
			return
		}
		part, err := form.NextPart()
		if err != nil || r.URL.Path != "/api/v1/images" && r.URL.Path != "/api/v1/images/" {
			serve.Problem{Status: http.StatusBadRequest, Detail: "no picture came"}.Write(w, false)
			return
		}
		io.Copy(io.Discard, part)
		if u.refused.CompareAndSwap(0, 1) {
			serve.Problem{Status: http.StatusTooManyRequests, RetryAfter: time.Second, Detail: "too many requests"}.Write(w, false)
			return
		}
		u.names <- part.FileName()
		if strings.HasSuffix(part.FileName(), ".txt") {
			serve.JSON(w, http.StatusUnsupportedMediaType, map[string]any{"detail": "notes.txt: not a picture: send JPEG", "files": []any{map[string]any{"number": 1, "name": "notes.txt", "error": "not a picture: send JPEG"}}})
			return
		}
		<-released
		serve.JSON(w, http.StatusOK, map[string]any{"images": []any{map[string]any{
			"id": 7, "status": "identified", "person": map[string]any{"id": 1, "name": "Dad"}, "reason": "",
			"warning": "the file ends early", "faces": []any{map[string]any{"person": map[string]any{"id": 1, "name": "Dad"}}, map[string]any{"person": nil}},
		}}})
	}))
	t.Cleanup(server.Close)
	t.Cleanup(u.release)
	u.url = server.URL
	return u
}

// drop drops files and folders in the middle of the page.
func drop(t *testing.T, tab context.Context, files ...string) {
	t.Helper()
	data := &input.DragData{Items: []*input.DragDataItem{}, Files: files, DragOperationsMask: 1}
	for _, kind := range []input.DispatchDragEventType{"dragEnter", "dragOver", "drop"} {
		testkit.Succeed(t, chromedp.Do(tab, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: 400, Y: 300, Data: data})
			return err
		})))
	}
}

// until waits for a condition in the page.
func until(t *testing.T, tab context.Context, what, condition string) {
	t.Helper()
	if _, err := chromedp.Run(tab, chromedp.Poll[bool](condition, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(30*time.Second))); err != nil {
		text, _ := chromedp.Run(tab, chromedp.Evaluate[string]("document.body.innerText"))
		t.Fatalf("%s: %v; the page shows\n%s", what, err, text)
	}
}

// inPage is what an expression is in the page.
func inPage[T any](t *testing.T, tab context.Context, expression string) T {
	t.Helper()
	return testkit.Must(chromedp.Run(tab, chromedp.Evaluate[T](expression)))(t)
}

func withoutScript(t *testing.T, tab context.Context) {
	t.Helper()
	testkit.Succeed(t, chromedp.Do(tab, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	})))
}

// What is dropped anywhere is uploaded, folders too, three at once; what is refused for now
// is sent again; and each file says what came of it.
func TestFilesDroppedAnywhereAreUploaded(t *testing.T) {
	t.Parallel()
	u := newUploads(t)
	s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = u.url, "on" })
	folder := t.TempDir()
	testkit.Succeed(t, os.MkdirAll(filepath.Join(folder, "holiday", "beach"), 0o755))
	for _, name := range []string{"one.jpg", "notes.txt", "holiday/two.jpg", "holiday/beach/three.jpg", "holiday/beach/four.jpg", "holiday/.hidden"} {
		testkit.Succeed(t, os.WriteFile(filepath.Join(folder, name), jpegOf(t), 0o600))
	}
	tab := browser.Open(t)
	testkit.Succeed(t, chromedp.Do(tab, chromedp.Navigate(s.url+"/activity")))
	drop(t, tab, filepath.Join(folder, "one.jpg"), filepath.Join(folder, "notes.txt"), filepath.Join(folder, "holiday"))
	until(t, tab, "five files are listed", `document.querySelectorAll("#uploads li").length === 5`)
	until(t, tab, "what is no picture is told", `[...document.querySelectorAll("#uploads li")].some(li => li.innerText.replace(/\s+/g, " ") === "notes.txt Not a picture: send JPEG")`)
	if warns := inPage[bool](t, tab, `!dispatchEvent(new Event("beforeunload", {cancelable: true}))`); !warns {
		t.Error("a page that is left while it uploads does not warn")
	}
	u.release()
	until(t, tab, "all are through", `document.getElementById("uploaded").textContent === "4 uploaded, 1 not"`)
	rows := inPage[[]string](t, tab, `[...document.querySelectorAll("#uploads li")].map(li => li.innerText.replace(/\s+/g, " "))`)
	named := slices.DeleteFunc(slices.Clone(rows), func(row string) bool { return !strings.Contains(row, "Dad (not seen whole)") })
	if len(named) != 4 {
		t.Errorf("the rows are %q, want four with a name", rows)
	}
	var sent []string
	for len(u.names) > 0 {
		sent = append(sent, <-u.names)
	}
	slices.Sort(sent)
	if want := []string{"four.jpg", "notes.txt", "one.jpg", "three.jpg", "two.jpg"}; !slices.Equal(sent, want) {
		t.Errorf("uploaded were %q, want %q", sent, want)
	}
	if most := u.most.Load(); most > 3 {
		t.Errorf("%d were uploaded at once, want 3 at most", most)
	}
	if warns := inPage[bool](t, tab, `!dispatchEvent(new Event("beforeunload", {cancelable: true}))`); warns {
		t.Error("a page warns though nothing is uploaded")
	}
	if link := inPage[string](t, tab, `document.querySelector("#uploads a").getAttribute("href")`); link != "/images/7" {
		t.Errorf("a row leads to %s", link)
	}
}

// What cannot be read is told, and stops nothing that is dropped with it.
func TestWhatCannotBeReadStopsNoOther(t *testing.T) {
	t.Parallel()
	u := newUploads(t)
	u.release()
	u.refused.Store(1)
	s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = u.url, "on" })
	tab := browser.Open(t)
	testkit.Succeed(t, chromedp.Do(tab, chromedp.Navigate(s.url+"/activity")))
	inPage[any](t, tab, `(() => {
		const no = (_, reject) => reject(new Error("NotReadableError"));
		const entries = [
			{isFile: true, name: "locked.jpg", file: no},
			{isFile: false, name: "closed", createReader: () => ({readEntries: no})},
			{isFile: true, name: "one.jpg", file: resolve => resolve(new File(["x"], "one.jpg"))},
		];
		const drop = new Event("drop", {bubbles: true, cancelable: true});
		drop.dataTransfer = {items: entries.map(entry => ({webkitGetAsEntry: () => entry}))};
		document.body.dispatchEvent(drop);
		return null;
	})()`)
	until(t, tab, "all are through", `document.getElementById("uploaded")?.textContent === "1 uploaded, 2 not"`)
	rows := inPage[[]string](t, tab, `[...document.querySelectorAll("#uploads li")].map(li => li.innerText.replace(/\s+/g, " "))`)
	if want := []string{"locked.jpg It cannot be read", "closed It cannot be read", "one.jpg Dad (not seen whole)"}; !slices.Equal(rows, want) {
		t.Errorf("the rows are %q, want %q", rows, want)
	}
}

// Chosen files go the same way; without script they go as one form.
func TestChosenFilesAreUploaded(t *testing.T) {
	t.Parallel()
	u := newUploads(t)
	u.release()
	u.refused.Store(1)
	s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = u.url, "on" })
	for range 7 { // the last is what receive says that the upload is
		s.claim(t, fmt.Sprintf("%s.jpg", rand.Text()))
	}
	file := filepath.Join(t.TempDir(), "one.jpg")
	testkit.Succeed(t, os.WriteFile(file, jpegOf(t), 0o600))
	tab := browser.Open(t)
	choose := func() {
		testkit.Succeed(t, chromedp.Do(tab, chromedp.Navigate(s.url+"/add"),
			chromedp.SetUploadFiles(chromedp.CSS("#upload input[accept]"), []string{file}),
			chromedp.Click(chromedp.CSS("#upload button"))))
	}
	choose()
	until(t, tab, "the name comes", `document.querySelector("#uploads li")?.innerText.includes("Dad")`)
	if at := inPage[string](t, tab, "location.pathname"); at != "/add" {
		t.Errorf("the page went on to %s", at)
	}
	withoutScript(t, tab)
	choose()
	testkit.Succeed(t, chromedp.Do(tab, chromedp.WaitVisible(chromedp.CSS("#done"))))
	if got := len(u.names); got != 2 {
		t.Errorf("%d uploads, want 2", got)
	}
}
