package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func TestPeopleComeInPagesInTheOrderTheyWereAdded(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.PageSize = 2 })
	names := []string{"Dad", "Mom", "Son", "Daughter", "Łucja"}
	for _, name := range names {
		s.add(t, name)
	}
	var got []string
	path := "/people"
	for next := &path; next != nil && len(got) < 20; {
		var page struct {
			People []struct{ Name string }
			Next   *string
		}
		s.getJSON(t, *next, &page)
		for _, person := range page.People {
			got = append(got, person.Name)
		}
		next = page.Next
	}
	if !slices.Equal(got, names) {
		t.Errorf("the pages showed %v, want %v", got, names)
	}
	page := s.get(t, "/people?after=2").body
	for _, want := range []string{`href="/people/3"`, `>S</span>`, "Daughter", `href="/people">First<`, `rel="next" href="/people?after=4"`} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is missing in\n%s", want, page)
		}
	}
}

func TestAProfileShowsThePersonsPicturesAndKnownPhotos(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dad := s.add(t, "Dad", "dad_1.jpg", "dad_2.jpg")
	first := s.finish(t, "first.jpg", withFaces(newFace("dad_1.jpg", 0.8)))
	second := s.finish(t, "second.jpg", withFaces(newFace("", 0.8), newFace("dad_2.jpg", 0.5)))
	s.finish(t, "nobody.jpg", withFaces(newFace("", 0.1)))
	s.finish(t, "failed.jpg", store.Result{Reason: "no picture"})

	var got struct {
		listed
		ID         int64    `json:"id"`
		Name       string   `json:"name"`
		ImageNames []string `json:"image_names"`
	}
	s.getJSON(t, fmt.Sprintf("/people/%d", dad), &got)
	if got.ID != dad || got.Name != "Dad" || !slices.Equal(got.ImageNames, []string{"dad_1.jpg", "dad_2.jpg"}) {
		t.Errorf("got %+v", got)
	}
	if len(got.Images) != 2 || got.Images[0].ID != second || got.Images[1].ID != first {
		t.Errorf("the pictures are %+v, want %d and %d", got.Images, second, first)
	}

	page := s.get(t, fmt.Sprintf("/people/%d", dad)).body
	for _, want := range []string{`title="dad_1.jpg"`, `title="dad_2.jpg"`, fmt.Sprintf(`href="/images/%d#face-`, first), fmt.Sprintf(`href="/images/%d#face-`, second)} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is missing in\n%s", want, page)
		}
	}
	page = s.get(t, fmt.Sprintf("/people/%d?limit=1", dad)).body
	if want := fmt.Sprintf(`rel="next" href="/people/%d?before=%d&amp;limit=1"`, dad, second); !strings.Contains(page, want) {
		t.Errorf("%s is missing in\n%s", want, page)
	}
}

func TestAProfileWithNothingTellsTheNextStep(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	page := s.get(t, fmt.Sprintf("/people/%d", s.add(t, "D'Artagnan; reboot"))).body
	for _, want := range []string{
		"curl --form-string " + escape.Replace(`'name=D'\''Artagnan; reboot'`) + " -F photo=@photo.jpg http://127.0.0.1:8000/people",
		"curl -F image=@photo.jpg http://127.0.0.1:8000/images",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is missing in\n%s", want, page)
		}
	}
}

func TestPeopleAreSortedWithoutScript(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.add(t, "Rare", "rare.jpg")
	s.add(t, "Often", "often.jpg")
	for i, photo := range []string{"often.jpg", "often.jpg", "rare.jpg"} {
		s.finish(t, fmt.Sprintf("%d.jpg", i), withFaces(newFace(photo, 0.9)))
	}
	testkit.Succeed(t, s.Recount(t.Context()))
	for label, sort := range map[string]string{"most pictures": "pictures", "last seen": "seen"} {
		html := s.get(t, "/people?sort="+sort).body
		if want := fmt.Sprintf(`<a href="/people?sort=%s" aria-current="true">%s</a>`, sort, label); !strings.Contains(html, want) {
			t.Errorf("the page has no %s", want)
		}
		if rareFirst := strings.Index(html, ">Rare<") < strings.Index(html, ">Often<"); rareFirst != (sort == "seen") {
			t.Errorf("by %s Rare comes first: %v", label, rareFirst)
		}
	}
}

