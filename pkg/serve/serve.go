// Package serve is the Knative runtime contract for Lineup's programs: settings
// from the environment, logs as JSON lines, listening on $PORT, health, and
// draining on SIGTERM.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"lineup.dev/lineup/pkg/telemetry"
)

// ShutdownMargin is how long a request that was told by [Overdue] may take to be
// answered all the same.
const ShutdownMargin = 3 * time.Second

// Main runs a program whose settings are read: with a logger, and a context that
// ends at SIGTERM or SIGINT. It ends the process with status 1 when run fails.
func Main(program string, level slog.Level, run func(context.Context, *slog.Logger) error) {
	limitMemory()
	log := Logger(program, level)
	ctx, stop := Context()
	err := run(ctx, log)
	stop()
	if err != nil {
		log.Error(program+" cannot go on", "error", err)
		os.Exit(1)
	}
}

// Logger writes JSON lines to standard error and becomes the default logger.
// Under Knative every line names the revision.
func Logger(program string, level slog.Level) *slog.Logger {
	log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level})).With("program", program)
	if revision := os.Getenv("K_REVISION"); revision != "" {
		log = log.With("revision", revision)
	}
	slog.SetDefault(log)
	return log
}

// Context ends at SIGTERM or SIGINT; a second signal ends the process at once.
func Context() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// Overdue gives a context that ends when ctx has ended and the grace time after that
// is over: whoever still works then gives its work back and answers.
func Overdue(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	overdue, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(overdue, func() { timer.Stop() })
	})
	return overdue, func() { stop(); cancel() }
}

// Bind listens on l's address.
func Bind(ctx context.Context, l Listen) (net.Listener, error) {
	address := net.JoinHostPort(l.Host, strconv.Itoa(l.Port))
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d is taken: set PORT to a free one: %w", l.Port, err)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return listener, nil
}

// HTTP serves h until ctx ends, then answers the requests in flight, within the
// grace time and a little more, before it returns. GET /healthz says that the
// program lives, GET /readyz that ready gives no error; the error is in the
// log, because it may name what a client should not see. HTTP/1.1 and, for
// Knative's port name h2c, HTTP/2 without TLS.
func HTTP(ctx context.Context, w Web, log *slog.Logger, h http.Handler, ready func(context.Context) error) error {
	listener, err := Bind(ctx, w.Listen)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           withHealth(telemetry.Served(w.paced(h)), ready, log),
		ReadHeaderTimeout: w.HeaderTimeout,
		IdleTimeout:       w.IdleTimeout,
		MaxHeaderBytes:    w.MaxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		Protocols:         new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)

	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	log.Info("listening", "address", listener.Addr().String())
	stopProfiles, err := Profiles(ctx, w.Listen, log)
	if err != nil {
		server.Close()
		<-ended //nolint:errcheck // it is http.ErrServerClosed
		return err
	}
	defer stopProfiles()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}

	log.Info("draining")
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.Grace+ShutdownMargin)
	defer cancel()
	err = server.Shutdown(grace)
	<-ended //nolint:errcheck // it is http.ErrServerClosed
	if err != nil {
		server.Close()
		return fmt.Errorf("requests in flight did not end within %v (GRACE) and %v more: %w", w.Grace, ShutdownMargin, err)
	}
	return nil
}

// readyTime is how long a program may take to find out whether it is ready.
const readyTime = 5 * time.Second

func withHealth(h http.Handler, ready func(context.Context) error, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		Secure(w.Header())
		fmt.Fprintln(w, "alive")
	})
	var reason atomic.Value // the last one logged: a probe comes every second
	reason.Store("")
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		Secure(w.Header())
		ctx, cancel := context.WithTimeout(r.Context(), readyTime)
		defer cancel()
		var err error
		if ready != nil {
			err = ready(ctx)
		}
		if err == nil {
			reason.Store("")
			fmt.Fprintln(w, "ready")
			return
		}
		if reason.Swap(err.Error()) != err.Error() {
			log.Warn("not ready", "error", err)
		}
		http.Error(w, "not ready; the log says why", http.StatusServiceUnavailable)
	})
	mux.Handle("/", h)
	return mux
}
