package main

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lineup.dev/lineup/local/browser"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// gate stands before a site and answers in its place with a status, where there is one; 0
// passes on, and cut ends connections without an answer.
type gate struct {
	*site
	url    string
	status atomic.Int32
}

const cut = -1

func newGate(t *testing.T, change ...func(*Options)) *gate {
	t.Helper()
	g := &gate{site: newSite(t, append([]func(*Options){func(o *Options) { o.Writes, o.ReceiveURL = "on", "http://127.0.0.1:1" }}, change...)...)}
	handler := g.view.handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch status := g.status.Load(); {
		case strings.HasPrefix(r.URL.Path, "/assets/"), status == 0:
			handler.ServeHTTP(w, r)
		case status == cut:
			panic(http.ErrAbortHandler)
		default:
			g.view.refuse(w, r, serve.Problem{Status: int(status), Detail: "The database does not answer now."})
		}
	}))
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// photograph puts a picture of a plain colour into the folder of pictures.
func (s *site) photograph(t *testing.T, name string, width, height int, hue uint8) {
	t.Helper()
	s.put(t, name, coloured(t, width, height, hue))
}

// preview gives a picture its thumbnail.
func (s *site) preview(t *testing.T, id int64, hue uint8) {
	t.Helper()
	name := fmt.Sprintf("%032x.jpg", id)
	testkit.Succeed(t, s.view.pictures.SaveDerived(t.Context(), name, coloured(t, 320, 213, hue)))
	s.edit(t, "UPDATE images SET thumbnail = ? WHERE id = ?", name, id)
}

func coloured(t *testing.T, width, height int, hue uint8) []byte {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.Set(x, y, color.RGBA{hue, uint8(90 + 80*y/height), uint8(200 - 90*x/width), 255})
		}
	}
	var body strings.Builder
	testkit.Succeed(t, jpeg.Encode(io.Writer(&body), picture, &jpeg.Options{Quality: 60}))
	return []byte(body.String())
}

var (
	longName = strings.Repeat("Wolfeschlegelsteinhausenbergerdorff ", 6)[:200]
	arabic   = "عبد الرحمن بن خلدون"
	boxed    = func(f lineup.Face, x float64) lineup.Face {
		f.Box = &lineup.Box{X: x, Y: .2, Width: .2, Height: .4}
		return f
	}
	widths  = map[string][2]int64{"desktop": {1280, 900}, "tablet": {820, 1100}, "phone": {390, 844}}
	schemes = []string{"light", "dark"}
)

