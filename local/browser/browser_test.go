package browser

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
)

func TestABrowserShowsAPageAndRunsWhatIsInIt(t *testing.T) {
	t.Parallel()
	showsAPage(Open(t), t)
}

func TestTheBrowserThatNPMHasDoesAsWell(t *testing.T) {
	t.Parallel()
	showsAPage(start(t, deptest.PackedChromium(t)), t)
}

func showsAPage(tab context.Context, t *testing.T) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(`<title>a page</title><p id="p">one<script>p.textContent = "two"</script>`))
	}))
	t.Cleanup(server.Close)
	testkit.Succeed(t, chromedp.Do(tab, chromedp.Navigate(server.URL)))
	if title := testkit.Must(chromedp.Run(tab, chromedp.Title()))(t); title != "a page" {
		t.Errorf("the title is %q", title)
	}
	if text := testkit.Must(chromedp.Run(tab, chromedp.Text("#p")))(t); text != "two" {
		t.Errorf("the page says %q", text)
	}
	if picture := testkit.Must(chromedp.Run(tab, chromedp.CaptureScreenshot()))(t); len(picture) < 100 {
		t.Errorf("a screenshot has %d bytes", len(picture))
	}
}
