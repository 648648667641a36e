package main

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	grpcbackoff "google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
	"lineup.dev/lineup/pkg/telemetry"
	facerecog "lineup.dev/lineup/proto"
)

// faceServer is the client of any face server, this project's or the original API's.
type faceServer struct {
	dial          func() (*grpc.ClientConn, error) // connects to nothing yet
	instead       atomic.Pointer[faceServer]       // takes all calls, if there is one
	current       atomic.Pointer[grpc.ClientConn]
	healthTimeout time.Duration
}

// A ping of the face server; gRPC allows none sooner than after 10 s, face-server none
// sooner than after 5 s. The third one of a call comes after FACE_TIMEOUT's default.
const (
	pingAfter   = 12 * time.Second
	pingTimeout = 5 * time.Second // to be answered, or the connection ends
)

// dialFaceServer connects to nothing yet; the first call does. A face server that
// refuses connections is tried again every 1.2 s at most, so it is found that soon
// after it is back. One that accepts or drops them in silence holds each try for
// healthTimeout. A connection that broke is made anew only by the next call.
//
// One whose other end went silent is found by pings, which are sent while a call waits
// and nothing has come for pingAfter, and with the first call after a pause. A server
// that does not expect them as this project's does takes three of them between two of
// its answers for an attack, so none are sent while nobody waits. A health check finds
// it sooner.
func dialFaceServer(address string, creds credentials.TransportCredentials, healthTimeout time.Duration) (*faceServer, error) {
	reconnect := grpcbackoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second}
	f := &faceServer{healthTimeout: healthTimeout, dial: func() (*grpc.ClientConn, error) {
		return grpc.NewClient(address,
			grpc.WithTransportCredentials(creds),
			grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: healthTimeout}),
			grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingAfter, Timeout: pingTimeout}),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(responseBytes)),
			grpc.WithStatsHandler(sentHandler{}),
			telemetry.WithCalls())
	}}
	connection, err := f.dial()
	if err != nil {
		return nil, err
	}
	f.current.Store(connection)
	return f, nil
}

func (f *faceServer) close() error { return f.current.Load().Close() }

// become has another take all calls from now on.
func (f *faceServer) become(other *faceServer) { f.instead.Store(other) }

func (f *faceServer) connection() *grpc.ClientConn {
	if other := f.instead.Load(); other != nil {
		return other.connection()
	}
	return f.current.Load()
}

// outcome is how one call to the face server ended.
type outcome struct {
	faces []lineup.Face // when the code is OK
	// thumbnail and large, and the faces' crops, name what is among files.
	thumbnail, large lineup.Derived
	files            []derivedFile
	warning          string // what could not be seen; when the code is OK
	content          string // tells the content of the file that this is about, if the server says
	// comparison is what the faces were compared with, if the server says.
	comparison *store.Comparison
	regions    []store.Region // whose faces the picture's metadata says that it shows
	layout     *lineup.Layout // how its file holds its pixels, if the server says
	code       codes.Code
	message    string
	// sent tells whether the call left this process, so that the picture may have
	// hurt the face server.
	sent bool
	// interrupted tells that this process ended the call because it ends itself.
	interrupted bool
	// rootUnreachable tells that the face server itself works but cannot reach the
	// place where the picture should lie.
	rootUnreachable bool
	// retryAfter, above zero, is when a face server without a free worker wants to be
	// asked again.
	retryAfter time.Duration
}

// identify asks who is in the picture. The call is broken off when ctx ends, and
// when opened ends before it was sent.
func (f *faceServer) identify(ctx, opened context.Context, p *picture) outcome {
	// For the face server's log; one that does not know it leaves it alone.
	ctx = metadata.AppendToOutgoingContext(withTrace(ctx, p.trace), facerecog.ImageKey, strconv.FormatInt(p.id, 10))
	return unlessOpened(ctx, opened, func(ctx context.Context) (outcome, error) {
		response, err := facerecog.NewIdentifyClient(f.connection()).Identify(ctx, &facerecog.IdentifyRequest{ImagePath: p.won.Path, Derived: p.derived != nil})
		o := outcome{
			faces:      readFaces(response),
			warning:    response.GetWarning(),
			content:    readContent(response.GetContent()),
			comparison: readComparison(response.GetComparison()),
			regions:    readRegions(response.GetRegions()),
			layout:     readLayout(response.GetLayout()),
			sent:       true,
		}
		if p.derived != nil {
			o.readDerived(response, p.won.Derived)
		}
		return o, err
	})
}

