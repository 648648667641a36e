package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"lineup.dev/lineup/local/browser"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

const soon = 20 * time.Second

// album is a site that writes through a receive of its own, with people, their photos and
// the pictures they are in.
type album struct {
	*site
	tab context.Context
}

func newAlbum(t *testing.T, change ...func(*Options)) *album {
	t.Helper()
	p := buildPrograms(t)
	receive, _ := p.start(t, "receive")
	s := serveSite(t, p.dsn, append(change, func(o *Options) { o.ReceiveURL, o.Writes = receive, "on" })...)
	return &album{s, browser.Open(t)}
}

// crop saves a drawn face and gives its name.
func (a *album) crop(t *testing.T, number int) lineup.Derived {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 160, 160))
	hue := uint8(40 + number*37%180)
	for y := range 160 {
		for x := range 160 {
			c := color.RGBA{hue, 120, 200 - hue, 255}
			if (x-80)*(x-80)*3/2+(y-85)*(y-85) < 3600 {
				c = color.RGBA{230, 190, 160, 255}
			}
			if (y-75)*(y-75) < 40 && ((x-60)*(x-60) < 40 || (x-100)*(x-100) < 40) {
				c = color.RGBA{40, 40, 40, 255}
			}
			picture.Set(x, y, c)
		}
	}
	var body bytes.Buffer
	testkit.Succeed(t, jpeg.Encode(&body, picture, nil))
	name := lineup.Derived(fmt.Sprintf("%032x.jpg", number+1))
	testkit.Succeed(t, a.view.pictures.SaveDerived(t.Context(), string(name), body.Bytes()))
	return name
}

// know makes a person known by photos: those that are named bad cannot be used.
func (a *album) know(t *testing.T, name string, photos ...string) int64 {
	t.Helper()
	id := a.add(t, name, photos...)
	profile := testkit.Must(a.Person(t.Context(), id))(t)
	for _, photo := range profile.Photos {
		state, reason := store.PhotoUsable, ""
		if strings.HasPrefix(photo.ImageName, "bad") {
			state, reason = store.PhotoUnusable, "the face is too small: 31 pixels wide, at least 60 are needed"
		}
		shown := testkit.Must(json.Marshal([]lineup.PhotoFace{{Width: 212, Light: 0.5, Sharpness: 0.2, Used: true}}))(t)
		a.edit(t, "UPDATE person_images SET state = ?, reason = NULLIF(?, ''), shown = ?, crop = ? WHERE id = ?",
			state, reason, shown, a.crop(t, int(photo.ID)), photo.ID)
	}
	return id
}

// seen puts a face into a picture of its own, which is like that photo, and gives the face's id.
func (a *album) seen(t *testing.T, picture, photo string, similarity float64) int64 {
	t.Helper()
	face := newFace(photo, similarity)
	face.Crop = a.crop(t, 1000+len(picture)*7+int(similarity*100))
	id := a.finish(t, picture, withFaces(face))
	return testkit.Must(a.Image(t.Context(), id))(t).Faces[0].ID
}

// stranger makes somebody without a name, in that many pictures.
func (a *album) stranger(t *testing.T, pictures int) int64 {
	t.Helper()
	photo := fmt.Sprintf("stranger-%d.jpg", time.Now().UnixNano())
	id := a.know(t, photo, photo)
	for i := range pictures {
		a.seen(t, fmt.Sprintf("of-%d-%d.jpg", id, i), photo, 0.5)
	}
	a.edit(t, "UPDATE person SET name = NULL, spelling = NULL, pictures = ? WHERE id = ?", pictures, id)
	return id
}

func (a *album) open(t *testing.T, path string) {
	t.Helper()
	testkit.Succeed(t, chromedp.Do(a.tab, chromedp.Navigate(a.url+path)))
}

// is waits until an expression of the page is true.
func (a *album) is(t *testing.T, what, expression string) {
	t.Helper()
	var last any
	testkit.Poll(t, soon, 50*time.Millisecond, what, func() bool {
		value, err := chromedp.Run(a.tab, chromedp.Evaluate[any](expression))
		last = value
		return err == nil && value == true
	})
	_ = last
}

