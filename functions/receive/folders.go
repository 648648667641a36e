package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/store"
)

// folder is a folder of a request, from the body to the answer. One that is refused has
// an error and no id.
type folder struct {
	ID    int64  `json:"id,omitempty"`
	Path  string `json:"path"`
	Found int64  `json:"found"` // pictures come upon so far
	Error string `json:"error,omitempty"`

	known    bool // it was posted before
	finished bool // all that is in it was found
}

func (p picture) isFolder() bool { return p.folder != nil }

// saveFolders gives every folder of the request its row, or the error why it is refused.
func (r *receiver) saveFolders(ctx context.Context, pictures []picture, until time.Time) error {
	if !slices.ContainsFunc(pictures, picture.isFolder) {
		return nil
	}
	look, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	for _, p := range pictures {
		if p.folder == nil {
			continue
		}
		clean, err := r.checkFolder(look, p.posted)
		if err != nil {
			p.folder.Error = err.Error()
			r.log.Warn("folder refused", "path", p.posted, "error", err)
			continue
		}
		saved, err := r.store.SubmitFolder(ctx, clean)
		if err != nil {
			return err
		}
		*p.folder = folder{ID: saved.ID, Path: clean, Found: saved.Found, known: saved.Known}
		r.log.Info("folder accepted", "folder", saved.ID, "path", clean, "known", saved.Known, auth.Caller(ctx))
	}
	return nil
}

// checkFolder cleans the path, and refuses a folder that is not there. One whose root
// does not answer is taken: it is walked when the root is back.
func (r *receiver) checkFolder(ctx context.Context, path string) (clean string, err error) {
	clean, err = r.roots.CleanFolder(path)
	if err != nil {
		return "", err
	}
	err = r.roots.FindFolder(ctx, clean)
	switch {
	case errors.Is(err, photo.ErrNoFolder), errors.Is(err, photo.ErrOutside):
		return "", err
	case err != nil:
		r.log.Warn("folder not looked at yet", "path", clean, "error", err)
	}
	return clean, nil
}

