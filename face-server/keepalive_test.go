package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"lineup.dev/lineup/local/testkit"
)

// TestClientsMayPing pings as often as is allowed, while nothing is asked: gRPC's default would end the connection.
func TestClientsMayPing(t *testing.T) {
	t.Parallel()
	connection, _ := startServer(t, forTests(t))
	frames := speakHTTP2(t, connection.Target(), 10*leastPing)
	for n := byte(1); n <= 4; n++ {
		testkit.Succeed(t, frames.WritePing(false, [8]byte{n}))
		time.Sleep(leastPing + 100*time.Millisecond)
	}
	testkit.Succeed(t, frames.WritePing(false, [8]byte{5}))
	for {
		switch f := testkit.Must(frames.ReadFrame())(t).(type) {
		case *http2.GoAwayFrame:
			t.Fatalf("the server ends the connection: %v %s", f.ErrCode, f.DebugData())
		case *http2.PingFrame:
			if f.IsAck() && f.Data[0] == 5 {
				return
			}
		}
	}
}

// TestASilentClientIsGivenUp has a client that answers no ping.
func TestASilentClientIsGivenUp(t *testing.T) {
	t.Parallel()
	s := forTests(t)
	answering := newTestServer(t, s)
	listener := testkit.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	short := keepalive.ServerParameters{Time: time.Second, Timeout: 100 * time.Millisecond} // gRPC takes no shorter time
	go func() { ended <- answerCalls(ctx, s, listener, insecure.NewCredentials(), short, answering) }()
	t.Cleanup(func() {
		stop()
		testkit.Succeed(t, <-ended)
	})
	frames := speakHTTP2(t, listener.Addr().String(), time.Minute)
	testkit.Succeed(t, frames.WriteSettingsAck())
	pinged := false
	for {
		frame, err := frames.ReadFrame()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("the connection is kept")
		}
		if err != nil {
			break
		}
		if f, ok := frame.(*http2.PingFrame); ok && !f.IsAck() {
			pinged = true
		}
	}
	if !pinged {
		t.Error("the connection ended without a ping")
	}
}

// speakHTTP2 begins to speak HTTP/2 to the address, for so long at most.
func speakHTTP2(t *testing.T, address string, limit time.Duration) *http2.Framer {
	t.Helper()
	conn := testkit.Must(net.Dial("tcp", address))(t)
	t.Cleanup(func() { conn.Close() })
	testkit.Succeed(t, conn.SetDeadline(time.Now().Add(limit)))
	testkit.Must(io.WriteString(conn, http2.ClientPreface))(t)
	frames := http2.NewFramer(conn, conn)
	testkit.Succeed(t, frames.WriteSettings())
	return frames
}
