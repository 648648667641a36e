package photo

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// folder is a root on disk. Every access goes through os.Root, so that no link,
// however late it was made, leads out of it.
type folder struct {
	dir    string
	window int                  // of a walk
	sync   func(*os.File) error // makes last what was written; nil: nothing does
}

func newFolder(dir string) (root, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the folder: %w", err)
	}
	return folder{dir, window, (*os.File).Sync}, nil
}

func (f folder) close() error { return nil }

func (f folder) locate(p string) (string, bool) {
	name, below := f.locateFolder(p)
	return name, below && name != ""
}

func (f folder) locateFolder(p string) (string, bool) {
	if _, _, isURL := splitURL(p); isURL {
		return "", false
	}
	if !path.IsAbs(p) {
		return p, true
	}
	return strings.CutPrefix(p, f.spell(""))
}

func (f folder) spell(name string) string { return strings.TrimSuffix(f.dir, "/") + "/" + name }

func (f folder) stat(ctx context.Context, name string) (Entry, error) {
	file, entry, err := f.open(ctx, name)
	if err == nil {
		file.Close()
	}
	return entry, err
}

func (f folder) open(ctx context.Context, name string) (io.ReadCloser, Entry, error) {
	dir, err := f.openRoot(ctx)
	if err != nil {
		return nil, Entry{}, err
	}
	defer dir.Close()
	// O_NONBLOCK: to open a named pipe would wait for a writer.
	file, err := dir.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.ELOOP):
		return nil, Entry{}, ErrNotFound // nor can there ever be one
	case errors.Is(err, syscall.ENXIO):
		return nil, Entry{}, fmt.Errorf("%w but a socket", ErrNotFile)
	case err != nil:
		return nil, Entry{}, fileError(err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%w but %s", ErrNotFile, kind(info.Mode()))
	}
	if err != nil {
		file.Close()
		return nil, Entry{}, err
	}
	return folderFile{file}, Entry{Name: name, Size: info.Size(), ModTime: info.ModTime()}, nil
}

// folderFile says of a disk that fails what fileError does.
type folderFile struct{ *os.File }

func (f folderFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fileError(err)
	}
	return n, err
}

// save writes beside the file and renames, so that a reader sees all or nothing,
// and syncs the file and every folder's name up to the root, so that a row written
// afterwards never speaks of a lost picture.
func (f folder) save(ctx context.Context, name string, body []byte) error {
	dir, err := f.openRoot(ctx)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.MkdirAll(path.Dir(name), 0o755); err != nil {
		return fmt.Errorf("make the folder: %w", fileError(err))
	}
	temporary := path.Join(path.Dir(name), ".saving-"+rand.Text())
	err = f.write(dir, temporary, body)
	if err == nil {
		err = dir.Rename(temporary, name)
	}
	if err != nil {
		dir.Remove(temporary) //nolint:errcheck // what stays is hidden, and harmless
		return fmt.Errorf("save: %w", fileError(err))
	}
	if f.sync == nil {
		return nil
	}
	if err := f.syncFolders(dir, path.Dir(name)); err != nil {
		return fmt.Errorf("save: %w", fileError(err))
	}
	return nil
}

func (f folder) saveUnsynced(ctx context.Context, name string, body []byte) error {
	f.sync = nil
	return f.save(ctx, name, body)
}

func (f folder) write(dir *os.Root, name string, body []byte) error {
	file, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Write(body); err != nil || f.sync == nil {
		return err
	}
	return f.sync(file)
}

// syncFolders makes the names in a folder last, and those of the folders above it
// up to the root: this save or another at the same time may have made any of them.
func (f folder) syncFolders(dir *os.Root, name string) error {
	for ; ; name = path.Dir(name) {
		if err := f.syncFolder(dir, name); err != nil || name == "." {
			return err
		}
	}
}

func (f folder) syncFolder(dir *os.Root, name string) error {
	opened, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer opened.Close()
	return f.sync(opened)
}

func (f folder) list(ctx context.Context) ([]Entry, error) {
	dir, err := f.openRoot(ctx)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	files, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("list: %w", fileError(err))
	}
	var entries []Entry
	for _, file := range files {
		if strings.HasPrefix(file.Name(), ".") {
			continue
		}
		name := file.Name()
		info, err := dir.Stat(name) // through a link
		if err != nil || !info.Mode().IsRegular() {
			continue // gone since, a folder, or a link that leads out
		}
		entries = append(entries, Entry{Name: name, Size: info.Size(), ModTime: info.ModTime()})
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return entries, nil
}

func (f folder) remove(ctx context.Context, name string) error {
	dir, err := f.openRoot(ctx)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove: %w", fileError(err))
	}
	// A folder that is empty now goes as well, as its name may be a person's; but for Lineup's
	// own, into which somebody may be about to write.
	own := strings.HasPrefix(name, "uploads/") || strings.HasPrefix(name, "derived/")
	for above := path.Dir(name); above != "." && !own; above = path.Dir(above) {
		if dir.Remove(above) != nil {
			break
		}
	}
	return nil
}

func (f folder) openRoot(ctx context.Context) (*os.Root, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dir, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return dir, nil
}

// fileError leaves the name out: the caller knows it, and a client must not see
// more of the disk than it sent. os.Root has no error value for "leads outside",
// which is the one failure that is not the operating system's.
func fileError(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return ErrNotFound
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		switch errno {
		case syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG: // of the disk, of the user, of the process
			return fmt.Errorf("%w: %w", ErrFull, errno)
		case syscall.EACCES, syscall.EPERM, syscall.EIO: // of this file, or of all
			return fmt.Errorf("%w: %w", ErrDenied, errno)
		case syscall.ESTALE, syscall.ENOTCONN, syscall.ETIMEDOUT, syscall.EHOSTDOWN, syscall.EHOSTUNREACH, syscall.EREMOTEIO, syscall.ENODEV:
			return fmt.Errorf("%w: %w", ErrUnreachable, errno) // a file server, or what mounts it, that is gone
		}
		return errno
	}
	return fmt.Errorf("%w: a link leads there", ErrOutside)
}

// aFolder is what lies at a path, with the way to have its pictures looked at.
const aFolder = "a folder: to have every picture in it looked at, post it with a slash at its end"

func kind(mode fs.FileMode) string {
	if mode.IsDir() {
		return aFolder
	}
	return "a device or pipe"
}
