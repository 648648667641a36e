package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

// hinted submits n pictures whose hints are given, the first of them two minutes ago,
// the last just now.
func (s *system) hinted(t *testing.T, n int) {
	t.Helper()
	for chunk := range slices.Chunk(numbers(n), 1000) {
		paths := make([]string, len(chunk))
		for i, number := range chunk {
			paths[i] = fmt.Sprintf("%d.jpg", number)
		}
		submissions := testkit.Must(s.store.Submit(t.Context(), store.Paths(paths...)))(t)
		waiting := make([]store.Ref, len(submissions))
		for i, row := range submissions {
			waiting[i] = row.Ref
		}
		testkit.Succeed(t, s.publisher.publish(t.Context(), waiting, nil))
		testkit.Succeed(t, s.publisher.stamp(t.Context(), waiting))
	}
	s.exec(t, "UPDATE images SET queued_at=queued_at - INTERVAL MOD(id, 120) SECOND")
}

func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i + 1
	}
	return all
}

func (s *system) exec(t *testing.T, statement string) {
	t.Helper()
	db := testkit.Must(sql.Open("mysql", s.dsn))(t)
	defer db.Close()
	testkit.Must(db.ExecContext(t.Context(), statement))(t)
}

// aMinuteLater lets a minute pass for the rows, then pings.
func (s *system) aMinuteLater(t *testing.T) {
	t.Helper()
	s.exec(t, "UPDATE images SET queued_at=queued_at - INTERVAL 1 MINUTE, retry_at=retry_at - INTERVAL 1 MINUTE")
	got := s.do(t, "/", "", "Ce-Specversion", "1.0", "Ce-Type", "dev.knative.sources.ping", "Ce-Source", "/test", "Ce-Id", "1")
	if got.status != http.StatusAccepted {
		t.Fatalf("the ping: %d %s", got.status, got.body)
	}
}

func TestNSQDThatLostEverythingIsFilledAgainWithinFourMinutes(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	const rows = 5000
	s.hinted(t, rows)
	s.command(t, "/topic/empty?topic=images")
	if n := s.depth(t); n != 0 {
		t.Fatalf("%d hints are left", n)
	}
	for minute := 1; minute <= 4; minute++ {
		s.aMinuteLater(t)
		n := s.depth(t)
		t.Logf("after %d minutes %d of %d are hinted again", minute, n, rows)
		if n > s.sweeper.Fill {
			t.Fatalf("%d hints on the queue, more than SWEEP_FILL", n)
		}
	}
	if n := len(s.pictures(t, rows)); n != rows {
		t.Errorf("%d different pictures are hinted, want all %d", n, rows)
	}
}

// command tells nsqd something over HTTP.
func (s *system) command(t *testing.T, command string) {
	t.Helper()
	response := testkit.Must(http.Post("http://"+s.nsqd.HTTP+command, "", nil))(t)
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("nsqd on %s: %s", command, response.Status)
	}
}

// pictures reads n hints and gives the ids they name.
func (s *system) pictures(t *testing.T, n int) map[int64]bool {
	t.Helper()
	ids := make(map[int64]bool)
	for _, body := range s.nextHints(t, n) {
		var e struct{ Data struct{ ID int64 } }
		testkit.Succeed(t, json.Unmarshal([]byte(body), &e))
		ids[e.Data.ID] = true
	}
	return ids
}

func TestMorePicturesThanTheQueueMayHoldAreHintedAsItDrains(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.sweeper.Fill = 1000
	const rows = 2500
	s.hinted(t, rows)
	s.command(t, "/topic/empty?topic=images")
	seen := make(map[int64]bool)
	for minute := 1; len(seen) < rows; minute++ {
		if minute > 10 {
			t.Fatalf("%d of %d pictures were hinted", len(seen), rows)
		}
		s.aMinuteLater(t)
		n := s.depth(t)
		if n > s.sweeper.Fill {
			t.Fatalf("%d hints on the queue, more than SWEEP_FILL", n)
		}
		for id := range s.pictures(t, n) {
			if seen[id] {
				t.Fatalf("picture %d was hinted twice though it is identified", id)
			}
			seen[id] = true
		}
		s.exec(t, "UPDATE images SET status='unknown', announced_at=UTC_TIMESTAMP(6) WHERE id IN ("+list(seen)+")")
	}
}

// list is the ids as SQL has them.
func list(ids map[int64]bool) string {
	text := "0"
	for id := range ids {
		text += fmt.Sprintf(",%d", id)
	}
	return text
}

func TestABacklogIsNotDoubledByThePing(t *testing.T) {
	t.Parallel()
	const rows = 20_000
	for name, prepare := range map[string]func(*system, *testing.T){
		"all hints wait": func(*system, *testing.T) {},
		"all hints are deferred: process was away": (*system).deferAll,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSystem(t)
			s.hinted(t, rows)
			prepare(s, t)
			for range 10 {
				s.aMinuteLater(t)
			}
			if n := s.depth(t); n != rows {
				t.Errorf("after ten minutes of pings there are %d hints of %d pictures", n, rows)
			}
		})
	}
}

// deferAll plays a bridge whose sink is away: it puts off every message.
func (s *system) deferAll(t *testing.T) {
	t.Helper()
	config := nsq.NewConfig()
	config.MaxInFlight = 1000
	consumer := testkit.Must(nsq.NewConsumer("images", "process", config))(t)
	consumer.SetLoggerLevel(nsq.LogLevelMax)
	var left atomic.Int64
	left.Store(int64(s.depth(t)))
	done := make(chan struct{})
	consumer.AddHandler(nsq.HandlerFunc(func(m *nsq.Message) error {
		m.RequeueWithoutBackoff(time.Hour)
		if left.Add(-1) == 0 {
			close(done)
		}
		return nil
	}))
	testkit.Succeed(t, consumer.ConnectToNSQD(s.nsqd.TCP))
	defer func() { consumer.Stop(); <-consumer.StopChan }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	select {
	case <-done:
	case <-ctx.Done():
		t.Fatalf("%d messages were not put off", left.Load())
	}
}
