package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kelseyhightower/envconfig"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/store"
)

// benchmarked is the function as it is served, and the database below it.
type benchmarked struct {
	server *httptest.Server
	dsn    string
	posts  atomic.Int64 // makes every path a new one
}

func newBenchmarked(b *testing.B) *benchmarked {
	b.Helper()
	dsn, nsqd := deptest.MySQL(b), deptest.NSQ(b)
	testkit.Succeed(b, store.Migrate(b.Context(), dsn))
	log := slog.New(slog.NewJSONHandler(io.Discard, nil))
	of := defaults()
	testkit.Succeed(b, envconfig.Process("", &of))
	db := testkit.Must(store.Open(store.Settings{Database: store.Database{DSN: dsn}, Connections: 10}))(b)
	hints := testkit.Must(queue.New(deptest.QueueSettings(b, nsqd.TCP, nsqd.HTTP)))(b)
	roots, gallery := testkit.Must(photo.Open(b.TempDir()))(b), testkit.Must(photo.Open(b.TempDir()))(b)
	b.Cleanup(func() { db.Close(); hints.Close(); roots.Close(); gallery.Close() })
	authenticator := testkit.Must(auth.New(auth.Settings{}, log))(b)
	of.StatementTimeout = 10 * time.Second
	r := newReceiver(of, opened{authenticator, db, hints, roots, gallery}, nil, log)
	server := httptest.NewServer(r.routes())
	b.Cleanup(server.Close)
	return &benchmarked{server: server, dsn: dsn}
}

// message is a request's body, and its headers in pairs.
type message struct {
	path, body string
	headers    []string
}

// messages are the ways in which pictures come.
var messages = map[string]func(n int64) message{
	"path": func(n int64) message {
		return message{"/image/post", fmt.Sprintf(`{"path":"a folder/picture %d.jpg"}`, n), nil}
	},
	"paths of 100": func(n int64) message {
		paths := make([]string, 100)
		for i := range paths {
			paths[i] = fmt.Sprintf(`{"path":"a folder/picture %d-%d.jpg"}`, n, i)
		}
		return message{"/images/post", `{"paths":[` + strings.Join(paths, ",") + `]}`, nil}
	},
	"binary event": func(n int64) message {
		return message{"/", fmt.Sprintf(`{"path":"a folder/picture %d.jpg"}`, n), []string{"Content-Type", "application/json",
			"Ce-Specversion", "1.0", "Ce-Type", "dev.lineup.image.submitted", "Ce-Source", "/bench", "Ce-Id", fmt.Sprint(n)}}
	},
	"structured event": func(n int64) message {
		return message{"/", structured(n), []string{"Content-Type", "application/cloudevents+json"}}
	},
	"batched event": func(n int64) message {
		return message{"/", "[" + structured(n) + "]", []string{"Content-Type", "application/cloudevents-batch+json"}}
	},
	"upload of 100 KB": func(n int64) message {
		return message{"/images", "\xff\xd8\xff\xe0" + fmt.Sprintf("%012d", n) + strings.Repeat("pixel", 20_000), []string{"Content-Type", "image/jpeg"}}
	},
}

func structured(n int64) string {
	return fmt.Sprintf(`{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/bench","id":"%d","datacontenttype":"application/json","data":{"path":"a folder/picture %d.jpg"}}`, n, n)
}

// BenchmarkReceive posts new pictures, beside the database alone: an INSERT a picture by 16
// connections, and by one.
func BenchmarkReceive(b *testing.B) {
	s := newBenchmarked(b)
	for _, connections := range []int{1, 16} {
		b.Run(fmt.Sprintf("bare INSERT/clients=%d", connections), func(b *testing.B) { s.insert(b, connections) })
	}
	for _, c := range []struct {
		what    string
		clients []int
	}{
		{"path", []int{1, 16, 64, 256}},
		{"paths of 100", []int{1, 16}},
		{"binary event", []int{1, 16, 64}},
		{"structured event", []int{16, 64}},
		{"batched event", []int{16, 64}},
		{"upload of 100 KB", []int{1, 16}},
	} {
		for _, clients := range c.clients {
			b.Run(fmt.Sprintf("%s/clients=%d", c.what, clients), func(b *testing.B) { s.post(b, clients, messages[c.what]) })
		}
	}
}

func (s *benchmarked) insert(b *testing.B, connections int) {
	db := deptest.SQL(b, s.dsn)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	byClients(b, connections, func() error {
		_, err := db.ExecContext(b.Context(), fmt.Sprintf("INSERT INTO images (path, created_at, updated_at) VALUES ('bare/%d.jpg', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))", s.posts.Add(1)))
		return err
	})
}

func (s *benchmarked) post(b *testing.B, clients int, next func(int64) message) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	byClients(b, clients, func() error {
		m := next(s.posts.Add(1))
		request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, s.server.URL+m.path, bytes.NewReader([]byte(m.body)))
		if err != nil {
			return err
		}
		for i := 0; i < len(m.headers); i += 2 {
			request.Header.Set(m.headers[i], m.headers[i+1])
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		said, err := io.ReadAll(response.Body)
		if err == nil && response.StatusCode != http.StatusAccepted {
			err = fmt.Errorf("%s: %s", response.Status, said)
		}
		return err
	})
}

// byClients does b.N times what is to be done, so many at once.
func byClients(b *testing.B, clients int, do func() error) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var mu sync.Mutex
	var took []time.Duration
	var all sync.WaitGroup
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	b.ResetTimer()
	for range clients {
		all.Go(func() {
			var mine []time.Duration
			for left.Add(-1) >= 0 && ctx.Err() == nil {
				began := time.Now()
				if err := do(); err != nil {
					b.Error(err)
					stop()
				}
				mine = append(mine, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
		})
	}
	all.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(took[len(took)/2].Seconds()*1e3, "ms-p50")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "ms-p99")
}
