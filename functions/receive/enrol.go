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
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// enrolPhotos takes a form of photos, waits for what becomes of them, and answers. Whom
// they are of, and how the person is called, who tells; values are the fields of the form
// that it reads.
func (r *receiver) enrolPhotos(w http.ResponseWriter, request *http.Request, who func(context.Context, form) (store.Enrolment, error), values ...string) error {
	enrolled, err := r.takePhotos(w, request, who, values)
	if err != nil {
		return err
	}
	if enrolled.published && hasPending(enrolled.Photos) {
		r.untilExamined(w, request, &enrolled.Photos)
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	if slices.ContainsFunc(enrolled.Photos, store.Photo.Counts) {
		defer r.follower.galleryMoved() // also by what is withdrawn, or will be found usable
	}
	enrolled.callBySentNames(enrolled.Photos)
	if like := likeAnother(enrolled.Photos); len(like) > 0 {
		if !enrolled.others || !slices.ContainsFunc(enrolled.Photos, store.Photo.Counts) {
			return cmp.Or(r.withdraw(ctx, enrolled.Enrolled), likeAnotherProblem(enrolled, like[0].Similar))
		}
		if err := r.leaveOut(ctx, &enrolled, like); err != nil {
			return err
		}
	}
	if enrolled.Person, err = r.store.Person(ctx, enrolled.Person.ID); err != nil { // its photos' states moved
		return enrolmentProblem(err)
	}
	enrolled.callBySentNames(enrolled.Person.Photos)
	return r.answerEnrolment(w, enrolled)
}

// enrolledPhotos is what became of a request's photos.
type enrolledPhotos struct {
	store.Enrolled
	published bool              // they are looked at now
	sentNames map[string]string // what the request calls them, by their names in the gallery
	refused   []refusedFile
	others    bool          // photos that are like another named person are left out
	leftOut   []store.Photo // these
}

// callBySentNames has the answer call photos as the request does.
func (e enrolledPhotos) callBySentNames(photos []store.Photo) {
	for i := range photos {
		photos[i].FileName = e.sentNames[photos[i].ImageName]
	}
}

// takePhotos writes the rows of a request's photos, saves the files and publishes the
// hints; the photos' memory is free again when it returns. Rows are written first, so that
// every photo in the gallery has one.
func (r *receiver) takePhotos(
	w http.ResponseWriter, request *http.Request, who func(context.Context, form) (store.Enrolment, error), values []string,
) (enrolled enrolledPhotos, err error) {
	release, err := r.uploads.reserve(request, r.limits.MaxUpload)
	if err != nil {
		return enrolled, err
	}
	defer release()
	f, err := r.readForm(w, request, "photo", append([]string{"face", "anyway", "others"}, values...)...)
	if err != nil {
		return enrolled, err
	}
	if len(f.uploads) == 0 {
		return enrolled, nothingSent("the body holds no photo; send one or more fields named photo")
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	e, err := who(ctx, f)
	if err != nil {
		return enrolled, enrolmentProblem(err)
	}
	uploads := f.accepted()
	if err := readEnrolment(ctx, &e, f); err != nil {
		return enrolled, err
	}
	if enrolled.others, err = flag(f, "others"); err != nil {
		return enrolled, err
	}
	if len(uploads) == 0 {
		return enrolled, noFileTaken(f.uploads)
	}
	if enrolled.Enrolled, err = r.store.Enrol(ctx, e); err != nil {
		if none, ok := errors.AsType[*store.NoSuchFace](err); ok {
			none.Photo.FileName = uploads[0].fileName // a face is chosen of one photo alone
		}
		return enrolled, enrolmentProblem(err)
	}
	if err := r.savePhotos(ctx, e, enrolled.Names, uploads); err != nil {
		r.withdraw(ctx, enrolled.Enrolled) //nolint:errcheck // what cannot be withdrawn is found unusable, and completed by the same request
		return enrolled, err
	}
	if err := r.eraser.removeSaved(ctx, contentsOf(e, enrolled.Names, uploads)); err != nil { // the person was erased meanwhile
		return enrolled, err
	}
	r.log.Info("photos enrolled", "person", enrolled.Person.ID, "photos", len(e.Photos), auth.Caller(ctx))
	enrolled.published = r.photoHints.publishNew(ctx, pendingIDs(enrolled.Photos), event.TraceOfHeader(request.Header).In(ctx))
	enrolled.refused, enrolled.sentNames = refusedFiles(f.uploads), map[string]string{}
	for _, u := range slices.Backward(uploads) { // of one that was sent twice the first name
		enrolled.sentNames[nameOf(e, enrolled.Names, u)] = u.fileName
	}
	return enrolled, nil
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
	for _, u := range f.accepted() {
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
		contents[nameOf(e, names, u)] = u.body
	}
	return contents
}

// nameOf is under which of the names an upload is saved.
func nameOf(e store.Enrolment, names []string, u upload) string {
	return names[slices.Index(e.Photos, store.NewPhoto{ImageName: imageName(e.Name, u)})]
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
	return r.takeBack(ctx, enrolled, r.store.Withdraw)
}

// leaveOut takes back what the request added of these photos, and keeps the others.
func (r *receiver) leaveOut(ctx context.Context, enrolled *enrolledPhotos, photos []store.Photo) error {
	left := func(p store.Photo) bool {
		return slices.ContainsFunc(photos, func(one store.Photo) bool { return one.ID == p.ID })
	}
	enrolled.Photos, enrolled.leftOut = slices.DeleteFunc(enrolled.Photos, left), photos
	of := enrolled.Enrolled
	of.Photos = photos
	return r.takeBack(ctx, of, r.store.LeaveOut)
}

// takeBack takes back photos of an enrolment by one of the store's ways to do so.
func (r *receiver) takeBack(
	ctx context.Context, enrolled store.Enrolled,
	way func(ctx context.Context, enrolled store.Enrolled, by string, remove func(ctx context.Context, name string) error) error,
) error {
	if enrolled.Change == 0 {
		return nil
	}
	// The client may be gone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), withdrawTime)
	defer cancel()
	withdrawn := way(ctx, enrolled, auth.CallerName(ctx), func(ctx context.Context, name string) error {
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

// enrolmentAnswer is an answer's body.
type enrolmentAnswer struct {
	store.Profile
	Files   []refusedFile `json:"files,omitempty"`
	LeftOut []store.Photo `json:"left_out,omitempty"`
	Detail  string        `json:"detail,omitempty"`
}

// answerEnrolment tells what became of the photos, with the person: 202 while one waits,
// 422 where none can be used, 200 where nothing was new, else 201.
func (r *receiver) answerEnrolment(w http.ResponseWriter, enrolled enrolledPhotos) error {
	tellChanges(w, enrolled.Change)
	status := http.StatusCreated
	switch {
	case hasPending(enrolled.Photos):
		status = http.StatusAccepted
	case len(enrolled.Photos) > 0 && !slices.ContainsFunc(enrolled.Photos, store.Photo.Counts):
		return noneUsable(enrolled.Enrolled, enrolled.refused)
	case enrolled.Change == 0:
		status = http.StatusOK
	}
	if status != http.StatusOK {
		w.Header().Set("Location", personURL(enrolled.Person.ID))
	}
	answer := enrolmentAnswer{enrolled.Person, enrolled.refused, enrolled.leftOut, ""}
	if status == http.StatusAccepted {
		answer.Detail = whatIsNext(enrolled.Person.ID, enrolled.published)
	}
	serve.JSON(w, status, answer)
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
