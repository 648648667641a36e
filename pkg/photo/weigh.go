package photo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

const (
	aFew = 5        // entries of a folder show whether a root gives any of what is in it
	most = 5 * aFew // files that are tried in all
	deep = 4        // folders that are entered, one in another, to come upon a file
)

// Refusals that say more.
var (
	// errOwn is about this file alone, whatever the root does with others.
	errOwn = fmt.Errorf("%w", ErrDenied)
	// errForbidden is also what S3 says of a file that is not there, without the right to list.
	errForbidden = fmt.Errorf("%w", ErrDenied)
)

// know notes a file that was given.
func (g *guarded) know(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.known = name
}

// weigh tells a file that its store refuses from a root that refuses everything: of one
// there is another file that it gives. To be told of a file is not to be given it: a store may
// answer a HEAD, and a disk open a file, of which no byte can be read.
func (g *guarded) weigh(ctx context.Context, name string, err error) error {
	if !errors.Is(err, ErrDenied) || errors.Is(err, ErrUnreachable) || errors.Is(err, errOwn) {
		return err
	}
	failure := errors.New("it has no other file")
	for other, listed := range g.others(ctx, name) {
		if failure = listed; listed != nil {
			continue
		}
		if failure = g.taste(ctx, other); failure == nil || errors.Is(failure, errOwn) {
			return err
		}
	}
	return fmt.Errorf("%w: %s: %v, nor any other file (%v); check its keys and rights", ErrUnreachable, g.spell(""), err, failure) //nolint:errorlint // it is no refusal of this file
}

// taste reads a byte.
func (g *guarded) taste(ctx context.Context, name string) error {
	body, _, err := g.root.open(ctx, name)
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err := io.ReadFull(body, make([]byte, 1)); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// others names the file that was given last, and then some of each folder that the file
// lies in, the innermost first: a whole folder may be forbidden. An error is of one folder
// that is not listed.
func (g *guarded) others(ctx context.Context, name string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		g.mu.Lock()
		known := g.known
		g.mu.Unlock()
		if known != "" && known != name && !yield(known, nil) {
			return
		}
		left := most
		for folder := name; folder != "" && left > 0 && ctx.Err() == nil; {
			folder = folder[:strings.LastIndexByte(strings.TrimSuffix(folder, "/"), '/')+1]
			entries, err := g.root.top(ctx, folder)
			if err != nil && !yield("", err) {
				return
			}
			for _, entry := range spread(entries) {
				other := g.firstBelow(ctx, entry, deep)
				if other == "" || other == name || other == known {
					continue
				}
				if left--; !yield(other, nil) {
					return
				}
			}
		}
	}
}

// firstBelow gives the entry itself if it is a file, and else one that lies below it; empty
// when it finds none.
func (g *guarded) firstBelow(ctx context.Context, entry string, levels int) string {
	if !strings.HasSuffix(entry, "/") {
		return entry
	}
	entries, err := g.root.top(ctx, entry)
	if err != nil || levels == 0 {
		return ""
	}
	for _, one := range entries[:min(len(entries), aFew)] {
		if !strings.HasSuffix(one, "/") {
			return one
		}
	}
	if len(entries) == 0 {
		return ""
	}
	return g.firstBelow(ctx, entries[0], levels-1)
}

// spread takes a few from all over the entries: the first and the last are among them.
func spread(entries []string) []string {
	if len(entries) <= aFew {
		return entries
	}
	few := make([]string, aFew)
	for i := range few {
		few[i] = entries[i*(len(entries)-1)/(aFew-1)]
	}
	return few
}
