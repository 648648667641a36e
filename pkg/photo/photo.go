// Package photo is where pictures and the gallery lie: folders and buckets, the
// roots, and nothing outside them.
//
// A path is an absolute one below a folder root, a relative one that is looked
// for under the roots in order, or scheme://bucket/key of a bucket root.
package photo

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path/filepath"
	"strings"
	"time"
)

// What reading and saving can end with. Errors wrap one of these and say more.
var (
	ErrOutside     = errors.New("outside the picture roots")
	ErrNotFound    = errors.New("no such file")
	ErrNotFile     = errors.New("not a file")
	ErrTooLarge    = errors.New("too large")
	ErrUnreachable = errors.New("picture root cannot be reached")
	ErrDenied      = errors.New("the store refuses it") // it gives others
	ErrFull        = errors.New("no room left")
)

// Entry is a file below a root.
type Entry struct {
	Name    string // as Read takes it
	Size    int64  // bytes
	ModTime time.Time
	ETag    string // of a bucket's object, where its store tells one
}

// Info is what can be said of a file by its first bytes.
type Info struct {
	Entry
	Format Format // the zero value when it is none of Formats
}

// root is one place of files. Names are relative, slash-separated and cleaned.
type root interface {
	// locate gives the name that a cleaned path has below this root.
	locate(path string) (name string, below bool)
	// spell is the path of that name that is of this root alone: absolute, or a URL.
	spell(name string) string
	// stat is open without the file.
	stat(ctx context.Context, name string) (Entry, error)
	open(ctx context.Context, name string) (io.ReadCloser, Entry, error)
	save(ctx context.Context, name string, body []byte) error
	// saveUnsynced is save for what may be lost when the machine fails.
	saveUnsynced(ctx context.Context, name string, body []byte) error
	list(ctx context.Context) ([]Entry, error)
	remove(ctx context.Context, name string) error
	close() error

	// A folder's name is empty for the whole root, and else ends in a slash.
	locateFolder(path string) (name string, below bool)
	findFolder(ctx context.Context, name string) error
	// walk gives the files below the folder whose names, relative to it, come behind
	// after; but for those that begin with a dot, and those that pass says to pass over.
	walk(ctx context.Context, folder, after string, pass func(name string) bool) iter.Seq2[string, error]

	// top gives some hundred names, relative to the root, of what lies directly in a folder;
	// those of folders end in a slash.
	top(ctx context.Context, folder string) ([]string, error)
}

// Roots are the places where pictures may lie. It is safe for concurrent use.
type Roots struct {
	roots     []*guarded
	galleries []string // locations below the roots, see Reserve
}

// Open takes folders (a path, or file:///path) and bucket URLs
// (s3://bucket?region=..., with prefix=... for a part of it), separated by
// commas. It touches none of them: a root may appear later. Each is asked within the
// times that Patience has by default, and without a pause after a failure.
func Open(urls string) (*Roots, error) {
	return Patience{}.Open(urls)
}

// Open is the function Open, with these times; with pauses, if RootWait is set.
func (p Patience) Open(urls string) (*Roots, error) {
	r, errs := openRoots(urls, p)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return r, nil
}

// openRoots tells of each root that cannot be.
func openRoots(urls string, p Patience) (r *Roots, errs []error) {
	pauses := p.RootWait > 0
	p.ReadTimeout, p.RootWait = cmp.Or(p.ReadTimeout, 10*time.Second), cmp.Or(p.RootWait, 30*time.Second)
	r = new(Roots)
	for _, url := range strings.Split(urls, ",") {
		url = strings.TrimSpace(url)
		one, err := openRoot(url)
		if err != nil {
			errs = append(errs, fmt.Errorf("picture root %q: %w", url, err))
			continue
		}
		r.roots = append(r.roots, &guarded{root: one, Patience: p, pauses: pauses})
	}
	return r, errs
}

func openRoot(url string) (root, error) {
	if dir, ok := strings.CutPrefix(url, "file://"); ok {
		if !filepath.IsAbs(dir) {
			return nil, errors.New("a file URL has three slashes: file:///folder")
		}
		return newFolder(dir)
	}
	if strings.Contains(url, "://") {
		return newBucket(url)
	}
	if url == "" {
		return nil, errors.New("it is empty: name a folder or a bucket URL")
	}
	return newFolder(url)
}

// Close lets go of the buckets.
func (r *Roots) Close() error {
	var errs []error
	for _, one := range r.roots {
		errs = append(errs, one.close())
	}
	return errors.Join(errs...)
}

// Clean is the function Clean, and refuses as well a URL that is of no root's bucket.
// What the spelling shows to lie below the first root it spells relative to that: a file
// there has one path, however it is named. (Where the file is not in the first root, a
// relative path means the next root that has it.)
func (r *Roots) Clean(path string) (string, error) {
	clean, err := Clean(path)
	if err != nil {
		return "", err
	}
	if bucket, _, isURL := splitURL(clean); isURL && len(r.below(clean)) == 0 {
		return "", refuse("%s is none of the picture roots", bucket)
	}
	if name, ok := r.roots[0].locate(clean); ok && r.isRelative(name) {
		return name, nil
	}
	return clean, nil
}

// Spelled is how else a path can be spelled that Clean gave: one below the first root
// absolute, or as a URL; empty for any other.
func (r *Roots) Spelled(clean string) string {
	if !r.isRelative(clean) {
		return ""
	}
	return r.roots[0].spell(clean)
}

// isRelative tells whether Clean leaves a name below the first root as it is.
func (r *Roots) isRelative(name string) bool {
	same, err := Clean(name)
	located, ok := r.roots[0].locate(name)
	return err == nil && same == name && ok && located == name
}

