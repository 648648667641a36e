package system_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"lineup.dev/lineup/local/browser"
	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/local/testkit"
)

// tour is a browser on a running system; its screenshots are those of docs/tour.md.
type tour struct {
	*browser.Page
	t *testing.T
}

// press clicks the visible button or link whose text begins so.
func (p tour) press(text string) {
	p.t.Helper()
	button := fmt.Sprintf(`[...document.querySelectorAll("main button, main summary, main a, nav a")].find(b => b.checkVisibility() && b.textContent.trim().startsWith(%q))`, text)
	p.Is("there is "+text, button+` !== undefined`)
	browser.Eval[any](p.Page, button+`.click(), null`)
}

// says waits until the page's content has this in it.
func (p tour) says(text string) {
	p.t.Helper()
	p.Is("the page says "+text, fmt.Sprintf(`document.getElementById("main").innerText.includes(%q)`, text))
}

// tabTo presses Tab until what has this id has the focus.
func (p tour) tabTo(id string) {
	p.t.Helper()
	for range 200 {
		if browser.Eval[bool](p.Page, fmt.Sprintf(`document.activeElement?.id === %q`, id)) {
			return
		}
		p.Keys(kb.Tab)
	}
	p.t.Fatalf("no number of tabs leads to #%s", id)
}

// show keeps a screenshot for docs/tour.md, and looks whether everybody can use the page.
func (p tour) show(name string) {
	p.t.Helper()
	p.Audit(name)
	p.ShootSmall(name)
}

// personIn waits until the picture that was uploaded by that name has somebody, with a name or
// without, and gives the ids of both.
func (s running) personIn(t *testing.T, fileName string) (picture, person int64) {
	t.Helper()
	testkit.Retry(t, patience, func() error {
		var list struct {
			Images []struct {
				ID    int64
				Faces []struct{ Person *struct{ ID int64 } }
			}
		}
		if err := s.get(t, "/?q="+fileName, &list); err != nil {
			return err
		}
		if len(list.Images) != 1 || len(list.Images[0].Faces) != 1 || list.Images[0].Faces[0].Person == nil {
			return fmt.Errorf("%s: %+v", fileName, list.Images)
		}
		picture, person = list.Images[0].ID, list.Images[0].Faces[0].Person.ID
		return nil
	})
	return picture, person
}

// follow presses Tab until the button or link whose text begins so has the focus, and then Enter.
func (p tour) follow(text string) {
	p.t.Helper()
	p.Is("the page is loaded", `document.readyState === "complete"`)
	for range 200 {
		p.Keys(kb.Tab)
		if browser.Eval[bool](p.Page, fmt.Sprintf(`(document.activeElement?.matches("main *") ?? false) && document.activeElement.textContent.trim().startsWith(%q)`, text)) {
			p.Keys(kb.Enter)
			return
		}
	}
	p.t.Fatalf("no number of tabs leads to %q", text)
}

// byKeyboardAlone enrols, corrects, names, merges, undoes and erases without script, by keys;
// only the files of a form are given to it, as by the browser's own dialogue.
func (p tour) byKeyboardAlone(people string, picture int64) {
	p.t.Helper()
	p.WithoutScript(true)
	defer p.WithoutScript(false)
	p.Open("/people")
	p.follow("Add a person")
	p.Keys(kb.Tab + "Noor")
	p.Do(chromedp.SetUploadFiles(`#new-person [type="file"]`, []string{filepath.Join(people, "Mila/1.jpg"), filepath.Join(people, "Mila/2.jpg")}))
	p.follow("Add")
	p.Is("two photos of Noor", `document.querySelector("h1.name")?.textContent === "Noor" && document.querySelectorAll("[id^=photo-]").length === 2`)
	noor := browser.Eval[string](p.Page, `location.pathname`)

	p.Open(fmt.Sprintf("/images/%d", picture))
	p.follow("Not Omar")
	p.Is("it is told on the page that follows", `document.querySelector("#done")?.innerText.includes("Said that a face is not Omar")`) // the history tells it before
	p.follow("Undo")
	p.says("Undid “Said that a face is not Omar”")
	p.Is("it is Omar again", `document.querySelector(".who .name")?.textContent === "Omar"`)

	p.Open("/strangers")
	stranger := browser.Eval[string](p.Page, `document.querySelector(".card input").id`)
	p.tabTo(stranger)
	p.Keys("Ines" + kb.Enter)
	p.says("Named Ines")

	p.Open(noor)
	p.follow("Merge")
	p.Keys(kb.Tab + "Ines" + kb.Enter)
	p.says("Merged Noor into Ines")
	p.follow("Undo")
	p.says("Undid “Merged Noor into Ines”")

	p.Open(noor)
	p.follow("Erase")
	p.follow("Erase Noor")
	p.Is("the receipt", `location.pathname.startsWith("/erasures/")`)
}

