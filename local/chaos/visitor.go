package chaos

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
)

// visitors are whose photos are put into the gallery's folder by hand, and taken out:
// nobody of the cast, and in no picture.
var visitors = []string{"Hope", "Joan", "Kim", "Maya"}

// name gives a person a name, and keeps that they were called so.
func (s *state) name(c *crew, id int64, name string) {
	s.names[id] = name
	c.called[id] = append(c.called[id], name)
}

// byCrew are the changes of the API's callers: not those of who puts photos into the folder.
func byCrew(all []changeItem) []changeItem {
	return slices.DeleteFunc(slices.Clone(all), func(one changeItem) bool { return strings.HasPrefix(one.By, "(") })
}

// erase erases somebody, with everybody who was merged into them. What was said of their
// faces ends: they are nobody's.
func (c *crew) erase(ctx context.Context) {
	ids := c.now.survivors()
	if len(ids) < 3 {
		return
	}
	id := ids[c.rng.IntN(len(ids))]
	if !c.ask(ctx, http.MethodDelete, fmt.Sprintf("/people/%d", id), nil, nil, http.StatusAccepted) {
		return
	}
	now := c.changed(expected{action: "erase", person: id})
	gone := func(person int64) bool { return person != 0 && now.survivor(person) == id }
	for person := range now.names {
		if !gone(person) {
			continue
		}
		delete(now.names, person)
		c.erased[person] = []string{}
		for _, name := range c.called[person] {
			if strings.ContainsAny(name, "0123456789") { // the others are enrolled by again
				c.erased[person] = append(c.erased[person], name)
			}
		}
	}
	for face, d := range now.faces {
		switch {
		case gone(d.is):
			now.faces[face] = decision{image: d.image, ignored: true}
		case gone(d.not):
			delete(now.faces, face)
		}
	}
	for photo, person := range c.photoOf {
		if gone(person) {
			delete(c.photos, photo)
		}
	}
}

// erasedNames are all names that are to be nowhere.
func (c *crew) erasedNames() (names []string) {
	for _, some := range c.erased {
		names = append(names, some...)
	}
	return names
}

// place puts a photo into the gallery's folder, as somebody does with a file manager, or takes
// it out again.
func (c *crew) place() {
	visitor := visitors[c.rng.IntN(len(visitors))]
	file := visitor + "_1.jpg"
	path := filepath.Join(c.gallery, file)
	if c.placed[file] {
		if err := os.Remove(path); err != nil {
			note(&c.wrong, "take %s out of the gallery: %v", file, err)
		}
		c.placed[file] = false
		return
	}
	content, err := os.ReadFile(c.portrait(visitor, 1))
	if err == nil {
		err = os.WriteFile(path, content, 0o644)
	}
	if err != nil {
		note(&c.wrong, "put %s into the gallery: %v", file, err)
	}
	c.placed[file] = true
}

// nameStranger names whoever without a name is in one of the people's pictures. Meanwhile
// they may have become somebody else's, or been erased.
func (c *crew) nameStranger(ctx context.Context) {
	_, p, ok := c.final(ctx)
	i := slices.IndexFunc(p.Faces, func(one faceItem) bool { return one.DecidedBy == string(lineup.ByStranger) && one.Person != nil })
	if !ok || i < 0 {
		return
	}
	name := fmt.Sprintf("Stranger %04d", len(c.changes))
	var person struct{ ID int64 }
	path := fmt.Sprintf("/people/%d", p.Faces[i].person())
	status := c.askFor(ctx, http.MethodPatch, path, map[string]string{"name": name}, &person, http.StatusOK, http.StatusNotFound, http.StatusGone)
	if status == http.StatusOK {
		c.changed(expected{action: "name", person: person.ID}).name(c, person.ID, name)
	}
}

// changed notes a change that was answered, and gives what it is to change.
func (c *crew) changed(e expected) *state {
	c.past, c.changes = append(c.past, c.now.clone()), append(c.changes, e)
	return &c.now
}

func (c *crew) portrait(name string, n int) string {
	return filepath.Join(c.portraits, name, fmt.Sprintf("%d.jpg", n))
}

// final gives one of the pictures, by chance, if it waits for nothing.
func (c *crew) final(ctx context.Context) (id int64, p pictured, ok bool) {
	if len(c.pictures) == 0 {
		return 0, p, false
	}
	id = c.pictures[c.rng.IntN(len(c.pictures))]
	ok = c.ask(ctx, http.MethodGet, fmt.Sprintf("/images/%d", id), nil, &p, http.StatusOK)
	return id, p, ok && (p.Status == "identified" || p.Status == "unknown")
}
