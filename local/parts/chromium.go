package parts

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/andybalholm/brotli"

	"lineup.dev/lineup/local/child"
)

// Chromium is a browser that is installed, or unpacked in the cache.
type Chromium struct {
	Path string
	Env  []string // what it needs beside the environment that there is
}

// Chromium gives the browser that the environment's CHROMIUM names, else one that is installed, else Debian's, which it
// installs where it may, else npm's.
func (c Cache) Chromium(ctx context.Context) (Chromium, error) {
	if own := os.Getenv("CHROMIUM"); own != "" {
		path, err := exec.LookPath(own)
		if err != nil {
			return Chromium{}, fmt.Errorf("CHROMIUM names no program: %w", err)
		}
		return Chromium{Path: path}, nil
	}
	installed, err := installedChromium()
	if err == nil {
		return installed, nil
	}
	if _, err := exec.LookPath("apt-get"); err == nil && os.Geteuid() == 0 {
		err := c.installChromium(ctx)
		if err == nil {
			return installedChromium()
		}
		c.Log("Debian's Chromium cannot be installed, so npm's is taken: %v", err)
	}
	return c.PackedChromium(ctx)
}

func installedChromium() (Chromium, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return Chromium{Path: path}, nil
		}
	}
	return Chromium{}, errors.New("no Chromium is installed; install it, or set CHROMIUM to one of your own")
}

// installChromium installs Debian's with all that it depends on, which is too much to unpack it as MariaDB is.
func (c Cache) installChromium(ctx context.Context) error {
	unlock, err := c.lock(ctx, "chromium-debian")
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := installedChromium(); err == nil { // by another process meanwhile
		return nil
	}
	done := c.progress("Chromium (100 MB and the package lists)")
	for _, args := range [][]string{{"-q", "update"}, {"-q", "-y", "--no-install-recommends", "install", "chromium"}} {
		cmd := exec.Command("apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if err := child.Run(ctx, cmd); err != nil {
			return err
		}
	}
	done()
	return nil
}

// PackedChromium unpacks npm's.
func (c Cache) PackedChromium(ctx context.Context) (Chromium, error) {
	if runtime.GOARCH != "amd64" {
		return Chromium{}, fmt.Errorf("no Chromium is known for %s: install one, or set CHROMIUM to one of your own", runtime.GOARCH)
	}
	packed, err := c.fetch(ctx, chromium)
	if err != nil {
		return Chromium{}, fmt.Errorf("%w; or install a Chromium, or set CHROMIUM to one of your own", err)
	}
	dir, err := c.Folder(ctx, filepath.Base(packed)+"-unpacked", func(dir string) error {
		return errors.Join(
			inflate(filepath.Join(packed, "chromium.br"), func(r io.Reader) error { return writeProgram(filepath.Join(dir, "chromium"), r) }),
			inflate(filepath.Join(packed, "swiftshader.tar.br"), func(r io.Reader) error { return untar(r, dir) }),
			inflate(filepath.Join(packed, "al2023.tar.br"), func(r io.Reader) error { return untar(r, dir) }),
			inflate(filepath.Join(packed, "fonts.tar.br"), func(r io.Reader) error { return untar(r, dir) }),
		)
	})
	if err != nil {
		return Chromium{}, fmt.Errorf("unpack Chromium: %w", err)
	}
	return Chromium{
		Path: filepath.Join(dir, "chromium"),
		Env:  []string{"LD_LIBRARY_PATH=" + filepath.Join(dir, "lib"), "FONTCONFIG_PATH=" + filepath.Join(dir, "fonts")},
	}, nil
}

// inflate gives what a file that brotli made smaller was.
func inflate(name string, use func(io.Reader) error) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := use(brotli.NewReader(bytes.NewReader(content))); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	return nil
}

func writeProgram(name string, content io.Reader) error {
	out, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	return errors.Join(err, out.Close())
}

// untar writes a tar's folders, files and links below dir, and nothing beside it.
func untar(from io.Reader, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	archive := tar.NewReader(from)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = writeMember(root, header, archive)
		}
		if err != nil {
			return err
		}
	}
}

func writeMember(root *os.Root, header *tar.Header, content io.Reader) error {
	name := filepath.Clean(header.Name)
	switch header.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeSymlink:
		return root.Symlink(header.Linkname, name)
	case tar.TypeReg:
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		out, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, header.FileInfo().Mode()&fs.ModePerm)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, content)
		return errors.Join(err, out.Close())
	}
	return nil
}
