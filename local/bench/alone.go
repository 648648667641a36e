package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nsqio/go-nsq"
	"github.com/valyala/fasthttp"
)

// aloneGroups are bridge and process, each between parts that take no time.
func aloneGroups() []group {
	carried, processed := "bridge.alone", "process.alone"
	return []group{
		{name: carried, compare: true, prepare: func(ctx context.Context, l *lab) ([]subject, error) { return l.bridgeAlone(ctx, carried) }},
		{name: processed, compare: true, prepare: func(ctx context.Context, l *lab) ([]subject, error) { return l.processAlone(ctx, processed) }},
	}
}

// carriedAtOnce is how many messages wait when the bridge starts.
const carriedAtOnce = 20_000

// bridgeAlone carries messages that wait to a sink that answers at once.
func (l *lab) bridgeAlone(ctx context.Context, name string) ([]subject, error) {
	var subjects []subject
	for _, b := range l.builds {
		nsqd, err := l.startNSQD(ctx)
		if err != nil {
			return nil, err
		}
		var memory float64
		subjects = append(subjects, subject{name: b.figure(name), unit: "events/s", beside: []string{"bare_pub", "bare_http"}, measure: func(ctx context.Context) (s sample, err error) {
			s, memory, err = l.carried(ctx, b, nsqd)
			return s, err
		}}, subject{name: b.figure("bridge.memory"), unit: "MB", measure: func(context.Context) (sample, error) { return sample{value: memory}, nil }})
	}
	if l.settings.Ref != "" {
		return subjects, nil
	}
	pub, err := l.barePub(name)
	if err != nil {
		return nil, err
	}
	bare, err := l.bareHTTP(ctx, name, 16)
	return append(subjects, pub, bare), err
}

// carried gives how many messages a second arrive, and the memory that the bridge had at most.
func (l *lab) carried(ctx context.Context, b build, nsqd *program) (_ sample, megabytes float64, err error) {
	var taken atomic.Int64
	all := make(chan struct{})
	listener, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		return sample{}, 0, fmt.Errorf("open a sink: %w", err)
	}
	sink := &fasthttp.Server{Handler: func(c *fasthttp.RequestCtx) {
		c.SetStatusCode(http.StatusAccepted)
		if taken.Add(1) == carriedAtOnce {
			close(all)
		}
	}}
	go sink.Serve(listener)             //nolint:errcheck // who is not served fails
	defer sink.ShutdownWithContext(ctx) //nolint:errcheck // it ends with this process at the latest
	if err := l.publishMany(nsqd); err != nil {
		return sample{}, 0, err
	}
	start := time.Now()
	bridge, err := l.startBridge(ctx, b, nsqd, "http://"+listener.Addr().String())
	if err != nil {
		return sample{}, 0, err
	}
	defer l.stop(bridge)
	if err := l.profileWhile(ctx, bridge, "bridge.alone", func() error {
		select {
		case <-all:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Minute):
			return fmt.Errorf("of %d messages %d arrived in five minutes", carriedAtOnce, taken.Load())
		}
	}); err != nil {
		return sample{}, 0, err
	}
	s := sample{value: carriedAtOnce / time.Since(start).Seconds(), done: carriedAtOnce}
	megabytes, err = mostMemory(bridge.process.PID)
	return s, megabytes, err
}

func (l *lab) publishMany(nsqd *program) error {
	producer, err := nsq.NewProducer(nsqd.address, nsq.NewConfig())
	if err != nil {
		return fmt.Errorf("connect to nsqd: %w", err)
	}
	defer producer.Stop()
	producer.SetLogger(nil, nsq.LogLevelMax)
	bodies := make([][]byte, 1000)
	for range carriedAtOnce / len(bodies) {
		for i := range bodies {
			bodies[i] = l.submitted(numbers.Add(1))
		}
		if err := producer.MultiPublish("images", bodies); err != nil {
			return fmt.Errorf("publish messages: %w", err)
		}
	}
	return nil
}

// mostMemory is what a process had resident at most (proc(5): VmHWM), in megabytes of 1,000,000 bytes.
func mostMemory(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read a process's memory: %w", err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kilobytes float64
	if _, err := fmt.Sscanf(rest, "%f kB", &kilobytes); err != nil {
		return 0, errors.New("read a process's memory: /proc tells no VmHWM")
	}
	return kilobytes * 1024 / 1e6, nil
}

// waitingRows is how many pictures wait for process: more than it can look at in a round of the usual length.
const waitingRows = 50_000

// processAlone posts hints of pictures that wait to process, whose face server answers at once.
func (l *lab) processAlone(ctx context.Context, name string) ([]subject, error) {
	const clients = 16
	var subjects []subject
	for _, b := range l.builds {
		database, err := l.images(ctx, b, 0)
		if err != nil {
			return nil, err
		}
		faces, err := l.start(ctx, l.builds[0], "fixture", "FIXTURE=faces")
		if err != nil {
			return nil, err
		}
		process, err := l.start(ctx, b, "process", append(l.pictureEnvironment(database), "FACE_ADDRESS="+faces.address)...)
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, subject{name: b.figure(name), unit: "pictures/s", program: process, beside: []string{"bare_insert", "bare_http"}, before: func(ctx context.Context) error {
			if err := l.empty(ctx, database); err != nil {
				return err
			}
			return l.execute(ctx, database, fmt.Sprintf(`INSERT INTO images (path, queued_at, created_at, updated_at)
				SELECT %s, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM seq_1_to_%d`, l.filledPath(), waitingRows))
		}, measure: func(ctx context.Context) (sample, error) {
			var id atomic.Int64
			return hammer(ctx, clients, l.settings.round(), post(process.address, request{method: http.MethodPost, path: "/", contentType: "application/cloudevents+json",
				body: l.submitted, next: func() int64 { return id.Add(1) }}))
		}})
	}
	if l.settings.Ref != "" {
		return subjects, nil
	}
	database, err := l.images(ctx, l.builds[0], 0)
	if err != nil {
		return nil, err
	}
	insert, err := l.bareInsert(ctx, name, database)
	if err != nil {
		return nil, err
	}
	bare, err := l.bareHTTP(ctx, name, clients)
	return append(subjects, insert, bare), err
}