// everything fills a site with one of each: every status, names as long and as foreign as they
// get, a picture that is gone, strangers, changes, jobs and parts of which some are stuck. It
// gives the pages to look at by what is on them.
func (s *site) everything(t *testing.T) map[string]string {
	t.Helper()
	for i, name := range []string{"dana.jpg", "both.jpg", "عيد.jpg", strings.Repeat("a-very-long-name-", 12) + ".jpg", "stranger.jpg", "crowd.jpg"} {
		s.photograph(t, name, 600, 400, uint8(40*i))
	}
	dana := s.add(t, "Dana", "dana_1.jpg", "dana_2.jpg")
	s.add(t, longName, "long.jpg")
	s.add(t, arabic, "arabic.jpg")
	one := s.look(t, "dana.jpg", withFaces(newFace("dana_1.jpg", 0.7)))
	both := s.look(t, "both.jpg", withFaces(boxed(newFace("dana_1.jpg", 0.6), .1), boxed(newFace("long.jpg", 0.5), .4), boxed(newFace("arabic.jpg", 0.5), .7)))
	s.look(t, "عيد.jpg", withFaces(newFace("arabic.jpg", 0.9)))
	s.look(t, strings.Repeat("a-very-long-name-", 12)+".jpg", withFaces(newFace("long.jpg", 0.9)))
	gone := s.finish(t, "gone.jpg", withFaces(newFace("dana_1.jpg", 0.6)))
	failed := s.finish(t, "broken.jpg", store.Result{Reason: "not a picture in a known format"})
	unknown := s.finish(t, "strangers.jpg", withFaces(boxed(newFace("", .1), .1), boxed(newFace("", .2), .6)))
	s.add(t, "no name yet", "stranger_1.jpg")
	s.look(t, "stranger.jpg", withFaces(newFace("stranger_1.jpg", 0.8)))
	s.edit(t, "UPDATE person SET name = NULL, spelling = NULL, pictures = 1 WHERE name = 'no name yet'")
	s.edit(t, "UPDATE person_images SET state = 'unusable', reason = 'the face is too small' WHERE image_name = 'dana_2.jpg'")
	s.claim(t, "processing.jpg")
	pending := s.submit(t, "waits.jpg")
	faces := make([]lineup.Face, 10_000)
	for i := range faces {
		faces[i] = newFace("", 0.1)
		faces[i].Box = &lineup.Box{X: float64(i%100) / 100, Y: float64(i/100) / 100, Width: .009, Height: .009}
	}
	crowd := s.look(t, "crowd.jpg", withFaces(faces...))
	for id := int64(1); id <= crowd; id++ {
		s.preview(t, id, uint8(40*id))
	}
	s.edit(t, "UPDATE images SET thumbnail = NULL WHERE id IN (?, ?, ?)", gone, failed, pending)
	testkit.Must(s.SubmitFolder(t.Context(), "holiday/2026/"))(t)
	s.edit(t, "INSERT INTO rematches (first_image, gallery_state, finished_at) VALUES (0, 90, NULL), (500, 90, UTC_TIMESTAMP(6))")
	testkit.Succeed(t, s.TellParts(t.Context(), store.Part{Name: "nsqd", State: "reachable"},
		store.Part{Name: "face server", State: "away", Detail: "it does not answer, or says that it is not ready; the log of process says more", Wait: time.Hour},
		store.Part{Name: "dead letters of images", State: "waiting", Detail: "3 in the topic images.dead; next: `bridge dead` shows and repeats them"}))
	at := func(format string, id int64) string { return fmt.Sprintf(format, id) }
	return map[string]string{
		"pictures": "/", "grid": "/?as=grid", "filtered": "/?status=failed", "nothing passes": "/?q=nothing", "people": "/people", "strangers": "/strangers",
		"activity": "/activity", "add": "/add", "search": "/search?q=dana", "search in vain": "/search?q=zzz", "folders": "/folders", "folder": "/folders/1", "no page": "/nothing",
		"one face": at("/images/%d", one), "three faces": at("/images/%d", both), "gone": at("/images/%d", gone), "failed": at("/images/%d", failed),
		"unknown": at("/images/%d", unknown), "pending": at("/images/%d", pending), "crowd": at("/images/%d", crowd),
		"profile": at("/people/%d", dana), "long name": at("/people/%d", dana+1), "right to left": at("/people/%d", dana+2),
	}
}

// A name of one word of 200 letters makes no page wider than the window, opened or not.
func TestANameOfOneWordFits(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	word := strings.Repeat("x", 200)
	id := g.add(t, word, "word.jpg")
	g.photograph(t, "word.jpg", 600, 400, 40)
	picture := g.look(t, "word.jpg", withFaces(newFace("word.jpg", 0.9)))
	none := g.add(t, strings.Repeat("y", 200), "none.jpg")
	p := browser.OpenPage(t, g.url)
	p.Expect("404") // pictures whose files are not there
	for device, size := range widths {
		p.Size(size[0], size[1])
		for _, path := range []string{"/", fmt.Sprintf("/?person=%d", id), "/?as=grid", "/people", "/activity", "/strangers", "/search?q=xxx", fmt.Sprintf("/images/%d", picture), fmt.Sprintf("/people/%d", id), fmt.Sprintf("/people/%d", none)} {
			p.Open(path)
			p.Is("the page is there", `document.querySelector("h1") !== null && document.readyState === "complete"`)
			for _, opened := range []string{"false", "true"} {
				wide := browser.Eval[string](p, `document.querySelectorAll("main details").forEach(one => one.open = `+opened+`), document.documentElement.scrollWidth <= innerWidth ? "" :
					[...document.querySelectorAll("main *")].filter(one => one.getBoundingClientRect().right > innerWidth).map(one => one.tagName + "." + one.className).join(" ")`)
				if wide != "" {
					t.Errorf("%s on a %s, opened: %s: wider than the window by %s", path, device, opened, wide)
				}
			}
		}
	}
}

