package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profiled measures a subject, and what it cost each part. With BENCH_PROFILES its first round has profiles of its
// program.
func (l *lab) profiled(ctx context.Context, s subject, round int) (sample, error) {
	if s.before != nil {
		if err := s.before(ctx); err != nil {
			return sample{}, err
		}
	}
	before, err := l.costsNow()
	if err != nil {
		return sample{}, err
	}
	var measured sample
	measure := func() (err error) {
		measured, err = s.measure(ctx)
		return err
	}
	if s.program != nil && round == 0 {
		err = l.profileWhile(ctx, s.program, s.name, measure)
	} else {
		err = measure()
	}
	if err != nil {
		return sample{}, err
	}
	after, err := l.costsNow()
	measured.cpu = after.each(before, measured.done)
	return measured, err
}

// profileWhile takes profiles of a program while something goes on, with BENCH_PROFILES.
func (l *lab) profileWhile(ctx context.Context, p *program, name string, do func() error) error {
	if l.settings.Profile == "" {
		return do()
	}
	taken := make(chan error, 1)
	go func() { taken <- l.profile(ctx, p, name) }()
	err := do()
	return cmp.Or(err, <-taken)
}

// profile takes a CPU profile of the program while the round goes on, then its allocations.
func (l *lab) profile(ctx context.Context, p *program, name string) error {
	seconds := max(1, int((l.settings.round()+warmup)/time.Second))
	if err := l.fetchProfile(ctx, p, name, "cpu", fmt.Sprintf("profile?seconds=%d", seconds)); err != nil {
		return err
	}
	return l.fetchProfile(ctx, p, name, "allocs", "allocs")
}

func (l *lab) fetchProfile(ctx context.Context, p *program, name, kind, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.second+"/debug/pprof/"+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("take a profile of %s: %w", p.name, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("take a profile of %s: %s, %w", p.name, response.Status, err)
	}
	file := filepath.Join(l.settings.Profile, fmt.Sprintf("%s.%s.%s.pprof", p.name, name, kind))
	if err := os.WriteFile(file, content, 0o644); err != nil {
		return fmt.Errorf("keep a profile: %w", err)
	}
	return nil
}
