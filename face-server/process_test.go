package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/local/child"
	"lineup.dev/lineup/local/testkit"
	facerecog "lineup.dev/lineup/proto"
)

// build builds face-server as it is shipped: a test's own pixels and the race detector's
// memory are none of its.
func build(tb testing.TB) (program string) {
	tb.Helper()
	program = filepath.Join(tb.TempDir(), "face-server")
	if out, err := exec.CommandContext(tb.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	return program
}

// process is a face-server of its own.
type process struct {
	*child.Process
	facerecog.IdentifyClient
}

// startProcess starts a program that build made, with folders of s and more settings. It
// ends with the test at the latest.
func startProcess(tb testing.TB, program string, s settings, more ...string) process {
	tb.Helper()
	command := exec.Command(program)
	command.Env = append(os.Environ(), "HOST=127.0.0.1", "PORT=0", "MODELS="+s.Models, "KNOWN_PEOPLE="+s.KnownPeople, "IMAGES_URL="+s.ImagesURL)
	command.Env = append(command.Env, more...)
	logs, err := command.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	started := testkit.Must(child.Start(command))(tb)
	tb.Cleanup(started.Kill)
	address := listensAt(tb, logs)
	go io.Copy(io.Discard, logs)
	connection := testkit.Must(grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials())))(tb)
	tb.Cleanup(func() { connection.Close() })
	return process{started, facerecog.NewIdentifyClient(connection)}
}

// whenReady asks until the gallery was read.
func (p process) whenReady(tb testing.TB, request *facerecog.IdentifyRequest) (*facerecog.IdentifyResponse, error) {
	tb.Helper()
	for {
		answer, err := p.Identify(tb.Context(), request)
		if status.Code(err) != codes.ResourceExhausted {
			return answer, err
		}
		time.Sleep(time.Millisecond)
	}
}

// listensAt reads from a program's logs where it listens.
func listensAt(tb testing.TB, logs io.Reader) (address string) {
	tb.Helper()
	var logged bytes.Buffer
	lines := bufio.NewScanner(io.TeeReader(logs, &logged))
	for lines.Scan() {
		var line struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
			return line.Address
		}
	}
	tb.Fatalf("it does not listen; it logged: %s", logged.Bytes())
	return ""
}

// A command that is asked what it takes says so, and looks for no file of that name.
func TestACommandTellsWhatItTakes(t *testing.T) {
	program := build(t)
	for _, args := range [][]string{{"accuracy", "-help"}, {"accuracy", "--help"}, {"identify", "-h"}} {
		command := exec.CommandContext(t.Context(), program, args...)
		command.Env = []string{}
		out, err := command.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "face-server accuracy DIR|CSV") {
			t.Errorf("%q: %v, %s", args, err, out)
		}
	}
}
