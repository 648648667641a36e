package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/store"
)

// derive saves a thumbnail of that size, or a crop.
func (s *site) derive(t *testing.T, n, width, height int) lineup.Derived {
	t.Helper()
	var body bytes.Buffer
	testkit.Succeed(t, jpeg.Encode(&body, image.NewGray(image.Rect(0, 0, width, height)), nil))
	name := lineup.Derived(fmt.Sprintf("%032x.jpg", n))
	testkit.Succeed(t, s.view.pictures.SaveDerived(t.Context(), string(name), body.Bytes()))
	return name
}

// has tells what of a page is missing.
func has(t *testing.T, page string, all ...string) {
	t.Helper()
	for _, want := range all {
		if !strings.Contains(page, want) {
			t.Errorf("%s is missing in\n%s", want, page)
		}
	}
}

// A face stands beside the photo it is like, and where two are too close to tell beside both,
// with what one can say of it.
func TestAFaceIsShownBesideThePhotoItIsLike(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Writes = "on" })
	crops := map[string]lineup.Derived{}
	var people, photos []int64
	for i, name := range []string{"Ruby", "Dana"} {
		file := strings.ToLower(name) + ".jpg"
		person := s.add(t, name, file)
		crops[name] = s.derive(t, i+1, 80, 80)
		s.edit(t, "UPDATE person_images SET crop = ?, state = 'usable' WHERE image_name = ?", string(crops[name]), file)
		profile := testkit.Must(s.Person(t.Context(), person))(t)
		people, photos = append(people, person), append(photos, profile.Photos[0].ID)
	}
	like := func(i int, similarity float64) lineup.Candidate {
		return lineup.Candidate{Person: lineup.Person{ID: people[i]}, PhotoID: photos[i], ImageName: []string{"ruby.jpg", "dana.jpg"}[i], Similarity: similarity}
	}
	sure, alike := newFace("ruby.jpg", 0.67), newFace("", 0.71)
	sure.Candidates, sure.Crop = []lineup.Candidate{like(0, 0.67), like(1, 0.41)}, s.derive(t, 9, 80, 80)
	alike.Candidates, alike.Refusal = []lineup.Candidate{like(0, 0.71), like(1, 0.68)}, "ambiguous"
	page := func(face lineup.Face) string {
		return s.get(t, fmt.Sprintf("/images/%d", s.finish(t, string(face.Refusal)+"a.jpg", withFaces(face)))).body
	}

	body := page(sure)
	has(t, body, "Ruby: 0.67, next is Dana with 0.41; how often it is wrong is not known.", `src="`+sure.Crop.URL()+`"`, `src="`+crops["Ruby"].URL()+`"`,
		fmt.Sprintf(`name="person" value="%d"><img class="crop" src="%s" alt="" width="160" height="160" loading="lazy" decoding="async">Is Dana</button>`, people[1], crops["Dana"].URL()), ">Not Ruby</button>", ">Ignore</button>")
	if strings.Count(body, crops["Dana"].URL()) > 1 || strings.Contains(body, ">Is Ruby<") {
		t.Errorf("one who is Ruby is shown beside Dana, too, or may be said to be Ruby:\n%s", body)
	}
	has(t, page(alike), "As like Ruby (0.71) as Dana (0.68): too close to tell.", crops["Ruby"].URL(), crops["Dana"].URL(),
		">Is Ruby</button>", ">Is Dana</button>", ">Dana is Ruby: merge</button>")
}

