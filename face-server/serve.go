package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/telemetry"
	facerecog "lineup.dev/lineup/proto"
)

// messageMargin is by how much a message may exceed a picture's bytes, so that a
// picture a little too large is refused in words rather than by gRPC.
const messageMargin = 1 << 20

// A client that is silent for so long is pinged; without an answer its connection ends, and
// what it asked with it.
var pings = keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}

// leastPing is how often clients may ping, also while they ask nothing: gRPC's own limit, 5
// minutes, would end connections that are looked after.
const leastPing = 5 * time.Second

// run answers calls until ctx ends, then those in flight, within the grace time.
// It listens at once and is ready when the gallery was read.
func run(ctx context.Context, config settings, log *slog.Logger) error {
	e, err := newEngine(config, log)
	if err != nil {
		return err
	}
	defer e.close()
	pictures, err := config.Patience.Open(config.ImagesURL)
	if err != nil {
		return fmt.Errorf("IMAGES_URL: %w", err)
	}
	defer pictures.Close()
	secure, err := config.TLS.Server(log)
	if err != nil {
		return err
	}
	listener, err := serve.Bind(ctx, config.Listen)
	if err != nil {
		return err
	}
	log.Info("listening", "address", listener.Addr().String())
	s := newServer(config, e, pictures, log)
	s.observe()
	stopProfiles, err := serve.Profiles(ctx, config.Listen, log)
	if err != nil {
		listener.Close()
		return err
	}
	defer stopProfiles()
	stopScrapes, err := config.Scraping.serve(ctx, log)
	if err != nil {
		listener.Close()
		return err
	}
	defer stopScrapes()
	return answerCalls(ctx, config, listener, secure, pings, s)
}

// answerCalls follows the gallery and serves on the listener, until ctx ends. Calls in
// flight then have the grace time, after which they are refused as those of a busy server.
func answerCalls(ctx context.Context, config settings, listener net.Listener, secure credentials.TransportCredentials, pings keepalive.ServerParameters, s *server) error {
	healthy := health.NewServer()
	setHealth(healthy, healthpb.HealthCheckResponse_NOT_SERVING)
	calls := grpc.NewServer(
		telemetry.Answered(),
		grpc.Creds(secure),
		grpc.MaxRecvMsgSize(int(config.MaxPicture)+messageMargin),
		grpc.MaxConcurrentStreams(config.MaxStreams), // each may hold a message
		grpc.WaitForHandlers(true),                   // the models are freed afterwards
		grpc.KeepaliveParams(pings),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: leastPing, PermitWithoutStream: true}),
	)
	facerecog.RegisterIdentifyServer(calls, s)
	facerecog.RegisterHealthCheckServer(calls, s)
	facerecog.RegisterGalleryServer(calls, &photos{server: s, page: config.ListPage})
	healthpb.RegisterHealthServer(calls, healthy)
	reflection.Register(calls)

	overdue, stopWaiting := serve.Overdue(ctx, config.Grace)
	defer stopWaiting()
	s.overdue = overdue

	ctx, stop := context.WithCancel(ctx)
	var background sync.WaitGroup
	defer background.Wait()
	defer stop()
	background.Go(func() { s.gallery.Follow(ctx, s.pause) })
	background.Go(func() {
		select {
		case <-s.gallery.Loaded():
			setHealth(healthy, healthpb.HealthCheckResponse_SERVING)
			s.log.Info("ready", "model", s.models.Name, "threshold", s.Threshold, "margin", s.Margin)
		case <-ctx.Done():
		}
	})
	background.Go(func() {
		<-ctx.Done()
		healthy.Shutdown()
		drain(calls, config.Grace+serve.ShutdownMargin)
	})
	if err := calls.Serve(listener); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// setHealth answers grpc.health.v1 for the server as a whole and for each service.
func setHealth(h *health.Server, status healthpb.HealthCheckResponse_ServingStatus) {
	for _, service := range []string{"", facerecog.Identify_ServiceDesc.ServiceName, facerecog.HealthCheck_ServiceDesc.ServiceName, facerecog.Gallery_ServiceDesc.ServiceName} {
		h.SetServingStatus(service, status)
	}
}

// drain lets the calls in flight end, and breaks those that take longer.
func drain(calls *grpc.Server, limit time.Duration) {
	timer := time.AfterFunc(limit, calls.Stop)
	defer timer.Stop()
	calls.GracefulStop()
}