func (a *album) do(t *testing.T, expression string) {
	t.Helper()
	testkit.Must(chromedp.Run(a.tab, chromedp.Evaluate[any](expression+"; null")))(t)
}

func TestPeopleScrollOnToTheLastAndFollowWhatIsSo(t *testing.T) {
	t.Parallel()
	a := newAlbum(t, func(o *Options) { o.PageSize = 20 })
	var last int64
	for i := range 70 {
		last = a.add(t, fmt.Sprintf("Person %02d", i))
	}
	a.open(t, "/people?sort=name")
	a.is(t, "the first page", `document.querySelectorAll(".people li").length >= 20`)
	a.is(t, "everybody, by scrolling", `scrollTo(0, document.body.scrollHeight), document.querySelectorAll(".people li").length === 70 && !document.querySelector("a[data-more]")`)
	a.is(t, "each once, by name", `(names => names.join() === [...new Set(names)].sort().join())([...document.querySelectorAll(".people .name")].map(n => n.textContent))`)
	testkit.Must(a.PatchPerson(t.Context(), last, store.PersonPatch{Name: new("Person 69, renamed")}, ""))(t)
	a.is(t, "the new name, at the end of what was loaded", fmt.Sprintf(`scrollTo(0, document.body.scrollHeight), document.querySelector("#person-%d .name").textContent === "Person 69, renamed"`, last))
	a.is(t, "still everybody", `document.querySelectorAll(".people li").length === 70`)
}

func TestStrangersAreNamedOneAfterTheOther(t *testing.T) {
	t.Parallel()
	a := newAlbum(t)
	dana := a.know(t, "Dana", "dana_1.jpg")
	large, small := a.stranger(t, 4), a.stranger(t, 2)
	a.open(t, "/strangers")
	a.is(t, "the largest group first, with its faces", fmt.Sprintf(`document.querySelector(".card").id === "person-%d" && document.querySelectorAll(".card .crop").length === 6`, large))
	testkit.Succeed(t, chromedp.Do(a.tab, chromedp.SendKeys(fmt.Sprintf("#name-%d", large), "Viktor"+kb.Enter)))
	a.is(t, "the next group's field has the focus", fmt.Sprintf(`document.activeElement.id === "name-%d" && !document.getElementById("person-%d")`, small, large))
	a.is(t, "what it did, with undo", `document.querySelector("#done p").textContent === "Named Viktor: 4 pictures changed." && document.querySelector("#done button") !== null`)
	testkit.Succeed(t, chromedp.Do(a.tab, chromedp.SendKeys(fmt.Sprintf("#name-%d", small), "dana"+kb.Enter)))
	a.is(t, "what can be meant", `document.querySelector(".problem .whom img.portrait") !== null && document.querySelector(".problem button[name=person]") !== null && document.querySelector(".problem button[name=new]") !== null`)
	a.do(t, `document.querySelector(".problem button[name=new]").click()`)
	a.is(t, "nobody is left, and the focus is not lost", `document.querySelector(".card") === null && document.activeElement.id === "main"`)
	if one := testkit.Must(a.Person(t.Context(), small))(t); one.Name != "dana" || dana == small {
		t.Errorf("the second is %+v", one.Person)
	}
	a.do(t, `document.querySelector("#done button").click()`)
	a.is(t, "the undone one is back", fmt.Sprintf(`document.getElementById("person-%d") !== null`, small))
}

