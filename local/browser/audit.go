package browser

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
)

// Audit looks with axe-core for what keeps people with disabilities from using the page that
// is shown, and fails the test by each violation.
func (p *Page) Audit(state string) {
	p.t.Helper()
	script := string(testkit.Must(os.ReadFile(deptest.Axe(p.t)))(p.t))
	ctx, cancel := context.WithTimeout(p.Tab, time.Minute)
	defer cancel()
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](script+`;
		(async () => {
			const { violations } = await axe.run(document, { resultTypes: ["violations"] });
			return violations.flatMap(v => v.nodes.map(n => v.id + " (" + v.impact + "): " + v.help + " at " + n.target.join(" ") + ": " + n.html.slice(0, 200) + " " + (n.any[0]?.message ?? "")));
		})()`, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("axe-core on %s: %v", state, err)
	}
	if len(found) > 0 {
		p.t.Errorf("%s: axe-core finds\n\t%s", state, strings.Join(found, "\n\t"))
	}
}