// Who is offered as whose a face could be is somebody likely, or one of two who were too close to tell; a stranger has a face.
func TestAFaceIsOfferedToBeSomebodyLikely(t *testing.T) {
	t.Parallel()
	candidate := func(id int64, name lineup.Name, similarity float64) lineup.Candidate {
		return lineup.Candidate{Person: lineup.Person{ID: id, Name: name}, PhotoID: 10 * id, Similarity: similarity}
	}
	near, far, stranger := candidate(1, "Ann", .41), candidate(2, "Bob", .39), candidate(3, "", .45)
	for what, test := range map[string]struct {
		face lineup.Face
		want []int64
	}{
		"near":              {lineup.Face{Candidates: []lineup.Candidate{near, far, stranger}}, []int64{1, 3}},
		"too close to tell": {lineup.Face{Candidates: []lineup.Candidate{near, far, candidate(4, "Cat", .38)}, Refusal: "ambiguous"}, []int64{1, 2}},
		"covered":           {lineup.Face{Candidates: []lineup.Candidate{candidate(5, "Dan", .49), near, stranger}, Occluded: true}, []int64{5}},
		"said not to be":    {lineup.Face{Candidates: []lineup.Candidate{near}, Not: []int64{1}}, nil},
	} {
		var got []int64
		for _, l := range likes(test.face, .4) {
			got = append(got, l.Person.ID)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: offered are %v, want %v", what, got, test.want)
		}
	}
	if got := decision(lineup.Face{Refusal: "below_threshold", Candidates: []lineup.Candidate{candidate(3, "", .2)}}); got != "Like nobody who is known." {
		t.Errorf("like a stranger alone: %q", got)
	}
}

// What browsers do not show is shown by what was made of it, and so is a picture whose file
// is gone; the place for it is kept.
func TestAPictureIsShownByWhatWasMadeOfIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	thumbnail, large := s.derive(t, 1, 240, 320), s.derive(t, 2, 1200, 1600)
	s.put(t, "a.heic", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"))
	heic := s.look(t, "a.heic", store.Result{Thumbnail: thumbnail, Large: large})
	gone := s.finish(t, "gone.jpg", store.Result{Thumbnail: thumbnail})
	body := s.get(t, fmt.Sprintf("/images/%d", heic)).body
	has(t, body, `<div class="picture tall"`, `<img src="`+large.URL()+`" alt="a.heic" width="240" height="320">`, fmt.Sprintf(`href="/images/%d/picture" download>Save the original`, heic))
	if strings.Contains(body, "cannot be shown") {
		t.Errorf("it is said not to be shown:\n%s", body)
	}
	has(t, s.get(t, fmt.Sprintf("/images/%d", gone)).body, "There is no file at this path", "This is what was made of it", `<img src="`+thumbnail.URL()+`"`)
	has(t, s.get(t, "/").body, `<img src="`+thumbnail.URL()+`" alt="" loading="lazy"`)
}

// Of a file that could not be read as a picture a browser would show that it is broken: words tell it, and it can be
// saved. One that failed for another reason is shown.
func TestABrokenPictureIsToldInWords(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put(t, "cut.jpg", jpegOf(t)[:20])
	s.put(t, "whole.jpg", jpegOf(t))
	broken := s.look(t, "cut.jpg", store.Result{Reason: "no picture: broken JPEG: the file is cut off"})
	whole := s.look(t, "whole.jpg", store.Result{Reason: "the face server failed at it 3 times"})
	body := s.get(t, fmt.Sprintf("/images/%d", broken)).body
	has(t, body, "The picture cannot be shown", "could not be read as a picture", "No picture: broken JPEG: the file is cut off.", fmt.Sprintf(`href="/images/%d/picture" download>Save the original`, broken))
	if source(body) != "" || strings.Contains(body, "Show the original") {
		t.Errorf("it is shown:\n%s", body)
	}
	if body := s.get(t, fmt.Sprintf("/images/%d", whole)).body; source(body) == "" || strings.Contains(body, "cannot be shown") {
		t.Errorf("one that failed for another reason is not shown:\n%s", body)
	}
}

