package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"lineup.dev/lineup/local/child"
)

// packages are the programs of every commit, and those that only a run needs.
var (
	packages = []string{"./functions/receive", "./functions/process", "./functions/view", "./bridge", "./face-server", "./pkg/store/migrate"}
	ownOnes  = []string{"./local/nsqd", "./local/bench/fixture"}
)

// buildAll builds this checkout's programs, and with REF those of that commit.
func (l *lab) buildAll(ctx context.Context) error {
	if err := l.checkRef(); err != nil {
		return err
	}
	own := build{"new", commit(l.root, "HEAD"), filepath.Join(l.dir, "new")}
	if err := compile(ctx, l.root, own.dir, slices.Concat(packages, ownOnes)...); err != nil {
		return err
	}
	l.builds = []build{own}
	if l.settings.Ref == "" {
		return nil
	}
	l.say("building the programs of %s", l.settings.Ref)
	source := filepath.Join(l.dir, "source")
	if err := l.export(ctx, source); err != nil {
		return err
	}
	other := build{"old", commit(l.root, l.settings.Ref), filepath.Join(l.dir, "old")}
	if err := compile(ctx, source, other.dir, packages...); err != nil {
		return err
	}
	l.builds = append(l.builds, other)
	return os.RemoveAll(source)
}

// checkRef refuses a REF that is no commit, before anything is built.
func (l *lab) checkRef() error {
	ref := l.settings.Ref
	if ref == "" {
		return nil
	}
	if err := exec.Command("git", "-C", l.root, "rev-parse", "--quiet", "--verify", "--end-of-options", ref+"^{commit}").Run(); err != nil {
		return fmt.Errorf("REF=%s is no commit of this repository; next: one that git log --oneline --all lists", ref)
	}
	return nil
}

// export writes the files of REF to a folder. The checkout itself is not touched.
func (l *lab) export(ctx context.Context, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("get %s: %w", l.settings.Ref, err)
	}
	archive := to + ".tar"
	defer os.Remove(archive)
	if err := child.Run(ctx, exec.Command("git", "-C", l.root, "archive", "-o", archive, l.settings.Ref)); err != nil {
		return fmt.Errorf("get %s: %w", l.settings.Ref, err)
	}
	if err := child.Run(ctx, exec.Command("tar", "-C", to, "-xf", archive)); err != nil {
		return fmt.Errorf("get %s: %w", l.settings.Ref, err)
	}
	return nil
}

func compile(ctx context.Context, root, to string, packages ...string) error {
	cmd := exec.Command("go", slices.Concat([]string{"build", "-buildvcs=false", "-o", to + string(filepath.Separator)}, packages)...)
	cmd.Dir = root
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	if err := child.Run(ctx, cmd); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	return nil
}

// figure is what a figure is called when it is measured of this build.
func (b build) figure(name string) string {
	if b.name == "new" {
		return name
	}
	return name + "@" + b.commit
}
