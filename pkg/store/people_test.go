package store_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func TestAPersonIsAddedWhollyOrNotAtAll(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	dad := db.person(t, "Dad", "dad.jpg")
	for name, c := range map[string]struct {
		person string
		images []string
	}{
		"a name of 201 characters":         {strings.Repeat("ä", 201), []string{"mum.jpg"}},
		"a photo's name of 256 characters": {"Mum", []string{"mum.jpg", strings.Repeat("ä", 256)}},
	} {
		t.Run(name, func(t *testing.T) {
			gran := db.person(t, "Gran", "gran.jpg")
			if got, err := db.Enrol(t.Context(), with(store.Enrolment{Name: c.person}, c.images...)); err == nil {
				t.Errorf("added %+v, %v", got, err)
			}
			people, more, err := db.People(t.Context(), 0, 10)
			if err != nil || more || !slices.Equal(people, []lineup.Person{dad, gran}) {
				t.Errorf("people are %v, %t, %v; want Dad and Gran alone", people, more, err)
			}
			if got, err := db.Person(t.Context(), dad.ID); err != nil || !slices.Equal(got.ImageNames, []string{"dad.jpg"}) {
				t.Errorf("Dad is %+v, %v", got, err)
			}
		})
	}
	if got := db.enrol(t, store.Enrolment{Name: "Mum"}, "mum.jpg"); got.Person.Name != "Mum" {
		t.Errorf("the photo of a refused request is taken: %+v", got)
	}
}

func TestConcurrentRequestsAddOnePerson(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	var all sync.WaitGroup
	var want []string
	for i := range 20 {
		mine, shared := fmt.Sprintf("%d.jpg", i), fmt.Sprintf("shared %d.jpg", i%3)
		want = append(want, mine, shared)
		all.Go(func() {
			if _, err := db.Enrol(t.Context(), with(store.Enrolment{Name: "Dad"}, shared, mine)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	dad := db.enrol(t, store.Enrolment{Name: "dad"})
	slices.Sort(want)
	if got := slices.Sorted(slices.Values(dad.Person.ImageNames)); !slices.Equal(got, slices.Compact(want)) {
		t.Errorf("photos %q, want %q", got, want)
	}
	if people, _, err := db.People(t.Context(), 0, 10); err != nil || len(people) != 1 {
		t.Errorf("people %v, %v; want one", people, err)
	}
}

func TestPeopleByPages(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	var want, got []lineup.Person
	for i := range 7 {
		want = append(want, db.person(t, fmt.Sprintf("%c", 'z'-i)))
	}
	for after, more := int64(0), true; more; {
		var page []lineup.Person
		var err error
		if page, more, err = db.People(t.Context(), after, 3); err != nil || len(page) == 0 || more != (len(page) == 3) {
			t.Fatalf("after %d: %v, more %t, %v", after, page, more, err)
		}
		got, after = append(got, page...), page[len(page)-1].ID
	}
	if !slices.Equal(got, want) {
		t.Errorf("in pages %v, want %v", got, want)
	}
	if page, more, err := db.People(t.Context(), 0, 7); err != nil || more || len(page) != 7 {
		t.Errorf("a page that just holds all: %d, more %t, %v", len(page), more, err)
	}
}

func TestAProfileHasWhatEverybodyHasWhoWasMergedIntoThePerson(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	people := db.persons(t, 3)
	var images []int64
	for i, faces := range [][]lineup.Face{
		{{ImageName: "0.jpg"}},
		{{ImageName: "0.jpg"}, {ImageName: "1.jpg"}},
		{{ImageName: "1.jpg"}, {ImageName: "2.jpg"}},
	} {
		claim := db.win(t, fmt.Sprintf("picture %d.jpg", i))
		db.finish(t, claim, store.Result{Faces: faces}, true)
		images = append(images, claim.ID)
	}
	check := func(when string, pictures ...int64) {
		t.Helper()
		profiles, more, err := db.Profiles(t.Context(), store.PeopleFilter{Limit: 10})
		if err != nil || more || len(profiles) != len(pictures) {
			t.Fatalf("%s %d are listed, more %t, %v; want %d", when, len(profiles), more, err, len(pictures))
		}
		for i, profile := range profiles {
			last := db.image(t, images[min(i+1, 2)]).CreatedAt
			if len(pictures) < 3 {
				last = db.image(t, images[2]).CreatedAt
			}
			if profile.Pictures != pictures[i] || profile.LastSeen == nil || !profile.LastSeen.Equal(last) {
				t.Errorf("%s %q is in %d pictures, last seen %v; want %d, %v", when, profile.Name, profile.Pictures, profile.LastSeen, pictures[i], last)
			}
		}
	}
	check("before", 2, 2, 1)
	db.merge(t, people[0].ID, people[1].ID)
	check("after the merge", 3, 1) // in one picture both are
	if merged := testkit.Must(db.Person(t.Context(), people[1].ID))(t); merged.Pictures != 2 || merged.MergedInto == nil || *merged.MergedInto != people[0].ID {
		t.Errorf("who was merged is %+v", merged)
	}
}

func TestPeopleByFilter(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	for _, name := range []string{"Anna", "ANNE 100%", "Ben", "Anne_1"} {
		db.person(t, name)
	}
	testkit.Must(db.PatchPerson(t.Context(), db.person(t, "Ben").ID, store.PersonPatch{Hidden: new(true)}, ""))(t)
	db.exec(t, "INSERT INTO person (name, created_at) VALUES (NULL, UTC_TIMESTAMP(6))")
	for name, c := range map[string]struct {
		filter store.PeopleFilter
		want   []string
	}{
		"all":                {store.PeopleFilter{}, []string{"Anna", "ANNE 100%", "Ben", "Anne_1"}},
		"named":              {store.PeopleFilter{Named: new(true)}, []string{"Anna", "ANNE 100%", "Ben", "Anne_1"}},
		"without a name":     {store.PeopleFilter{Named: new(false)}, nil},
		"hidden":             {store.PeopleFilter{Hidden: new(true)}, []string{"Ben"}},
		"by the beginning":   {store.PeopleFilter{Query: "aNN", Hidden: new(false)}, []string{"Anna", "ANNE 100%", "Anne_1"}},
		"a percent sign":     {store.PeopleFilter{Query: "anne 100%"}, []string{"ANNE 100%"}},
		"an underscore":      {store.PeopleFilter{Query: "anne_"}, []string{"Anne_1"}},
		"nobody's beginning": {store.PeopleFilter{Query: "%"}, nil},
	} {
		c.filter.Limit = 10
		profiles, _, err := db.Profiles(t.Context(), c.filter)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, profile := range profiles {
			names = append(names, string(profile.Name))
		}
		if !slices.Equal(names, c.want) {
			t.Errorf("%s: %q, want %q", name, names, c.want)
		}
	}
}
