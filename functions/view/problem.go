package main

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

var (
	// errNotPicture says that a file has none of the formats that are shown.
	errNotPicture = errors.New("not a picture")
	// errNotShown says that not every browser shows a picture of this format.
	errNotShown = errors.New("not a picture that every browser shows")
	// errBroken says that the face server could not read a file as a picture.
	errBroken = errors.New("no picture when it was looked at")
	// errChanged says that a file is no longer the one that was looked at.
	errChanged = errors.New("the file has changed since it was looked at")
	// errBusy says that too many pictures are being shown.
	errBusy = errors.New("no picture may be read in time")
)

func notFound(detail string) *serve.Problem {
	return &serve.Problem{Status: http.StatusNotFound, Detail: detail}
}

func badRequest(detail string) *serve.Problem {
	return &serve.Problem{Status: http.StatusBadRequest, Detail: detail}
}

// problemOf is what the client is told of an error. An error of no other kind is the
// database's.
func problemOf(err error) serve.Problem {
	if problem, ok := errors.AsType[*serve.Problem](err); ok {
		return *problem
	}
	if errors.Is(err, store.ErrSchema) {
		return serve.Problem{Status: http.StatusServiceUnavailable,
			Detail: "The database's schema is older than this program. Run `make migrate` with the database's MYSQL_DSN."}
	}
	if errors.Is(err, store.ErrDenied) {
		return serve.Problem{Status: http.StatusServiceUnavailable,
			Detail: "The database does not let view read this: its account lacks a right. The log of view has the GRANT to run."}
	}
	return serve.Problem{Status: http.StatusServiceUnavailable,
		Detail: "The database does not answer now. Nothing is lost: try again in a moment. The log of view says what is wrong."}
}

// pictureProblem is what the client is told when a picture cannot be read.
func pictureProblem(err error) serve.Problem {
	for _, is := range []struct {
		err    error
		status int
		detail string
	}{
		{photo.ErrRefused, http.StatusNotFound, "This is no path of a picture."},
		{photo.ErrOutside, http.StatusNotFound, "The path lies outside the picture roots that IMAGES_URL names, so the picture is not opened."},
		{photo.ErrNotFound, http.StatusNotFound, "There is no file at this path. Once it is there, it is shown."},
		{photo.ErrNotFile, http.StatusNotFound, "What lies at this path is not a file."},
		{photo.ErrTooLarge, http.StatusNotFound, "The picture is larger than what is shown. MAX_PICTURE sets how large it may be."},
		{errNotPicture, http.StatusNotFound, "The file at this path is not a picture in " + photo.FormatNames() + ", so it is not shown."},
		{errNotShown, http.StatusOK, "Not every browser shows pictures of this format. Save it to open it with another program; faces and result are as they would be of any other."},
		{errBroken, http.StatusOK, "The file could not be read as a picture, as the reason says, so there is nothing to show. It can be saved as it is."},
		{errChanged, http.StatusConflict, "The file at this path has changed since it was looked at, so it is not shown beside that answer. Post the path again to have it looked at."},
		{errBusy, http.StatusServiceUnavailable, "Too many pictures are being shown. Try again in a moment."},
		{photo.ErrUnreachable, http.StatusServiceUnavailable, "The place where the picture lies cannot be reached now. Try again in a moment."},
		{photo.ErrDenied, http.StatusNotFound, "The place where the picture lies does not give it out: it is archived there, or forbidden."},
		{context.DeadlineExceeded, http.StatusServiceUnavailable, "The place where the picture lies takes too long to answer. Try again in a moment."},
	} {
		if errors.Is(err, is.err) {
			return serve.Problem{Status: is.status, Detail: is.detail}
		}
	}
	return serve.Problem{Status: http.StatusInternalServerError, Detail: "The picture cannot be read. The log of view says why."}
}

// report logs the cause of a problem on the server's side, unless the client is gone,
// and gives the problem.
func (v *view) report(r *http.Request, problem serve.Problem, cause error, attributes ...any) serve.Problem {
	if problem.Status >= http.StatusInternalServerError && !errors.Is(r.Context().Err(), context.Canceled) {
		v.log.With(attributes...).Error("request failed", "url", r.URL.Path, "status", problem.Status, "error", cause, auth.Caller(r.Context()))
	}
	return problem
}

// refuse answers with a problem, as JSON or as a page.
func (v *view) refuse(w http.ResponseWriter, r *http.Request, problem serve.Problem) {
	if problem.Status == http.StatusServiceUnavailable {
		problem.RetryAfter = v.options.Refresh
	}
	if isAPI(r) {
		problem.Write(w, false)
		return
	}
	w.Header().Add("Vary", "Accept")
	if serve.WantsJSON(r) {
		problem.Write(w, false)
		return
	}
	if problem.RetryAfter > 0 {
		w.Header().Set("Retry-After", serve.Seconds(problem.RetryAfter))
	}
	problem.Title = titleOf(problem.Status)
	v.render(w, r, problem.Status, page{
		template: "problem",
		title:    problem.Title,
		content:  onPage(problem),
	})
}

// titleOf is a page's heading of a problem: what came of it, where HTTP's own words say only
// what a program wants to know.
func titleOf(status int) string {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusConflict:
		return "That cannot be done"
	case http.StatusUnsupportedMediaType:
		return "That is not a picture"
	case http.StatusRequestEntityTooLarge:
		return "That is too large"
	case http.StatusServiceUnavailable:
		return "Something does not answer now"
	}
	return http.StatusText(status)
}

// onPage is a problem as a page tells it: with links where a program is told addresses.
func onPage(problem serve.Problem) problemPage {
	content := problemPage{Problem: problem}
	if _, receipt, ok := strings.Cut(problem.Detail, receiptAt); ok {
		content.Receipt = "/erasures/" + strings.TrimSuffix(receipt, ".")
	}
	for _, address := range []string{" The pictures are at /", " The people are at /", " The folders are at /", receiptAt} {
		content.Detail, _, _ = strings.Cut(content.Detail, address)
	}
	return content
}

// receiptAt begins the sentence that tells a program where the receipt of an erasing is.
const receiptAt = " The receipt is at " + apiPrefix + "erasures/"
