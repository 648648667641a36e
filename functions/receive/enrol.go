package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// enrolPhotos takes a form of photos, waits for what becomes of them, and answers. Whom
// they are of, and how the person is called, who tells; values are the fields of the form
// that it reads.
func (r *receiver) enrolPhotos(w http.ResponseWriter, request *http.Request, who func(context.Context, form) (store.Enrolment, error), values ...string) error {
	enrolled, published, err := r.takePhotos(w, request, who, values)
	if err != nil {
		return err
	}
	if published && hasPending(enrolled.Photos) {
		r.untilExamined(w, request, &enrolled.Photos)
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	if slices.ContainsFunc(enrolled.Photos, func(p store.Photo) bool { return p.State != store.PhotoUnusable }) {
		defer r.follower.galleryMoved() // also by what is withdrawn, or will be found usable
	}
	if like := likeAnother(enrolled.Photos); like != nil {
		return cmp.Or(r.withdraw(ctx, enrolled), like)
	}
	if enrolled.Person, err = r.store.Person(ctx, enrolled.Person.ID); err != nil { // its photos' states moved
		return enrolmentProblem(err)
	}
	return r.answerEnrolment(w, enrolled, published)
}

// takePhotos writes the rows of a request's photos, saves the files and publishes the
// hints; the photos' memory is free again when it returns. Rows are written first, so that
// every photo in the gallery has one. Published tells whether the photos are looked at now.
func (r *receiver) takePhotos(
	w http.ResponseWriter, request *http.Request, who func(context.Context, form) (store.Enrolment, error), values []string,
) (enrolled store.Enrolled, published bool, err error) {
	release, err := r.uploads.reserve(request, r.limits.MaxUpload)
	if err != nil {
		return enrolled, false, err
	}
	defer release()
	f, err := r.readForm(w, request, "photo", append([]string{"face", "anyway"}, values...)...)
	if err != nil {
		return enrolled, false, err
	}
	if len(f.uploads) == 0 {
		return enrolled, false, nothingSent("the body holds no photo; send one or more fields named photo")
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	e, err := who(ctx, f)
	if err != nil {
		return enrolled, false, enrolmentProblem(err)
	}
	if err := readEnrolment(ctx, &e, f); err != nil {
		return enrolled, false, err
	}
	if enrolled, err = r.store.Enrol(ctx, e); err != nil {
		return enrolled, false, enrolmentProblem(err)
	}
	if err := r.savePhotos(ctx, e, enrolled.Names, f.uploads); err != nil {
		r.withdraw(ctx, enrolled) //nolint:errcheck // what cannot be withdrawn is found unusable, and completed by the same request
		return enrolled, false, err
	}
	if err := r.eraser.removeSaved(ctx, contentsOf(e, enrolled.Names, f.uploads)); err != nil { // the person was erased meanwhile
		return enrolled, false, err
	}
	r.log.Info("photos enrolled", "person", enrolled.Person.ID, "photos", len(e.Photos), auth.Caller(ctx))
	return enrolled, r.photoHints.publishNew(ctx, pendingIDs(enrolled.Photos), event.TraceOfHeader(request.Header).In(ctx)), nil
}

// readEnrolment adds to an enrolment what its form says.
func readEnrolment(ctx context.Context, e *store.Enrolment, f form) (err error) {
	e.By = auth.CallerName(ctx)
	if e.New, err = flag(f, "new"); err != nil {
		return err
	}
	if e.Ask, err = flag(f, "ask"); err != nil {
		return err
	}
	if e.Anyway, err = flag(f, "anyway"); err != nil {
		return err
	}
	if face, given := f.values["face"]; given {
		if e.Chosen, err = strconv.Atoi(face); err != nil || e.Chosen < 1 {
			return malformed("face=%q: it is the number of a face, from 1, left to right", face)
		}
		if len(f.uploads) > 1 {
			return malformed("face says which face of one photo is meant: send that photo alone")
		}
	}
	for _, u := range f.uploads {
		if u.err != nil {
			return u.err
		}
		photo := store.NewPhoto{ImageName: imageName(e.Name, u)}
		if !slices.Contains(e.Photos, photo) { // one that was sent twice is one
			e.Photos = append(e.Photos, photo)
		}
	}
	return nil
}

// contentsOf gives what is saved of an enrolment, by the names.
func contentsOf(e store.Enrolment, names []string, uploads []upload) map[string][]byte {
	contents := map[string][]byte{}
	for _, u := range uploads {
		contents[names[slices.Index(e.Photos, store.NewPhoto{ImageName: imageName(e.Name, u)})]] = u.body
	}
	return contents
}

// flag is a field that says true or false; absent it is false.
func flag(f form, name string) (bool, error) {
	text, given := f.values[name]
	if !given {
		return false, nil
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		return false, malformed("%s=%q: it is true or false", name, text)
	}
	return value, nil
}

// savePhotos puts the enrolment's photos into the gallery, under these names, unless they are there.
func (r *receiver) savePhotos(ctx context.Context, e store.Enrolment, names []string, uploads []upload) error {
	for name, body := range contentsOf(e, names, uploads) {
		if _, err := save(ctx, r.gallery, name, body); err != nil {
			return err
		}
	}
	return nil
}

// untilExamined waits until something has become of every photo: as long as the client
// prefers, else ENROL_WAIT.
func (r *receiver) untilExamined(w http.ResponseWriter, request *http.Request, photos *[]store.Photo) {
	wait := r.limits.EnrolWait
	if preferred, given := preferredWait(request); given {
		wait = min(preferred, r.limits.MaxWait)
		w.Header().Set("Preference-Applied", fmt.Sprintf("wait=%d", int(wait.Seconds())))
	}
	ctx, cancel := context.WithTimeout(request.Context(), wait)
	defer cancel()
	ids := idsOf(*photos)
	err := r.until(ctx, func(ctx context.Context) (bool, error) {
		now, err := r.store.Photos(ctx, ids)
		if err != nil {
			return false, err
		}
		*photos = now
		return !hasPending(now), nil
	})
	if err != nil && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		r.log.Warn("what became of the photos is not known, the client is told to come back", "error", err)
	}
}

func hasPending(photos []store.Photo) bool { return len(pendingIDs(photos)) > 0 }

func idsOf(photos []store.Photo) []int64 {
	ids := make([]int64, len(photos))
	for i, photo := range photos {
		ids[i] = photo.ID
	}
	return ids
}

func pendingIDs(photos []store.Photo) (ids []int64) {
	for _, photo := range photos {
		if photo.State == store.PhotoPending {
			ids = append(ids, photo.ID)
		}
	}
	return ids
}

// withdraw takes back what the request added. What was there before it, and what another
// has built upon it meanwhile, stays.
func (r *receiver) withdraw(ctx context.Context, enrolled store.Enrolled) error {
	if enrolled.Change == 0 {
		return nil
	}
	// The client may be gone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), withdrawTime)
	defer cancel()
	withdrawn := r.store.Withdraw(ctx, enrolled, auth.CallerName(ctx), func(ctx context.Context, name string) error {
		if err := r.gallery.Remove(ctx, name); err != nil {
			return fmt.Errorf("%w: %w", errSave, err)
		}
		return nil
	})
	return errors.Join(withdrawn, r.hintPending(ctx, enrolled.Photos))
}

// hintPending gives hints of those of the photos that wait now: what was withdrawn may have
// chosen another face of one that counted.
func (r *receiver) hintPending(ctx context.Context, photos []store.Photo) error {
	now, err := r.store.Photos(ctx, idsOf(photos))
	if err == nil {
		r.photoHints.publishNew(ctx, pendingIDs(now), event.Trace{})
	}
	return err
}

// withdrawTime is how long it may take to withdraw an enrolment.
const withdrawTime = 10 * time.Second

// answerEnrolment tells what became of the photos, with the person: 202 while one waits,
// 422 where none can be used, 200 where nothing was new, else 201.
func (r *receiver) answerEnrolment(w http.ResponseWriter, enrolled store.Enrolled, published bool) error {
	tellChanges(w, enrolled.Change)
	counts := func(p store.Photo) bool { return p.State != store.PhotoUnusable }
	status := http.StatusCreated
	switch {
	case hasPending(enrolled.Photos):
		status = http.StatusAccepted
	case len(enrolled.Photos) > 0 && !slices.ContainsFunc(enrolled.Photos, counts):
		return noneUsable(enrolled)
	case enrolled.Change == 0:
		status = http.StatusOK
	}
	if status != http.StatusOK {
		w.Header().Set("Location", personURL(enrolled.Person.ID))
	}
	if status == http.StatusAccepted {
		serve.JSON(w, status, struct {
			store.Profile
			Detail string `json:"detail"`
		}{enrolled.Person, whatIsNext(enrolled.Person.ID, published)})
		return nil
	}
	serve.JSON(w, status, enrolled.Person)
	return nil
}

// whatIsNext tells what will become of the photos that are pending, and where that is told.
func whatIsNext(person int64, published bool) string {
	when := "is looked at as soon as its turn comes"
	if !published {
		when = "is saved and looked at as soon as the queue answers again"
	}
	return fmt.Sprintf("what is pending of the photos %s; next: GET %s tells what became of it, the same request again waits for it", when, personURL(person))
}

// noneUsable is the problem that no photo can be used; it carries the person.
func noneUsable(enrolled store.Enrolled) error {
	detail := "none of the photos can be used; each has its reason"
	if len(enrolled.Photos) == 1 {
		detail = enrolled.Photos[0].Reason
	}
	return explained(http.StatusUnprocessableEntity, "photos-unusable", detail, func(p serve.Problem) any {
		return struct {
			serve.Problem
			store.Profile
		}{p, enrolled.Person}
	})
}

// likeAnother is the problem that a photo is like another named person, nil where none is.
func likeAnother(photos []store.Photo) error {
	i := slices.IndexFunc(photos, func(p store.Photo) bool { return p.State == store.PhotoUnusable && p.Similar != nil })
	if i < 0 {
		return nil
	}
	like := photos[i].Similar
	detail := fmt.Sprintf("a photo is like another named person: %q, person %d, by %s with similarity %.2f; add it to that person's photos, or send anyway=true for somebody else",
		like.Person.Name, like.Person.ID, like.ImageName, like.Similarity)
	return explained(http.StatusConflict, "like-another", detail, func(p serve.Problem) any {
		return struct {
			serve.Problem
			Photos []store.Photo `json:"photos"`
		}{p, photos}
	})
}

// enrolmentProblem is what the client is told of an error of an enrolment.
func enrolmentProblem(err error) error {
	if same, ok := errors.AsType[*store.SameSpelling](err); ok {
		return sameSpelling(same, same.Error())
	}
	if none, ok := errors.AsType[*store.NoSuchFace](err); ok {
		return explained(http.StatusUnprocessableEntity, "no-such-face", none.Error(), func(p serve.Problem) any {
			return struct {
				serve.Problem
				Photos []store.Photo `json:"photos"`
			}{p, []store.Photo{none.Photo}}
		})
	}
	switch {
	case errors.Is(err, store.ErrOtherPerson):
		return &serve.Problem{Status: http.StatusConflict, Detail: "one of the photos is already another person's; merge the two if they are one"}
	case errors.Is(err, store.ErrErasing):
		return &serve.Problem{Type: serve.ProblemType("erasing"), Status: http.StatusConflict, Detail: store.ErrErasing.Error()}
	case errors.Is(err, store.ErrNameless):
		return &serve.Problem{Status: http.StatusBadRequest, Detail: store.ErrNameless.Error()}
	case errors.Is(err, store.ErrNotFound):
		return &serve.Problem{Status: http.StatusNotFound, Detail: "there is no such person"}
	}
	return err
}

// sameSpelling is the problem that others have the name; it carries them.
func sameSpelling(same *store.SameSpelling, detail string) error {
	return explained(http.StatusConflict, "same-spelling", detail, func(p serve.Problem) any {
		return struct {
			serve.Problem
			People []lineup.Person `json:"people"`
		}{p, same.People}
	})
}