// A stranger of whom somebody was enrolled since is in no picture: no face is said to be like them.
func TestAStrangerInNoPictureIsNotOffered(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Writes = "on" })
	dad, stranger := s.add(t, "Family-dad", "dad.jpg"), s.add(t, "nobody", "stranger.jpg")
	s.edit(t, "UPDATE person SET name = NULL, spelling = NULL WHERE id = ?", stranger)
	s.edit(t, "UPDATE person_images SET crop = ?, state = 'usable'", string(s.derive(t, 1, 80, 80)))
	photo := testkit.Must(s.Person(t.Context(), stranger))(t).Photos[0].ID
	face := newFace("dad.jpg", 0.6)
	face.Candidates = []lineup.Candidate{
		{Person: lineup.Person{ID: dad}, ImageName: "dad.jpg", Similarity: 0.6},
		{Person: lineup.Person{ID: stranger}, PhotoID: photo, ImageName: "stranger.jpg", Similarity: 0.9},
	}
	id := s.finish(t, "family.jpg", withFaces(face))
	offered := fmt.Sprintf("Stranger %d", stranger)
	has(t, s.get(t, fmt.Sprintf("/images/%d", id)).body, "Family-dad")
	if body := s.get(t, fmt.Sprintf("/images/%d", id)).body; strings.Contains(body, offered) {
		t.Errorf("one who is in no picture is offered:\n%s", body)
	}
	s.finish(t, "another.jpg", withFaces(newFace("stranger.jpg", 0.8)))
	has(t, s.get(t, fmt.Sprintf("/images/%d", id)).body, "Is "+offered+"</button>")
}

// The people of a picture's page are told as its boxes are numbered, from left to right; a list tells the best match first.
func TestThePeopleOfAPageAreToldFromLeftToRight(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var faces []lineup.Face
	for i, name := range []string{"Cleo", "Anna", "Bert"} {
		s.add(t, name, name+".jpg")
		faces = append(faces, boxed(newFace(name+".jpg", 0.5+0.1*float64(i)), 0.3*float64(i)))
	}
	id := s.finish(t, "three.jpg", withFaces(faces...))
	for path, want := range map[string]string{fmt.Sprintf("/images/%d", id): "Cleo, Anna, Bert", "/": "Bert, Anna, Cleo"} {
		told := regexp.MustCompile(`(?s)<span class="lines">.*?</span>`).FindString(s.get(t, path).body)
		if got := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(told, ""); got != want {
			t.Errorf("%s tells %q, want %q", path, got, want)
		}
	}
}

// Who was erased is not somebody ignored, and nothing is offered that can do nothing.
func TestAnErasedFaceIsNotIgnored(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Writes = "on" })
	dana := s.add(t, "Dana", "dana.jpg")
	id := s.finish(t, "a.jpg", withFaces(newFace("dana.jpg", 0.8)))
	s.finish(t, "b.jpg", withFaces(newFace("", 0.1)))
	receipt := testkit.Must(s.ErasePerson(t.Context(), dana, ""))(t)
	for more := true; more; {
		more = testkit.Must(s.EraseMore(t.Context(), receipt.ID))(t)
	}
	body := s.get(t, fmt.Sprintf("/images/%d", id)).body
	has(t, body, "This person was erased; the face is not compared any more.")
	if strings.Contains(body, "gnore") {
		t.Errorf("the face is told to be ignored:\n%s", body)
	}
}

func TestAFailedPictureSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Writes = "on" })
	for reason, want := range map[string]string{
		"the file is damaged":    "put another file in its place",
		"no such picture":        "Put the file back",
		photo.ErrOutside.Error(): "IMAGES_URL",
		"the face server failed at it 3 times; at last the face server broke off": "The log of the face server says why",
	} {
		id := s.finish(t, reason, store.Result{Reason: reason})
		has(t, s.get(t, fmt.Sprintf("/images/%d", id)).body, sentence(reason), want, "<button>Try again</button>")
	}
	uploaded := s.finish(t, "uploads/47/47aa.jpg", store.Result{Reason: "the file is damaged"})
	s.edit(t, "UPDATE images SET file_name = 'a.jpg' WHERE id = ?", uploaded)
	has(t, s.get(t, fmt.Sprintf("/images/%d", uploaded)).body, "Add the whole picture again, then delete this.")
	id := s.finish(t, "holidays", store.Result{Reason: "no picture: not a file but a folder: to have every picture in it looked at, post it with a slash at its end"})
	has(t, s.get(t, fmt.Sprintf("/images/%d", id)).body, "Add the folder, then delete this.",
		`<form method="post" action="/add?do=path"><input type="hidden" name="path" value="holidays/"><button>Add the folder</button></form>`)
}

