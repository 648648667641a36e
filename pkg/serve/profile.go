package serve

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"
)

// Profiles serves what `go tool pprof` reads, at PROFILE_ADDRESS until ctx ends. It does
// nothing where that is not set.
func Profiles(ctx context.Context, l Listen, log *slog.Logger) error {
	if l.ProfileAddress == "" {
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", l.ProfileAddress)
	if err != nil {
		return fmt.Errorf("listen on PROFILE_ADDRESS=%s: %w; set it to a free port, or leave it unset", l.ProfileAddress, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index) // and by their names allocs, heap, goroutine, mutex, block
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	go server.Serve(listener) //nolint:errcheck // it ends by Close
	log.Warn("profiles are shown to whoever asks", "address", listener.Addr().String())
	return nil
}
