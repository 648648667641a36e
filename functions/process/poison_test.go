package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"lineup.dev/lineup/local/child"
	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/breaker"
	"lineup.dev/lineup/pkg/lineup"
	facerecog "lineup.dev/lineup/proto"
)

// In the environment of this test binary, these make it a face server that dies over
// a picture whose name begins with "poison".
const (
	mortalAddress = "MORTAL_FACE_SERVER"
	mortalLog     = "MORTAL_LOG" // file to which it appends the paths it was asked for
)

func TestMain(m *testing.M) {
	if address := os.Getenv(mortalAddress); address != "" {
		fmt.Fprintln(os.Stderr, serveUntilKilled(address, os.Getenv(mortalLog)))
		os.Exit(1)
	}
	os.Exit(deptest.Main(m))
}

func serveUntilKilled(address, log string) error {
	asked, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	face := &faceStub{answer: func(_ context.Context, path string) (*facerecog.IdentifyResponse, error) {
		fmt.Fprintln(asked, path)
		if strings.HasPrefix(path, "poison") {
			os.Exit(3)
		}
		time.Sleep(100 * time.Millisecond) // what looking takes: others are in flight when it dies
		return names("", 0), nil
	}}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	facerecog.RegisterIdentifyServer(server, face)
	facerecog.RegisterHealthCheckServer(server, face)
	return server.Serve(listener)
}

// mortalServer runs such a face server, and starts it again whenever it died.
func mortalServer(t *testing.T) (address, log string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Succeed(t, err)
	address, log = free.Addr().String(), filepath.Join(t.TempDir(), "asked")
	free.Close()
	var keeping sync.WaitGroup
	keeping.Go(func() {
		for t.Context().Err() == nil {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), mortalAddress+"="+address, mortalLog+"="+log)
			process, err := child.Start(cmd)
			if err != nil {
				t.Error(err)
				return
			}
			select {
			case <-process.Done():
			case <-t.Context().Done():
				process.Kill()
			}
		}
	})
	t.Cleanup(keeping.Wait)
	return address, log
}

func TestAPictureThatKillsTheServerEndsFailedAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	address, log := mortalServer(t)
	s := newSystem(t, &faceStub{address: address})
	s.faces.healthTimeout = 5 * time.Second
	s.Retry = Retry{MaxAttempts: 4, First: time.Second, Most: 2 * time.Second}
	s.breaker = breaker.New(breaker.Settings{Failures: 3, OpenFor: time.Second}, s.faces.healthy, s.log)
	const others = 60
	s.submit(t, "poison.jpg")
	for i := range others {
		s.submit(t, fmt.Sprintf("%d.jpg", i))
	}
	_, wait := s.carry(t, others+1, 16, time.Second)
	wait()
	if image := s.image(t, 1); image.Status != lineup.Failed || !strings.Contains(image.Reason, "4 times") {
		t.Errorf("the poison is %s (%q), want failed after 4 attempts", image.Status, image.Reason)
	}
	if n := s.count(t, "status='unknown'"); n != others {
		t.Errorf("%d of %d innocent pictures were looked at", n, others)
	}
	// Those in flight with it the first time are in quarantine from then on, and so
	// never in flight with it again.
	if n := s.count(t, "status='unknown' AND attempts>1"); n != 0 {
		t.Errorf("%d innocent pictures were in flight with the poison more than once", n)
	}
	asked, err := os.ReadFile(log)
	testkit.Succeed(t, err)
	if n := bytes.Count(asked, []byte("poison.jpg\n")); n != 4 {
		t.Errorf("the face server was asked %d times for the poison, want 4", n)
	}
	if calls := bytes.Count(asked, []byte("\n")); calls > others+4*16 {
		t.Errorf("%d calls for %d pictures and 4 deaths with 16 in flight", calls, others)
	}
}
