package main

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lineup.dev/lineup/local/testkit"
)

// asCommand makes the test binary the command itself.
const asCommand = "TEST_AS_LINEUP=1"

func TestMain(m *testing.M) {
	if name, value, _ := strings.Cut(asCommand, "="); os.Getenv(name) == value {
		main()
	}
	os.Exit(m.Run())
}

// process is the command as a process of its own.
func process(t *testing.T, environment []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testkit.Must(os.Executable())(t), args...)
	cmd.Env = append(append(os.Environ(), asCommand), environment...)
	return cmd
}

func TestHTTPS(t *testing.T) {
	var v results
	server := httptest.NewTLSServer(http.HandlerFunc(v.take))
	defer server.Close()
	authority := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	testkit.Succeed(t, os.WriteFile(authority, certificate, 0o600))

	cmd := process(t, []string{"VIEW_URL=" + server.URL, "SSL_CERT_FILE=" + authority}, "wait", "1")
	if out, err := cmd.Output(); err != nil || !strings.Contains(string(out), "identified") {
		t.Errorf("with the CA it ended by %v and printed %s", err, out)
	}
	cmd = process(t, []string{"VIEW_URL=" + server.URL, "RETRY_FOR=0"}, "wait", "1")
	out, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(out), "certificate") {
		t.Errorf("without the CA it ended with %d and printed %s", code, out)
	}
}

func TestWhatEveryProgramSays(t *testing.T) {
	for _, test := range []struct {
		environment, arg, want string
		code                   int
	}{
		{"", "-help", "RECEIVE_URL", 0},
		{"", "-version", "lineup ", 0},
		{"AT_ONCE=0", "ls", "AT_ONCE", 2},
		{"API_KEY=hidden", "-help", "set, hidden", 0},
	} {
		cmd := process(t, []string{test.environment}, test.arg)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != test.code || !strings.Contains(string(out), test.want) {
			t.Errorf("%s lineup %s ended with %d and printed %s", test.environment, test.arg, code, out)
		}
	}
}

func TestASignalEndsIt(t *testing.T) {
	asked := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	cmd := process(t, []string{"VIEW_URL=" + server.URL}, "wait", "1")
	testkit.Succeed(t, cmd.Start())
	<-asked
	testkit.Succeed(t, cmd.Process.Signal(syscall.SIGINT))
	cmd.Wait() // says how it ended, as ProcessState does
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("it ended with %d", code)
	}
}
