package main

import (
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// TestClientsMayPing pings as often as is allowed, while nothing is asked: gRPC's default would end the connection.
func TestClientsMayPing(t *testing.T) {
	t.Parallel()
	connection, _ := startServer(t, forTests(t))
	conn, err := net.Dial("tcp", connection.Target())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * leastPing))
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	frames := http2.NewFramer(conn, conn)
	if err := frames.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	for n := byte(1); n <= 4; n++ {
		if err := frames.WritePing(false, [8]byte{n}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(leastPing + 100*time.Millisecond)
	}
	if err := frames.WritePing(false, [8]byte{5}); err != nil {
		t.Fatal(err)
	}
	for {
		frame, err := frames.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		switch f := frame.(type) {
		case *http2.GoAwayFrame:
			t.Fatalf("the server ends the connection: %v %s", f.ErrCode, f.DebugData())
		case *http2.PingFrame:
			if f.IsAck() && f.Data[0] == 5 {
				return
			}
		}
	}
}