// The faces of a picture are named by keys alone, one after the other.
func TestFacesOfAPictureAreNamedOneAfterTheOther(t *testing.T) {
	t.Parallel()
	a := newAlbum(t)
	var faces []lineup.Face
	for i := range 3 {
		face := newFace("", 0.1)
		face.Box = &lineup.Box{X: 0.1 + 0.3*float64(i), Y: 0.2, Width: 0.2, Height: 0.2}
		faces = append(faces, face)
	}
	id := a.finish(t, "three.jpg", withFaces(faces...))
	a.open(t, fmt.Sprintf("/images/%d", id))
	at := func(n int) string {
		return fmt.Sprintf(`document.activeElement === document.querySelectorAll(".faces .naming input[type=text]")[%d]`, n)
	}
	press := func(keys string) {
		t.Helper()
		testkit.Succeed(t, chromedp.Do(a.tab, chromedp.KeyEvent(keys)))
	}
	next := func() { // chromedp types a letter also where its key was taken for something else
		t.Helper()
		a.do(t, `document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "n", bubbles: true }))`)
	}
	next()
	a.is(t, "the first may be named", at(0))
	next()
	a.is(t, "N is a letter of the name there", at(0))
	press(kb.Escape)
	next()
	a.is(t, "the second may be named", at(1))
	press("Nina" + kb.Enter)
	a.is(t, "it has the name, and the third may be named", `document.querySelectorAll(".faces > li")[1].querySelector("a.name")?.textContent === "Nina" && `+at(2))
	next()
	a.is(t, "it still may", at(2))
	press(kb.Escape)
	next()
	a.is(t, "then the first again", at(0))
}

// Whoever chooses a name that was suggested means who has it: that is done at once, and can be undone.
func TestAStrangerIsMergedWithWhoIsChosenFromTheSuggestions(t *testing.T) {
	t.Parallel()
	a := newAlbum(t)
	dana := a.know(t, "Dana", "dana_1.jpg")
	stranger := a.stranger(t, 2)
	a.open(t, "/strangers")
	field := fmt.Sprintf(`document.getElementById("name-%d")`, stranger)
	choose := `.value = "Dana"; f.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertReplacementText" }))`
	a.do(t, "{ const f = "+field+"; f"+choose+" }")
	testkit.Succeed(t, chromedp.Do(a.tab, chromedp.SendKeys(fmt.Sprintf("#name-%d", stranger), kb.Enter)))
	a.is(t, "what it did, with undo", fmt.Sprintf(`document.querySelector("#done p")?.textContent.startsWith("Merged Stranger %d into Dana") && document.querySelector("#done button") !== null`, stranger))
	if one := testkit.Must(a.Person(t.Context(), stranger))(t); one.MergedInto == nil || *one.MergedInto != dana {
		t.Errorf("the stranger is %+v", one)
	}
	a.do(t, `document.querySelector("#done button").click()`)
	a.is(t, "the stranger is back", field+` !== null`)
	a.do(t, "{ const f = "+field+"; f"+choose+`; f.value = "dana"; f.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText" })) }`)
	testkit.Succeed(t, chromedp.Do(a.tab, chromedp.SendKeys(fmt.Sprintf("#name-%d", stranger), kb.Enter)))
	a.is(t, "what is typed asks", `document.querySelector(".problem button[name=person]") !== null`)
}

func TestFacesAreChosenAndSaidToBeSomebodyElses(t *testing.T) {
	t.Parallel()
	a := newAlbum(t)
	viktor := a.know(t, "Viktor", "viktor_1.jpg", "bad_viktor.jpg")
	sure, doubtful := a.seen(t, "sure.jpg", "viktor_1.jpg", 0.8), a.seen(t, "doubtful.jpg", "viktor_1.jpg", 0.4)
	other := a.seen(t, "other.jpg", "viktor_1.jpg", 0.45)
	a.open(t, fmt.Sprintf("/people/%d?sort=sure", viktor))
	a.is(t, "the least sure first", fmt.Sprintf(`[...document.querySelectorAll(".crops li")].map(li => li.id).join() === "face-%d,face-%d,face-%d"`, doubtful, other, sure))
	a.is(t, "why a photo does not count", `document.querySelector(".photos .unused").textContent.includes("The face is too small")`)
	a.do(t, fmt.Sprintf(`for (const id of [%d, %d]) document.querySelector("#face-" + id + " input").click()`, doubtful, other))
	a.is(t, "what can be said", `document.querySelector(".chosen").checkVisibility()`)
	a.do(t, `document.querySelector(".chosen button").click()`)
	a.is(t, "one is left", fmt.Sprintf(`document.querySelectorAll(".crops li").length === 1 && document.querySelector("#face-%d") !== null`, sure))
	a.do(t, fmt.Sprintf(`document.querySelector("#face-%d input").click(); document.getElementById("chosen-name").value = "Dana"; document.querySelector(".naming button").click()`, sure))
	a.is(t, "none is", `document.querySelector(".crops") === null`)
	for _, image := range []int64{1, 2, 3} {
		face := testkit.Must(a.Image(t.Context(), image))(t).Faces[0]
		if face.Person != nil && face.Person.Name != "Dana" {
			t.Errorf("picture %d is still of %+v", image, face.Person)
		}
	}
}

