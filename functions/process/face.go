package main

import (
	"context"
	"errors"
	"math"
	"strconv"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	grpcbackoff "google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	facerecog "lineup.dev/lineup/proto"
)

// Limits of what a face server may answer.
const (
	answerBytes     = 32 << 20
	answerFaces     = 1000
	answerFloats    = 4096 // an embedding's length
	imageNameLength = 255  // of faces.image_name, in characters
	modelLength     = 100  // of faces.model
)

// faceServer is the client of any face server, this project's or the seed's.
type faceServer struct {
	connection *grpc.ClientConn
	identify   facerecog.IdentifyClient
	health     facerecog.HealthCheckClient
	timeout    time.Duration // of an Identify
	patience   time.Duration // of a HealthCheck
}

// dialFaceServer connects to nothing yet.
func dialFaceServer(address string, credentials credentials.TransportCredentials, timeout, patience time.Duration) (*faceServer, error) {
	// A face server that is back is to be found within a second or two.
	reconnect := grpcbackoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second}
	connection, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(credentials),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: patience}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(answerBytes)),
		grpc.WithStatsHandler(watchSending{}))
	if err != nil {
		return nil, err
	}
	return &faceServer{
		connection: connection,
		identify:   facerecog.NewIdentifyClient(connection),
		health:     facerecog.NewHealthCheckClient(connection),
		timeout:    timeout,
		patience:   patience,
	}, nil
}

func (f *faceServer) close() error { return f.connection.Close() }

// who asks who is in the picture. The call is broken off when ctx ends, and when
// closed ends before it was sent.
func (f *faceServer) who(ctx, closed context.Context, id int64, path string, trace event.Trace) ([]lineup.Face, said) {
	parent := ctx
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	call := new(sending)
	defer context.AfterFunc(closed, func() {
		if call.giveUp() {
			cancel()
		}
	})()
	// For the face server's log; one that does not know it leaves it alone.
	ctx = metadata.AppendToOutgoingContext(withTrace(ctx, trace), "image", strconv.FormatInt(id, 10))
	response, err := f.identify.Identify(context.WithValue(ctx, sendingKey{}, call), &facerecog.IdentifyRequest{ImagePath: path})
	if err != nil {
		heard := heard(err, call.wasSent())
		heard.brokenOff = parent.Err() != nil
		return nil, heard
	}
	return facesOf(response), said{sent: true}
}

// healthy asks the face server whether it works.
func (f *faceServer) healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, f.patience)
	defer cancel()
	f.connection.ResetConnectBackoff()
	response, err := f.health.HealthCheck(ctx, &facerecog.Empty{}, grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	if !response.GetReady() {
		return errors.New("it says that it is not ready")
	}
	return nil
}

// heard reads the status and what the server attached to it.
func heard(err error, sent bool) said {
	s := status.Convert(err)
	heard := said{code: s.Code(), message: s.Message(), sent: sent}
	for _, detail := range s.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			heard.rootUnreachable = d.GetReason() == "ROOT_UNREACHABLE"
		case *errdetails.RetryInfo:
			heard.busyFor = d.GetRetryDelay().AsDuration()
		}
	}
	return heard
}

// facesOf trusts nothing that a face server says: what is no number of the range
// that the contract names is not told, and what would not fit a row is left out. A
// server that knows only the seed's field tells one face, or none.
func facesOf(response *facerecog.IdentifyResponse) []lineup.Face {
	if name := imageName(response.GetImageName()); len(response.GetFaces()) == 0 && name != "" {
		return []lineup.Face{{ImageName: name}}
	}
	faces := []lineup.Face{}
	for _, f := range response.GetFaces()[:min(answerFaces, len(response.GetFaces()))] {
		face := lineup.Face{ImageName: imageName(f.GetImageName())}
		if len(f.GetEmbedding()) <= answerFloats && utf8.RuneCountInString(f.GetModel()) <= modelLength {
			face.Embedding, face.Model = f.GetEmbedding(), f.GetModel()
		}
		if f.Similarity != nil {
			face.Similarity = within(*f.Similarity, -1, 1)
		}
		if f.Score != nil {
			face.Score = within(*f.Score, 0, 1)
		}
		if f.GetBox() != nil {
			face.Box = boxOf(f.GetBox())
		}
		faces = append(faces, face)
	}
	return faces
}

// notFound is the seed's image_name for nobody.
const notFound = "not_found"

func imageName(name string) string {
	if name == notFound || utf8.RuneCountInString(name) > imageNameLength {
		return ""
	}
	return name
}

// rounding is how far out of its range a number may be for having been rounded.
const rounding = 1e-3

// within is a number of that range; nil for any other, which means something else
// than the contract says.
func within(f float32, low, high float64) *float64 {
	n := float64(f)
	if !(n >= low-rounding && n <= high+rounding) { // nor is NaN
		return nil
	}
	n = min(max(n, low), high)
	return &n
}

// boxOf is the part of a box that lies in the picture; nil when none does.
func boxOf(b *facerecog.Box) *lineup.Box {
	cut := func(from, length float32) (start, end float64, ok bool) {
		start, end = float64(from), float64(from)+float64(length)
		return max(start, 0), min(end, 1), start < end && start < 1 && end > 0 && !math.IsInf(start, 0) && !math.IsInf(end, 0)
	}
	left, right, across := cut(b.GetX(), b.GetWidth())
	top, bottom, down := cut(b.GetY(), b.GetHeight())
	if !across || !down {
		return nil
	}
	return &lineup.Box{X: left, Y: top, Width: right - left, Height: bottom - top}
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

// sending is one call's answer to: did it leave? A status code cannot tell a
// server that was never reached from one that died over the picture.
type sending struct{ fate atomic.Int32 }

// What became of a call: nothing yet, or the first of two things that happened.
const (
	sent    = 1 // its message was written
	givenUp = 2 // it is not to be sent any more
)

func (s *sending) send()         { s.fate.CompareAndSwap(0, sent) }
func (s *sending) giveUp() bool  { return s.fate.CompareAndSwap(0, givenUp) }
func (s *sending) wasSent() bool { return s.fate.Load() == sent }

type sendingKey struct{}

// watchSending is a stats.Handler that notes when a call's message was written.
type watchSending struct{}

func (watchSending) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if call, ok := ctx.Value(sendingKey{}).(*sending); ok {
		if _, written := s.(*stats.OutPayload); written {
			call.send()
		}
	}
}

func (watchSending) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (watchSending) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (watchSending) HandleConn(context.Context, stats.ConnStats)                       {}
