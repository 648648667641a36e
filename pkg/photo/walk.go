package photo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"
	"sync"
)

// What a walk meets. Errors wrap one of these and say more.
var (
	ErrNoFolder = errors.New("no such folder")
	// ErrPassedOver is of a part of a folder alone: the walk goes on behind it.
	ErrPassedOver = errors.New("passed over")
)

// maxName is how long a name below a folder can be, in bytes: PATH_MAX of Linux.
const maxName = 4096

// CleanFolder checks the path of a folder, which ends in a slash, and brings it into
// its one form, as Clean does with a picture's. "./" is the first root; a bucket's path
// may have no key. A bucket that is none of the roots is refused.
func (r *Roots) CleanFolder(p string) (string, error) {
	clean, err := Clean(p + "x") // of what lies there
	if err != nil {
		return "", err
	}
	clean = strings.TrimSuffix(clean, "x")
	switch {
	case !strings.HasSuffix(p, "/"):
		return "", refuse("the path of a folder ends in a slash")
	case clean == "":
		return "./", nil
	}
	if bucket, _, isURL := splitURL(clean); isURL && len(r.folders(clean)) == 0 {
		return "", refuse("%s is none of the picture roots", bucket)
	}
	// Relative to the first root, as Clean has what lies in it.
	if name, ok := r.roots[0].locateFolder(clean); ok && r.isRelative(name+"x") {
		return cmp.Or(name, "./"), nil
	}
	return clean, nil
}

// InFolder is the path of the file that has this name below the cleaned folder.
func InFolder(folder, name string) string { return strings.TrimPrefix(folder, "./") + name }

// FolderRoot names the root that is asked first for a cleaned folder; empty for none.
func (r *Roots) FolderRoot(folder string) string {
	places := r.folders(folder)
	if len(places) == 0 {
		return ""
	}
	return places[0].root.spell("")
}

// FindFolder tells whether a cleaned folder is there. The error wraps ErrOutside,
// ErrNoFolder (every root was asked), ErrUnreachable, or is another failure to look.
func (r *Roots) FindFolder(ctx context.Context, folder string) error {
	_, err := r.findFolder(ctx, folder)
	return err
}

// findFolder gives the place of the folder in the first root that has it; of one that cannot
// say, its failure.
func (r *Roots) findFolder(ctx context.Context, folder string) (place, error) {
	places := r.folders(folder)
	if len(places) == 0 {
		return place{}, ErrOutside
	}
	var failure error
	for _, p := range places {
		failure = p.root.findFolder(ctx, p.name)
		if !errors.Is(failure, ErrNoFolder) {
			return p, failure // if it fails the folder may lie there
		}
	}
	return place{}, failure
}

// Reach asks all roots at once, and tells by a root's name why it cannot be reached; nil of
// one that can.
func (r *Roots) Reach(ctx context.Context) map[string]error {
	failures := make([]error, len(r.roots))
	var all sync.WaitGroup
	for i, one := range r.roots {
		all.Go(func() {
			if err := one.findFolder(ctx, ""); errors.Is(err, ErrUnreachable) {
				failures[i] = err
			}
		})
	}
	all.Wait()
	reached := map[string]error{}
	for i, one := range r.roots {
		reached[one.spell("")] = failures[i]
	}
	return reached
}

// Walk gives the names of the pictures below a cleaned folder, in the order of their
// bytes and beginning behind the name after, from the first root that has the folder. Names
// are relative to the folder. A folder that is not there has none.
//
// A picture is known by its extension, one of Formats'; a name without any counts as
// one too. Passed over are names that begin with a dot, of files and of folders, what
// is reserved (see Reserve), objects whose key is no clean path, and links to folders.
//
// An error that wraps ErrPassedOver tells of a folder that may not be read, and the
// walk goes on behind it; after any other it is over. Memory does not grow with the
// number of files: of each folder on the way some hundred thousand names are held.
func (r *Roots) Walk(ctx context.Context, folder, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		p, err := r.findFolder(ctx, folder)
		if err != nil {
			if !errors.Is(err, ErrNoFolder) {
				yield("", err)
			}
			return
		}
		pass := func(name string) bool { return r.reserved(p.root.spell(p.name+name)) != "" }
		for name, err := range p.root.walk(ctx, p.name, after, pass) {
			if err == nil && !isPictureName(name) {
				continue
			}
			if !yield(name, err) || err != nil && !errors.Is(err, ErrPassedOver) {
				return
			}
		}
	}
}

