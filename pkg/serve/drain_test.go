package serve_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"lineup.dev/lineup/pkg/serve"
)

// inFlight is a request that the server has begun to answer.
type inFlight struct {
	body     *io.PipeWriter
	response *http.Response
}

func ask(t *testing.T, client *http.Client, address string) inFlight {
	t.Helper()
	from, to := io.Pipe()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address, from)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { to.Close(); response.Body.Close() })
	return inFlight{to, response}
}

// finish sends the rest and reads the whole answer.
func (f inFlight) finish(t *testing.T) {
	t.Helper()
	if _, err := io.WriteString(f.body, "to the end"); err != nil {
		t.Error(err)
	}
	f.body.Close()
	if answer, err := io.ReadAll(f.response.Body); string(answer) != "to the end" || err != nil {
		t.Errorf("the request in flight got %q, %v", answer, err)
	}
}

// untilRefused waits until nobody listens there any more.
func untilRefused(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return
		}
		if err == nil {
			connection.Close()
		}
		if time.Now().After(deadline) {
			t.Fatalf("it still takes connections, %v", err)
		}
	}
}

func TestItDrains(t *testing.T) {
	t.Parallel()
	for protocol, client := range clients() {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s := start(t, http.HandlerFunc(echo), nil)
			request := ask(t, client, s.address)
			s.end()
			untilRefused(t, s.address)
			select {
			case err := <-s.ended:
				t.Fatalf("it ended with %v before the request in flight", err)
			default:
			}
			request.finish(t)
			select {
			case err := <-s.ended:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(patience):
				t.Error("it did not end")
			}
		})
	}
}

func TestSignals(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			for again, code := range map[bool]int{false: 0, true: -1} {
				cmd := program(t, []string{"DATABASE=x", "HOST=127.0.0.1", "PORT=0"})
				stderr, err := cmd.StderrPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				log := bufio.NewReader(stderr)
				line, err := log.ReadBytes('\n')
				if err != nil {
					t.Fatal(err)
				}
				var listening struct{ Address string }
				if err := json.Unmarshal(line, &listening); err != nil {
					t.Fatal(err)
				}
				request := ask(t, clients()["HTTP/1.1"], listening.Address)
				if err := cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				untilRefused(t, listening.Address)
				ended := make(chan error, 1)
				if again {
					go func() { io.Copy(io.Discard, log); ended <- cmd.Wait() }()
					untilEnded(t, cmd.Process, signal, ended)
				} else {
					request.finish(t)
					io.Copy(io.Discard, log)
					cmd.Wait()
				}
				if got := cmd.ProcessState.ExitCode(); got != code {
					t.Errorf("a second signal %t: it ended with %v, want %d", again, cmd.ProcessState, code)
				}
			}
		})
	}
}

// untilEnded signals again and again until the process has ended.
func untilEnded(t *testing.T, p *os.Process, signal os.Signal, ended <-chan error) {
	t.Helper()
	deadline := time.After(patience)
	for {
		p.Signal(signal)
		select {
		case <-ended:
			return
		case <-deadline:
			t.Fatal("a second signal does not end it")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestARequestThatDoesNotEndIsCutOff(t *testing.T) {
	t.Parallel()
	began := make(chan struct{})
	s := start(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { close(began); <-r.Context().Done() }), nil, func(w *serve.Web) { w.Grace = short })
	answered := make(chan error, 1)
	go func() {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.address, nil)
		if err == nil {
			var response *http.Response
			if response, err = http.DefaultTransport.RoundTrip(request); err == nil {
				response.Body.Close()
			}
		}
		answered <- err
	}()
	<-began
	s.end()
	select {
	case err := <-s.ended:
		if err == nil || !strings.Contains(err.Error(), short.String()) {
			t.Errorf("it ended with %v, want an error that names %v", err, short)
		}
	case <-time.After(patience):
		t.Fatal("it did not end")
	}
	if err := <-answered; err == nil {
		t.Error("the request was answered")
	}
}

func TestWorkIsOverdueWhenTheGraceTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		overdue, stop := serve.Overdue(ctx, 20*time.Second)
		defer stop()
		time.Sleep(time.Hour)
		synctest.Wait()
		if overdue.Err() != nil {
			t.Fatal("overdue though nothing has ended")
		}
		end()
		time.Sleep(20*time.Second - 1)
		synctest.Wait()
		if overdue.Err() != nil {
			t.Error("overdue within the grace time")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if overdue.Err() == nil {
			t.Error("not overdue after the grace time")
		}
	})
}