// What is chosen, and nothing else, is given as a file; a list of ids that is none, or too
// long, is refused.
func TestTheChosenPicturesAsAFile(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.PageSize, o.MaxPageSize = 2, 2 })
	for _, name := range []string{"a.jpg", "b.jpg", "c.jpg"} {
		s.finish(t, name, withFaces())
	}
	r := s.get(t, "/?image=1&image=3&face-1=7&name=&format=csv")
	if lines := strings.Split(strings.TrimSpace(r.body), "\n"); len(lines) != 3 || !strings.HasPrefix(lines[1], "3,c.jpg,") || !strings.HasPrefix(lines[2], "1,a.jpg,") {
		t.Errorf("as CSV: %s", r.body)
	}
	if r := s.get(t, "/?image=2&format=json"); !strings.Contains(r.body, `"path":"b.jpg"`) || strings.Contains(r.body, "a.jpg") || r.header.Get("Content-Disposition") != `attachment; filename="images.json"` {
		t.Errorf("as JSON: %v %s", r.header, r.body)
	}
	for path, want := range map[string]string{"/?image=x": "not an id", "/?image=1&image=2&image=3": "MAX_PAGE_SIZE"} {
		if r := s.get(t, path); r.status != http.StatusBadRequest || !strings.Contains(r.body, want) {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
}

// Deleting is final: no page offers to undo it.
func TestADeletedPictureIsNotOfferedBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Writes = "on" })
	id := s.finish(t, "a.jpg", withFaces())
	testkit.Must(s.DeleteImage(t.Context(), id, "", func(context.Context, string) error { return nil }))(t)
	body := s.get(t, "/?done=1").body // to which the form leads
	has(t, body, "Deleted a picture.")
	if strings.Contains(body, ">Undo<") {
		t.Errorf("it is offered to undo it:\n%s", body)
	}
}

func TestAFullTableIsLight(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Writes = "on" })
	var faces []lineup.Face
	for i, name := range []string{"Alexandra Surname", "Benedict Surname", "Catherine Surname", "Dominique Surname", "Emmanuel Surname"} {
		s.add(t, name, name+".jpg")
		face := newFace(name+".jpg", 0.8)
		face.Box = &lineup.Box{X: 0.0123 + float64(i)*0.19, Y: 0.3456, Width: 0.1234, Height: 0.2345}
		faces = append(faces, face)
	}
	for i := range 50 {
		id := s.finish(t, fmt.Sprintf("uploads/%02x/%064x.jpg", i, i), store.Result{Thumbnail: s.derive(t, i+1, 8, 8), Faces: faces})
		name := fmt.Sprintf("IMG_20260712_%06d.jpg", i)
		s.edit(t, "UPDATE images SET file_name = ?, shown_name = ? WHERE id = ?", name, name, id)
	}
	page := s.get(t, "/").body
	if most := 60_000; len(page) > most {
		t.Errorf("a page of 50 rows of five faces has %d bytes, more than %d", len(page), most)
	}
	for _, want := range []string{`<ellipse cx="7%" cy="46%" rx="8%" ry="15%"/>`, "IMG_20260712_000049.jpg", "Dominique Surname</a>", "and 1 more"} {
		has(t, page, want)
	}
	t.Logf("a page of 50 rows of five faces has %d bytes", len(page))
}

func TestAllScriptsTogetherAreSmall(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	for _, file := range testkit.Must(filepath.Glob("static/*.js"))(t) {
		w := gzip.NewWriter(&packed)
		testkit.Must(w.Write(testkit.Must(os.ReadFile(file))(t)))(t)
		testkit.Succeed(t, w.Close())
	}
	if most := 25_000; packed.Len() > most {
		t.Errorf("all scripts have %d bytes gzipped, more than %d", packed.Len(), most)
	}
	t.Logf("all scripts have %d bytes gzipped", packed.Len())
}
