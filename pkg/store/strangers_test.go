package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// crowd is a world of people who are told apart easily, with a picture of each of their faces.
func newCrowd(t *testing.T, people, faces int) (w *world, shows map[string]int) {
	t.Helper()
	r := rand.New(rand.NewPCG(7, uint64(people)))
	w = &world{database: newDatabase(t), pictures: map[string][]lineup.Face{}, photos: map[string][]float32{}}
	shows = map[string]int{}
	for who := range people {
		w.people = append(w.people, near(r, make([]float32, 128), 1))
		for i := range faces {
			path := fmt.Sprintf("%d-%d.jpg", i, who)
			shows[path] = who
			w.pictures[path] = []lineup.Face{{
				Box: &lineup.Box{Width: .2, Height: .2}, Model: randomModel, Embedding: near(r, w.people[who], 0.03),
			}}
		}
	}
	return w, shows
}

// strangerOf is whom the picture's only face is said to be, 0 for nobody.
func (w *world) strangerOf(t *testing.T, id int64) int64 {
	t.Helper()
	face := w.image(t, id).Faces[0]
	if face.Person != nil && (face.Person.Name != "" || face.DecidedBy != lineup.ByStranger) {
		t.Errorf("picture %d shows %+v, decided by %s, and nobody has a name", id, face.Person, face.DecidedBy)
	}
	return personID(face)
}