// What was said of several faces at once is taken back at once, on the page of pictures and on a profile, with
// script and without.
func TestWhatWasSaidOfSeveralIsUndoneAtOnce(t *testing.T) {
	t.Parallel()
	a := newAlbum(t)
	viktor := a.know(t, "Viktor", "viktor_1.jpg")
	faces := []int64{a.seen(t, "one.jpg", "viktor_1.jpg", 0.8), a.seen(t, "two.jpg", "viktor_1.jpg", 0.7), a.seen(t, "three.jpg", "viktor_1.jpg", 0.6)}
	click := func(selector string) {
		t.Helper()
		a.do(t, fmt.Sprintf(`document.querySelector(%q).scrollIntoView({ block: "center" })`, selector)) // not below the bar of what is chosen
		testkit.Succeed(t, chromedp.Do(a.tab, chromedp.Click(chromedp.CSS(selector))))
	}
	for _, script := range []string{"with", "without"} {
		if script == "without" {
			withoutScript(t, a.tab)
		}
		for path, choose := range map[string]string{"/": "#image-%d .choose input", fmt.Sprintf("/people/%d?sort=sure", viktor): "#face-%d .choose input"} {
			a.open(t, path)
			for i := range 2 {
				one := int64(i + 1)
				if path != "/" {
					one = faces[i]
				}
				click(fmt.Sprintf(choose, one))
			}
			testkit.Succeed(t, chromedp.Do(a.tab, chromedp.SendKeys(chromedp.CSS("#chosen-name"), "Dana")))
			click(".chosen .naming button")
			a.is(t, script+" script, "+path+" says of how many it was said", `document.querySelector("#done p")?.textContent === "Said that a face is Dana, 2 times."`)
			if script == "with" {
				a.is(t, "what had the focus is hidden by now, and the notice has it", `document.activeElement.id === "notice"`)
			}
			click("#done button")
			a.is(t, "the notice stays at the top", `document.querySelector("main").firstElementChild.contains(document.querySelector("#done"))`)
			a.is(t, "the page is that which it was", fmt.Sprintf(`(at => (at.searchParams.delete("done"), at.pathname + at.search))(new URL(location.href)) === %q`, path))
			a.is(t, script+" script, "+path+" says that both were taken back", `document.querySelector("#done p")?.textContent === "Undid “Said that a face is Dana”, 2 times."`)
			for image := int64(1); image <= 3; image++ {
				if face := testkit.Must(a.Image(t.Context(), image))(t).Faces[0]; face.Person == nil || face.Person.ID != viktor {
					t.Errorf("%s script, %s: picture %d is of %+v", script, path, image, face.Person)
				}
			}
		}
	}
}