// TestTour walks through docs/tour.md: a change of one is a change of the other.
func TestTour(t *testing.T) {
	t.Parallel()
	s := start(t, system.Settings{Data: t.TempDir(), Samples: "on", PingEvery: time.Second, Environment: []string{"SWEEP_INTERVAL=500ms"}})
	people, mine := deptest.People(t), t.TempDir()
	var dropped []string
	for name, photo := range map[string]string{"viktor-at-sea.jpg": "Viktor/5.jpg", "omar-1.jpg": "Omar/1.jpg", "omar-2.jpg": "Omar/2.jpg"} {
		file := filepath.Join(mine, name)
		testkit.Succeed(t, os.WriteFile(file, testkit.Must(os.ReadFile(filepath.Join(people, photo)))(t), 0o600))
		dropped = append(dropped, file)
	}
	p := tour{browser.OpenPage(t, s.At.View), t}
	t.Logf("screenshots: %s", browser.Shots(t))
	p.Size(1280, 860)
	p.Scheme("light")

	p.Open("/")
	p.Is("the samples are looked at", `document.querySelectorAll(".badge.identified").length >= 8 && !document.querySelector(".badge.pending, .badge.processing")`)
	p.show("pictures")

	p.Drop(dropped...)
	p.Is("three pictures are uploaded", `document.getElementById("uploaded")?.textContent.startsWith("3 uploaded")`)
	p.Is("a name comes", `[...document.querySelectorAll("#uploads li")].some(li => li.innerText.includes("viktor-at-sea.jpg") && li.innerText.includes("Viktor"))`)
	p.show("add")
	omar1, stranger := s.personIn(t, "omar-1.jpg")

	p.Open("/people")
	p.press("Add a person")
	p.Do(chromedp.SendKeys(`#new-person [name="name"]`, "Mila"),
		chromedp.SetUploadFiles(`#new-person [type="file"]`, []string{filepath.Join(people, "Mila/1.jpg"), filepath.Join(s.samples, "pictures/phone.jpg")}))
	browser.Eval[any](p.Page, `document.querySelector("#new-person button").click(), null`)
	p.Is("the profile of Mila", `document.querySelector("h1.name")?.textContent === "Mila"`)
	p.says("No face found")
	p.Is("one photo of two counts", `document.querySelectorAll("[id^=photo-]").length === 2 && document.querySelectorAll("[id^=photo-].unused").length === 1`)
	p.show("enrol")
	mila := browser.Eval[string](p.Page, `location.pathname`)

	p.Open("/strangers")
	p.Is("the stranger of both pictures", fmt.Sprintf(`document.querySelector("#person-%d .quiet")?.textContent.startsWith("2 pictures")`, stranger))
	p.show("strangers")
	p.tabTo(fmt.Sprintf("name-%d", stranger))
	p.Keys("Omar" + kb.Enter)
	p.says("Named Omar")
	p.show("named")

	p.Open(fmt.Sprintf("/images/%d", omar1))
	p.Is("the older picture has the name", `document.querySelector(".who .name")?.textContent === "Omar"`)
	p.Is("its status follows", `document.querySelector(".facts .badge.identified") !== null`)
	p.show("picture")
	p.press("Not Omar")
	p.Is("it is not Omar", `document.querySelector(".who .name")?.textContent !== "Omar"`)
	p.press("Undo")
	p.Is("it is Omar again", `document.querySelector(".who .name")?.textContent === "Omar"`)

	p.Open(mila)
	p.press("Merge")
	p.Do(chromedp.SendKeys(`#merge [name="name"]`, "Omar"))
	browser.Eval[any](p.Page, `document.querySelector("#merge button").click(), null`)
	p.Is("the page is that of who they are now", `document.querySelector("h1.name")?.textContent === "Omar"`)
	p.says("Merged Mila into Omar")
	p.press("Undo")
	p.Is("the merge is undone", `document.querySelector("#done")?.innerText.includes("Undid")`)

	p.Open("/activity")
	p.says("Merged Mila into Omar")
	p.show("activity")

	p.WithoutScript(true)
	p.Open(mila)
	p.press("Erase")
	browser.Eval[any](p.Page, `document.querySelector("#erase button.danger").click(), null`)
	p.Is("the receipt", `location.pathname.startsWith("/erasures/")`)
	p.WithoutScript(false)
	p.Open("/people")
	p.Is("nobody is called Mila", `!document.getElementById("main").innerText.includes("Mila")`)
	p.show("people")

	p.Open("/search?q=omar")
	p.says("omar-2.jpg")
	p.Open("/?status=identified&limit=5")
	p.Is("five pictures", `document.querySelectorAll("tbody tr").length === 5`)
	first := browser.Eval[string](p.Page, `document.querySelector("tbody tr").id`)
	p.press("Older")
	p.Is("the next page", fmt.Sprintf(`document.querySelectorAll("tbody tr").length > 0 && document.querySelector("tbody tr").id !== %q && location.search.includes("before=")`, first))

	p.byKeyboardAlone(people, omar1)

	p.Size(390, 844)
	p.Scheme("dark")
	p.Open("/?as=grid")
	p.Is("the grid", `document.querySelectorAll(".grid li").length > 10`)
	p.show("phone")
}