// walkFolders begins to walk the request's folders. What it does not come to is left
// to the pings.
func (r *receiver) walkFolders(ctx context.Context, pictures []picture, until time.Time) {
	if !slices.ContainsFunc(pictures, picture.isFolder) {
		return
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	var posted []*folder
	var due []store.DueFolder
	for _, p := range pictures {
		if p.folder != nil && p.folder.ID != 0 {
			posted, due = append(posted, p.folder), append(due, store.DueFolder{ID: p.folder.ID, Path: p.folder.Path})
		}
	}
	err := r.walker.walkAll(ctx, due, until, func(i int, end ending) {
		posted[i].Found, posted[i].finished = end.walk.Found, end.finished
	})
	if err != nil {
		r.log.Warn("not every folder was walked, the next ping goes on", "error", err)
	}
}

// walker submits the pictures below folders, batch by batch. Its state is the folder's
// row: whoever comes next goes on behind the last batch.
type walker struct {
	FolderSettings
	roots        *photo.Roots
	rows         *store.Store
	comparer     *comparer
	publisher    hintPublisher
	queue        backlogReader
	subscription queue.Subscription // whose backlog counts
	fill         int                // hints in the queue beyond which a walk publishes none
	log          *slog.Logger
}

const (
	// walkBatch is how many pictures are submitted in one transaction.
	walkBatch = 500
	// walkLease is how long a folder is left alone after its walker died. It is longer than
	// a batch takes.
	walkLease = time.Minute
	// dueFolders is how many folders a ping looks at. It is large, so that those of a root
	// that is away, which are due for as long, are not all that it sees.
	dueFolders = 10_000
)

// resume goes on with the folders that are due, those that were left alone longest
// first, for FOLDER_TIME (see walkAll). Only to list one may take longer, up to half of what the
// request has left, so that a huge one on a slow disk comes on as well.
func (w *walker) resume(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	due, err := w.rows.DueFolders(ctx, dueFolders)
	if err != nil {
		return err
	}
	return w.walkAll(ctx, due, time.Now().Add(w.Time), func(int, ending) {})
}

// ending is how far a walk came.
type ending struct {
	walk     store.Walk
	finished bool
	broken   error // what it cannot go on for now
}

// walkAll goes on with the folders until the time, those of one root after another and the
// roots beside each other: none waits for a root that does not answer but its own folders.
// Done is told of each that was walked, by its place among them, from several goroutines.
func (w *walker) walkAll(ctx context.Context, due []store.DueFolder, until time.Time, done func(i int, end ending)) error {
	if len(due) == 0 {
		return nil
	}
	ofRoot := map[string][]int{}
	for i, folder := range due {
		root := w.roots.FolderRoot(folder.Path)
		ofRoot[root] = append(ofRoot[root], i)
	}
	quota := w.quota(ctx)
	var walks errgroup.Group
	for _, folders := range ofRoot {
		walks.Go(func() error {
			until := until
			for _, i := range folders {
				began := time.Now()
				end, err := w.walk(ctx, due[i].ID, until, quota)
				if err != nil {
					return err
				}
				if end.walk.ID != 0 {
					done(i, end)
				}
				// A relative folder may have waited for a later root, which pauses now: its
				// time is not that of the folders which lie in this one.
				if errors.Is(end.broken, photo.ErrUnreachable) {
					until = until.Add(time.Since(began))
				}
				if time.Now().After(until) || ctx.Err() != nil {
					return nil
				}
			}
			return nil
		})
	}
	return walks.Wait()
}

// walk goes on with one folder, unless another is at it, until its end or the time; the
// zero Walk says that another is. What goes wrong with the folder is noted in its row;
// the error is the database's.
func (w *walker) walk(ctx context.Context, id int64, until time.Time, quota *quota) (end ending, err error) {
	// What was begun is written, even if the client is gone by then.
	write := context.WithoutCancel(ctx)
	walk, err := w.rows.ClaimFolder(write, id, walkLease)
	if err != nil {
		return ending{}, ignoreLost(err)
	}
	began := walk.Position
	batch := make([]string, 0, walkBatch)
	var broken error
	for name, err := range w.roots.Walk(ctx, walk.Path, walk.Position) {
		if errors.Is(err, photo.ErrPassedOver) {
			w.log.Warn("folder passed over", "folder", id, "error", err)
			walk.Unreadable = true
			continue
		}
		if broken = err; err != nil {
			break
		}
		if batch = append(batch, name); len(batch) < walkBatch {
			continue
		}
		if err := w.submit(write, &walk, batch, quota); err != nil {
			return ending{walk: walk}, ignoreLost(err)
		}
		if batch = batch[:0]; time.Now().After(until) {
			return ending{walk: walk}, ignoreLost(w.rows.ReleaseWalk(write, walk, ""))
		}
	}
	if len(batch) > 0 {
		if err := w.submit(write, &walk, batch, quota); err != nil {
			return ending{walk: walk}, ignoreLost(err)
		}
	}
	if broken != nil {
		problem := ""
		if ctx.Err() == nil || walk.Position == began {
			problem = w.problem(id, broken)
		}
		return ending{walk: walk, broken: broken}, ignoreLost(w.rows.ReleaseWalk(write, walk, problem))
	}
	w.log.Info("folder walked", "folder", id, "path", walk.Path, "found", walk.Found)
	return ending{walk: walk, finished: true}, ignoreLost(w.rows.FinishWalk(write, walk))
}

// quota asks the queue how much it holds; when it does not answer, nothing may be published.
func (w *walker) quota(ctx context.Context) *quota {
	backlog, err := w.queue.Backlog(ctx, w.subscription.Topic, w.subscription.Channel)
	if err != nil {
		w.log.Warn("hints not published, the next sweep will", "error", err)
		return &quota{publisher: w.publisher, log: w.log}
	}
	return &quota{publisher: w.publisher, log: w.log, left: max(0, w.fill-backlog)}
}

// submit submits a batch of names, and publishes the hints for which there is room.
func (w *walker) submit(ctx context.Context, walk *store.Walk, names []string, quota *quota) error {
	pictures := make([]store.Posted, 0, len(names))
	for _, name := range names {
		path, err := w.roots.Clean(photo.InFolder(walk.Path, name))
		if err != nil {
			w.log.Warn("picture of a folder refused", "folder", walk.ID, "name", name, "error", err)
			continue
		}
		pictures = append(pictures, store.Posted{Path: path, Other: w.roots.Spelled(path)})
	}
	submissions, err := w.rows.SubmitWalked(ctx, *walk, pictures)
	if err != nil {
		return err
	}
	if err := w.comparer.lookAgain(ctx, submissions); err != nil {
		return err
	}
	quota.publish(ctx, submissions)
	return w.rows.MoveWalk(ctx, walk, names[len(names)-1], len(names))
}

// problem is what the folder's row tells of a walk that cannot go on. The client must
// see no more of the disk than it sent.
func (w *walker) problem(id int64, err error) string {
	w.log.Warn("folder cannot be walked now", "folder", id, "error", err)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "it could not be listed in time; it is tried again at every ping"
	case errors.Is(err, photo.ErrUnreachable):
		return "its picture root cannot be reached; it is tried again at every ping"
	}
	return "it cannot be listed, the log of receive says why; it is tried again at every ping"
}

// ignoreLost leaves out that another has the walk by now: that one goes on with it.
func ignoreLost(err error) error {
	if errors.Is(err, store.ErrClaimLost) {
		return nil
	}
	return err
}