// describe asks what a photo of the gallery shows. A server that knows only the original
// API describes none.
func (f *faceServer) describe(ctx, opened context.Context, image string, derived bool, trace event.Trace) (described *facerecog.Photo, o outcome) {
	o = unlessOpened(withTrace(ctx, trace), opened, func(ctx context.Context) (_ outcome, err error) {
		described, err = facerecog.NewGalleryClient(f.connection()).Describe(ctx, &facerecog.DescribeRequest{ImageName: image, Derived: derived})
		return outcome{sent: true}, err
	})
	if o.code == codes.Unimplemented {
		return nil, outcome{sent: true}
	}
	return described, o
}

// match asks who faces are that were described before. Without an answer, the face server
// cannot compare them: it knows only the original API, or has another model.
func (f *faceServer) match(ctx, opened context.Context, model string, faces []store.Rematched, trace event.Trace) (answer *facerecog.MatchResponse, o outcome) {
	request := &facerecog.MatchRequest{Model: model}
	for _, face := range faces {
		request.Descriptors = append(request.Descriptors, &facerecog.Descriptor{Values: face.Embedding, Occluded: face.Occluded})
	}
	o = unlessOpened(withTrace(ctx, trace), opened, func(ctx context.Context) (_ outcome, err error) {
		answer, err = facerecog.NewGalleryClient(f.connection()).Match(ctx, request)
		return outcome{sent: true}, err
	})
	if o.code == codes.Unimplemented || o.code == codes.InvalidArgument {
		return nil, outcome{sent: true}
	}
	return answer, o
}

// unlessOpened makes a call that is broken off when ctx ends, and when opened ends before
// it was sent.
func unlessOpened(ctx, opened context.Context, call func(context.Context) (outcome, error)) outcome {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	state := new(sentState)
	defer context.AfterFunc(opened, func() {
		if state.cancel() {
			cancel()
		}
	})()
	o, err := call(withSentState(ctx, state))
	if err != nil {
		return failure(err, state.sent())
	}
	return o
}

func withTrace(ctx context.Context, trace event.Trace) context.Context {
	if trace.Parent != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, event.ExtTraceParent, trace.Parent)
	}
	if trace.State != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, event.ExtTraceState, trace.State)
	}
	return ctx
}

// failure reads the status and what the server attached to it.
func failure(err error, sent bool) outcome {
	s := status.Convert(err)
	o := outcome{code: s.Code(), message: s.Message(), sent: sent}
	for _, detail := range s.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			o.rootUnreachable = d.GetReason() == facerecog.RootUnreachable
			o.content = readContent(d.GetMetadata()[facerecog.ContentKey])
		case *errdetails.RetryInfo:
			o.retryAfter = d.GetRetryDelay().AsDuration()
		}
	}
	return o
}

// healthy asks the face server whether it works. When nothing is heard for half the time
// that it has, it is asked over a new connection as well: if that is answered, the silent
// one is left, which is sooner than a ping would tell. Calls on it may still end as they do.
func (f *faceServer) healthy(ctx context.Context) error {
	if other := f.instead.Load(); other != nil {
		return other.healthy(ctx)
	}
	var asking sync.WaitGroup
	defer asking.Wait()
	ctx, cancel := context.WithTimeout(ctx, f.healthTimeout)
	defer cancel()
	current := f.current.Load()
	answer := make(chan error, 1)
	asking.Go(func() { answer <- health(ctx, current) })
	silence := time.NewTimer(f.healthTimeout / 2)
	defer silence.Stop()
	select {
	case err := <-answer:
		return err
	case <-silence.C:
	}
	fresh, err := f.dial()
	if err != nil {
		return <-answer
	}
	freshAnswer := make(chan error, 1)
	asking.Go(func() { freshAnswer <- health(ctx, fresh) })
	select {
	case err = <-answer:
	case err = <-freshAnswer:
		if err == nil && f.current.CompareAndSwap(current, fresh) {
			time.AfterFunc(leftFor, func() { current.Close() })
			return nil
		}
	}
	fresh.Close()
	return err
}

// leftFor is how long a connection that was left is kept for the calls on it; FACE_TIMEOUT is no longer.
const leftFor = 15 * time.Minute

// health asks over one connection. The pause between two tries to connect is cut
// short; a try that is under way is waited for.
func health(ctx context.Context, connection *grpc.ClientConn) error {
	connection.ResetConnectBackoff()
	response, err := facerecog.NewHealthCheckClient(connection).HealthCheck(ctx, &facerecog.Empty{}, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	if !response.GetReady() {
		return errors.New("it says that it is not ready")
	}
	return nil
}
