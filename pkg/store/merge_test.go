package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// merge merges persons and gives the change.
func (d database) merge(t *testing.T, into int64, ids ...int64) int64 {
	t.Helper()
	testkit.Must(d.MergePeople(t.Context(), into, ids, ""))(t)
	return d.lastChange(t).ID
}

func (d database) lastChange(t *testing.T) store.Change {
	t.Helper()
	changes, _, err := d.Changes(t.Context(), store.ChangeFilter{Limit: 1})
	if err != nil || len(changes) == 0 {
		t.Fatalf("the last change is %v, %v", changes, err)
	}
	return changes[0]
}

// whose tells into whom each person was merged, 0 for nobody.
func (d database) whose(t *testing.T, people []lineup.Person) []int64 {
	t.Helper()
	into := make([]int64, len(people))
	for i, person := range people {
		if profile := testkit.Must(d.Person(t.Context(), person.ID))(t); profile.MergedInto != nil {
			into[i] = *profile.MergedInto
		}
	}
	return into
}

func (d database) persons(t *testing.T, n int) (people []lineup.Person) {
	t.Helper()
	for i := range n {
		people = append(people, d.person(t, fmt.Sprintf("name %d", i), fmt.Sprintf("%d.jpg", i)))
	}
	return people
}

func TestMergesAreUndoneInAnyOrder(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	people := db.persons(t, 5)
	id := func(i int) int64 { return people[i].ID }
	first, second, third := db.merge(t, id(1), id(0)), db.merge(t, id(2), id(0)), db.merge(t, id(3), id(4), id(1))
	if got := db.whose(t, people); !slices.Equal(got, []int64{id(3), id(3), id(3), 0, id(3)}) {
		t.Fatalf("merged into %v", got)
	}
	survivor := testkit.Must(db.Person(t.Context(), id(3)))(t)
	if len(survivor.Photos) != 5 || len(survivor.ImageNames) != 5 || survivor.Name != "name 3" {
		t.Errorf("who all of them are is %+v", survivor)
	}
	if listed, _, err := db.People(t.Context(), 0, 10); err != nil || len(listed) != 1 {
		t.Errorf("listed are %v, %v; want the survivor", listed, err)
	}
	for _, step := range []struct {
		undo int64
		want []int64
	}{
		{first, []int64{0, id(3), id(3), 0, id(3)}},
		{third, []int64{0, id(2), 0, 0, 0}},
		{second, []int64{0, 0, 0, 0, 0}},
	} {
		undo := testkit.Must(db.UndoChange(t.Context(), step.undo, "key"))(t)
		if again := testkit.Must(db.UndoChange(t.Context(), step.undo, ""))(t); again.ID != undo.ID || undo.Action != store.ActionUndo || undo.By != "key" {
			t.Errorf("undone twice: %+v and %+v", undo, again)
		}
		if got := db.whose(t, people); !slices.Equal(got, step.want) {
			t.Errorf("merged into %v, want %v", got, step.want)
		}
	}
}

func TestMergeSaysWhatItCannot(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	people := db.persons(t, 2)
	if _, err := db.MergePeople(t.Context(), people[0].ID, []int64{people[0].ID}, ""); !errors.Is(err, store.ErrSamePerson) {
		t.Errorf("with themselves: %v, want ErrSamePerson", err)
	}
	if _, err := db.MergePeople(t.Context(), people[0].ID, []int64{1_000_000}, ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("with nobody: %v, want ErrNotFound", err)
	}
	change, state := db.merge(t, people[0].ID, people[1].ID), db.state(t)
	if got := testkit.Must(db.MergePeople(t.Context(), people[1].ID, []int64{people[0].ID}, ""))(t); got.ID != people[0].ID || db.lastChange(t).ID != change || db.state(t) != state {
		t.Errorf("the other way round: %+v, want nothing new", got)
	}
}

