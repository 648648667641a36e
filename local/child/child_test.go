package child_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"lineup.dev/lineup/local/child"
)

// As a parent, this test binary starts a child, says its number and waits to be killed.
func TestMain(m *testing.M) {
	if os.Getenv("CHILD_TEST_PARENT") != "" {
		p, err := child.Start(exec.Command("sleep", "300"))
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(p.PID)
		select {}
	}
	os.Exit(m.Run())
}

func TestAChildDiesWithItsParentHoweverThatDies(t *testing.T) {
	t.Parallel()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "CHILD_TEST_PARENT=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer parent.Wait()
	defer parent.Process.Kill()
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	if !alive(pid) {
		t.Fatalf("the child %d does not run", pid)
	}
	parent.Process.Kill()
	for deadline := time.Now().Add(10 * time.Second); alive(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the child %d outlives its parent", pid)
		}
	}
}

func TestStopAsksFirstAndKillsTheWholeGroupAfterwards(t *testing.T) {
	t.Parallel()
	polite := start(t, "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done")
	if err := polite.Stop(10 * time.Second); err != nil {
		t.Errorf("a program that ends by itself: %v", err)
	}
	if err := polite.Err(); err == nil || err.Error() != "exit status 7" {
		t.Errorf("it ended by %v, want exit status 7", err)
	}
	deaf := start(t, "trap '' TERM; sleep 300 & echo ready; wait")
	group := deaf.PID
	if err := deaf.Stop(50 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Errorf("a program that ignores SIGTERM: %v", err)
	}
	for deadline := time.Now().Add(10 * time.Second); syscall.Kill(-group, 0) == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("its own child is still there")
		}
	}
}

func TestStopAfterTheEndDoesNothing(t *testing.T) {
	t.Parallel()
	p, err := child.Start(exec.Command("true"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(p.Err(), p.Stop(time.Second)); err != nil {
		t.Error(err)
	}
	p.Kill()
}

func TestRunTellsTheLastLinesOfWhatFailed(t *testing.T) {
	t.Parallel()
	err := child.Run(t.Context(), exec.Command("sh", "-c", "seq 100; echo it broke >&2; exit 3"))
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.HasSuffix(err.Error(), "100\nit broke") {
		t.Errorf("the error is %v", err)
	}
	if err != nil && strings.Contains(err.Error(), "\n50\n") {
		t.Errorf("the error is all that was printed")
	}
}

func TestRunIsCutShortByItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := child.Run(ctx, exec.Command("sleep", "300")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
}

func TestAProgramThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	if _, err := child.Start(exec.Command("/no/such/program")); err == nil || !strings.Contains(err.Error(), "program") {
		t.Errorf("the error is %v", err)
	}
}

// start starts a shell script and waits until it says ready.
func start(t *testing.T, script string) *child.Process {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd := exec.Command("sh", "-c", script)
	cmd.Stdout = write
	p, err := child.Start(cmd)
	write.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	var word string
	if _, err := fmt.Fscan(read, &word); err != nil || word != "ready" {
		t.Fatalf("the script said %q, %v", word, err)
	}
	return p
}

// alive tells whether a process runs; one that has ended and was not waited for does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