func TestWhoCouldBeOneIsAnsweredByAKey(t *testing.T) {
	t.Parallel()
	a := newAlbum(t)
	one, other, third := a.know(t, "Dana", "dana.jpg"), a.know(t, "Dana K.", "danak.jpg"), a.know(t, "Zoe", "zoe.jpg")
	a.edit(t, "INSERT INTO descriptors (photo_id, model, descriptor) SELECT id, 'm', UNHEX('0000803F00000000') FROM person_images WHERE person_id IN (?, ?)", one, other)
	a.edit(t, "INSERT INTO descriptors (photo_id, model, descriptor) SELECT id, 'm', UNHEX('CDCC4C3F9A99193F') FROM person_images WHERE person_id = ?", third)
	a.open(t, "/people")
	a.is(t, "the two most alike", fmt.Sprintf(`document.getElementById("same-%d-%d") !== null`, one, other))
	testkit.Succeed(t, chromedp.Do(a.tab, chromedp.KeyEvent("y")))
	a.is(t, "they are one, and the next are asked about", fmt.Sprintf(`document.getElementById("person-%d") === null && document.getElementById("same-%d-%d") !== null`, other, one, third))
	a.do(t, `document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "N", bubbles: true}))`) // as with Caps Lock
	a.is(t, "nobody is asked about", `document.querySelector(".same") === null`)
	if profile := testkit.Must(a.Person(t.Context(), other))(t); profile.MergedInto == nil || *profile.MergedInto != one {
		t.Errorf("%+v", profile)
	}
}

// A button that turns into another under the focus is not pressed by whoever presses twice.
func TestPressingTwiceDoesNotDoSomethingElse(t *testing.T) {
	t.Parallel()
	a := newAlbum(t)
	a.know(t, "Viktor", "viktor_1.jpg")
	a.seen(t, "one.jpg", "viktor_1.jpg", 0.8)
	a.open(t, "/images/1")
	a.do(t, `document.querySelector('form[action="?do=not"] button').focus()`)
	testkit.Succeed(t, chromedp.Do(a.tab, chromedp.KeyEvent("\r")))
	a.is(t, "it is said that it is not Viktor", `document.querySelector("#notice #done") !== null`)
	harmless := `document.activeElement.id === "notice" || document.activeElement.id === "main"`
	a.is(t, "the focus is where Enter does nothing", harmless)
	a.do(t, `document.querySelector("#done button").focus()`)
	testkit.Succeed(t, chromedp.Do(a.tab, chromedp.KeyEvent("\r")))
	a.is(t, "it is undone", `document.querySelector("#done").textContent.includes("Undid")`)
	a.is(t, "the button that does it again has no focus", harmless)
}

// A form that was opened is closed by what it did, and stays open where it was refused.
func TestAFormThatIsDoneCloses(t *testing.T) {
	t.Parallel()
	a := newAlbum(t)
	dana := a.know(t, "Dana", "dana.jpg")
	a.know(t, "Zoe", "zoe.jpg")
	a.open(t, fmt.Sprintf("/people/%d", dana))
	a.do(t, `document.querySelector("#rename summary").click(); rename = document.querySelector("#rename [name=name]"); rename.value = "Zoe"; document.querySelector("#rename button").click()`)
	a.is(t, "what is wrong with the name", `document.querySelector("#rename .problem button[name=new]") !== null && document.getElementById("rename").open`)
	testkit.Succeed(t, chromedp.Do(a.tab, chromedp.SendKeys("#rename [name=name]", "y"+kb.Enter)))
	a.is(t, "the new name", `document.querySelector("h1.name").textContent === "Zoey"`)
	a.is(t, "the form is closed, and has no other name in it", `!document.getElementById("rename").open && document.querySelector("#rename [name=name]").value === "Zoey"`)
	a.is(t, "the focus is on what opens it", `document.activeElement.matches("#rename > summary")`)
}

// What was asked for before a form was sent is not shown after it.
func TestWhatWasAskedForBeforeAFormIsNotShownAfterIt(t *testing.T) {
	t.Parallel()
	a := newAlbum(t)
	dana := a.know(t, "Dana", "dana.jpg")
	a.open(t, fmt.Sprintf("/people/%d", dana))
	a.do(t, `{
		asked = 0, names = new Set();
		const real = fetch;
		window.fetch = async (address, options = {}) => {
			if (options.method || !String(address).includes("/people/")) return real(address, options);
			const answer = await real(address, { headers: { Accept: "text/html" } }), html = await answer.text();
			asked++;
			if (asked === 1) await new Promise(resolve => window.release = resolve);
			return new Response(html, { headers: answer.headers });
		};
		new MutationObserver(() => names.add(document.querySelector("h1.name").textContent)).observe(document.getElementById("main"), { subtree: true, childList: true, characterData: true });
	}`)
	a.is(t, "an update is under way", `window.release !== undefined`)
	a.do(t, `document.querySelector("#rename [name=name]").value = "Zoe"; document.querySelector("#rename button").click()`)
	a.is(t, "the new name", `names.has("Zoe")`)
	a.do(t, `before = asked; release()`)
	a.is(t, "another update", `asked > before`)
	a.is(t, "the new name alone", `[...names].join() === "Zoe"`)
}

