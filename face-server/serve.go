package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"lineup/pkg/photo"
	"lineup/pkg/serve"
	facerecog "lineup/proto"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
)

// messageMargin is by how much a message may exceed a picture's bytes, so that a
// picture a little too large is refused in words rather than by gRPC.
const messageMargin = 1 << 20

// serve answers calls until ctx ends, then those in flight, within [serve.Grace].
// It listens at once and is ready when the gallery was read.
func (s settings) serve(ctx context.Context, log *slog.Logger) error {
	e, err := s.open(log)
	if err != nil {
		return err
	}
	defer e.close()
	pictures, err := photo.Open(s.ImagesURL)
	if err != nil {
		return fmt.Errorf("IMAGES_URL: %w", err)
	}
	defer pictures.Close()
	listener, err := serve.Bind(ctx, s.Listen)
	if err != nil {
		return err
	}

	answering := &server{
		pictures:   pictures,
		gallery:    e.gallery,
		workers:    e.workers,
		places:     make(chan struct{}, s.Workers+s.Queue),
		threshold:  e.threshold,
		model:      e.models.Name,
		maxPicture: s.MaxPicture,
		timeout:    s.CallTimeout,
		log:        log,
	}
	healthy := health.NewServer()
	setHealth(healthy, healthpb.HealthCheckResponse_NOT_SERVING)
	calls := grpc.NewServer(grpc.MaxRecvMsgSize(int(s.MaxPicture) + messageMargin))
	facerecog.RegisterIdentifyServer(calls, answering)
	facerecog.RegisterHealthCheckServer(calls, answering)
	healthpb.RegisterHealthServer(calls, healthy)
	reflection.Register(calls)

	ctx, stop := context.WithCancel(ctx)
	var background sync.WaitGroup
	defer background.Wait()
	defer stop()
	background.Go(func() { e.gallery.Follow(ctx, s.GalleryPoll) })
	background.Go(func() {
		select {
		case <-e.gallery.Loaded():
			setHealth(healthy, healthpb.HealthCheckResponse_SERVING)
			log.Info("ready", "model", e.models.Name, "threshold", e.threshold, "workers", s.Workers)
		case <-ctx.Done():
		}
	})
	background.Go(func() {
		<-ctx.Done()
		healthy.Shutdown()
		drain(calls, serve.Grace)
	})

	log.Info("listening", "address", listener.Addr().String())
	if err := calls.Serve(listener); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// setHealth answers grpc.health.v1 for the server as a whole and for each service.
func setHealth(h *health.Server, status healthpb.HealthCheckResponse_ServingStatus) {
	for _, service := range []string{"", facerecog.Identify_ServiceDesc.ServiceName, facerecog.HealthCheck_ServiceDesc.ServiceName} {
		h.SetServingStatus(service, status)
	}
}

// drain lets the calls in flight end, and breaks those that take longer than grace.
func drain(calls *grpc.Server, grace time.Duration) {
	timer := time.AfterFunc(grace, calls.Stop)
	defer timer.Stop()
	calls.GracefulStop()
}
