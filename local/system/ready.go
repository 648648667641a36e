package system

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// awaitAll waits until every program that tells its health is ready.
func (s *System) awaitAll(ctx context.Context) error {
	for _, name := range []string{Receive, View, Process, ProcessTwo, Bridge, FaceServer} {
		if s.Program(name) == nil {
			continue
		}
		if err := s.await(ctx, name, func(ctx context.Context) error { return s.Ready(ctx, name) }); err != nil {
			return err
		}
	}
	return nil
}

// Ready asks a program whether it is ready. MariaDB is as soon as it runs: it is not called started before it answers.
func (s *System) Ready(ctx context.Context, name string) error {
	switch name {
	case MariaDB:
		if p := s.Program(MariaDB); p.PID() == 0 {
			return errors.New("it is starting")
		}
		return nil
	case NSQD:
		return answers(ctx, "http://"+s.At.NSQDHTTP[0]+"/ping")
	case FaceServer:
		return s.serving(ctx)
	}
	urls := map[string]string{
		Receive: s.At.Receive, View: s.At.View, Bridge: s.At.Bridge,
		Process: s.At.Process, ProcessTwo: "http://" + local(s.settings.processTwoPort),
	}
	return answers(ctx, urls[name]+"/readyz")
}

// await asks again and again whether a program is ready, until it is or does not stay up.
func (s *System) await(ctx context.Context, name string, ready func(context.Context) error) error {
	p := s.Program(name)
	for {
		attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := ready(attempt)
		cancel()
		if err == nil {
			return nil
		}
		if failing := p.failing(); failing != nil {
			return fmt.Errorf("%w; see %s", failing, p.Log)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s to be ready: %w; see %s", name, err, p.Log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// answers asks a program that speaks HTTP.
func answers(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(reason)))
	}
	return nil
}

// serving asks the face server.
func (s *System) serving(ctx context.Context) error {
	answer, err := grpc_health_v1.NewHealthClient(s.faces).Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	if answer.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		return fmt.Errorf("it is %s", answer.Status)
	}
	return nil
}
