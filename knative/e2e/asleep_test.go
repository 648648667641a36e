package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
)

const mib = 1 << 20

// TestAtRestOnlyTheBridgeRuns waits for zero and says what stays up, and how much
// memory that takes.
func TestAtRestOnlyTheBridgeRuns(t *testing.T) {
	known(t)
	awaitZero(t)
	stores := []string{"mysql", "nsqd", "nsqlookupd", "nsqadmin", "s3"}
	var ours int64
	used := memory(t)
	for _, program := range slices.Sorted(maps.Keys(used)) {
		t.Logf("at rest: %-11s %4d MiB", program, used[program]/mib)
		switch {
		case slices.Contains(stores, program), program == "example": // the subscriber is kept up by the test
		case program == "bridge":
			ours += used[program]
		default:
			t.Errorf("%s runs at rest", program)
		}
	}
	if ours == 0 || ours >= 40*mib {
		t.Errorf("what stays up takes %d bytes, want some and less than 40 MiB", ours)
	}
}

// TestAColdPostStartsOneAfterTheOther posts a picture when everything sleeps, and
// prints the time of each step.
func TestAColdPostStartsOneAfterTheOther(t *testing.T) {
	known(t)
	awaitZero(t)
	watch := watchPods(t)
	start := time.Now()
	image := upload(t)
	watch.note("receive", "answered")
	testkit.Poll(t, time.Minute, 100*time.Millisecond, "the result is announced", func() bool { return len(announced(t, image.ID)) > 0 })
	watch.note("process", "announced the result")
	steps := watch.end()
	if s := shown(t, image.ID); s.Status != lineup.Identified {
		t.Errorf("image %d is %s (%q), want identified", image.ID, s.Status, s.Reason)
	}
	for _, s := range steps {
		t.Logf("%7.2f s  %-12s %s", s.at.Sub(start).Seconds(), s.program, s.what)
	}
	var created []string
	for _, s := range steps {
		if s.what == podCreated {
			created = append(created, s.program)
		}
	}
	// The bridge starts the last two at once: either may be the first.
	slices.Sort(created[min(1, len(created)):])
	if want := []string{"receive", "face-server", "process"}; !slices.Equal(created, want) {
		t.Errorf("started were %q, want %q", created, want)
	}
}

// TestWhoWaitsForAColdPostGetsTheResult holds one answer back while three functions start.
func TestWhoWaitsForAColdPostGetsTheResult(t *testing.T) {
	known(t)
	awaitZero(t)
	status, answer, _ := call(t, http.MethodPost, "receive", "/images", another(picture(t, "pictures/dana.jpg")), "Content-Type", "image/jpeg", "Prefer", "wait=60")
	var result struct{ Images []lineup.Image }
	if err := json.Unmarshal(answer, &result); err != nil || status != http.StatusOK || len(result.Images) != 1 {
		t.Fatalf("%d %s, want 200 with the picture", status, answer)
	}
	if image := result.Images[0]; image.Status != lineup.Identified || image.Person == nil || image.Person.Name != "Dana" {
		t.Errorf("%s, want Dana", answer)
	}
}

// TestThePingBringsAPictureWhoseMessageIsLost empties the queue before the bridge
// can see the message.
func TestThePingBringsAPictureWhoseMessageIsLost(t *testing.T) {
	known(t)
	kubectl(t, "scale", "deployment/bridge", "--replicas=0")
	testkit.Poll(t, 2*time.Minute, time.Second, "the bridge is gone", func() bool { return count(pods(t))["bridge"] == 0 })
	image := upload(t)
	kubectlWith(t, "{}", "create", "--raw", fmt.Sprintf("/api/v1/namespaces/%s/services/nsqd:4151/proxy/channel/empty?topic=images&channel=process", namespace), "-f", "-")
	kubectl(t, "scale", "deployment/bridge", "--replicas=1")
	kubectl(t, "rollout", "status", "deployment/bridge", "--timeout=2m")

	schedule(t, "* * * * *")
	defer schedule(t, "0 0 1 1 *")
	testkit.Poll(t, 4*time.Minute, time.Second, "the ping brings the picture", func() bool { return len(announced(t, image.ID)) > 0 })
	wantDana(t, image.ID, time.Minute)
	// The pings go on, once a minute, and everything sleeps between two of them.
	awaitZero(t)
}

func schedule(t *testing.T, cron string) {
	t.Helper()
	kubectl(t, "patch", "pingsource", "ping", "--type=merge", "-p", fmt.Sprintf(`{"spec":{"schedule":%q}}`, cron))
}
