// Package browser gives tests a real browser: Chromium, without a window.
package browser

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/parts"
)

// patience is the longest that a test may use a tab.
const patience = 5 * time.Minute

// Open starts a browser, which ends with the test, and gives the context of a tab, in which
// chromedp.Do and chromedp.Run act. chromedp.NewContext of that is another tab. What the pages
// write to their console is in the test's output.
func Open(t testing.TB) context.Context {
	t.Helper()
	return start(t, deptest.Chromium(t))
}

func start(t testing.TB, chromium parts.Chromium) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium.Path),
		chromedp.Env(chromium.Env...),
		chromedp.NoSandbox, // root and many containers cannot have one; the pages are the test's own
		chromedp.Flag("no-proxy-server", true),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(1280, 900),
	)
	ctx, cancel := context.WithTimeout(context.Background(), patience) // that of the test ends before its cleanup
	ctx, _ = chromedp.NewExecAllocator(ctx, options...)
	ctx, _ = chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf))
	var listening sync.WaitGroup
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("end the browser: %v", err)
		}
		cancel()
		listening.Wait()
	})
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start %s: %v; CHROMIUM names another", chromium.Path, err)
	}
	messages := chromedp.Console(ctx)
	listening.Go(func() {
		for message, err := range messages {
			if err != nil {
				return
			}
			t.Logf("the page says: %v", message)
		}
	})
	return ctx
}
