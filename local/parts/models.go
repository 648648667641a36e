package parts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// Models puts ONNX Runtime and the face models into dir, where models.json says how the face server uses them. What is
// there under the right name is left alone, so that models of one's own stay.
func (c Cache) Models(ctx context.Context, dir string) error {
	library, ok := runtimes[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("ONNX Runtime is not known for linux/%s: it comes for amd64 and arm64", runtime.GOARCH)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("complete the models: %w", err)
	}
	var g errgroup.Group
	for _, p := range []pack{library, models} {
		g.Go(func() error {
			cached, err := c.fetch(ctx, p)
			if err != nil {
				return err
			}
			for _, f := range p.files {
				if err := place(filepath.Join(cached, f.name()), filepath.Join(dir, f.name())); err != nil {
					return fmt.Errorf("complete the models: %w", err)
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// place makes the file from appear as to, which is left alone if it is there: by a hard link, else by a copy.
func place(from, to string) error {
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	temp, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to))
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	defer temp.Close()
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	if _, err := io.Copy(temp, source); err != nil {
		return err
	}
	if err := temp.Chmod(0o644); err != nil {
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), to)
}
