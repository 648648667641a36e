package parts

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// Models puts ONNX Runtime, libjpeg-turbo and the face models into dir, where models.json says how the face server uses them. Models of
// one's own are safe there under names of their own.
func (c Cache) Models(ctx context.Context, dir string) error {
	library, ok := runtimes[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("ONNX Runtime is not known for linux/%s: it comes for amd64 and arm64", runtime.GOARCH)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("complete the models: %w", err)
	}
	var g errgroup.Group
	for _, p := range []pack{library, decoders[runtime.GOARCH], models, second} {
		g.Go(func() error {
			cached, err := c.fetch(ctx, p)
			if err != nil {
				return err
			}
			for _, f := range p.files {
				if err := place(filepath.Join(cached, f.name()), f, filepath.Join(dir, f.name())); err != nil {
					return fmt.Errorf("complete the models: %w", err)
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// place makes the cached file from appear as to, by a hard link, else by a copy. Another file at to is replaced.
func place(from string, f packed, to string) error {
	if same, err := isSame(from, f, to); err != nil || same {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(to), ".part") // on to's disk, so that the file can take its place at once
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	ready := filepath.Join(temp, f.name())
	if os.Link(from, ready) != nil {
		source, err := os.Open(from)
		if err != nil {
			return err
		}
		defer source.Close()
		if err := f.write(source, temp); err != nil {
			return err
		}
	}
	return os.Rename(ready, to)
}

func isSame(from string, f packed, to string) (bool, error) {
	have, err := os.Stat(to)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	cached, err := os.Stat(from)
	if err != nil || os.SameFile(have, cached) {
		return err == nil, err
	}
	content, err := os.Open(to)
	if err != nil {
		return false, err
	}
	defer content.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, content); err != nil {
		return false, err
	}
	return fmt.Sprintf("%x", sum.Sum(nil)) == f.sha256, nil
}
