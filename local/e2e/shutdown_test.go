package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/local/testkit"
)

// load posts pictures and looks at pages, until it is stopped.
type load struct {
	client
	picture []byte
	stop    func() // and wait

	mu       sync.Mutex
	ids      []int64 // of pictures that receive said it has
	copies   int
	statuses map[string]int // how often an answer of each status came
}

// begin lets two clients post and one look, each half a second after it was answered: what waits
// while a program is stopped has to be looked at in the end, on a busy machine too.
func begin(c client, picture []byte) *load {
	ctx, cancel := context.WithCancel(c.t.Context())
	l := &load{client: c, picture: picture, statuses: make(map[string]int)}
	var clients sync.WaitGroup
	l.stop = func() { cancel(); clients.Wait() }
	c.t.Cleanup(l.stop)
	for _, ask := range []func(context.Context){l.post, l.post, l.look} {
		clients.Go(func() {
			for ctx.Err() == nil {
				ask(ctx)
				select {
				case <-ctx.Done():
				case <-time.After(500 * time.Millisecond):
				}
			}
		})
	}
	return l
}

func (l *load) post(ctx context.Context) {
	l.mu.Lock()
	l.copies++
	comment := fmt.Appendf(nil, "load %d", l.copies)
	l.mu.Unlock()
	body := bytes.Join([][]byte{l.picture[:2], {0xff, 0xfe, 0, byte(len(comment) + 2)}, comment, l.picture[2:]}, nil)
	answer := l.ask(ctx, http.MethodPost, l.At.Receive+"/images", bytes.NewReader(body))
	var accepted struct{ Images []struct{ ID int64 } }
	json.Unmarshal(answer, &accepted) // what it has to be is checked by its status
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, image := range accepted.Images {
		l.ids = append(l.ids, image.ID)
	}
}

func (l *load) look(ctx context.Context) { l.ask(ctx, http.MethodGet, l.At.View+"/", nil) }

// ask notes the answer's status. Nobody answers while a program is not there; that
// is no answer of a program that took the request.
func (l *load) ask(ctx context.Context, method, url string, body io.Reader) []byte {
	request, err := http.NewRequestWithContext(context.WithoutCancel(ctx), method, url, body)
	if err != nil {
		l.t.Error(err)
		return nil
	}
	request.Header.Set("Content-Type", "image/jpeg")
	request.Header.Set("Accept", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.statuses[fmt.Sprintf("%s %d", method, response.StatusCode)]++
	if response.StatusCode >= 500 || err != nil {
		l.t.Errorf("%s %s: %d %s, %v", method, url, response.StatusCode, answer, err)
	}
	return answer
}

// posted is how many pictures receive has taken.
func (l *load) posted() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.ids)
}

// more waits until that many more pictures were posted.
func (l *load) more(n int) {
	l.t.Helper()
	before := l.posted()
	testkit.Eventually(l.t, time.Minute, "pictures are posted", func() bool { return l.posted() >= before+n })
}

// flows waits until a picture that is posted from now on was looked at.
func (l *load) flows() {
	l.t.Helper()
	l.more(1)
	l.mu.Lock()
	id := l.ids[len(l.ids)-1]
	l.mu.Unlock()
	l.final(id)
}

// channel is what nsqd says about the bridge's channel.
type channel struct {
	Depth    int `json:"depth"`
	InFlight int `json:"in_flight_count"`
	Deferred int `json:"deferred_count"`
	TimedOut int `json:"timeout_count"`
}

func (c client) channel() channel {
	c.t.Helper()
	status, answer := c.do(http.MethodGet, "http://"+c.At.NSQDHTTP[0]+"/stats?format=json&topic=images&channel=process", nil)
	var stats struct {
		Topics []struct{ Channels []channel }
	}
	if err := json.Unmarshal(answer, &stats); err != nil || status != http.StatusOK || len(stats.Topics) != 1 || len(stats.Topics[0].Channels) != 1 {
		c.t.Fatalf("nsqd's stats: %d %s", status, answer)
	}
	return stats.Topics[0].Channels[0]
}

