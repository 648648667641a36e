package main

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func TestANameWithinASentenceMovesNothingAroundIt(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Dana K., 7":        "Dana K., 7",
		"":                  "",
		"Dvořák":            "Dvořák",
		arabic:              isolate + arabic + endIsolate,
		"שרה (Sara)":        isolate + "שרה (Sara)" + endIsolate,
		"Anna\u202egpj":     isolate + "Annagpj" + endIsolate,
		"Anna\u2069\u2067x": isolate + "Annax" + endIsolate,
		"Anna\u200f":        isolate + "Anna\u200f" + endIsolate,
	} {
		if got := isolated(name); got != want {
			t.Errorf("%+q is %+q, want %+q", name, got, want)
		}
	}
}

// A name of 200 letters is cut wherever it stands in a sentence, and is whole as the heading of its page.
func TestALongNameIsCutInSentences(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("Wolfeschlegel", 15)
	short := name[:sentenceLetters-1] + "…"
	receive, _ := receiveAs(t, http.StatusConflict, map[string]any{"type": "urn:lineup:problem:same-spelling", "detail": fmt.Sprintf("%q, person 1, is called so already", name), "people": []any{map[string]any{"id": 1, "name": name}}})
	nobody, _ := receiveAs(t, http.StatusNotFound, map[string]any{"type": "urn:lineup:problem:nobody", "detail": fmt.Sprintf("nobody else is called %q: send the name of somebody there is", name)})
	s := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = receive, "on" })
	other := newSite(t, func(o *Options) { o.ReceiveURL, o.Writes = nobody, "on" })
	id := s.add(t, name, "a.jpg")
	fields := url.Values{"name": {name}}
	for what, page := range map[string]struct{ html, want string }{
		"a profile":          {s.get(t, fmt.Sprintf("/people/%d", id)).body, ">Erase " + short + "</button>"},
		"the activity":       {s.get(t, "/activity").body, fmt.Sprintf(`Added <a class="name" href="/people/%d">%s</a>`, id, short)},
		"a name that is had": {s.send(t, "/people/3?do=name", fields).body, "“" + short + "”, person 1,"},
		"nobody's name":      {other.send(t, "/people/3?do=name", fields).body, "Nobody else is called “" + short + "”."},
	} {
		if text := strings.ReplaceAll(html.UnescapeString(page.html), `"`+short+`"`, "“"+short+"”"); !strings.Contains(text, page.want) {
			t.Errorf("%s does not say %s:\n%s", what, page.want, page.html)
		}
	}
	has(t, s.get(t, fmt.Sprintf("/people/%d", id)).body, `<h1 class="name long">`+name+"</h1>")
}

// Wherever a name that is read from right to left stands in a sentence, it is kept apart there.
func TestNamesFromRightToLeftAreKeptApart(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Writes = "on" })
	person := s.add(t, arabic, "a.jpg")
	face := newFace("a.jpg", 0.7)
	s.put(t, "p.jpg", jpegOf(t))
	s.look(t, "p.jpg", withFaces(face))
	apart := isolate + arabic + endIsolate
	short := shortName(lineup.Person{Name: lineup.Name(arabic)})
	for path, wants := range map[string][]string{
		"/images/1":                       {`aria-label="Face 1: ` + short, ">Not " + short, apart + ": 0.70"},
		fmt.Sprintf("/people/%d", person): {"<title>" + apart + " – Lineup", ">" + arabic + "</h1>", ">Erase " + apart, `title="` + apart + ": 0.70", "Added " + apart},
		"/activity":                       {`Added <a class="name" href="/people/1">` + arabic + "</a>", ": Added " + apart},
		"/people?q=" + "x%E2%80%AEy":      {"“x\ufffdy”"},
		"/search?q=" + "x%E2%80%AEy":      {`<span class="name">x` + "\ufffd" + "y</span>"},
	} {
		page := html.UnescapeString(s.get(t, path).body)
		has(t, page, wants...)
		if strings.Contains(path, "?q=") && strings.Count(page, "\u202e") > strings.Count(page, `value="x`+"\u202e") {
			t.Errorf("%s turns what follows", path)
		}
	}
	if got := did(store.Change{Action: store.ActionName, Person: &lineup.Person{ID: person, Name: lineup.Name(arabic)}}); got != "Named "+apart {
		t.Errorf("%+q", got)
	}
}
