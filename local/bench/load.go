package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// warmup is how long a load runs before it counts: connections are made, and what grows with use has grown.
const warmup = 200 * time.Millisecond

// hammer lets so many clients do a thing again and again, each as soon as its last one is done, and counts what is done
// after the warmup. Each client makes its own do, which may keep what it uses again.
func hammer(ctx context.Context, clients int, length time.Duration, client func(number int) (do func() error)) (sample, error) {
	var (
		wait  sync.WaitGroup
		took  = make([][]time.Duration, clients)
		errs  = make([]error, clients)
		from  = time.Now().Add(warmup)
		until = from.Add(length)
		last  atomic.Int64
		done  atomic.Int64
	)
	for i := range clients {
		wait.Go(func() {
			do := client(i)
			for ctx.Err() == nil {
				start := time.Now()
				if start.After(until) {
					return
				}
				if errs[i] = do(); errs[i] != nil {
					return
				}
				done.Add(1)
				if end := time.Now(); end.After(from) {
					took[i] = append(took[i], end.Sub(start))
					last.Store(max(last.Load(), int64(end.Sub(from))))
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { wait.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done(): // what is under way may take a minute
		return sample{}, ctx.Err()
	}
	all := slices.Concat(took...)
	if err := cmp.Or(errs...); err != nil { // the others would say the same
		return sample{}, err
	}
	if len(all) == 0 {
		return sample{}, errors.New("nothing was done in the time of a round; next: a longer BENCH_ROUND")
	}
	s := rateOf(len(all), max(length, time.Duration(last.Load())), all)
	s.done = int(done.Load())
	return s, nil
}

// request is what a client sends: the body with the number of the request, so that no two are alike.
type request struct {
	method, path, contentType string
	headers                   map[string]string
	numbered                  string // a header that ends in the number
	body                      func(number int64) []byte
	next                      func() int64 // gives the numbers; nil: those that are never given twice
}

// numbers are given to requests, never twice in a run.
var numbers atomic.Int64

// post gives what hammer's clients do: send a request over their own connection, which stays open.
func post(address string, r request) func(int) func() error {
	return func(int) func() error {
		send := sender(address, r)
		return func() error { _, err := send(); return err }
	}
}

// sender sends a request each time, over a connection of its own. The answer holds until the next one.
func sender(address string, r request) func() (answer []byte, err error) {
	client := &fasthttp.HostClient{Addr: address, MaxConns: 1, ReadTimeout: time.Minute, WriteTimeout: time.Minute}
	var q fasthttp.Request
	var answer fasthttp.Response
	q.Header.SetMethod(r.method)
	q.SetRequestURI("http://" + address + r.path)
	q.Header.SetContentType(r.contentType)
	for name, value := range r.headers {
		q.Header.Set(name, value)
	}
	next := r.next
	if next == nil {
		next = func() int64 { return numbers.Add(1) }
	}
	return func() ([]byte, error) {
		n := next()
		if r.numbered != "" {
			q.Header.Set(r.numbered, strconv.FormatInt(n, 10))
		}
		if r.body != nil {
			q.SetBodyRaw(r.body(n))
		}
		if err := client.Do(&q, &answer); err != nil {
			return nil, fmt.Errorf("%s http://%s%s: %w", r.method, address, r.path, err)
		}
		if status := answer.StatusCode(); status/100 != 2 {
			return nil, fmt.Errorf("%s http://%s%s: status %d, %.200q", r.method, address, r.path, status, answer.Body())
		}
		return answer.Body(), nil
	}
}
