package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// erasePerson makes a person nobody for good, and tells where the receipt is. With
// dry_run=true it tells what would go, and changes nothing.
func (r *receiver) erasePerson(w http.ResponseWriter, request *http.Request) error {
	id, err := pathID(request, "id")
	if err != nil {
		return err
	}
	dry, err := dryRun(request)
	if err != nil {
		return err
	}
	if err := r.readNothing(w, request); err != nil {
		return err
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	if dry {
		would, err := r.store.Erasable(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return r.nobody(request, id, err)
		}
		if err != nil {
			return err
		}
		serve.JSON(w, http.StatusOK, would)
		return nil
	}
	receipt, err := r.store.ErasePerson(ctx, id, auth.CallerName(ctx))
	if err != nil {
		return changeProblem("person", err)
	}
	r.log.Info("person erased", "person", receipt.Person, "erasure", receipt.ID, auth.Caller(ctx))
	r.eraser.wakeUp()
	r.follower.galleryMoved()
	tellChanges(w, receipt.Change)
	w.Header().Set("Location", erasureURL(receipt.ID))
	serve.JSON(w, http.StatusAccepted, receipt)
	return nil
}

// dryRun reads the query of an erasing. What it does not know, it refuses: a word that was
// mistyped must not erase somebody.
func dryRun(request *http.Request) (dry bool, err error) {
	query, err := url.ParseQuery(request.URL.RawQuery) // request.URL.Query leaves out what it cannot read
	if err != nil {
		return false, malformed("the query cannot be read: %s; nothing was erased", err)
	}
	for name, values := range query {
		if name != "dry_run" || len(values) != 1 {
			return false, malformed("%q is no parameter here, or is given twice: dry_run=true tells what would be erased; nothing was", name)
		}
		if dry, err = strconv.ParseBool(values[0]); err != nil {
			return false, malformed("dry_run=%q: it is true or false; nothing was erased", values[0])
		}
	}
	return dry, nil
}

// nobody is the problem that there is no such person, or no more: then with the receipt.
func (r *receiver) nobody(request *http.Request, id int64, notFound error) error {
	receipt, err := r.store.ErasureOf(request.Context(), id)
	if err != nil {
		return changeProblem("person", errors.Join(notFound, err))
	}
	return &serve.Problem{
		Type: serve.ProblemType("erased"), Status: http.StatusGone,
		Detail: fmt.Sprintf("person %d was erased; the receipt is at %s", id, erasureURL(receipt)),
	}
}

func erasureURL(id int64) string { return fmt.Sprintf("%s/erasures/%d", apiPrefix, id) }
