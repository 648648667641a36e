package e2e

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/queue"
)

// TestGarbageOnTheTopic publishes what stands for nothing, among hints that do.
// Every message of it becomes a dead letter, and a picture is looked at all the same.
func TestGarbageOnTheTopic(t *testing.T) {
	t.Parallel()
	c := start(t, t.TempDir())
	q, err := queue.New(deptest.QueueSettings(t, c.At.NSQD[0], c.At.NSQDHTTP[0]))
	testkit.Succeed(t, err)
	t.Cleanup(func() { q.Close() })

	event := func(members string) string {
		return `{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/garbage","id":"1","datacontenttype":"application/json"` + members + `}`
	}
	garbage := map[string]string{
		"a byte":                        "\x00",
		"bytes":                         "\xff\xfe\xfd",
		"text":                          "hello",
		"JSON that is no event":         `{"path":"a.jpg"}`,
		"HTML":                          "<script>alert(1)</script>",
		"JSON without end":              strings.Repeat("[", 100_000),
		"as much as nsqd takes":         strings.Repeat("x", 1<<20),
		"an event without data":         event(""),
		"data that is null":             event(`,"data":null`),
		"data of another shape":         event(`,"data":[[[]]]`),
		"an id that is none":            event(`,"data":{"id":-1,"path":"a.jpg"}`),
		"an id without a picture":       event(`,"data":{"id":4611686018427387904,"path":"a.jpg"}`),
		"an id beyond all numbers":      event(`,"data":{"id":99999999999999999999,"path":"a.jpg"}`),
		"another type":                  strings.Replace(event(`,"data":{"id":1}`), "image.submitted", "image.identified", 1),
		"an older version":              strings.Replace(event(`,"data":{"id":1}`), `"1.0"`, `"0.3"`, 1),
		"a line break in an attribute":  event(`,"subject":"a\r\nX-Injected: b","data":{"id":-1}`),
		"an attribute of 20 KB":         event(`,"subject":"` + strings.Repeat("s", 20<<10) + `","data":{"id":-1}`),
		"an attribute of 100 KB":        event(`,"subject":"` + strings.Repeat("s", 100<<10) + `","data":{"id":-1}`),
		"an attribute of 900 KB":        event(`,"subject":"` + strings.Repeat("s", 900<<10) + `","data":{"id":-1}`),
		"ten thousand extensions":       event(extensions(10_000) + `,"data":{"id":-1}`),
		"data that is no base64":        event(`,"data_base64":"%%%"`),
		"an event about another source": event(`,"data":{"id":0,"path":"../../etc/passwd"}`),
	}
	for what, body := range garbage {
		if err := q.Publish(t.Context(), "images", []byte(body)); err != nil {
			t.Errorf("publish %s: %v", what, err)
		}
	}
	for what, body := range map[string]string{"an empty message": "", "more than nsqd takes": strings.Repeat("x", 1<<20+1)} {
		response, err := http.Post("http://"+c.At.NSQDHTTP[0]+"/pub?topic=images", "", strings.NewReader(body))
		testkit.Succeed(t, err)
		response.Body.Close()
		if response.StatusCode < 400 {
			t.Errorf("nsqd took %s: %s", what, response.Status)
		}
	}

	image := c.final(c.accepted("/image/post", []byte(`{"path":"nowhere.jpg"}`))[0])
	if image.Status != lineup.Failed || image.Reason == "" {
		t.Errorf("the picture among the garbage is %s, %q; want failed with a reason", image.Status, image.Reason)
	}
	testkit.Eventually(c.t, time.Minute, fmt.Sprintf("%d dead letters", len(garbage)), func() bool {
		dead, err := q.Backlog(t.Context(), "images.dead", "dead")
		testkit.Succeed(t, err)
		return dead == len(garbage)
	})
	testkit.Eventually(c.t, time.Minute, "nothing is left for process", func() bool {
		now := c.channel()
		return now.Depth+now.InFlight+now.Deferred == 0
	})

	listed := exec.CommandContext(t.Context(), filepath.Join(programs, "bridge"), "dead")
	listed.Env = append(listed.Environ(), "NSQD_ADDRESS="+c.At.NSQD[0], "NSQD_HTTP_ADDRESS="+c.At.NSQDHTTP[0])
	out, err := listed.CombinedOutput()
	testkit.Succeed(t, err)
	for _, want := range []string{fmt.Sprintf("%d of %d dead letters", len(garbage), len(garbage)), "410 Gone", "422 Unprocessable", "<script>alert(1)</script>"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("`bridge dead` does not say %q:\n%s", want, out)
		}
	}
}

// extensions are so many attributes, each with a name of its own.
func extensions(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"x%d":"y"`, i)
	}
	return b.String()
}