// TestSIGTERMUnderLoad ends each program as Kubernetes does, while pictures are
// posted. A lease and a message's timeout are a minute here: what is finished within
// half of that was given back, not waited for.
func TestSIGTERMUnderLoad(t *testing.T) {
	const promptly = 30 * time.Second
	data := t.TempDir()
	var mu sync.Mutex
	var killed []string
	s, err := system.Start(t.Context(), system.Settings{
		Data: data, Samples: "off", PingEvery: time.Second, StartTime: 2 * time.Minute, Programs: programs,
		Environment: []string{"BREAKER_OPEN=1s"},
	}, func(format string, args ...any) {
		t.Logf(format, args...)
		if line := fmt.Sprintf(format, args...); strings.Contains(line, "was killed") {
			mu.Lock()
			killed = append(killed, line)
			mu.Unlock()
		}
	})
	testkit.Succeed(t, err)
	t.Cleanup(func() {
		s.Stop()
		wantNoRaces(t, filepath.Join(data, "logs"))
		if len(killed) > 0 {
			t.Errorf("SIGTERM did not end %q", killed)
		}
	})
	c := client{t, s, s.At}
	var picture bytes.Buffer // a small one: what counts here is not who is in it
	testkit.Succeed(t, jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 64, 48)), nil))
	l := begin(c, picture.Bytes())
	l.more(5)

	for _, name := range []string{system.Receive, system.View, system.Process, system.Bridge, system.FaceServer} {
		t.Logf("SIGTERM to %s", name)
		s.Program(name).Stop()
		s.Program(name).Start()
		l.more(5)
	}
	l.flows()

	// Programs that wait for a stopped one have work in flight that does not end.
	freeze(t, s.Program(system.FaceServer), func() {
		testkit.Eventually(c.t, promptly, "pictures are at the face server", func() bool { return c.channel().InFlight > 0 && l.claimed() > 0 })
		s.Program(system.Process).Stop()
		if n := l.claimed(); n != 0 {
			t.Errorf("process ended and left %d pictures claimed", n)
		}
	})
	s.Program(system.Process).Start()
	l.flows()
	freeze(t, s.Program(system.Process), func() {
		testkit.Eventually(c.t, promptly, "events are at process", func() bool { return c.channel().InFlight > 0 })
		s.Program(system.Bridge).Stop()
		if now := c.channel(); now.InFlight != 0 || now.Depth == 0 {
			t.Errorf("the bridge ended; nsqd says %+v, want its messages to be had again", now)
		}
	})
	s.Program(system.Bridge).Start()
	l.flows()

	l.stop()
	testkit.Eventually(c.t, promptly, "all pictures are looked at", func() bool { return len(l.unfinished()) == 0 })
	if now := c.channel(); now.TimedOut != 0 {
		t.Errorf("%d messages were given to another only after their timeout", now.TimedOut)
	}
	t.Logf("%d pictures; answers %v", l.posted(), l.statuses)
}

// freeze stops a program as a debugger does, while do runs.
func freeze(t *testing.T, p *system.Program, do func()) {
	t.Helper()
	pid := p.PID()
	testkit.Succeed(t, syscall.Kill(pid, syscall.SIGSTOP))
	defer syscall.Kill(pid, syscall.SIGCONT)
	do()
}

// claimed is how many pictures somebody has claimed.
func (l *load) claimed() int { return len(l.listed("processing")) }

// unfinished are the ids that receive gave out and that have no final state.
func (l *load) unfinished() (ids []int64) {
	waiting := make(map[int64]bool)
	for _, status := range []string{"pending", "processing", "failed"} {
		for _, id := range l.listed(status) {
			waiting[id] = true
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range l.ids {
		if waiting[id] {
			ids = append(ids, id)
		}
	}
	return ids
}

// listed are the ids of pictures of a status, of the newest at most.
func (l *load) listed(status string) (ids []int64) {
	l.t.Helper()
	code, answer := l.do(http.MethodGet, l.At.View+"/?limit=200&status="+status, nil, "Accept", "application/json")
	var list struct{ Images []struct{ ID int64 } }
	if err := json.Unmarshal(answer, &list); err != nil || code != http.StatusOK {
		l.t.Fatalf("list %s: %d %s", status, code, answer)
	}
	for _, image := range list.Images {
		ids = append(ids, image.ID)
	}
	return ids
}
