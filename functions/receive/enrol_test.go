package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// enrolment is an answer, whichever it is.
type enrolment struct {
	store.Profile
	People []lineup.Person `json:"people"`
	Detail string          `json:"detail"`
	reply
}

// enrol posts a name and what is said beside it, NAME=VALUE, with photos.
func (s *system) enrol(t *testing.T, path, name, beside string, photos ...string) (e enrolment) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	if name != "" {
		testkit.Succeed(t, form.WriteField("name", name))
	}
	for _, field := range strings.Fields(beside) {
		key, value, _ := strings.Cut(field, "=")
		testkit.Succeed(t, form.WriteField(key, value))
	}
	for i, photo := range photos {
		name, content := fmt.Sprintf("%d.jpg", i+1), "\xff\xd8\xff"+photo
		if text, is := strings.CutPrefix(photo, "text "); is { // no picture
			name, content = fmt.Sprintf("%d.txt", i+1), text
		}
		part := testkit.Must(form.CreateFormFile("photo", name))(t)
		testkit.Must(io.WriteString(part, content))(t)
	}
	testkit.Succeed(t, form.Close())
	e.reply = s.do(t, path, b.String(), "Content-Type", form.FormDataContentType())
	testkit.Succeed(t, json.Unmarshal([]byte(e.body), &e))
	return e
}

func (e enrolment) want(t *testing.T, status int, says string) {
	t.Helper()
	if e.status != status || !strings.Contains(e.body, says) {
		t.Errorf("%d %s, want %d with %s", e.status, e.body, status, says)
	}
}

// examine stands for process and a face server, until the test ends. A photo whose
// content begins with "no face" has none; of any other the numbers behind the last space
// are the descriptor.
func (s *system) examine(t *testing.T) {
	t.Helper()
	s.examineFirst(t, math.MaxInt64)
}