func TestThePageOfWhoWasMergedLeadsToWhoTheyAre(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	one, other := s.add(t, "Dad", "dad.jpg"), s.add(t, "Daddy", "daddy.jpg")
	testkit.Must(s.MergePeople(t.Context(), one, []int64{other}, ""))(t)
	path := fmt.Sprintf("/people/%d", other)
	request := testkit.Must(http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path+"?sort=sure", nil))(t)
	response := testkit.Must(http.DefaultTransport.RoundTrip(request))(t)
	response.Body.Close()
	if want := fmt.Sprintf("/people/%d?sort=sure", one); response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != want {
		t.Errorf("%d to %q, want %q", response.StatusCode, response.Header.Get("Location"), want)
	}
	var profile store.Profile
	if s.getJSON(t, path, &profile); profile.ID != other || profile.MergedInto == nil || *profile.MergedInto != one {
		t.Errorf("a program is told %+v", profile)
	}
}

// What is said of a photo is more than whether it counts: how good it is, or what to do about it here.
func TestWhatIsSaidOfAPhoto(t *testing.T) {
	t.Parallel()
	for want, photo := range map[string]store.Photo{
		"A face of a picture.": {State: store.PhotoUsable, ImageName: "faces/34"},
		"It shows 2 faces. Add it again by itself to choose one.": {State: store.PhotoUnusable, Reason: "it shows 2 faces: choose the person's from 1 to 2, left to right, or take a photo of one", Faces: []byte(`[{},{}]`)},
		"How good it is, is not known.":                           {State: store.PhotoUsable, ImageName: "dana.jpg"},
		"Large (200 px), sharp, well lit.":                        {State: store.PhotoUsable, Faces: []byte(`[{"width":200,"light":0.5,"sharpness":0.2,"used":true}]`)},
	} {
		if got := quality(photo); got != want {
			t.Errorf("%+v: %q, want %q", photo, got, want)
		}
	}
}

// Who is merged into somebody lends them a portrait only where they have none of their own.
func TestWhoeverStaysKeepsTheirPortrait(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dad := s.add(t, "Dad", "dad.jpg")
	for name, own := range map[string]bool{"Mom": true, "Somebody": false} {
		stays := s.add(t, name, name+".jpg")
		crop := func(person int64, hex int, width float64) string {
			photo := testkit.Must(s.Person(t.Context(), person))(t).Photos[0].ID
			s.edit(t, "UPDATE person_images SET crop = ?, shown = ? WHERE id = ?", fmt.Sprintf("%032x.jpg", hex), fmt.Sprintf(`[{"box":null,"width":%v,"light":0.5,"sharpness":0.2,"used":true}]`, width), photo)
			return fmt.Sprintf(`<img class="portrait" src="%s"`, lineup.Derived(fmt.Sprintf("%032x.jpg", hex)).URL())
		}
		want := crop(dad, 1, 300)
		if own {
			want = crop(stays, 2, 100)
		}
		merged := testkit.Must(s.MergePeople(t.Context(), stays, []int64{dad}, ""))(t)
		if page := s.get(t, fmt.Sprintf("/people/%d", stays)).body; !strings.Contains(page, want) {
			t.Errorf("%s has another portrait than %s in\n%s", name, want, page)
		}
		testkit.Must(s.UndoChange(t.Context(), merged.Made[0], ""))(t)
	}
}

