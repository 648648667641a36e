package store_test

import (
	"fmt"
	"slices"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func TestPeopleAreListedByNameAndNewestPageByPage(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	for _, name := range []string{"Mom", "anna", "Zoe", "Anna B", "Dad", "dad 2", "Mia"} {
		db.enrol(t, store.Enrolment{Name: name})
	}
	db.exec(t, "INSERT INTO person (created_at) VALUES (UTC_TIMESTAMP(6))") // a stranger
	for order, want := range map[store.PeopleOrder][]string{
		store.FirstAdded: {"Mom", "anna", "Zoe", "Anna B", "Dad", "dad 2", "Mia"},
		store.LastAdded:  {"Mia", "dad 2", "Dad", "Anna B", "Zoe", "anna", "Mom"},
		store.ByName:     {"anna", "Anna B", "Dad", "dad 2", "Mia", "Mom", "Zoe"},
	} {
		var got []string
		f := store.PeopleFilter{Named: new(true), Hidden: new(bool), Order: order, Limit: 2}
		for more := true; more; {
			var page []store.Profile
			var err error
			page, more, err = db.Profiles(t.Context(), f)
			testkit.Succeed(t, err)
			for _, p := range page {
				got = append(got, string(p.Name))
			}
			if len(page) == 0 || len(got) > 20 {
				break
			}
			f.After = page[len(page)-1].ID
		}
		if !slices.Equal(got, want) {
			t.Errorf("in the order %q: %q, want %q", order, got, want)
		}
	}
	found, _, err := db.Profiles(t.Context(), store.PeopleFilter{Query: "An", Order: store.ByName, Limit: 9})
	if testkit.Succeed(t, err); len(found) != 2 || found[0].Name != "anna" {
		t.Errorf("those whose names begin with An: %+v", found)
	}
}

// as gives a picture with one face, that the machine took for the photo's person.
func (d database) as(t *testing.T, path, photo string, similarity float64) lineup.Face {
	t.Helper()
	claim := d.win(t, path)
	d.finish(t, claim, store.Result{Faces: []lineup.Face{{ImageName: photo, Similarity: &similarity, Crop: claim.Derived(1)}}}, true)
	return d.image(t, claim.ID).Faces[0]
}

func TestTheLeastSureFacesComeFirst(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	anna, other := db.person(t, "Anna", "anna.jpg"), db.person(t, "Ann", "ann.jpg")
	sure, doubtful := db.as(t, "sure.jpg", "anna.jpg", 0.9), db.as(t, "doubtful.jpg", "anna.jpg", 0.3)
	merged, said := db.as(t, "merged.jpg", "ann.jpg", 0.5), db.as(t, "said.jpg", "anna.jpg", 0.2)
	db.merge(t, anna.ID, other.ID)
	db.decide(t, said.ID, store.FaceDecision{Person: &anna.ID})
	var got []int64
	for after := int64(0); ; {
		seen, last, err := db.LeastSure(t.Context(), store.SureFilter{Person: anna.ID, After: after, Among: 10, Limit: 2})
		testkit.Succeed(t, err)
		for _, one := range seen {
			got = append(got, one.Face.ID)
			if one.Image.ID == 0 || one.Face.Person.ID != anna.ID {
				t.Errorf("%+v", one)
			}
		}
		if after = last; last == 0 {
			break
		}
	}
	if want := []int64{doubtful.ID, merged.ID, sure.ID}; !slices.Equal(got, want) {
		t.Errorf("the faces are %v, want %v", got, want)
	}
	seen, _, err := db.LeastSure(t.Context(), store.SureFilter{Person: anna.ID, Among: 1, Limit: 9})
	if testkit.Succeed(t, err); len(seen) != 1 || seen[0].Face.ID != merged.ID {
		t.Errorf("among the newest of each alone: %+v", seen)
	}
	if _, _, err := db.LeastSure(t.Context(), store.SureFilter{Person: 99, Among: 1, Limit: 9}); err == nil {
		t.Error("of nobody there are faces")
	}
}

func TestGlimpsesAreTheNewestFacesOfEach(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	anna, bob := db.person(t, "Anna", "anna.jpg"), db.person(t, "Bob", "bob.jpg")
	var last lineup.Face
	for i := range 4 {
		last = db.as(t, fmt.Sprintf("%d.jpg", i), "anna.jpg", 0.5)
	}
	of := db.as(t, "bob.jpg", "bob.jpg", 0.5)
	all := testkit.Must(db.Glimpses(t.Context(), []int64{anna.ID, bob.ID}, 3))(t)
	if len(all[anna.ID]) != 3 || all[anna.ID][0].Face != last.ID || all[anna.ID][0].Crop != last.Crop || last.Crop == "" {
		t.Errorf("of Anna %+v, want the newest three, %d first", all[anna.ID], last.ID)
	}
	if len(all[bob.ID]) != 1 || all[bob.ID][0].Face != of.ID {
		t.Errorf("of Bob %+v", all[bob.ID])
	}
}

func TestWhoOfSomeIsAlike(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	var people []int64
	for i, degrees := range []float64{0, 10, 50, 180} {
		people = append(people, db.usable(t, fmt.Sprintf("Person %d", i), fmt.Sprintf("%d.jpg", i), face(degrees)).Person.ID)
	}
	pairs := testkit.Must(db.AlikeAmong(t.Context(), people, 0.5))(t)
	if len(pairs) != 3 || pairs[0].One != people[0] || pairs[0].Other != people[1] || pairs[0].Similarity < pairs[1].Similarity {
		t.Fatalf("alike are %+v", pairs)
	}
	testkit.Must(db.DifferentPeople(t.Context(), people[1], people[:1], ""))(t)
	if pairs := testkit.Must(db.AlikeAmong(t.Context(), people, 0.5))(t); len(pairs) != 2 || pairs[0].One != people[1] || pairs[0].Other != people[2] {
		t.Errorf("once two are told apart: %+v", pairs)
	}
	db.merge(t, people[0], people[2])
	if pairs := testkit.Must(db.AlikeAmong(t.Context(), []int64{people[0], people[3]}, 0.5))(t); len(pairs) != 0 {
		t.Errorf("of two who are not alike: %+v", pairs)
	}
	if pairs := testkit.Must(db.AlikeAmong(t.Context(), people[:1], 0))(t); len(pairs) != 0 {
		t.Errorf("of one: %+v", pairs)
	}
}

func TestPicturesThatAChangeNames(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	anna, other := db.person(t, "Anna", "anna.jpg"), db.person(t, "Ann", "ann.jpg")
	for i := range 3 {
		db.as(t, fmt.Sprintf("%d.jpg", i), "ann.jpg", 0.5)
	}
	db.as(t, "a.jpg", "anna.jpg", 0.5)
	named := func(want int64) {
		t.Helper()
		change := db.lastChange(t)
		if got := testkit.Must(db.PicturesNamed(t.Context(), change))(t); got != want {
			t.Errorf("by %s: %d pictures, want %d", change.Action, got, want)
		}
	}
	testkit.Must(db.PatchPerson(t.Context(), other.ID, store.PersonPatch{Name: new("Annie")}, ""))(t)
	named(3)
	testkit.Must(db.PatchPerson(t.Context(), other.ID, store.PersonPatch{Hidden: new(true)}, ""))(t)
	named(0)
	db.merge(t, anna.ID, other.ID)
	named(3)
}

// Two faces of a picture are two people, whoever gave them their names.
func TestWhoIsBesideThemIsNobodyToMergeWith(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	var people []int64
	for i, degrees := range []float64{0, 10, 20, 30} {
		people = append(people, db.usable(t, fmt.Sprintf("Person %d", i), fmt.Sprintf("%d.jpg", i), face(degrees)).Person.ID)
	}
	alike := func(when string, want ...store.Alike) {
		t.Helper()
		pairs := testkit.Must(db.AlikeAmong(t.Context(), people, 0.9))(t)
		if len(pairs) != len(want) || !slices.EqualFunc(pairs, want, func(a, b store.Alike) bool { return a.One == b.One && a.Other == b.Other }) {
			t.Errorf("%s alike are %+v, want %+v", when, pairs, want)
		}
		for i, id := range people {
			var like []int64
			for _, pair := range want {
				switch id {
				case pair.One:
					like = append(like, pair.Other)
				case pair.Other:
					like = append(like, pair.One)
				}
			}
			var got []int64
			for _, one := range testkit.Must(db.SimilarPeople(t.Context(), id, 0.9))(t) {
				got = append(got, one.Person.ID)
			}
			if slices.Sort(got); !slices.Equal(got, distinct(like)) {
				t.Errorf("%s like person %d are %v, want %v", when, i, got, like)
			}
		}
	}
	pair := func(one, other int) store.Alike { return store.Alike{One: people[one], Other: people[other]} }
	db.decide(t, db.as(t, "alone.jpg", "0.jpg", .9).ID, store.FaceDecision{Person: &people[1]})
	db.as(t, "alone too.jpg", "0.jpg", .9)
	all := []store.Alike{pair(0, 1), pair(1, 2), pair(2, 3), pair(0, 2), pair(1, 3)}
	found := testkit.Must(db.AlikeAmong(t.Context(), people, 0.9))(t)
	if len(found) != len(all) {
		t.Fatalf("alike are %+v, want %d pairs", found, len(all))
	}

	claim := db.win(t, "machine.jpg")
	sure := .9
	db.finish(t, claim, store.Result{Faces: []lineup.Face{{ImageName: "0.jpg", Similarity: &sure}, {ImageName: "1.jpg", Similarity: &sure}}}, true)
	claim = db.win(t, "hand.jpg")
	db.finish(t, claim, compared(seen(0, face(170)), seen(.5, face(190))), true)
	for i, one := range db.image(t, claim.ID).Faces {
		db.decide(t, one.ID, store.FaceDecision{Person: &people[2+i]})
	}
	found = slices.DeleteFunc(found, func(a store.Alike) bool {
		return a.One == people[0] && a.Other == people[1] || a.One == people[2] && a.Other == people[3]
	})
	alike("beside each other", found...)

	merged := db.usable(t, "Person 1 again", "again.jpg", face(90)).Person.ID
	db.merge(t, people[1], merged)
	claim = db.win(t, "merged.jpg")
	db.finish(t, claim, store.Result{Faces: []lineup.Face{{ImageName: "2.jpg", Similarity: &sure}, {ImageName: "again.jpg", Similarity: &sure}}}, true)
	found = slices.DeleteFunc(found, func(a store.Alike) bool { return a.One == people[1] && a.Other == people[2] })
	alike("once who was merged is beside somebody,", found...)
}

func distinct(ids []int64) []int64 {
	slices.Sort(ids)
	return slices.Compact(ids)
}

func TestPhotosThatAreUnlikeAllOthersOfAPerson(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	var photos []int64
	for i, degrees := range []float64{0, 10, 90} {
		enrolled := db.usable(t, "Anna", fmt.Sprintf("anna_%d.jpg", i), face(degrees))
		photos = append(photos, enrolled.Photos[0].ID)
	}
	for what, test := range map[string]struct{ of, want []int64 }{
		"one of three":              {photos, photos[2:]},
		"two who are alike":         {photos[:2], nil},
		"two who are not alike":     {photos[1:], photos[1:]},
		"one alone":                 {photos[2:], nil},
		"none, and one that is not": {[]int64{0, 99}, nil},
	} {
		if got := testkit.Must(db.UnlikeOthers(t.Context(), test.of, 0.2))(t); !slices.Equal(got, test.want) {
			t.Errorf("%s: unlike the others are %v, want %v", what, got, test.want)
		}
	}
}
