package picture_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"lineup.dev/lineup/face-server/picture/turbo"
	"lineup.dev/lineup/local/testkit"
)

// A decoder in C that goes astray ends the program at once: no recover holds it up with
// a memory that nobody can trust. What becomes of the picture is process's part, see
// TestAPictureThatKillsTheServerEndsFailedAndTheOthersGoOn there.
func TestADecoderThatCrashesEndsTheProgram(t *testing.T) {
	const crash = "CRASH"
	if os.Getenv(crash) != "" {
		unreadable, err := syscall.Mmap(-1, 0, 1<<12, syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
		testkit.Succeed(t, err)
		_, err = turbo.ReadHeader(unreadable)
		t.Errorf("it went on, with error %v", err)
		return
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	command.Env = append(os.Environ(), crash+"=1")
	output, err := command.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); !ended || !strings.Contains(string(output), "SIGSEGV") {
		t.Errorf("it ended with %v:\n%s", err, output)
	}
}
