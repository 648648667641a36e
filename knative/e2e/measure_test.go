package e2e

import (
	"net/http"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
)

// calm is how long a cluster works on after a start: probes, endpoints, routes. The
// next start would be measured with that.
const calm = 5 * time.Second

// TestColdStarts calls hello, receive and view when everything sleeps, in turn, PAIRS
// times (15), and compares the medians. With receive's call a picture begins its way,
// whose end is measured too. It reports the times, in seconds and as multiples of
// hello's, and wants none: they are the cluster's.
func TestColdStarts(t *testing.T) {
	known(t)
	pairs := 15
	if text := os.Getenv("PAIRS"); text != "" {
		var err error
		pairs, err = strconv.Atoi(text)
		testkit.Succeed(t, err)
	}
	took := map[string][]time.Duration{}
	var image posted
	calls := []func(int){
		func(int) {
			_, _, d := call(t, http.MethodGet, "hello", "/", nil)
			took["hello"] = append(took["hello"], d)
		},
		func(int) {
			_, _, d := call(t, http.MethodGet, "view", "/people", nil)
			took["view"] = append(took["view"], d)
		},
		func(int) {
			start := time.Now()
			var d time.Duration
			image, d = timedUpload(t) // one that has a result already would not be looked at
			took["receive"] = append(took["receive"], d)
			// Asked of the subscriber, which always runs: view would start, and take time from the others.
			testkit.Poll(t, time.Minute, 50*time.Millisecond, "the picture is looked at", func() bool { return len(announced(t, image.ID)) > 0 })
			took["identified"] = append(took["identified"], time.Since(start))
		},
	}
	for i := range pairs {
		awaitZero(t)
		for j := range calls { // each comes first, second and last in turn
			calls[(i+j)%len(calls)](i)
			time.Sleep(calm)
		}
		wantDana(t, image.ID, time.Minute)
		t.Logf("round %2d: hello %.2f s, view %.2f s, receive %.2f s, identified %.2f s", i+1, took["hello"][i].Seconds(),
			took["view"][i].Seconds(), took["receive"][i].Seconds(), took["identified"][i].Seconds())
	}
	hello := median(took["hello"])
	for _, what := range []string{"hello", "view", "receive", "identified"} {
		took := median(took[what])
		t.Logf("| %s | %.2f s | %.2f |", what, took.Seconds(), took.Seconds()/hello.Seconds())
	}
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