// In every state, on a phone and a desktop, light and dark, there is nothing that axe-core objects to,
// nothing beside the window, and nothing that moves once it was seen.
func TestEveryStateIsAccessible(t *testing.T) {
	t.Parallel()
	full := newGate(t)
	states := full.everything(t)
	empty := newGate(t)
	t.Logf("screenshots: %s", browser.Shots(t))
	for device, size := range widths {
		t.Run(device, func(t *testing.T) {
			lookAt := func(at *gate, states map[string]string) {
				p := browser.OpenPage(t, at.url)
				p.Expect("404") // pictures whose files are not there, and a page that is none
				p.Size(size[0], size[1])
				for state, path := range states {
					p.Open(path)
					p.Is("the page is there", `document.querySelector("h1") !== null && document.readyState === "complete"`)
					paint := p.Painted()
					t.Logf("%s, %s: %s", state, device, paint)
					if paint.Shift != 0 {
						t.Errorf("%s moves after it was seen: %s", state, paint)
					}
					if beside := browser.Eval[int](p, `document.documentElement.scrollWidth - innerWidth`); beside > 0 {
						t.Errorf("%s is %d pixels wider than the window", state, beside)
					}
					for _, scheme := range schemes {
						p.Scheme(scheme)
						p.Audit(state + ", " + device + ", " + scheme)
						p.Shoot(strings.ReplaceAll(state, " ", "-") + "-" + device + "-" + scheme)
					}
				}
			}
			if device == "tablet" { // between the two others: the pages whose columns change
				chosen := map[string]string{}
				for _, state := range []string{"pictures", "grid", "three faces", "people", "profile", "strangers", "activity"} {
					chosen[state] = states[state]
				}
				lookAt(full, chosen)
				return
			}
			lookAt(full, states)
			lookAt(empty, map[string]string{"no pictures": "/", "no people": "/people", "no strangers": "/strangers", "no activity": "/activity", "no folders": "/folders"})
		})
	}
}

// A browser may draw the bar when it has read half of it: what stands there already does not move when the rest comes.
func TestTheBarDoesNotMoveWhileItIsRead(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for device, size := range widths {
		t.Run(device, func(t *testing.T) {
			p := browser.OpenPage(t, g.url)
			p.Size(size[0], size[1])
			p.Open("/")
			const bar = `[...document.querySelectorAll(".brand, #nav a")].map(one => { const { x, y } = one.getBoundingClientRect(); return x + "," + y; }).join(" ")`
			whole := browser.Eval[string](p, bar)
			for _, rest := range []string{`document.getElementById("nav")`, `document.querySelector("#nav a:nth-child(3)")`, `document.querySelector("#nav a:nth-child(2)")`, `document.querySelector("#nav a")`} {
				read := browser.Eval[string](p, `(() => { while (`+rest+`.nextSibling) `+rest+`.nextSibling.remove(); return `+bar+`; })()`)
				if !strings.HasPrefix(whole, read) {
					t.Errorf("the bar moves from %s to %s", read, whole)
				}
			}
		})
	}
}

// What a browser draws before it has read the words in it stands where it stays.
func TestWhatHasNoWordsYetStandsWhereItStays(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.finish(t, "one.jpg", withFaces())
	p := browser.OpenPage(t, g.url)
	p.Expect("404") // a picture whose file is not there
	for device, size := range widths {
		p.Size(size[0], size[1])
		for _, path := range []string{"/", "/images/1"} {
			p.Open(path)
			moved := browser.Eval[string](p, `[...document.querySelectorAll("main summary, main .badge")].filter(one => one.checkVisibility()).map(one => {
				const text = one.textContent, whole = one.getBoundingClientRect();
				one.textContent = "";
				const empty = one.getBoundingClientRect();
				one.textContent = text;
				return empty.y === whole.y && empty.height === whole.height ? "" : text;
			}).filter(Boolean).join()`)
			if moved != "" {
				t.Errorf("%s, %s: these move: %s", path, device, moved)
			}
			if browser.Eval[bool](p, `document.querySelector("main summary").remove(), document.querySelector("main details").checkVisibility()`) {
				t.Errorf("%s, %s: what can be opened is there before its words are", path, device)
			}
		}
	}
}