// Whoever could be the same person is shown by a face beside the person's own, and not where a hand said that they are two.
func TestWhoCouldBeTheSamePersonIsShownFaceBesideFace(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Writes = "on" })
	crops, photos, people := map[string]lineup.Derived{}, map[string]int64{}, map[string]int64{}
	for i, name := range []string{"Noa", "Nora", "Ben"} {
		file := strings.ToLower(name) + ".jpg"
		people[name], crops[name] = s.add(t, name, file), s.derive(t, i+1, 80, 80)
		photos[name] = testkit.Must(s.Person(t.Context(), people[name]))(t).Photos[0].ID
		s.edit(t, "UPDATE person_images SET crop = ?, state = 'usable' WHERE image_name = ?", string(crops[name]), file)
		s.edit(t, "INSERT INTO descriptors (photo_id, model, descriptor) VALUES (?, 'one', ?)", photos[name], []byte{0, 0, byte(0x80 * (i % 2)), 0x3f})
	}
	face := newFace("noa.jpg", 0.67)
	for _, like := range []struct {
		name       string
		similarity float64
	}{{"Noa", .67}, {"Nora", .44}, {"Ben", .31}} {
		face.Candidates = append(face.Candidates, lineup.Candidate{Person: lineup.Person{ID: people[like.name]}, PhotoID: photos[like.name], ImageName: strings.ToLower(like.name) + ".jpg", Similarity: like.similarity})
	}
	s.finish(t, "a.jpg", withFaces(face))
	noa := fmt.Sprintf("/people/%d", people["Noa"])
	section := func() string {
		_, after, _ := strings.Cut(s.get(t, noa).body, `<section id="same"`)
		section, _, _ := strings.Cut(after, "</section>")
		return section
	}
	body := section()
	has(t, body, crops["Noa"].URL(), crops["Nora"].URL(), ">Nora</a>", "alike: 0.44")
	if strings.Contains(body, "Ben") {
		t.Errorf("somebody who is hardly alike is suggested:\n%s", body)
	}
	testkit.Must(s.DifferentPeople(t.Context(), people["Noa"], []int64{people["Nora"]}, ""))(t)
	if body := section(); body != "" {
		t.Errorf("one who is said not to be is suggested:\n%s", body)
	}
}

// What is listed to go when somebody is erased is what the receipt tells: also the photo that was taken out, whose file is kept.
func TestWhatGoesIsCountedAsTheReceiptDoes(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Writes = "on" })
	dana := s.add(t, "Dana", "one.jpg", "two.jpg")
	photos := testkit.Must(s.Person(t.Context(), dana))(t).Photos
	testkit.Must(s.RemovePhoto(t.Context(), dana, photos[0].ID, ""))(t)
	has(t, s.get(t, fmt.Sprintf("/people/%d", dana)).body, "<li>2 photos and 2 files, any that were refused or removed before and faces of pictures among them,")
	receipt := testkit.Must(s.ErasePerson(t.Context(), dana, ""))(t)
	if would := len(receipt.Photos); would != 2 {
		t.Errorf("the receipt tells of %d photos", would)
	}
}

// Two photos of two people, enrolled as one, are asked about: whoever is like either would be named.
func TestAPhotoThatIsUnlikeThePersonsOthersIsAskedAbout(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Writes = "on" })
	gwen := s.add(t, "Gwen", "a.jpg", "b.jpg")
	s.edit(t, "UPDATE person_images SET state = 'usable'")
	const asked = "Unlike Gwen's other photos: is it the same person? If not, remove it."
	for similar, want := range map[bool]int{true: 0, false: 2} {
		s.edit(t, "DELETE FROM descriptors")
		for i, name := range []string{"a.jpg", "b.jpg"} {
			descriptor := []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0} // (1, 0)
			if i == 1 && !similar {
				descriptor = []byte{0, 0, 0, 0, 0, 0, 0x80, 0x3f} // (0, 1)
			}
			s.edit(t, "INSERT INTO descriptors (photo_id, model, descriptor) SELECT id, 'm', ? FROM person_images WHERE image_name = ?", descriptor, name)
		}
		html := s.get(t, fmt.Sprintf("/people/%d", gwen)).body
		if got := strings.Count(strings.ReplaceAll(strings.NewReplacer("\u2068", "", "\u2069", "").Replace(html), "&#39;", "'"), asked); got != want {
			t.Errorf("alike: %v; asked about are %d photos, want %d:\n%s", similar, got, want, html)
		}
	}
}
