package main

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/store"
)

// done is what a form did: told once at the top of the page that it led to.
type done struct {
	Text    string
	Changes []int64 // to be undone, the newest first; none where there is nothing to
	Here    string  // this page, for undoing to lead back to
	Taken   bool    // pictures were added
}

// These tell a page, instead of a change's id, that pictures were added, or are looked at again;
// how many, a number after a dot tells.
const (
	doneTaken = "taken"
	doneLooks = "looks"
)

// justNow is how old a change is at most that a form is said to have made, where somebody
// keeps the page that it led to.
const justNow = 15 * time.Second

// doneOf tells what the form did that led to the page. That it cannot be told is no reason
// not to show the page.
func (v *view) doneOf(r *http.Request, template string) *done {
	text, gone, some := strings.Cut(r.URL.Query().Get(doneParameter), ".")
	if text == "" {
		return nil
	}
	switch text {
	case doneTaken:
		return &done{Text: takenText(template, gone), Taken: true}
	case doneLooks:
		return &done{Text: looksText(gone)}
	}
	made := v.justMade(r, readIDList(text))
	if len(made) == 0 {
		return &done{Text: "Done."}
	}
	here := r.URL.Query()
	here.Del(doneParameter)
	told := done{Text: v.didAll(r, made) + ".", Here: (&url.URL{Path: r.URL.Path, RawQuery: here.Encode()}).String()}
	if n, err := strconv.Atoi(gone); some && err == nil {
		told.Text += fmt.Sprintf(" Already gone: %d.", n)
	}
	for _, change := range made {
		if undoable(change) {
			told.Changes = append(told.Changes, change.ID)
		}
	}
	return &told
}

// takenText tells what was added on the page that shows it.
func takenText(template, number string) string {
	if template == "folder" {
		return "The folder is taken: its pictures are looked at one after the other."
	}
	return ofPictures(number, "taken")
}

// looksText tells what is looked at again.
func looksText(number string) string {
	if number == "0" {
		return "There is no picture to look at again."
	}
	return ofPictures(number, "looked at again")
}

// ofPictures tells of so many pictures what they are.
func ofPictures(number, are string) string {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n == 1 {
		return "The picture is " + are + "."
	}
	return pictureCount(n) + " are " + are + "."
}

// justMade are those of these changes that were made just now.
func (v *view) justMade(r *http.Request, listed []int64) []store.Change {
	made, err := v.db.ChangesOf(r.Context(), listed)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(made, func(c store.Change) bool { return time.Since(c.At) > justNow })
}

// didAll tells what a form's changes did, without the point at its end.
func (v *view) didAll(r *http.Request, made []store.Change) string {
	text, others := did(made[0]), len(made)-1
	if others == 0 {
		if pictures, err := v.db.PicturesNamed(r.Context(), made[0]); err == nil && pictures > 0 {
			text += ": " + pictureCount(pictures) + " changed"
		}
		return text
	}
	if slices.ContainsFunc(made, func(c store.Change) bool { return did(c) != text }) {
		return fmt.Sprintf("%s, and %d more", text, others)
	}
	return fmt.Sprintf("%s, %d times", text, len(made))
}

// undoable tells whether a change can be taken back.
func undoable(c store.Change) bool {
	return c.UndoneBy == nil && c.Reason == "" && !c.Erased && c.Action != store.ActionDelete && c.Action != store.ActionErase
}

// aboutPerson is what did tells of a change, cut where the person's name is: it is linked.
type aboutPerson struct{ Before, Name, After string }

func didWhom(c store.Change) aboutPerson {
	called := shortened(calledBy(c), sentenceLetters)
	text, name := did(c), isolated(called)
	i := strings.LastIndex(text, name)
	gone := c.Erased || c.Action == store.ActionEnrol && c.UndoneBy != nil // nobody is at that address
	if c.Person == nil || i < 0 || gone {
		return aboutPerson{Before: text}
	}
	return aboutPerson{text[:i], called, text[i+len(name):]}
}

