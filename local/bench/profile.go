package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profiled measures a subject. With BENCH_PROFILES its first round has profiles of its program.
func (l *lab) profiled(ctx context.Context, s subject, round int) (sample, error) {
	if l.settings.Profile == "" || s.program == nil || round > 0 {
		return s.measure(ctx)
	}
	taken := make(chan error, 1)
	go func() { taken <- l.profile(ctx, s) }()
	measured, err := s.measure(ctx)
	if profile := <-taken; profile != nil {
		return measured, profile
	}
	return measured, err
}

// profile takes a CPU profile of the program while the round goes on, then its allocations.
func (l *lab) profile(ctx context.Context, s subject) error {
	seconds := max(1, int((l.settings.round()+warmup)/time.Second))
	if err := l.fetchProfile(ctx, s, "cpu", fmt.Sprintf("profile?seconds=%d", seconds)); err != nil {
		return err
	}
	return l.fetchProfile(ctx, s, "allocs", "allocs")
}

func (l *lab) fetchProfile(ctx context.Context, s subject, kind, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.program.second+"/debug/pprof/"+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("take a profile of %s: %w", s.program.name, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("take a profile of %s: %s, %w", s.program.name, response.Status, err)
	}
	file := filepath.Join(l.settings.Profile, fmt.Sprintf("%s.%s.%s.pprof", s.program.name, s.name, kind))
	if err := os.WriteFile(file, content, 0o644); err != nil {
		return fmt.Errorf("keep a profile: %w", err)
	}
	return nil
}
