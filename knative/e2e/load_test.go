package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"lineup.dev/lineup/local/testkit"
)

// flood posts n new pictures at once and gives their ids.
func flood(t *testing.T, n int) []int64 {
	t.Helper()
	dana, address := picture(t, "pictures/dana.jpg"), url(t, "receive")+"/images"
	ids := make([]int64, n)
	group, ctx := errgroup.WithContext(t.Context())
	for i := range ids {
		body := another(dana)
		group.Go(func() error {
			image, _, err := submit(ctx, address, body, "Content-Type", "image/jpeg")
			ids[i] = image.ID
			return err
		})
	}
	testkit.Succeed(t, group.Wait())
	return ids
}

// TestManyPicturesAtOnce wants more instances, every picture identified, nothing
// restarted, and zero again.
func TestManyPicturesAtOnce(t *testing.T) {
	known(t)
	awaitZero(t)
	watch := watchPods(t)
	start := time.Now()
	ids := flood(t, 200)
	t.Logf("200 pictures posted within %v", time.Since(start).Round(time.Millisecond))
	for _, id := range ids {
		wantDana(t, id, 5*time.Minute)
	}
	t.Logf("identified within %v", time.Since(start).Round(time.Millisecond))
	created := map[string]int{}
	for _, s := range watch.end() {
		if s.what == podCreated {
			created[s.program]++
		}
	}
	t.Logf("pods that were started: %v", created)
	if created["receive"] < 2 || created["face-server"] < 2 {
		t.Errorf("receive and face-server did not scale: %v", created)
	}
	wantNoRestarts(t)
	awaitZero(t)
}

// TestNothingIsLostWhenPodsAreDeletedAtWork deletes every pod of ours while 60
// pictures are on their way.
func TestNothingIsLostWhenPodsAreDeletedAtWork(t *testing.T) {
	known(t)
	ids := flood(t, 60)
	for _, grace := range []string{"1", "30"} { // the first is as good as a crash: 0 would leave the node to itself
		kubectl(t, "delete", "pods", "--wait=false", "--grace-period="+grace, "-l", "serving.knative.dev/service in (process,face-server)")
		kubectl(t, "delete", "pods", "--wait=false", "--grace-period="+grace, "-l", "app in (bridge,nsqd)")
	}
	schedule(t, "* * * * *") // for what nsqd held in memory
	defer schedule(t, "0 0 1 1 *")
	for _, id := range ids {
		wantDana(t, id, 5*time.Minute)
	}
}

// TestANewRevisionTakesOverUnderLoad gives receive and view a new revision while both
// are called all the time, and wants no call to fail.
func TestANewRevisionTakesOverUnderLoad(t *testing.T) {
	known(t)
	path := upload(t).Path
	ctx, stop := context.WithCancel(t.Context())
	var calls, failures atomic.Int64
	var calling sync.WaitGroup
	callAlways := func(method, address, body string, want int) {
		for range 2 {
			calling.Go(func() {
				for ctx.Err() == nil {
					calls.Add(1)
					status, answer, _, err := request(t.Context(), method, address, []byte(body))
					if err != nil || status != want {
						failures.Add(1)
						t.Errorf("%s %s: %d %.200s %v", method, address, status, answer, err)
					}
				}
			})
		}
	}
	callAlways(http.MethodGet, url(t, "view")+"/people", "", http.StatusOK)
	callAlways(http.MethodPost, url(t, "receive")+"/image/post", fmt.Sprintf(`{"path":%q}`, path), http.StatusAccepted)
	for _, function := range []string{"view", "receive"} {
		before := kubectl(t, "get", "ksvc", function, "-o", "jsonpath={.status.latestReadyRevisionName}")
		kubectl(t, "patch", "ksvc", function, "--type=merge", "-p", fmt.Sprintf(`{"spec":{"template":{"metadata":{"labels":{"e2e":"r%d"}}}}}`, time.Now().Unix()))
		testkit.Poll(t, 2*time.Minute, 500*time.Millisecond, function+" has a new revision", func() bool {
			now := kubectl(t, "get", "ksvc", function, "-o", `jsonpath={.status.latestReadyRevisionName} {.status.traffic[0].revisionName} {.status.conditions[?(@.type=="Ready")].status}`)
			latest := strings.Fields(now)
			return len(latest) == 3 && latest[0] != before && latest[1] == latest[0] && latest[2] == "True"
		})
		// The old one ends within its window, and its requests with it.
		testkit.Poll(t, 3*time.Minute, time.Second, "the old revision of "+function+" is gone", func() bool {
			for _, p := range pods(t) {
				if p.Metadata.Labels["serving.knative.dev/revision"] == before {
					return false
				}
			}
			return true
		})
	}
	stop()
	calling.Wait()
	t.Logf("%d calls, %d failed", calls.Load(), failures.Load())
}