// examineFirst is examine for so many photos: what is due after them waits.
func (s *system) examineFirst(t *testing.T, photos int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	t.Cleanup(func() { cancel(); <-ended })
	go func() {
		defer close(ended)
		for ctx.Err() == nil && s.examined.Load() < photos {
			if err := s.examineDue(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("examine: %v", err)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
}

func (s *system) examineDue(ctx context.Context) error {
	due, err := s.store.DuePhotos(ctx, 0, 100)
	for _, id := range due {
		photo, err := s.store.Photo(ctx, id)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(filepath.Join(s.gallery, photo.ImageName))
		if err != nil { // it is not saved yet, and has no hint
			continue
		}
		claim, err := s.store.ClaimPhoto(ctx, id, time.Minute)
		if err != nil {
			return err
		}
		outcome := store.PhotoOutcome{State: store.PhotoUnusable, Reason: "no face was found", Shown: []lineup.PhotoFace{}}
		if !bytes.Contains(content, []byte("no face")) {
			var x, y float32
			if _, err := fmt.Sscanf(string(content[bytes.LastIndexByte(content, ' ')+1:]), "%f,%f", &x, &y); err != nil {
				return err
			}
			outcome = store.PhotoOutcome{State: store.PhotoUsable, Descriptor: []float32{x, y}, Model: "m", GalleryState: 1, Threshold: 0.5}
		}
		if bytes.Contains(content, []byte("group")) && claim.Chosen == 0 {
			outcome = store.PhotoOutcome{State: store.PhotoUnusable, Reason: "it shows 3 faces", Shown: make([]lineup.PhotoFace, 3)}
		} else if bytes.Contains(content, []byte("group")) {
			shown := make([]lineup.PhotoFace, 3)
			shown[claim.Chosen-1].Used = true
			outcome.Shown = shown
		}
		if _, err := s.store.FinishPhoto(ctx, claim, outcome); err != nil {
			return err
		}
		s.examined.Add(1)
	}
	return err
}

func TestAnEnrolmentTellsWhatBecameOfThePhotos(t *testing.T) {
	s := newSystem(t)
	s.limits.EnrolWait = time.Minute
	s.examine(t)
	enrol := func(name, beside string, photos ...string) enrolment {
		t.Helper()
		return s.enrol(t, "/people", name, beside, photos...)
	}
	enrol("Ann", "", "1 1,0").want(t, http.StatusCreated, `"state":"usable"`)
	enrol("Ann", "", "1 1,0").want(t, http.StatusOK, `"state":"usable"`)
	enrol("ann", "", "2 0.9,0.1", "no face").want(t, http.StatusCreated, `"reason":"no face was found"`)
	bad := enrol("Bea", "", "no face of Bea's")
	bad.want(t, http.StatusUnprocessableEntity, `"detail":"no face was found"`)
	if bad.ID == 0 || bad.Name != "Bea" || len(bad.Photos) != 1 || bad.Photos[0].State != store.PhotoUnusable {
		t.Errorf("the answer holds %+v, want the person with the photo", bad.Profile)
	}
	enrol("Bea", "", "no face of Bea's").want(t, http.StatusUnprocessableEntity, "no face was found")

	group := enrol("Cal", "", "group 0,1")
	group.want(t, http.StatusUnprocessableEntity, "it shows 3 faces")
	if len(group.Photos) != 1 || strings.Count(string(group.Photos[0].Faces), "box") != 3 {
		t.Errorf("the faces are %s, want three", group.Photos[0].Faces)
	}
	enrol("Cal", "face=2", "group 0,1").want(t, http.StatusCreated, `"state":"usable"`)
	enrol("Cal", "face=0", "group 0,1").want(t, http.StatusBadRequest, "from 1")
	enrol("Cal", "face=1", "group 0,1", "1 1,0").want(t, http.StatusBadRequest, "alone")
	enrol("Cal", "new=perhaps", "group 0,1").want(t, http.StatusBadRequest, "true or false")

	added := s.enrol(t, fmt.Sprintf("/api/v1/people/%d/photos", bad.ID), "", "", "3 0,-1")
	if added.want(t, http.StatusCreated, `"state":"usable"`); added.ID != bad.ID || len(added.Photos) != 2 {
		t.Errorf("added to %d: %+v", bad.ID, added.Profile)
	}
	s.enrol(t, "/api/v1/people/99/photos", "", "", "4 0,1").want(t, http.StatusNotFound, "no such person")
	s.enrol(t, "/api/v1/people/no/photos", "", "", "4 0,1").want(t, http.StatusNotFound, "number")
}

// A file that is no photo leaves the others alone, and each is told by the name that was sent.
func TestOneFileThatIsNoPhotoRefusesNoOther(t *testing.T) {
	s := newSystem(t)
	s.limits.EnrolWait = time.Minute
	s.examine(t)
	const refused = `"files":[{"number":2,"name":"2.txt","error":"not a picture: send `
	ann := s.enrol(t, "/people", "Ann", "", "1 1,0", "text hello", "no face", "1 1,0")
	ann.want(t, http.StatusCreated, refused)
	var called []string
	for _, photo := range ann.Photos {
		called = append(called, fmt.Sprint(photo.FileName, " ", photo.State))
	}
	if want := []string{"1.jpg usable", "3.jpg unusable"}; !slices.Equal(called, want) {
		t.Errorf("the photos are %q, want %q", called, want)
	}
	s.enrol(t, "/people", "Ann", "", "1 1,0", "text hello").want(t, http.StatusOK, refused)
	s.enrol(t, "/people", "Bea", "", "no face of Bea's", "text hello").want(t, http.StatusUnprocessableEntity, refused)
	s.enrol(t, fmt.Sprintf("/api/v1/people/%d/photos", ann.ID), "", "", "text hello", "text bye").want(t, http.StatusUnprocessableEntity, `"name":"1.txt"`)
	s.enrol(t, "/people", "Cal", "", "text hello").want(t, http.StatusUnsupportedMediaType, `"detail":"1.txt: not a picture`)
	if all, _, err := s.store.People(t.Context(), 0, 10); err != nil || len(all) != 2 {
		t.Errorf("people are %+v, %v; want Ann and Bea", all, err)
	}
	s.limits.EnrolWait = 0
	s.enrol(t, "/people", "Dan", "", "group 0,1", "text hello").want(t, http.StatusAccepted, refused)
}

func TestAPhotoLikeAnotherNamedPersonIsAskedFor(t *testing.T) {
	s := newSystem(t)
	s.limits.EnrolWait = time.Minute
	s.examine(t)
	s.enrol(t, "/people", "Kate", "", "1 1,0").want(t, http.StatusCreated, "")
	other := func(beside string) enrolment {
		t.Helper()
		return s.enrol(t, "/people", "Katherine S.", beside, "1 1,0")
	}
	kept := func(people, files int) {
		t.Helper()
		all, _, err := s.store.People(t.Context(), 0, 10)
		if err != nil || len(all) != people {
			t.Errorf("people are %+v, %v; want %d", all, err, people)
		}
		if left := filesBelow(t, s.gallery); len(left) != files {
			t.Errorf("the gallery holds %v, want %d", left, files)
		}
	}
	for range 2 {
		other("").want(t, http.StatusConflict, `"similar":{"person":{"id":1,"name":"Kate"}`)
		other("").want(t, http.StatusConflict, `"file_name":"1.jpg"`)
		kept(1, 1)
	}
	other("anyway=true").want(t, http.StatusCreated, `"state":"usable"`)
	kept(2, 2)
}

// Of several photos the request can leave out those that are like another named person.
func TestPhotosLikeAnotherNamedPersonCanBeLeftOut(t *testing.T) {
	s := newSystem(t)
	s.limits.EnrolWait = time.Minute
	s.examine(t)
	s.enrol(t, "/people", "Kate", "", "1 1,0").want(t, http.StatusCreated, "")
	enrol := func(beside string, photos ...string) enrolment {
		t.Helper()
		return s.enrol(t, "/people", "Ben", beside, photos...)
	}
	asked := enrol("", "2 0,1", "3 1,0", "text hello")
	asked.want(t, http.StatusConflict, "or others=true")
	asked.want(t, http.StatusConflict, `"name":"Ben"`)
	asked.want(t, http.StatusConflict, `"files":[{"number":3,"name":"3.txt"`)
	alone := enrol("others=true", "3 1,0", "no face")
	if alone.want(t, http.StatusConflict, "like-another"); strings.Contains(alone.body, "others=true") {
		t.Errorf("others are offered where there are none: %s", alone.body)
	}
	if left := filesBelow(t, s.gallery); len(left) != 1 {
		t.Errorf("the gallery holds %v, want what was there", left)
	}
	for range 2 {
		ben := enrol("others=true", "2 0,1", "3 1,0", "text hello")
		ben.want(t, http.StatusCreated, `"left_out":[{`)
		ben.want(t, http.StatusCreated, `"files":[{"number":3,"name":"3.txt"`)
		if len(ben.Photos) != 1 || ben.Photos[0].FileName != "1.jpg" || ben.Photos[0].State != store.PhotoUsable {
			t.Errorf("the photos are %+v", ben.Photos)
		}
	}
	if left := filesBelow(t, s.gallery); len(left) != 2 {
		t.Errorf("the gallery holds %v, want a photo of each", left)
	}
}

func TestWhatIsFoundAfterTheAnswerStays(t *testing.T) {
	s := newSystem(t)
	s.enrol(t, "/people", "Kate", "", "1 1,0").want(t, http.StatusAccepted, `"state":"pending"`)
	s.enrol(t, "/people", "Kit", "", "1 1,0").want(t, http.StatusAccepted, `"state":"pending"`)
	testkit.Succeed(t, s.examineDue(t.Context()))
	kit := s.enrol(t, "/people", "Kit", "", "1 1,0")
	kit.want(t, http.StatusConflict, "like another named person")
	if all, _, err := s.store.People(t.Context(), 0, 10); err != nil || len(all) != 2 {
		t.Errorf("people are %+v, %v; want both", all, err)
	}
	s.enrol(t, "/people", "Kit", "anyway=true", "1 1,0").want(t, http.StatusAccepted, `"state":"pending"`)
	testkit.Succeed(t, s.examineDue(t.Context()))
	s.enrol(t, "/people", "Kit", "", "1 1,0").want(t, http.StatusOK, `"state":"usable"`)
}

func TestANameOfSeveralPeople(t *testing.T) {
	s := newSystem(t)
	name := func(body string) (e enrolment) {
		t.Helper()
		e.reply = s.do(t, "/people", body, "Content-Type", "application/json")
		testkit.Succeed(t, json.Unmarshal([]byte(e.body), &e))
		return e
	}
	name(`{"name":"Ann Lee"}`).want(t, http.StatusCreated, `"name":"Ann Lee"`)
	name(`{"name":"ann  lee"}`).want(t, http.StatusOK, `"id":1`)
	name(`{"name":"ann lee","new":true}`).want(t, http.StatusCreated, `"id":2`)
	both := name(`{"name":"ANN LEE"}`)
	if both.want(t, http.StatusConflict, "2 people are called so"); len(both.People) != 2 {
		t.Errorf("they are %+v", both.People)
	}
	name(`{"name":""}`).want(t, http.StatusBadRequest, "name is missing")
	name(`{"name":"A","age":3}`).want(t, http.StatusBadRequest, "age")
	name(`{"name":"\u200b"}`).want(t, http.StatusBadRequest, "name")
}

func TestPhotosAreHintedAtOnceAndAgainWhenThatWasLost(t *testing.T) {
	s := newSystem(t)
	s.enrol(t, "/people", "Ann", "", "1 1,0", "2 1,0.1").want(t, http.StatusAccepted, "")
	hinted := func(want int) {
		t.Helper()
		for _, hint := range s.next(t, "photos", want) {
			if !strings.Contains(hint, `"type":"dev.lineup.photo.submitted"`) {
				t.Errorf("the hint is %s", hint)
			}
		}
	}
	hinted(2)
	s.nsqd.Stop()
	s.enrol(t, "/people", "Ann", "", "3 1,0.2").want(t, http.StatusAccepted, "")
	s.nsqd.Start(t)
	s.exec(t, "UPDATE person_images SET created_at = created_at - INTERVAL 1 HOUR, queued_at = queued_at - INTERVAL 1 HOUR")
	testkit.Succeed(t, s.ping(t.Context()))
	hinted(3)
}

func TestPhotosThatCannotBeSavedAreWithdrawn(t *testing.T) {
	s := newSystem(t)
	testkit.Succeed(t, os.RemoveAll(s.gallery))
	s.enrol(t, "/people", "Ann", "", "1 1,0").want(t, http.StatusServiceUnavailable, "")
	if all, _, err := s.store.People(t.Context(), 0, 10); err != nil || len(all) != 0 {
		t.Errorf("people are %+v, %v; want none", all, err)
	}
	testkit.Succeed(t, os.Mkdir(s.gallery, 0o755))
	s.enrol(t, "/people", "Ann", "", "1 1,0").want(t, http.StatusAccepted, `"state":"pending"`)
}

func TestWhoIsEnrolledIsLookedForInThePast(t *testing.T) {
	s := newSystem(t)
	s.limits.EnrolWait = time.Minute
	s.examine(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.follower.run(ctx) }()
	defer func() { cancel(); <-ended }()
	s.postJSON(t, "before.jpg")
	s.exec(t, "INSERT INTO faces (image_id, gallery_state) VALUES (1, 1)")
	s.enrol(t, "/people", "Ann", "", "1 1,0").want(t, http.StatusCreated, "")
	hinted := func() {
		t.Helper()
		hint := s.next(t, "rematches", 1)[0]
		if !strings.Contains(hint, `"type":"dev.lineup.rematch.submitted"`) || !strings.Contains(hint, `"first_image":0`) {
			t.Errorf("the hint is %s", hint)
		}
	}
	hinted()
	s.exec(t, "UPDATE rematches SET finished_at = UTC_TIMESTAMP(6)") // and a look that was under way writes another face
	testkit.Succeed(t, s.ping(t.Context()))
	hinted()
}

func TestAFaceThatIsChosenAgainOrIsNotThere(t *testing.T) {
	s := newSystem(t)
	s.limits.EnrolWait = time.Minute
	s.examine(t)
	choose := func(beside string) enrolment {
		t.Helper()
		return s.enrol(t, "/people", "Cal", beside, "group 0,1")
	}
	changes := func() int {
		t.Helper()
		all, _, err := s.store.Changes(t.Context(), store.ChangeFilter{Person: 1, Limit: 100})
		testkit.Succeed(t, err)
		return len(all)
	}
	choose("").want(t, http.StatusUnprocessableEntity, "it shows 3 faces")
	n := changes()
	wrong := choose("face=9")
	wrong.want(t, http.StatusUnprocessableEntity, `"type":"urn:lineup:problem:no-such-face"`)
	wrong.want(t, http.StatusUnprocessableEntity, `"file_name":"1.jpg"`)
	if len(wrong.Photos) != 1 || strings.Count(string(wrong.Photos[0].Faces), "box") != 3 {
		t.Errorf("the faces are %s, want three", wrong.body)
	}
	choose("").want(t, http.StatusUnprocessableEntity, "it shows 3 faces")
	if got := changes(); got != n {
		t.Errorf("%d changes, want %d", got, n)
	}
	choose("face=2").want(t, http.StatusCreated, `"state":"usable"`)
	n = changes()
	choose("face=2").want(t, http.StatusOK, `"state":"usable"`)
	choose("face=9").want(t, http.StatusUnprocessableEntity, "it has no face 9")
	choose("").want(t, http.StatusOK, `"state":"usable"`)
	if got := changes(); got != n {
		t.Errorf("%d changes, want %d", got, n)
	}
}

// undone is the answer of taking a change back.
type undone struct {
	store.Change
	Photos []store.Photo `json:"photos"`
	Detail string        `json:"detail"`
}

func TestAPhotoThatUndoingLeavesToBeLookedAtIsHintedAtOnce(t *testing.T) {
	s := newSystem(t)
	for _, face := range []string{"face=2", "face=3"} {
		s.enrol(t, "/people", "Cal", face, "group 0,1").want(t, http.StatusAccepted, "")
		testkit.Succeed(t, s.examineDue(t.Context()))
	}
	s.next(t, "photos", 2)
	chosen := testkit.Must(s.store.Change(t.Context(), 2))(t)
	var u undone
	r := s.ask(t, "POST", fmt.Sprintf("changes/%d/undo", chosen.ID), "", http.StatusAccepted, &u)
	if len(u.Photos) != 1 || u.Photos[0].State != store.PhotoPending || !strings.Contains(u.Detail, "next: GET /api/v1/people/1 ") || r.header.Get("Location") != "/api/v1/people/1" {
		t.Errorf("the answer is %s, want that the photo is looked at", r.body)
	}
	s.next(t, "photos", 1)
	s.ask(t, "POST", fmt.Sprintf("changes/%d/undo", chosen.ID), "", http.StatusAccepted, nil)
	s.next(t, "photos", 1)
	testkit.Succeed(t, s.examineDue(t.Context()))
	s.limits.EnrolWait = time.Minute
	s.examine(t)
	var again undone
	s.ask(t, "POST", fmt.Sprintf("changes/%d/undo", u.ID), "", http.StatusOK, &again)
	if len(again.Photos) != 1 || again.Photos[0].State != store.PhotoUsable || again.Detail != "" {
		t.Errorf("the answer is %+v, want the photo in use again", again)
	}
}

func TestARefusedEnrolmentLeavesNothing(t *testing.T) {
	s := newSystem(t)
	s.limits.EnrolWait = time.Minute
	s.examine(t)
	s.enrol(t, "/people", "Ann", "", "1 1,0").want(t, http.StatusCreated, "")
	for _, path := range []string{"/people", "/api/v1/people"} {
		s.enrol(t, path, "Xqzvortex", "", "2 1,0.1").want(t, http.StatusConflict, "like-another")
	}
	s.enrol(t, "/people", "Xqzvortex", "", "no face").want(t, http.StatusUnprocessableEntity, "no face") // which is kept
	db := deptest.SQL(t, s.dsn)
	for table, want := range map[string]int{"changes": 2, "person_images": 2, "descriptors": 1, "person WHERE name IS NOT NULL": 2} {
		var n int
		testkit.Succeed(t, db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n))
		if n != want {
			t.Errorf("%s: %d rows, want %d", table, n, want)
		}
	}
	if files := s.photoFiles(t); len(files) != 2 {
		t.Errorf("the gallery holds %v", files)
	}
}

func TestAPhotoThatCountedBeforeARefusedEnrolmentIsHintedAtOnce(t *testing.T) {
	s := newSystem(t)
	s.limits.EnrolWait = time.Minute
	s.examineFirst(t, 3) // who looked at the one before again would leave no hint to be given
	s.enrol(t, "/people", "Cal", "face=2", "group 0,1").want(t, http.StatusCreated, "")
	s.enrol(t, "/people", "Dan", "anyway=true", "a photo 0,1").want(t, http.StatusCreated, "")
	s.next(t, "photos", 2)
	s.enrol(t, "/people", "Cal", "face=3", "group 0,1").want(t, http.StatusConflict, "like-another")
	s.next(t, "photos", 2) // that of the other face, and that of the one before
}

func TestTheFaceInUseIsNothingNew(t *testing.T) {
	s := newSystem(t)
	s.limits.EnrolWait = time.Minute
	s.examine(t)
	s.enrol(t, "/people", "Ann", "", "1 1,0").want(t, http.StatusCreated, "")
	s.exec(t, `UPDATE person_images SET shown = '[{"box":null,"width":90,"light":0.5,"sharpness":0.1,"used":true}]'`) // as process writes it
	s.enrol(t, "/people", "Ann", "face=1", "1 1,0").want(t, http.StatusOK, `"state":"usable"`)
	s.enrol(t, "/people", "Ann", "face=2", "1 1,0").want(t, http.StatusUnprocessableEntity, "choose one from 1 to 1")
	s.exec(t, "UPDATE person_images SET chosen = 2, state = 'unusable', reason = 'it has no face 2'")
	s.enrol(t, "/people", "Ann", "", "1 1,0").want(t, http.StatusCreated, `"state":"usable"`) // a wrong number of a new photo
}

func TestOnePhotoUnderTwoNames(t *testing.T) {
	for name, c := range map[string]struct{ first, second, beside string }{
		"of one spelling as somebody new":   {"Ann", "ann", "new=true"},
		"of two that make one name of file": {"Mary Ann", "mary-ann", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSystem(t)
			s.limits.EnrolWait = time.Minute
			s.examine(t)
			s.enrol(t, "/people", c.first, "", "1 1,0").want(t, http.StatusCreated, "")
			for range 2 {
				s.enrol(t, "/people", c.second, c.beside, "1 1,0").want(t, http.StatusConflict, `"similar":{"person":{"id":1,`)
				if left := filesBelow(t, s.gallery); len(left) != 1 {
					t.Errorf("the gallery holds %v, want what was there", left)
				}
			}
			both := s.enrol(t, "/people", c.second, c.beside+" anyway=true", "1 1,0")
			both.want(t, http.StatusCreated, `"state":"usable"`)
			if left := filesBelow(t, s.gallery); both.ID == 1 || len(left) != 2 {
				t.Errorf("person %d, and the gallery holds %v", both.ID, left)
			}
		})
	}
}

func TestAFileIsNotRemovedOfAPhotoThatIsEnrolledAgain(t *testing.T) {
	s := newSystem(t)
	ann := s.enrol(t, "/people", "Ann", "", "1 1,0")
	photo := ann.Photos[0].ID
	testkit.Must(s.store.RemovePhoto(t.Context(), ann.ID, photo, ""))(t)
	var again sync.WaitGroup
	err := s.store.WhileRemoved(t.Context(), photo, func(ctx context.Context) error {
		again.Go(func() { s.enrol(t, "/people", "Ann", "", "1 1,0").want(t, http.StatusAccepted, "") }) // waits for the row
		return s.receiver.gallery.Remove(ctx, ann.Photos[0].ImageName)
	})
	testkit.Succeed(t, err)
	again.Wait()
	if left := filesBelow(t, s.gallery); len(left) != 1 {
		t.Errorf("the gallery holds %v, want the photo that was enrolled again", left)
	}
	err = s.store.WhileRemoved(t.Context(), photo, func(context.Context) error {
		t.Error("the photo is not removed any more")
		return nil
	})
	testkit.Succeed(t, err)
}

func TestWhoAsksIsToldThatSomebodyHasTheName(t *testing.T) {
	s := newSystem(t)
	dana := s.named(t, "Dana")
	e := store.Enrolment{Name: "dana", Ask: true, Photos: []store.NewPhoto{{ImageName: "dana-1.jpg"}}}
	_, err := s.store.Enrol(t.Context(), e)
	if same, is := errors.AsType[*store.SameSpelling](err); !is || len(same.People) != 1 || same.People[0].ID != dana.ID {
		t.Errorf("asked: %v", err)
	}
	e.Ask = false
	testkit.Must(s.store.Enrol(t.Context(), e))(t)
	e.Ask = true
	if again := testkit.Must(s.store.Enrol(t.Context(), e))(t); again.Person.ID != dana.ID || again.Created {
		t.Errorf("the same again: %+v", again)
	}
}
