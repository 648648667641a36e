package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

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

// saveFolders gives every folder of the request its row, or the error why it is refused.
func (r *receiver) saveFolders(ctx context.Context, pictures []picture, until time.Time) error {
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
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	for _, p := range pictures {
		if p.folder == nil || p.folder.ID == 0 {
			continue
		}
		walk, finished, err := r.walker.walk(ctx, p.folder.ID, until)
		if err != nil {
			r.log.Warn("folder not walked, the next ping goes on", "folder", p.folder.ID, "error", err)
		}
		if walk.ID != 0 {
			p.folder.Found, p.folder.finished = walk.Found, finished
		}
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
	// dueFolders is how many folders a ping takes up at most.
	dueFolders = 100
)

// resume goes on with the folders that are due, those that were left alone longest
// first, for FOLDER_TIME. Only to list one may take longer, up to half of what the
// request has left, so that a huge one on a slow disk comes on as well.
func (w *walker) resume(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	ids, err := w.rows.DueFolders(ctx, dueFolders)
	if err != nil {
		return err
	}
	until := time.Now().Add(w.Time)
	for _, id := range ids {
		if _, _, err := w.walk(ctx, id, until); err != nil {
			return err
		}
		if time.Now().After(until) {
			return nil
		}
	}
	return nil
}

// walk goes on with one folder, unless another is at it, until its end or the time; the
// zero Walk says that another is. What goes wrong with the folder is noted in its row;
// the error is the database's.
func (w *walker) walk(ctx context.Context, id int64, until time.Time) (walk store.Walk, finished bool, err error) {
	// What was begun is written, even if the client is gone by then.
	write := context.WithoutCancel(ctx)
	walk, err = w.rows.ClaimFolder(write, id, walkLease)
	if err != nil {
		return store.Walk{}, false, ignoreLost(err)
	}
	quota, began := w.quota(ctx), walk.Position
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
			return walk, false, ignoreLost(err)
		}
		if batch = batch[:0]; time.Now().After(until) {
			return walk, false, ignoreLost(w.rows.ReleaseWalk(write, walk, ""))
		}
	}
	if len(batch) > 0 {
		if err := w.submit(write, &walk, batch, quota); err != nil {
			return walk, false, ignoreLost(err)
		}
	}
	if broken != nil {
		problem := ""
		if ctx.Err() == nil || walk.Position == began {
			problem = w.problem(id, broken)
		}
		return walk, false, ignoreLost(w.rows.ReleaseWalk(write, walk, problem))
	}
	w.log.Info("folder walked", "folder", id, "path", walk.Path, "found", walk.Found)
	return walk, true, ignoreLost(w.rows.FinishWalk(write, walk))
}

// quota asks the queue how much it holds; when it does not answer, nothing may be published.
func (w *walker) quota(ctx context.Context) *quota {
	backlog, err := w.queue.Backlog(ctx, w.subscription.Topic, w.subscription.Channel)
	if err != nil {
		w.log.Warn("hints not published, the next sweep will", "error", err)
		return &quota{0, w.publisher, w.log}
	}
	return &quota{max(0, w.fill-backlog), w.publisher, w.log}
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
