package system

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"lineup.dev/lineup/local/child"
)

// packages are the programs that a system consists of, MariaDB aside, and the command that uses it.
var packages = []string{"./local/nsqd", "./face-server", "./functions/process", "./bridge", "./functions/receive", "./functions/view", "./lineup"}

// Build builds the programs of the module at root into the folder to, with flags for go build, such as -race. It is
// quick when nothing has changed. One process at a time builds into a folder.
func Build(ctx context.Context, root, to string, flags ...string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(to, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("build: %w", err)
	}
	defer file.Close() // the kernel frees the lock with the file, and with the process
	for err = syscall.EINTR; errors.Is(err, syscall.EINTR); {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		return fmt.Errorf("build: lock %s: %w", file.Name(), err)
	}
	args := append([]string{"build", "-o", to + string(filepath.Separator)}, flags...)
	cmd := exec.Command("go", append(args, packages...)...)
	cmd.Dir = root
	if err := child.Run(ctx, cmd); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	return nil
}
