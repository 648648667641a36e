package photo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"
	"syscall"
)

// A folder with more files than window is read again for every window of them, so
// that no folder is ever in memory whole: twice as many names are, some 10 MB. chunk is
// what is read at once.
const (
	window = 100_000
	chunk  = 1_000
)

func (f folder) findFolder(ctx context.Context, name string) error {
	dir, err := f.openRoot(ctx)
	if err != nil {
		return err
	}
	defer dir.Close()
	info, err := dir.Stat(folderName(name))
	switch {
	case err == nil && !info.IsDir():
		return fmt.Errorf("%w but a file: post it without the slash at its end", ErrNoFolder)
	case err == nil:
		return nil
	case errors.Is(fileError(err), ErrNotFound), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.ELOOP):
		return ErrNoFolder
	}
	return fileError(err)
}

func (f folder) top(ctx context.Context, name string) (entries []string, err error) {
	dir, err := f.openRoot(ctx)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	opened, err := dir.Open(folderName(name))
	if err != nil {
		return nil, openError(err)
	}
	defer opened.Close()
	files, err := opened.ReadDir(chunk)
	for _, file := range files {
		switch {
		case file.IsDir():
			entries = append(entries, name+file.Name()+"/")
		case file.Type().IsRegular():
			entries = append(entries, name+file.Name())
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return entries, openError(err)
	}
	return entries, nil
}

// folderName is a name as os.Root takes a folder's.
func folderName(name string) string { return cmp.Or(strings.TrimSuffix(name, "/"), ".") }

func (f folder) walk(ctx context.Context, name, after string, pass func(string) bool) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		dir, err := f.openRoot(ctx)
		if err != nil {
			yield("", err)
			return
		}
		defer dir.Close()
		w := walker{ctx, dir, name, f.window, pass, yield}
		w.below("", after)
	}
}

// walker walks the folders below base in the order of their files' whole names.
type walker struct {
	ctx    context.Context
	root   *os.Root
	base   string // as place has it
	window int
	pass   func(name string) bool
	yield  func(string, error) bool
}

// below yields what lies in the folder, behind the name after, which is relative to it. It
// tells whether the walk goes on.
func (w walker) below(folder, after string) bool {
	// Of the folder in which the walk was broken off a part is still to come.
	wanted := func(key string) bool {
		return key > after || strings.HasSuffix(key, "/") && strings.HasPrefix(after, key)
	}
	for {
		entries, more, err := w.read(folder, wanted)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
			return true // gone since, or never there
		case errors.Is(err, fs.ErrPermission):
			return w.yield("", fmt.Errorf("%w: %s may not be read", ErrPassedOver, folderName(w.base+folder)))
		case err != nil:
			w.yield("", err)
			return false
		}
		for _, entry := range entries {
			if !w.enter(folder, entry, after) {
				return false
			}
		}
		if !more {
			return true
		}
		last := entries[len(entries)-1]
		wanted = func(key string) bool { return key > last }
	}
}

// enter yields a file, or what lies in a folder.
func (w walker) enter(folder, entry, after string) bool {
	if err := w.ctx.Err(); err != nil {
		w.yield("", err)
		return false
	}
	if !strings.HasSuffix(entry, "/") {
		return w.yield(folder+entry, nil)
	}
	inside, resumed := strings.CutPrefix(after, entry)
	if !resumed {
		inside = ""
	}
	return w.below(folder+entry, inside)
}

// read gives the wanted entries of a folder in order, a window of them at most: files, and
// folders with a slash at their end, so that each stands where its contents belong.
func (w walker) read(folder string, wanted func(key string) bool) (entries []string, more bool, err error) {
	opened, err := w.root.Open(folderName(w.base + folder))
	if err != nil {
		return nil, false, openError(err)
	}
	defer opened.Close()
	for {
		if err := w.ctx.Err(); err != nil {
			return nil, false, err
		}
		files, err := opened.ReadDir(chunk)
		for _, file := range files {
			if key, ok := w.key(folder, file); ok && wanted(key) {
				entries = append(entries, key)
			}
		}
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return nil, false, fmt.Errorf("list: %w", fileError(err))
		}
		if end || len(entries) >= 2*w.window {
			slices.Sort(entries)
			more = more || len(entries) > w.window
			entries = entries[:min(len(entries), w.window)]
		}
		if end {
			return entries, more, nil
		}
	}
}

// key is the entry's name in the order; ok is false when the walk passes it over.
func (w walker) key(folder string, file fs.DirEntry) (key string, ok bool) {
	name := file.Name()
	if strings.HasPrefix(name, ".") {
		return "", false
	}
	mode := file.Type()
	if mode&fs.ModeSymlink != 0 { // to a file within the root; one to a folder might lead round in a circle
		info, err := w.root.Stat(w.base + folder + name)
		if err != nil || !info.Mode().IsRegular() {
			return "", false
		}
		mode = 0
	}
	if mode.IsDir() {
		name += "/"
	} else if !mode.IsRegular() {
		return "", false
	}
	return name, !w.pass(folder + name)
}

// openError keeps what a walk tells apart, without the names of the disk.
func openError(err error) error {
	for _, known := range []error{fs.ErrNotExist, syscall.ENOTDIR, fs.ErrPermission} {
		if errors.Is(err, known) {
			return known
		}
	}
	return fmt.Errorf("list: %w", fileError(err))
}