// IsPictureName tells by the name alone whether a walk takes the file: none of its
// folders and not itself begins with a dot, and its extension is a picture's or absent.
func IsPictureName(name string) bool {
	return isPictureName(name) && !hidden(name)
}

func isPictureName(name string) bool {
	if len(name) > maxName {
		return false
	}
	_, known := FormatByName(name)
	return known || path.Ext(name) == ""
}

// Reserve keeps the gallery out of walks, where it lies below one of the roots, and
// lets CheckPlace refuse what is in it.
func (r *Roots) Reserve(gallery *Roots) {
	for _, g := range gallery.roots {
		at := g.spell("")
		if slices.ContainsFunc(r.roots, func(one *guarded) bool {
			above := one.spell("")
			return strings.HasPrefix(at, above) && at != above
		}) {
			r.galleries = append(r.galleries, at)
		}
	}
}

// CheckPlace refuses, with an error that wraps ErrRefused, the cleaned path of a file
// that is not to be submitted as a picture: in derived/ of the first root, in the
// gallery (see Reserve), or with a name that begins with a dot.
func (r *Roots) CheckPlace(clean string) error {
	if strings.HasPrefix(path.Base(clean), ".") {
		return refuse("the file's name begins with a dot: hidden files are not looked at")
	}
	for _, p := range r.below(clean) {
		if why := r.reserved(p.root.spell(p.name)); why != "" {
			return refuse("%s", why)
		}
	}
	return nil
}

// reserved says why what lies there is no picture to be submitted; empty when it is one.
func (r *Roots) reserved(location string) string {
	if strings.HasPrefix(location, r.roots[0].spell(derived)) {
		return "it lies in " + derived + ", where Lineup keeps what it makes itself"
	}
	for _, gallery := range r.galleries {
		if strings.HasPrefix(location, gallery) {
			return "it lies in the gallery, KNOWN_PEOPLE, whose photos are no pictures to be looked at"
		}
	}
	return ""
}

// ObjectPath is the path, as Clean has it, of an object that arrived in a bucket; key is
// as the store has it. The error wraps ErrOutside when the bucket is none of the roots,
// or ErrPassedOver when a walk of the root would pass the object over.
func (r *Roots) ObjectPath(bucketName, key string) (string, error) {
	failure := error(ErrOutside)
	for _, one := range r.roots {
		b, isBucket := one.root.(*bucket)
		if !isBucket || !b.isCalled(bucketName) {
			continue
		}
		name, below := strings.CutPrefix(key, b.prefix)
		if !below {
			failure = fmt.Errorf("%w: its key does not begin with the root's prefix", ErrPassedOver)
			continue
		}
		switch why := r.reserved(b.spell(name)); {
		case why != "":
			return "", fmt.Errorf("%w: %s", ErrPassedOver, why)
		case !IsPictureName(name):
			return "", fmt.Errorf("%w: by its name it is no picture", ErrPassedOver)
		}
		if clean, err := Clean(b.name + "/" + key); err != nil || clean != b.name+"/"+key {
			return "", fmt.Errorf("%w: its key is no path that could be posted", ErrPassedOver)
		}
		return r.Clean(b.name + "/" + key)
	}
	return "", failure
}

// folders are the places of a cleaned folder: their names are empty or end in a slash.
func (r *Roots) folders(folder string) []place {
	var places []place
	if folder == "./" {
		return []place{{r.roots[0], ""}}
	}
	for _, one := range r.roots {
		if name, ok := one.locateFolder(folder); ok {
			places = append(places, place{one, name})
		}
	}
	return places
}