func TestWhoIsMergedWithNobodyIsNotRenamed(t *testing.T) {
	t.Parallel()
	a := newAlbum(t)
	dana := a.add(t, "Dana", "dana.jpg")
	r := a.send(t, fmt.Sprintf("/people/%d?do=name", dana), url.Values{"name": {"Zaraa"}, "merge": {"true"}})
	if r.status != http.StatusNotFound || !strings.Contains(r.body, "Nobody else is called &#34;Zaraa&#34;.") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if profile := testkit.Must(a.Person(t.Context(), dana))(t); profile.Name != "Dana" {
		t.Errorf("Dana is called %q", profile.Name)
	}
}

// Files that look like somebody else are left out by a button of the form, which has them still; once all others
// are taken, it has none that could be sent again.
func TestPhotosLikeAnotherAreLeftOutAndTheFormIsEmptied(t *testing.T) {
	t.Parallel()
	sent := make(chan string, 10)
	photo := func(name string, state store.PhotoState) map[string]any {
		return map[string]any{"id": 8, "file_name": name, "state": state}
	}
	dad := photo("dad.jpg", store.PhotoUnusable)
	dad["similar"] = map[string]any{"person": map[string]any{"id": 7, "name": "Dad"}, "similarity": 0.8}
	notes := []any{map[string]any{"number": 3, "name": "notes.txt", "error": "not a picture"}}
	receive := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if sent <- string(body); strings.Contains(string(body), `name="others"`) {
			serve.JSON(w, http.StatusCreated, map[string]any{"id": 3, "photos": []any{photo("mom.jpg", store.PhotoUsable)}, "left_out": []any{dad}, "files": notes})
			return
		}
		serve.JSON(w, http.StatusConflict, map[string]any{"type": serve.ProblemType("like-another"), "detail": "like another", "photos": []any{photo("mom.jpg", store.PhotoUsable), dad}, "files": notes})
	}))
	t.Cleanup(receive.Close)
	g := newGate(t, func(o *Options) { o.ReceiveURL = receive.URL })
	p := browser.OpenPage(t, g.url)
	p.Expect("409")
	p.Expect("422")
	p.Open("/people")
	p.Is("the form is there", `document.getElementById("new-person") !== null && document.readyState === "complete"`)
	browser.Eval[any](p, `{
		const form = document.getElementById("new-person"), files = new DataTransfer();
		for (const name of ["mom.jpg", "dad.jpg", "notes.txt"]) files.items.add(new File([name], name));
		form.elements.name.value = "Mom";
		form.elements.photo.files = files.files;
		form.requestSubmit();
	}; null`)
	const says = `document.querySelector("#new-person > .problem")?.innerText`
	p.Is("nothing was added, and who is like whom", `document.querySelector(".problem button[name=name]") === null && `+says+`?.includes("Nothing was added yet: 1 of 3 files looks like somebody else.") && `+says+`.includes("Looks like Dad")`)
	<-sent
	p.Audit("photos like another")
	p.Shoot("photos-like-another")
	browser.Eval[any](p, `document.querySelector(".problem button[name=others]").click(), null`)
	p.Is("what was taken and what was not", says+`?.includes("2 of 3 files were not taken, the others were.")`)
	if body := <-sent; !strings.Contains(body, `filename="dad.jpg"`) || !strings.Contains(body, "Mom") {
		t.Errorf("sent was %s", body)
	}
	p.Is("the form is empty", `(form => form.elements.photo.files.length === 0 && form.elements.name.value === "")(document.getElementById("new-person"))`)
	p.Audit("not all were taken")
	p.Shoot("not-all-were-taken")
}
