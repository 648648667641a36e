package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/pkg/event"
)

// garbage is a message on the topic that stands for no picture, and so belongs
// among the dead letters.
type garbage struct {
	body []byte
	from time.Time // it was published between
	to   time.Time
	sure bool // nsqd answered that it has it
}

// newGarbage makes the n-th message, no two alike.
func newGarbage(rng *rand.Rand, n int) []byte {
	submitted := func(id string) string {
		return fmt.Sprintf(`{"specversion":"1.0","type":%q,"source":"/chaos","id":"g%d","datacontenttype":"application/json","data":{"id":%s,"path":"g"}}`,
			event.TypeSubmitted, n, id)
	}
	switch rng.IntN(6) {
	case 0:
		return fmt.Appendf([]byte{0xff, 0x00, 0xfe}, "not even text %d", n)
	case 1:
		return fmt.Appendf(nil, `{"some":"JSON","n":%d}`, n)
	case 2:
		return []byte(strings.Replace(submitted("1"), event.TypeSubmitted, "somebody.elses.event", 1))
	case 3:
		return []byte(submitted("0"))
	case 4:
		return []byte(submitted(fmt.Sprint(1<<53 + n))) // there is no such picture
	default:
		return fmt.Appendf(bytes.Repeat([]byte("x"), 300<<10), "much %d", n)
	}
}

// nsqd is what the harness asks of it, past every proxy.
type nsqd struct{ tcp, http string }

// publish puts a message on the topic. After an error it may be there all the same.
func (q nsqd) publish(ctx context.Context, body []byte) (garbage, error) {
	g := garbage{body: body, from: time.Now()}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+q.http+"/pub?topic=images", bytes.NewReader(body))
	if err != nil {
		return g, err
	}
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		response.Body.Close()
		g.sure = response.StatusCode == http.StatusOK
	}
	g.to = time.Now()
	return g, nil
}

// unfinished tells how many messages of the topic are not finished.
func (q nsqd) unfinished(ctx context.Context) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+q.http+"/stats?format=json&topic=images&include_clients=false", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var stats struct {
		Topics []struct {
			Depth    int
			Channels []struct {
				Depth    int
				InFlight int `json:"in_flight_count"`
				Deferred int `json:"deferred_count"`
			}
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&stats); err != nil {
		return 0, err
	}
	n := 0
	for _, t := range stats.Topics {
		n += t.Depth
		for _, c := range t.Channels {
			n += c.Depth + c.InFlight + c.Deferred
		}
	}
	return n, nil
}

// deadLetters reads the dead-letter topic until nothing has come for a second, and
// gives the bodies of the messages that became dead letters.
func (q nsqd) deadLetters(ctx context.Context) (bodies [][]byte, err error) {
	consumer, err := nsq.NewConsumer("images.dead", "chaos", nsq.NewConfig())
	if err != nil {
		return nil, err
	}
	consumer.SetLoggerLevel(nsq.LogLevelMax)
	var mu sync.Mutex
	var errs []error
	came := make(chan struct{}, 1)
	consumer.AddHandler(nsq.HandlerFunc(func(m *nsq.Message) error {
		var letter struct {
			Type string
			Data struct{ Body []byte }
		}
		err := json.Unmarshal(m.Body, &letter)
		mu.Lock()
		defer mu.Unlock()
		if err != nil || letter.Type != event.TypeNSQDead {
			errs = append(errs, fmt.Errorf("%.200q is no dead letter: %w", m.Body, err))
		}
		bodies = append(bodies, letter.Data.Body)
		select {
		case came <- struct{}{}:
		default:
		}
		return nil
	}))
	if err := consumer.ConnectToNSQD(q.tcp); err != nil {
		return nil, err
	}
	for quiet := false; !quiet && ctx.Err() == nil; {
		select {
		case <-came:
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
			quiet = true
		}
	}
	consumer.Stop()
	<-consumer.StopChan
	mu.Lock()
	defer mu.Unlock()
	return bodies, errors.Join(append(errs, ctx.Err())...)
}
