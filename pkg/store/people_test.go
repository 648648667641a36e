package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func TestAddPerson(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	var dad store.Profile
	for _, step := range []struct {
		what string
		add  []string
		want []string
	}{
		{"a new person without a photo", nil, []string{}},
		{"the first photos", []string{"b.jpg", "ä 🙂.jpg"}, []string{"b.jpg", "ä 🙂.jpg"}},
		{"the same again", []string{"b.jpg"}, []string{"b.jpg", "ä 🙂.jpg"}},
		{"one more among known ones", []string{"ä 🙂.jpg", "a.jpg", "a.jpg"}, []string{"b.jpg", "ä 🙂.jpg", "a.jpg"}},
	} {
		got, err := db.AddPerson(t.Context(), "Łukasz Dad", step.add)
		if err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		if dad.ID == 0 {
			dad = got
		}
		if got.ID != dad.ID || got.Name != "Łukasz Dad" || got.ImageNames == nil || !slices.Equal(got.ImageNames, step.want) {
			t.Errorf("%s: %+v, want person %d with %q", step.what, got, dad.ID, step.want)
		}
	}
	if other := db.person(t, "łukasz  DAD"); other != dad.Person {
		t.Errorf("a name of the same spelling is %v, want %v", other, dad.Person)
	}
	if _, err := db.Person(t.Context(), 1_000_000); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a person who is not there: %v, want ErrNotFound", err)
	}
}

func TestAPersonIsAddedWhollyOrNotAtAll(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	dad := db.person(t, "Dad", "dad.jpg")
	for name, c := range map[string]struct {
		person string
		images []string
		other  bool // the error is ErrOtherPerson
	}{
		"a photo of another person":          {"Mum", []string{"mum.jpg", "dad.jpg"}, true},
		"a name of 201 characters":           {strings.Repeat("ä", 201), []string{"mum.jpg"}, false},
		"a photo's name of 256 characters":   {"Mum", []string{"mum.jpg", strings.Repeat("ä", 256)}, false},
		"a photo of another, a known person": {"Dad", []string{"mum.jpg", "gran.jpg"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			gran := db.person(t, "Gran", "gran.jpg")
			if got, err := db.AddPerson(t.Context(), c.person, c.images); err == nil || errors.Is(err, store.ErrOtherPerson) != c.other {
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
	if got, err := db.AddPerson(t.Context(), "Mum", []string{"mum.jpg"}); err != nil || got.Name != "Mum" {
		t.Errorf("the photo of a refused request is taken: %+v, %v", got, err)
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
			if _, err := db.AddPerson(t.Context(), "Dad", []string{shared, mine}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	dad, err := db.AddPerson(t.Context(), "Dad", nil)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	if got := slices.Sorted(slices.Values(dad.ImageNames)); !slices.Equal(got, slices.Compact(want)) {
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
