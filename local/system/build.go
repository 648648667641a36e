package system

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"lineup.dev/lineup/local/child"
)

// packages are the programs that a system consists of, MariaDB aside.
var packages = []string{"./local/nsqd", "./face-server", "./functions/process", "./bridge", "./functions/receive", "./functions/view"}

// Build builds the programs of the module at root into the folder to, with flags for go build, such as -race. It is
// quick when nothing has changed.
func Build(ctx context.Context, root, to string, flags ...string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	args := append([]string{"build", "-o", to + string(filepath.Separator)}, flags...)
	cmd := exec.Command("go", append(args, packages...)...)
	cmd.Dir = root
	if err := child.Run(ctx, cmd); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	return nil
}
