package serve_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/serve"
)

// short is a limit that a test runs into, and long what outlasts it.
const (
	short = 100 * time.Millisecond
	long  = 4 * short
)

// readAll answers with how the body's end came.
func readAll(w http.ResponseWriter, r *http.Request) {
	_, err := io.ReadAll(r.Body)
	if problem, ok := errors.AsType[*serve.Problem](err); ok {
		problem.Write(w, false)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
		return
	}
	select {
	case <-r.Context().Done():
		http.Error(w, "cancelled", http.StatusTeapot)
	case <-time.After(long):
		io.WriteString(w, "read")
	}
}

// untilClosed sends text and waits until the server ends the connection.
func untilClosed(t *testing.T, address, text string) (answer string) {
	t.Helper()
	connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(patience / 2))
	if _, err := io.WriteString(connection, text); err != nil {
		t.Fatal(err)
	}
	read, err := io.ReadAll(connection)
	if netErr, ok := errors.AsType[net.Error](err); ok && netErr.Timeout() {
		t.Errorf("the connection is still open after %q", read)
	}
	return string(read)
}

func TestAHeaderThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	s := start(t, http.NotFoundHandler(), nil, func(w *serve.Web) { w.HeaderTimeout = short })
	untilClosed(t, s.address, "GET / HTTP/1.1\r\nHost: x\r\n")
}

func TestAnIdleConnectionIsClosed(t *testing.T) {
	t.Parallel()
	s := start(t, http.NotFoundHandler(), nil, func(w *serve.Web) { w.IdleTimeout = short })
	if answer := untilClosed(t, s.address, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 404") {
		t.Errorf("the answer before was %q", answer)
	}
}

func TestABodyThatNobodyReadsHoldsNothing(t *testing.T) {
	t.Parallel()
	s := start(t, http.NotFoundHandler(), nil, func(w *serve.Web) { w.BodyTimeout = short })
	if answer := untilClosed(t, s.address, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx"); !strings.HasPrefix(answer, "HTTP/1.1 404") {
		t.Errorf("the answer was %q", answer)
	}
}

// post sends a body in two pieces, with a long pause between them, and gives the answer.
func post(t *testing.T, client *http.Client, address, first, second string) (status int, answer string) {
	t.Helper()
	from, to := io.Pipe()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		io.WriteString(to, first)
		time.Sleep(long) // the slow client itself, nothing is waited for
		io.WriteString(to, second)
		to.Close()
	}()
	code, body := send(t, client, http.MethodPost, "http://"+address, from)
	from.Close()
	<-sent
	return code, body
}

func TestASlowBody(t *testing.T) {
	t.Parallel()
	for protocol, client := range clients() {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			defer client.CloseIdleConnections()
			s := start(t, http.HandlerFunc(readAll), nil, func(w *serve.Web) { w.BodyTimeout, w.BodyRate = short, 100 })
			t.Run("that comes at less than BODY_RATE is cut", func(t *testing.T) {
				if status, answer := post(t, client, s.address, "x", "y"); status != http.StatusRequestTimeout || !strings.Contains(answer, "100 bytes a second") {
					t.Errorf("%d %s, want 408 that says why", status, answer)
				}
			})
			t.Run("that comes at more is not, however long it takes", func(t *testing.T) {
				if status, answer := post(t, client, s.address, strings.Repeat("x", 2000), "y"); status != http.StatusOK {
					t.Errorf("%d %s, want 200", status, answer)
				}
			})
		})
	}
}

func TestWorkAfterTheBodyIsNotCutByTheBodysTime(t *testing.T) {
	t.Parallel()
	for protocol, client := range clients() {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			defer client.CloseIdleConnections()
			s := start(t, http.HandlerFunc(readAll), nil, func(w *serve.Web) { w.BodyTimeout = short })
			response, err := client.Post("http://"+s.address, "text/plain", strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if response.StatusCode != http.StatusOK {
				t.Errorf("%s, want 200", response.Status)
			}
		})
	}
}

func TestALimitOfNothingIsRefused(t *testing.T) {
	t.Parallel()
	settings := []string{"GRACE", "HEADER_TIMEOUT", "MAX_HEADER", "BODY_TIMEOUT", "BODY_RATE", "IDLE_TIMEOUT"}
	environment := []string{"DATABASE=hunter2"}
	for _, setting := range settings {
		environment = append(environment, setting+"=0")
	}
	_, stderr, code := run(t, program(t, environment))
	for _, setting := range settings {
		if code != 2 || !strings.Contains(stderr, setting+"=0") {
			t.Errorf("code %d, want 2 and %s among what is wrong: %s", code, setting, stderr)
		}
	}
}

func TestHealthHasTheHeadersToo(t *testing.T) {
	t.Parallel()
	s := start(t, http.NotFoundHandler(), func(context.Context) error { return errors.New("not yet") })
	client := clients()["HTTP/1.1"]
	defer client.CloseIdleConnections()
	for _, path := range []string{"/healthz", "/readyz"} {
		response, err := client.Get("http://" + s.address + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if h := response.Header; h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: %v", path, h)
		}
	}
}