// TestPicturesOfOnePersonThatComeAtOnceMakeOneStranger posts all pictures, and four clients
// look at them while the face server lags behind.
func TestPicturesOfOnePersonThatComeAtOnceMakeOneStranger(t *testing.T) {
	t.Parallel()
	w, shows := newCrowd(t, 8, 12)
	ids := map[string]int64{}
	for path := range shows {
		ids[path] = w.submit(t, path)[0].ID
	}
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			c := &client{world: w, r: rand.New(rand.NewPCG(uint64(n), 1)), n: n}
			for range len(shows) {
				if err := c.work(t.Context(), true); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	(&client{world: w, r: rand.New(rand.NewPCG(5, 1))}).quiet(t)
	stranger, person := map[int]int64{}, map[int64]int{}
	for path, who := range shows {
		is := w.strangerOf(t, ids[path])
		if is == 0 {
			t.Errorf("%s shows nobody", path)
		}
		if known, there := stranger[who]; there && known != is {
			t.Errorf("%s is stranger %d's, another picture of the same person is %d's", path, is, known)
		}
		if other, there := person[is]; there && other != who {
			t.Errorf("stranger %d is persons %d and %d", is, who, other)
		}
		stranger[who], person[is] = is, who
	}
	var photos, most, named int
	w.scan(t, `SELECT COUNT(*), MAX(n) FROM (SELECT COUNT(*) AS n FROM person_images WHERE removed_at IS NULL GROUP BY person_id) each_one`, &photos, &most)
	if photos != len(w.people) || most > 5 {
		t.Errorf("%d strangers have photos, want %d; one has %d, want 5 at most", photos, len(w.people), most)
	}
	w.scan(t, "SELECT named_state FROM gallery", &named)
	if named != 1 {
		t.Errorf("the state of people with a name is %d, and nothing changed of them", named)
	}
	people, _, err := w.Profiles(t.Context(), store.PeopleFilter{Named: testkit.Ptr(false), Limit: 100})
	if err != nil || len(people) != len(w.people) || people[0].Pictures != 12 {
		t.Errorf("the list of strangers is %+v, %v; want %d of 12 pictures each", people, err, len(w.people))
	}
}

// lookAt gives the picture the faces that it shows, as the server sees them now.
func (w *world) lookAt(t *testing.T, paths ...string) (ids []int64) {
	t.Helper()
	c := &client{world: w, r: rand.New(rand.NewPCG(1, 1))}
	for _, path := range paths {
		ids = append(ids, w.submit(t, path)[0].ID)
		c.quiet(t)
	}
	return ids
}

func (w *world) enrolNow(t *testing.T, name string, who int) {
	t.Helper()
	photo := name + ".jpg"
	w.photos[photo] = w.people[who]
	testkit.Must(w.Enrol(t.Context(), store.Enrolment{Name: name, Photos: []store.NewPhoto{{ImageName: photo}}}))(t)
	(&client{world: w, r: rand.New(rand.NewPCG(1, 2))}).quiet(t)
}

func TestWhoeverIsEnrolledTakesTheirFacesFromTheStranger(t *testing.T) {
	t.Parallel()
	w, _ := newCrowd(t, 2, 3)
	ids := w.lookAt(t, "0-0.jpg", "1-0.jpg", "0-1.jpg")
	stranger := w.strangerOf(t, ids[0])
	w.enrolNow(t, "Ann", 0)
	for _, id := range ids[:2] {
		if image := w.image(t, id); image.Status != lineup.Identified || image.Person == nil || image.Person.Name != "Ann" {
			t.Errorf("picture %d is %s of %+v, want Ann", id, image.Status, image.Person)
		}
	}
	people, _, err := w.Profiles(t.Context(), store.PeopleFilter{Named: testkit.Ptr(false), Limit: 10})
	if err != nil || len(people) != 1 || people[0].ID == stranger {
		t.Errorf("listed are %+v, %v; want the other stranger alone", people, err)
	}
	if forgotten := testkit.Must(w.TidyStrangers(t.Context(), store.StrangerLimits{Most: 10}))(t); forgotten != 0 {
		t.Errorf("%d strangers were forgotten, and the enrolment can be undone", forgotten)
	}
	w.undoNewest(t)
	for _, id := range ids[:2] {
		if is := w.strangerOf(t, id); is != stranger {
			t.Errorf("after the enrolment was undone picture %d shows %d, want stranger %d", id, is, stranger)
		}
	}
	if w.strangerOf(t, ids[2]) == 0 {
		t.Error("the other stranger is gone")
	}
}

// undoNewest undoes the newest change that is in force, and has what follows done.
func (w *world) undoNewest(t *testing.T) {
	t.Helper()
	changes, _, err := w.Changes(t.Context(), store.ChangeFilter{Limit: 100})
	testkit.Succeed(t, err)
	i := slices.IndexFunc(changes, func(c store.Change) bool { return c.UndoneBy == nil && c.Undoes == 0 })
	testkit.Must(w.UndoChange(t.Context(), changes[i].ID, ""))(t)
	(&client{world: w, r: rand.New(rand.NewPCG(1, 9))}).quiet(t)
}

// TestUndoingAMergeOfStrangersOfOnePictureLosesNobody: merged they are one person, who is in
// the picture once.
func TestUndoingAMergeOfStrangersOfOnePictureLosesNobody(t *testing.T) {
	t.Parallel()
	for _, named := range []bool{false, true} {
		w, _ := newCrowd(t, 3, 1)
		both := append(slices.Clone(w.pictures["0-0.jpg"]), w.pictures["0-1.jpg"]...)
		both[1].Box = &lineup.Box{X: .5, Width: .2, Height: .2}
		w.pictures["both.jpg"] = both
		picture := w.lookAt(t, "both.jpg")[0]
		before := map[int64]int64{}
		for _, face := range w.image(t, picture).Faces {
			before[face.ID] = personID(face)
		}
		var people []int64
		for _, person := range before {
			people = append(people, person)
		}
		if len(people) != 2 || people[0] == people[1] || people[0] == 0 || people[1] == 0 {
			t.Fatalf("the picture shows %v, want two strangers", before)
		}
		if named {
			testkit.Must(w.PatchPerson(t.Context(), people[0], store.PersonPatch{Name: testkit.Ptr("Anna")}, ""))(t)
		}
		for _, into := range [][2]int64{{people[0], people[1]}, {people[1], people[0]}} {
			testkit.Must(w.MergePeople(t.Context(), into[0], into[1:], ""))(t)
			(&client{world: w, r: rand.New(rand.NewPCG(1, 8))}).quiet(t)
			w.undoNewest(t)
			for _, face := range w.image(t, picture).Faces {
				if personID(face) != before[face.ID] {
					t.Errorf("named: %v; after merging %v and undoing it face %d is %d's, want %d's", named, into, face.ID, personID(face), before[face.ID])
				}
			}
		}
	}
}

func TestMergingSomebodyNamedIntoAStrangerKeepsTheName(t *testing.T) {
	t.Parallel()
	w, _ := newCrowd(t, 2, 1)
	ids := w.lookAt(t, "0-0.jpg", "0-1.jpg")
	stranger, ann := w.strangerOf(t, ids[0]), w.strangerOf(t, ids[1])
	testkit.Must(w.PatchPerson(t.Context(), ann, store.PersonPatch{Name: testkit.Ptr("Ann")}, ""))(t)
	if one := testkit.Must(w.MergePeople(t.Context(), stranger, []int64{ann}, ""))(t); one.ID != ann || one.Name != "Ann" {
		t.Errorf("they are %+v, want Ann", one.Person)
	}
	w.undoNewest(t)
	if is := w.strangerOf(t, ids[0]); is != stranger {
		t.Errorf("after it was undone the face is %d's, want stranger %d's", is, stranger)
	}
}

func TestNamingAStrangerNamesTheirPicturesAndIsUndone(t *testing.T) {
	t.Parallel()
	w, _ := newCrowd(t, 2, 2)
	ids := w.lookAt(t, "0-0.jpg", "1-0.jpg", "0-1.jpg")
	stranger, quiet := w.strangerOf(t, ids[0]), (&client{world: w, r: rand.New(rand.NewPCG(1, 3))}).quiet
	testkit.Must(w.PatchPerson(t.Context(), stranger, store.PersonPatch{Name: testkit.Ptr("Ann")}, ""))(t)
	if face := w.image(t, ids[1]).Faces[0]; face.Person == nil || face.Person.Name != "Ann" || face.DecidedBy != lineup.ByMachine {
		t.Errorf("at once the face is %+v's, decided by %s; want Ann's, by machine", face.Person, face.DecidedBy)
	}
	quiet(t)
	for _, id := range ids[:2] {
		if image := w.image(t, id); image.Status != lineup.Identified || image.Person.Name != "Ann" {
			t.Errorf("picture %d is %s of %+v, want Ann", id, image.Status, image.Person)
		}
	}
	other := w.strangerOf(t, ids[2])
	_, err := w.PatchPerson(t.Context(), other, store.PersonPatch{Name: testkit.Ptr("ann")}, "")
	if same, ok := errors.AsType[*store.SameSpelling](err); !ok || same.People[0].ID != stranger {
		t.Errorf("a name that somebody has: %v, want SameSpelling with %d", err, stranger)
	}
	if profile := testkit.Must(w.PatchPerson(t.Context(), other, store.PersonPatch{Name: testkit.Ptr("ann"), Merge: true}, ""))(t); profile.ID != stranger || profile.Name != "Ann" {
		t.Errorf("merged it is %+v, want Ann", profile.Person)
	}
	for range 2 { // the merge, and the name
		changes, _, err := w.Changes(t.Context(), store.ChangeFilter{Limit: 100})
		testkit.Succeed(t, err)
		for _, c := range changes {
			if c.UndoneBy == nil && c.Undoes == 0 {
				testkit.Must(w.UndoChange(t.Context(), c.ID, ""))(t)
				break
			}
		}
	}
	quiet(t)
	for i, want := range []int64{stranger, stranger, other} {
		if is := w.strangerOf(t, ids[i]); is != want {
			t.Errorf("after all was undone picture %d shows %d, want stranger %d", ids[i], is, want)
		}
	}
	if status := w.image(t, ids[0]).Status; status != lineup.Unknown {
		t.Errorf("the picture is %s, want unknown", status)
	}
}

// Who is in no picture any more, as all of their faces are somebody else's since, is forgotten.
func TestStrangersWhoseFacesAreOthersAreForgotten(t *testing.T) {
	t.Parallel()
	w, _ := newCrowd(t, 6, 2)
	ids := w.lookAt(t, "0-0.jpg", "0-1.jpg")
	emptied, seen := w.strangerOf(t, ids[0]), w.strangerOf(t, ids[1])
	w.exec(t, "UPDATE person SET created_at = created_at - INTERVAL 1 HOUR")
	w.exec(t, "UPDATE faces SET person_id = ? WHERE person_id = ?", seen, emptied)
	w.exec(t, "UPDATE person SET pictures = 0") // also of who was not counted yet
	if n := testkit.Must(w.TidyStrangers(t.Context(), store.StrangerLimits{Most: 10}))(t); n != 1 || w.strangerOf(t, ids[1]) != seen {
		t.Errorf("%d were forgotten, want the one who is in no picture", n)
	}
}

func TestNoMoreStrangersThanThereMayBe(t *testing.T) {
	t.Parallel()
	w, _ := newCrowd(t, 6, 2)
	ids := w.lookAt(t, "0-0.jpg", "1-0.jpg", "0-1.jpg", "0-2.jpg", "0-3.jpg")
	testkit.Must(w.PatchPerson(t.Context(), w.strangerOf(t, ids[2]), store.PersonPatch{Hidden: testkit.Ptr(true)}, ""))(t)
	w.exec(t, "UPDATE person SET created_at = created_at - INTERVAL 1 HOUR")
	testkit.Succeed(t, w.Recount(t.Context()))
	if n := testkit.Must(w.TidyStrangers(t.Context(), store.StrangerLimits{Most: 4}))(t); n != 1 {
		t.Errorf("%d were forgotten, want the one seen once whom no hand touched", n)
	}
	for i, there := range []bool{true, true, true, false, true} {
		if is := w.strangerOf(t, ids[i]); (is != 0) != there {
			t.Errorf("picture %d shows stranger %d, there: want %v", ids[i], is, there)
		}
	}
	// With as many as there may be, a face begins no other.
	w.exec(t, "UPDATE gallery SET strangers = 1000")
	if more := w.lookAt(t, "0-4.jpg"); w.strangerOf(t, more[0]) != 0 {
		t.Error("another stranger began")
	}
	w.exec(t, "UPDATE images SET created_at = created_at - INTERVAL 2 HOUR WHERE id <> ?", ids[0])
	if n := testkit.Must(w.TidyStrangers(t.Context(), store.StrangerLimits{Most: 1000, Age: time.Hour}))(t); n != 1 || w.strangerOf(t, ids[4]) != 0 {
		t.Errorf("%d were forgotten that were not seen for an hour, want one", n)
	}
	if n := testkit.Must(w.TidyStrangers(t.Context(), store.StrangerLimits{}))(t); n != 1 || w.strangerOf(t, ids[2]) == 0 {
		t.Errorf("%d were forgotten when there are to be none, want all but the one whom a hand touched", n)
	}
	w.exec(t, "UPDATE person SET removed_at = removed_at - INTERVAL 1 MINUTE")
	testkit.Must(w.TidyStrangers(t.Context(), store.StrangerLimits{}))(t)
	var rows, faces int
	w.scan(t, "SELECT (SELECT COUNT(*) FROM person), (SELECT COUNT(*) FROM faces WHERE person_id IS NOT NULL)", &rows, &faces)
	if rows != 1 || faces != 1 {
		t.Errorf("%d people's rows and %d faces of theirs are left, want one of each", rows, faces)
	}
}