// Read gives the file's bytes, at most limit of them, and which file it is, also of one
// that is too large. The error wraps ErrRefused, ErrOutside, ErrNotFound (every root was
// asked), ErrNotFile, ErrTooLarge, ErrDenied, ErrUnreachable (no later root was asked), or is
// another failure to read.
//
// A file that was overwritten while it was read may be a mixture: it has no ModTime, so
// that its mark is that of no file.
func (r *Roots) Read(ctx context.Context, path string, limit int64) (content []byte, file Entry, err error) {
	type picture struct {
		content []byte
		file    Entry
	}
	err = r.each(ctx, path, func(p place) error {
		read, err := openRead(ctx, p.root, p.root.readTime(ctx), p.name, func(body io.Reader, file Entry) (picture, error) {
			content, err := readAll(body, file.Size, limit)
			if err == nil && overwritten(body, file) {
				file.ModTime = time.Time{}
			}
			return picture{content, file}, err
		})
		content, file = read.content, read.file
		return err
	})
	return content, file, err
}

// Digest gives the SHA-256 of a file's content, however large it is, in hexadecimal digits. Its
// errors are Read's, but for ErrTooLarge.
func (r *Roots) Digest(ctx context.Context, path string) (digest string, err error) {
	err = r.each(ctx, path, func(p place) (err error) {
		digest, err = openRead(ctx, p.root, p.root.readTime(ctx), p.name, func(body io.Reader, _ Entry) (string, error) {
			hash := sha256.New()
			if _, err := io.Copy(hash, body); err != nil {
				return "", fmt.Errorf("read: %w", err)
			}
			return hex.EncodeToString(hash.Sum(nil)), nil
		})
		return err
	})
	return digest, err
}

// overwritten tells whether the open file of a folder is another than when it was
// opened. What replaced it under its name, or in a bucket, is another file.
func overwritten(body io.Reader, opened Entry) bool {
	file, ok := body.(interface{ Stat() (fs.FileInfo, error) })
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err != nil || info.Size() != opened.Size || !info.ModTime().Equal(opened.ModTime)
}

// Entry tells which file lies there, and reads nothing of it. Its errors are Read's, but
// for ErrTooLarge.
func (r *Roots) Entry(ctx context.Context, path string) (file Entry, err error) {
	err = r.each(ctx, path, func(p place) (err error) {
		file, err = p.root.stat(ctx, p.name)
		return err
	})
	return file, err
}

// Stat tells a file's size and format, and reads its first bytes only. Its errors
// are Read's, but for ErrTooLarge.
func (r *Roots) Stat(ctx context.Context, path string) (info Info, err error) {
	err = r.each(ctx, path, func(p place) (err error) {
		info, err = openRead(ctx, p.root, p.root.readTime(ctx), p.name, func(body io.Reader, file Entry) (Info, error) {
			first, err := io.ReadAll(io.LimitReader(body, sniffBytes))
			if err != nil {
				return Info{}, fmt.Errorf("read: %w", err)
			}
			format, _ := FormatOf(first)
			return Info{file, format}, nil
		})
		return err
	})
	return info, err
}

// Save writes body under the name, in the first root, whole or not at all; what
// was there is replaced. The error wraps ErrFull where a folder has no room for it.
func (r *Roots) Save(ctx context.Context, name string, body []byte) error {
	clean, err := Clean(name)
	if err != nil {
		return err
	}
	below, ok := r.roots[0].locate(clean)
	if !ok {
		return ErrOutside
	}
	return r.roots[0].save(ctx, below, body)
}

// Saved tells which file lies where Save writes the name. Its errors are Entry's.
func (r *Roots) Saved(ctx context.Context, name string) (Entry, error) {
	clean, err := Clean(name)
	if err != nil {
		return Entry{}, err
	}
	below, ok := r.roots[0].locate(clean)
	if !ok {
		return Entry{}, ErrOutside
	}
	return r.roots[0].stat(ctx, below)
}

// List names the files at the top of the first root, sorted by name. Folders and
// names that begin with a dot are left out.
func (r *Roots) List(ctx context.Context) ([]Entry, error) { return r.roots[0].list(ctx) }

// Remove removes a file of the first root. One that is not there counts as removed.
func (r *Roots) Remove(ctx context.Context, name string) error {
	clean, err := Clean(name)
	if err != nil {
		return err
	}
	below, ok := r.roots[0].locate(clean)
	if !ok {
		return ErrOutside
	}
	return r.roots[0].remove(ctx, below)
}

// place is a name below one root.
type place struct {
	root *guarded
	name string
}

func (r *Roots) below(clean string) []place {
	var places []place
	for _, one := range r.roots {
		if name, ok := one.locate(clean); ok {
			places = append(places, place{one, name})
		}
	}
	return places
}

// each does something with the path in one root after another, until one has the file, or
// cannot say whether it has: the file that a later root has may be another.
func (r *Roots) each(ctx context.Context, path string, do func(place) error) error {
	clean, err := Clean(path)
	if err != nil {
		return err
	}
	places := r.below(clean)
	if len(places) == 0 {
		return ErrOutside
	}
	turn := turnOf(ctx)
	defer turn.ask(nil) //nolint:errcheck // of no root there is none
	failure := error(ErrNotFound)
	for _, p := range places {
		if err := turn.ask(p.root); err != nil {
			return err
		}
		err := do(p)
		switch {
		case errors.Is(err, errForbidden) && !errors.Is(err, ErrUnreachable):
			if errors.Is(failure, ErrNotFound) {
				failure = err
			}
		case !errors.Is(err, ErrNotFound):
			return err
		}
	}
	return failure
}
