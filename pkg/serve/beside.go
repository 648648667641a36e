package serve

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"
)

// Profiles serves what `go tool pprof` reads, at PROFILE_ADDRESS until stop. It does
// nothing where that is not set.
func Profiles(ctx context.Context, l Listen, log *slog.Logger) (stop func(), err error) {
	if l.ProfileAddress == "" {
		return func() {}, nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index) // and by their names allocs, heap, goroutine, mutex, block
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	address, stop, err := Beside(ctx, l.ProfileAddress, "PROFILE_ADDRESS", mux)
	if err != nil {
		return nil, err
	}
	log.Warn("profiles are shown to whoever asks", "address", address)
	return stop, nil
}

// besideGrace is how long an answer may take to end, once its request's context has.
const besideGrace = time.Second

// Beside serves h beside what a program itself answers. It gives the address that it has,
// and stop, which ends it and waits for that: the requests' contexts end, and their answers
// after them. An error names the settings that say the address.
func Beside(ctx context.Context, address, settings string, h http.Handler) (at string, stop func(), err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return "", nil, fmt.Errorf("listen on %s: %w; next: set %s to a free address", address, err, settings)
	}
	answering, end := context.WithCancel(context.WithoutCancel(ctx))
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return answering }}
	var serving sync.WaitGroup
	serving.Go(func() { server.Serve(listener) }) //nolint:errcheck // it ends by Shutdown
	return listener.Addr().String(), func() {
		end()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(answering), besideGrace)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			server.Close() // somebody who is connected asks for nothing, or does not read
		}
		serving.Wait()
	}, nil
}