// whom is whose change it is.
func whom(c store.Change) string {
	switch {
	case c.Person == nil:
		return "somebody"
	case c.Erased:
		return "somebody who was erased"
	}
	return cmp.Or(string(c.Person.Name), fmt.Sprintf("stranger %d", c.Person.ID))
}

// calledBy is whom a change is about, as it called them: what they are called since is another change's.
func calledBy(c store.Change) string {
	root, _ := undoneAtLast(c)
	if root.Action == store.ActionName && root.Name != "" {
		return string(root.Name)
	}
	return whom(c)
}

// did tells a change in words.
func did(c store.Change) string {
	name := isolated(shortened(calledBy(c), sentenceLetters))
	if c.Reason != "" {
		return "Lost what was said of a face, as " + c.Reason + ": " + name
	}
	switch c.Action {
	case store.ActionEnrol:
		return "Added " + name
	case store.ActionPhoto:
		return saidOfPhotos(c, name)
	case store.ActionName:
		return "Named " + name
	case store.ActionHide:
		return saidHowShown(c, name)
	case store.ActionMerge:
		return merged(c) + " into " + name
	case store.ActionIs:
		return saidIs(c, name)
	case store.ActionIsNot:
		return saidNot(c, name)
	case store.ActionIgnore:
		return saidIgnored(c)
	case store.ActionFace:
		return "Drew a face"
	case store.ActionDelete:
		return "Deleted a picture"
	case store.ActionErase:
		return "Erased a person"
	case store.ActionUndo:
		return undid(c)
	}
	return string(c.Action)
}

func saidOfPhotos(c store.Change, name string) string {
	switch {
	case c.Removed == nil:
		return "Changed a photo of " + name
	case *c.Removed:
		return "Removed a photo of " + name
	}
	return "Added photos of " + name
}

func saidHowShown(c store.Change, name string) string {
	switch {
	case c.Hidden == nil:
		return "Chose the portrait of " + name
	case *c.Hidden:
		return "Hid " + name
	}
	return "Listed " + name + " again"
}

// mergedTold is how many names of those who were merged at once are told.
const mergedTold = 3

// merged tells who was merged.
func merged(c store.Change) string {
	var names []string
	for _, p := range c.Merged[:min(len(c.Merged), mergedTold)] {
		names = append(names, calledIn(p))
	}
	last := len(names) - 1
	switch more := len(c.Merged) - len(names); {
	case last < 0:
		return "Merged somebody"
	case more > 0:
		return fmt.Sprintf("Merged %s and %d more", strings.Join(names, ", "), more)
	case last == 0:
		return "Merged " + names[0]
	}
	return "Merged " + strings.Join(names[:last], ", ") + " and " + names[last]
}

func saidIs(c store.Change, name string) string {
	if c.Person == nil {
		return "Let the machine say who a face is"
	}
	return "Said that a face is " + name
}

func saidIgnored(c store.Change) string {
	if c.Ignored != nil && !*c.Ignored {
		return "Stopped ignoring a face"
	}
	return "Ignored a face"
}

func saidNot(c store.Change, name string) string {
	switch {
	case c.Person == nil:
		return "Said who a face is not"
	case c.Face == nil:
		return "Said that somebody else is not " + name
	}
	return "Said that a face is not " + name
}

// undid tells what a change took back, or, where that had taken back another, did again.
func undid(c store.Change) string {
	root, odd := undoneAtLast(c)
	switch {
	case root.Action == store.ActionUndo: // what it took back is not known
		return "Undid a change"
	case odd:
		return "Undid “" + did(*root) + "”"
	}
	return "Did “" + did(*root) + "” again"
}

// undoneAtLast is the change that this one, and those between them, took back or did again, and
// whether it is taken back by that; itself where it is no undoing.
func undoneAtLast(c store.Change) (root *store.Change, odd bool) {
	root = &c
	for root.Undone != nil {
		root, odd = root.Undone, !odd
	}
	return root, odd
}