// The bar reaches from side to side, also where the page is longer than the window, and on a phone
// fingers find what stands side by side.
func TestTheBarIsAsWideAsTheWindowAndFingersFindLinks(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for i := range 20 {
		g.finish(t, fmt.Sprintf("%d.jpg", i), withFaces())
	}
	p := browser.OpenPage(t, g.url)
	for device, size := range widths {
		p.Size(size[0], size[1])
		for _, path := range []string{"/", "/people"} {
			p.Open(path)
			if wide := browser.Eval[float64](p, `document.querySelector(".top").getBoundingClientRect().width`); wide != float64(size[0]) {
				t.Errorf("%s, %s: the bar is %v wide, the window %d", path, device, wide, size[0])
			}
		}
	}
	p.Size(widths["phone"][0], widths["phone"][1])
	p.Open("/")
	p.Is("something can be chosen", `document.getElementById("how-many")?.textContent === "The chosen pictures:"`)
	browser.Eval[any](p, `document.querySelector(".choose input").click(), document.getElementById("chosen-save").open = true, null`)
	for what, atOnce := range map[string]string{"the links": ".views p a", "the buttons": "#chosen-save button"} {
		wrong := browser.Eval[string](p, fmt.Sprintf(`[...document.querySelectorAll(%q)].map(one => [one.textContent, one.getBoundingClientRect()]).filter(([, a], i, all) => a.height < 32 ||
			all.some(([, b]) => a !== b && a.left < b.right + 8 && b.left < a.right + 8 && a.top < b.bottom + 8 && b.top < a.bottom + 8)).map(([text]) => text).join()`, atOnce))
		if wrong != "" {
			t.Errorf("too small or too near are %s: %s", what, wrong)
		}
	}
}

// A page that loses its server says so, and recovers by itself.
func TestAPageThatLosesItsServerSaysSoAndRecoversByItself(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.finish(t, "one.jpg", withFaces())
	p := browser.OpenPage(t, g.url)
	for _, part := range []string{"Failed to load resource", "404"} {
		p.Expect(part)
	}
	p.Open("/")
	for status, says := range map[int32]string{
		cut:                            "cannot be reached",
		http.StatusServiceUnavailable:  "does not answer now",
		http.StatusUnauthorized:        "key",
		http.StatusTooManyRequests:     "does not answer now",
		http.StatusInternalServerError: "does not answer now",
	} {
		g.status.Store(status)
		p.Is(fmt.Sprintf("the page says what %d means", status), fmt.Sprintf(`!document.getElementById("away").hidden && document.getElementById("away").textContent.includes(%q)`, says))
		p.Is("so does the line below the bar", `document.getElementById("status").textContent === "What goes on is not known now"`)
		p.Audit(says)
		p.Shoot(strings.ReplaceAll("away "+says, " ", "-"))
		if rows := browser.Eval[int](p, `document.querySelectorAll("tbody tr").length`); rows < 1 {
			t.Errorf("the pictures are gone while the answer is %d", status)
		}
		g.status.Store(0)
		name := fmt.Sprintf("after-%d.jpg", status)
		g.finish(t, name, withFaces())
		p.Is("the page is as it is again", fmt.Sprintf(`document.getElementById("away").hidden && document.getElementById("main").textContent.includes(%q)`, name))
	}
	g.status.Store(http.StatusServiceUnavailable)
	p.Open("/people")
	p.Is("a page that is opened meanwhile says it, too", `document.querySelector(".problem h1")?.textContent === "Something does not answer now" && document.getElementById("status").textContent === "What goes on is not known now"`)
	p.Audit("opened without a database")
	p.Shoot("database-away")
	g.status.Store(0)
	p.Is("it becomes the page by itself", `document.querySelector("h1").textContent === "People"`)
}
