package main

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc/stats"
)

// sentState is one call's answer to: was it sent? A status code cannot tell a
// server that was never reached from one that died over the picture.
type sentState struct{ state atomic.Int32 }

// A call is waiting, then whichever of the two others happens first.
const (
	callWaiting   = iota
	callSent      // its message was written
	callCancelled // it is not to be sent any more
)

func (s *sentState) markSent()    { s.state.CompareAndSwap(callWaiting, callSent) }
func (s *sentState) cancel() bool { return s.state.CompareAndSwap(callWaiting, callCancelled) }
func (s *sentState) sent() bool   { return s.state.Load() == callSent }

type sentKey struct{}

func withSentState(ctx context.Context, s *sentState) context.Context {
	return context.WithValue(ctx, sentKey{}, s)
}

// sentHandler is a stats.Handler that notes when a call's message was written.
type sentHandler struct{}

func (sentHandler) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if call, ok := ctx.Value(sentKey{}).(*sentState); ok {
		if _, written := s.(*stats.OutPayload); written {
			call.markSent()
		}
	}
}

func (sentHandler) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (sentHandler) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (sentHandler) HandleConn(context.Context, stats.ConnStats)                       {}