// In a ring each merges the next: all at once they are one, and nobody their own.
func TestMergesAtOnceMakeNoCircle(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	people := db.persons(t, 6)
	var all sync.WaitGroup
	for i := range people {
		all.Go(func() {
			if _, err := db.MergePeople(t.Context(), people[(i+1)%6].ID, []int64{people[i].ID}, ""); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if listed, _, err := db.People(t.Context(), 0, 10); err != nil || len(listed) != 1 {
		t.Errorf("listed are %v, %v; want one", listed, err)
	}
}

func TestUndoingAtOnceMakesNoCircle(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	people := db.persons(t, 2)
	a, b := people[0].ID, people[1].ID
	one := testkit.Must(db.UndoChange(t.Context(), db.merge(t, a, b), ""))(t)
	other := testkit.Must(db.UndoChange(t.Context(), db.merge(t, b, a), ""))(t)
	var all sync.WaitGroup
	var done, refused atomic.Int32
	for _, undo := range []int64{one.ID, other.ID} {
		all.Go(func() {
			switch _, err := db.UndoChange(t.Context(), undo, ""); {
			case err == nil:
				done.Add(1)
			case errors.Is(err, store.ErrSamePerson):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if done.Load() != 1 || refused.Load() != 1 {
		t.Errorf("%d of two merges that close a circle were done again, %d refused", done.Load(), refused.Load())
	}
}

// Clients change people at random, all of them the same ones: undone newest first
// everything is as it was.
func TestRandomChangesOfPeopleFromFourClients(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	people := db.persons(t, 6)
	for _, person := range people {
		profile := testkit.Must(db.Person(t.Context(), person.ID))(t)
		db.finishPhoto(t, profile.Photos[0].ID, db.seen(t, face(float64(person.ID)*50)))
	}
	before, enrolled := db.everybody(t), db.lastChange(t).ID
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var all sync.WaitGroup
	for client := range uint64(4) {
		c := peopleClient{db, rand.New(rand.NewPCG(seed, client)), people, enrolled}
		all.Go(func() {
			for range 40 {
				if err := c.change(t); err != nil && !expected(err) {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	changes, _, err := db.Changes(t.Context(), store.ChangeFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		if c.ID > enrolled && testkit.Must(db.Change(t.Context(), c.ID))(t).UndoneBy == nil && c.Action != store.ActionUndo {
			if _, err := db.UndoChangeAnyway(t.Context(), c.ID, ""); err != nil {
				t.Errorf("undo change %d, %s: %v", c.ID, c.Action, err)
			}
		}
	}
	if after := db.everybody(t); !slices.Equal(after, before) {
		t.Errorf("after %d changes are undone there are %q, want %q", len(changes), after, before)
	}
}

// peopleClient is one of several who change the same people.
type peopleClient struct {
	database
	*rand.Rand
	people   []lineup.Person
	enrolled int64 // the last change that is not undone
}

func (c peopleClient) change(t *testing.T) error {
	ctx, one, other := t.Context(), c.people[c.IntN(len(c.people))].ID, c.people[c.IntN(len(c.people))].ID
	switch c.IntN(7) {
	case 0:
		_, err := c.MergePeople(ctx, one, []int64{other}, "")
		return err
	case 1:
		name := fmt.Sprint("another ", c.IntN(4))
		_, err := c.PatchPerson(ctx, one, store.PersonPatch{Name: &name, New: true}, "")
		return err
	case 2:
		hidden := c.IntN(2) == 0
		_, err := c.PatchPerson(ctx, one, store.PersonPatch{Hidden: &hidden}, "")
		return err
	case 3:
		_, err := c.DifferentPeople(ctx, one, []int64{other}, "")
		return err
	case 4:
		profile, err := c.Person(ctx, one)
		if err != nil || len(profile.Photos) == 0 {
			return err
		}
		_, err = c.RemovePhoto(ctx, one, profile.Photos[c.IntN(len(profile.Photos))].ID, "")
		return err
	case 5:
		return c.enrolSomebody(t)
	}
	changes, _, err := c.Changes(ctx, store.ChangeFilter{Limit: 12})
	if err != nil {
		return err
	}
	if change := changes[c.IntN(len(changes))]; change.ID > c.enrolled {
		_, err = c.UndoChange(ctx, change.ID, "")
	}
	return err
}

// enrolSomebody enrols one of a few names with one of a few photos, and looks at it.
func (c peopleClient) enrolSomebody(t *testing.T) error {
	e := with(store.Enrolment{Name: fmt.Sprint("NEW ", c.IntN(3)), Anyway: c.IntN(2) == 0}, fmt.Sprintf("new %d.jpg", c.IntN(6)))
	var state int64
	if err := c.sql.QueryRowContext(t.Context(), "SELECT state FROM gallery").Scan(&state); err != nil {
		return err
	}
	enrolled, err := c.Enrol(t.Context(), e)
	if _, same := errors.AsType[*store.SameSpelling](err); same || errors.Is(err, store.ErrOtherPerson) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, photo := range enrolled.Photos {
		claim, err := c.ClaimPhoto(t.Context(), photo.ID, time.Minute)
		if err != nil || claim.Outcome != store.Won {
			return err
		}
		_, err = c.FinishPhoto(t.Context(), claim, store.PhotoOutcome{State: store.PhotoUsable, Descriptor: face(float64(c.IntN(360))), Model: "m", GalleryState: state, Threshold: 0.9})
		if err != nil && !errors.Is(err, store.ErrClaimLost) {
			return err
		}
	}
	return nil
}

// everybody tells who there is, with what a hand can change of them.
func (d database) everybody(t *testing.T) (all []string) {
	t.Helper()
	profiles, _, err := d.Profiles(t.Context(), store.PeopleFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range profiles {
		all = append(all, fmt.Sprint(p.ID, p.Name, p.Hidden, p.Cover, p.MergedInto, p.ImageNames, p.Photos[0].State))
	}
	return all
}

func TestSimilarAndDifferentPeople(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	var people []store.Profile
	for i, degrees := range []float64{0, 20, 40, 120} {
		people = append(people, db.usable(t, fmt.Sprintf("name %d", i), fmt.Sprintf("%d.jpg", i), face(degrees)).Person)
	}
	similar := func(i int) (ids []int64) {
		t.Helper()
		for _, s := range testkit.Must(db.SimilarPeople(t.Context(), people[i].ID, 0.5))(t) {
			ids = append(ids, s.Person.ID)
		}
		return ids
	}
	if got := similar(0); !slices.Equal(got, []int64{people[1].ID, people[2].ID}) {
		t.Errorf("like the first are %v", got)
	}
	for range 2 {
		if _, err := db.DifferentPeople(t.Context(), people[1].ID, []int64{people[0].ID}, ""); err != nil {
			t.Fatal(err)
		}
	}
	if got := similar(0); !slices.Equal(got, []int64{people[2].ID}) {
		t.Errorf("like the first are %v, and the second is said not to be", got)
	}
	no := db.lastChange(t)
	if no.Action != store.ActionIsNot {
		t.Errorf("the change is %+v", no)
	}
	db.merge(t, people[2].ID, people[1].ID)
	if got := similar(0); len(got) != 0 {
		t.Errorf("like the first are %v, and one of the two who are one is said not to be", got)
	}
	testkit.Must(db.UndoChange(t.Context(), no.ID, ""))(t)
	if got := similar(0); !slices.Equal(got, []int64{people[2].ID}) {
		t.Errorf("like the first are %v after the undo", got)
	}
	if _, err := db.DifferentPeople(t.Context(), people[2].ID, []int64{people[1].ID}, ""); !errors.Is(err, store.ErrSamePerson) {
		t.Errorf("two who are one: %v, want ErrSamePerson", err)
	}
	if _, err := db.DifferentPeople(t.Context(), people[2].ID, []int64{1_000_000}, ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("nobody: %v, want ErrNotFound", err)
	}
}

func TestACandidateWhoWasMergedIsWhoTheyAreNow(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	people := db.persons(t, 3)
	claim := db.win(t, "a")
	db.finish(t, claim, compared(seen(0, face(0), db.candidate(t, "1.jpg", .3))), true)
	db.merge(t, people[1].ID, people[0].ID) // so that an elder row points to a younger one
	db.merge(t, people[2].ID, people[1].ID)
	candidates := db.image(t, claim.ID).Faces[0].Candidates
	if len(candidates) != 1 || candidates[0].Person != people[2] {
		t.Errorf("the face is like %+v, want %+v", candidates, people[2])
	}
}
