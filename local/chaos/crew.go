package chaos

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"lineup.dev/lineup/pkg/lineup"
)

// cast is whom this run enrols by the first of their portraits, and in how many pictures
// they are, which are the next ones. The other pictures of a run show none of them; who is its
// stranger, Elsa or Carl, is left out.
var cast = []role{{"Mila", 3}, {"Omar", 2}, {"Lena", 1}, {"Ines", 1}, {"Adam", 1}, {"Ben", 0}, {"Gina", 0}, {"Iris", 0}}

type role struct {
	name     string
	pictures int
}

// crew is somebody who enrols people, corrects what was taken for whom, and thinks better
// of it, by the API. Nobody else does meanwhile, so that it is known what must be.
type crew struct {
	api       string // URL
	root      string // of the pictures
	portraits string // folder
	rng       *rand.Rand
	http      *http.Client

	now      state
	past     []state          // before each change, the oldest first
	changes  []expected       // as they were answered, the oldest first
	photos   map[int64]string // whose photos were accepted: names they were enrolled by
	photoOf  map[int64]int64  // the same: persons
	called   map[int64][]string
	erased   map[int64][]string // by person: names that nobody else ever had
	gallery  string             // folder of known people's photos
	placed   map[string]bool    // files put there by hand, and whether they are there
	banished map[string]bool    // those of them whose person was erased
	pictures []int64
	enrolled int // of the cast
	looked   int
	refused  int // requests that were to be
	repeated int
	retries  int
	unusable int      // enrolments that were answered so
	wrong    []string // answers that must not be given
}

func newCrew(view, root, gallery, portraits string, rng *rand.Rand) *crew {
	return &crew{
		api: view + "/api/v1", root: root, portraits: portraits, rng: rng,
		http:   &http.Client{Timeout: 2 * answerTime, Transport: &http.Transport{}},
		now:    state{map[int64]string{}, map[int64]int64{}, map[int64]decision{}},
		photos: map[int64]string{}, photoOf: map[int64]int64{}, called: map[int64][]string{}, erased: map[int64][]string{},
		gallery: gallery, placed: map[string]bool{}, banished: map[string]bool{},
	}
}

// crewPause is between two of its requests.
const crewPause = 300 * time.Millisecond

// run makes changes until acting ends. What it began it brings to its end, until ctx ends.
// After an answer that must not be it does no more: what is true then is not known.
func (c *crew) run(ctx, acting context.Context) error {
	if err := c.post(ctx); err != nil {
		return err
	}
	for acting.Err() == nil && len(c.wrong) == 0 {
		c.act(ctx)
		wait(acting, crewPause)
	}
	return nil
}

// act makes one change, each kind as often as its weight.
func (c *crew) act(ctx context.Context) {
	kinds := []struct {
		weight int
		do     func(context.Context)
	}{
		{30, c.enrolNext}, {7, c.enrolAgain}, {10, c.merge}, {4, c.erase}, {5, c.place}, {5, c.nameStranger}, {6, c.undo},
		{8, c.rename}, {10, c.correct}, {6, c.draw}, {4, c.askWrongly}, {5, c.look},
	}
	at := c.rng.IntN(100)
	for _, kind := range kinds {
		if at -= kind.weight; at < 0 {
			kind.do(ctx)
			return
		}
	}
}

// enrolNext enrols who is not yet, and then has a picture looked at instead.
func (c *crew) enrolNext(ctx context.Context) {
	if c.enrolled == len(cast) {
		c.look(ctx)
		return
	}
	one := cast[c.enrolled]
	c.enrolled++
	c.enrol(ctx, one.name, one.name)
}

// post posts the pictures of the people.
func (c *crew) post(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Join(c.root, "people"), 0o755); err != nil {
		return err
	}
	for _, one := range cast {
		for i := range one.pictures {
			content, err := os.ReadFile(c.portrait(one.name, i+2))
			if err != nil {
				return err
			}
			path := fmt.Sprintf("people/%s-%d.jpg", one.name, i+2)
			if err := os.WriteFile(filepath.Join(c.root, path), content, 0o644); err != nil {
				return err
			}
			var answer struct{ Images []struct{ ID int64 } }
			if !c.ask(ctx, http.MethodPost, "/images", map[string]string{"path": path}, &answer, http.StatusAccepted) {
				return nil
			}
			for _, image := range answer.Images {
				c.pictures = append(c.pictures, image.ID)
			}
		}
	}
	return nil
}

// enrol enrols somebody under a name, by the first portrait of one of the cast: anyway, as
// a face of theirs may have been given to another by hand.
func (c *crew) enrol(ctx context.Context, name, of string) {
	content, err := os.ReadFile(c.portrait(of, 1))
	if err != nil {
		note(&c.wrong, "%v", err)
		return
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	form.WriteField("name", name)                     //nolint:errcheck // into memory
	form.WriteField("anyway", "true")                 //nolint:errcheck // into memory
	part, _ := form.CreateFormFile("photo", "me.jpg") // into memory
	part.Write(content)                               //nolint:errcheck // into memory
	form.Close()
	var person struct {
		ID     int64
		Photos []struct{ ID int64 }
	}
	status := c.send(ctx, http.MethodPost, "/people", body.Bytes(), form.FormDataContentType(), &person,
		http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusUnprocessableEntity)
	switch {
	case status == 0:
		return
	case person.ID == 0 || len(person.Photos) == 0:
		note(&c.wrong, "%s is enrolled by %d as %+v", name, status, person)
		return
	case status == http.StatusUnprocessableEntity:
		c.unusable++
	}
	if _, known := c.now.names[person.ID]; known {
		c.repeated++
		return
	}
	c.changed(expected{action: "enrol", person: person.ID}).name(c, person.ID, name)
	for _, photo := range person.Photos {
		c.photos[photo.ID], c.photoOf[photo.ID] = name, person.ID
	}
}

// enrolAgain repeats an enrolment, which changes nothing, or enrols somebody by the same
// photo once more, under another name.
func (c *crew) enrolAgain(ctx context.Context) {
	ids := slices.DeleteFunc(c.now.survivors(), func(id int64) bool {
		return !slices.ContainsFunc(cast, func(one role) bool { return one.name == c.now.names[id] })
	})
	if len(ids) == 0 {
		return
	}
	name := c.now.names[ids[c.rng.IntN(len(ids))]]
	if c.rng.IntN(2) == 0 {
		c.enrol(ctx, name, name)
		return
	}
	c.enrol(ctx, fmt.Sprintf("%s else %04d", name, len(c.changes)), name)
}

func (c *crew) merge(ctx context.Context) {
	ids := c.now.survivors()
	if len(ids) < 2 {
		return
	}
	c.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	into, from := ids[0], ids[1]
	if c.ask(ctx, http.MethodPost, fmt.Sprintf("/people/%d/merge", into), map[string][]int64{"people": {from}}, nil, http.StatusOK) {
		c.changed(expected{action: "merge", person: into}).into[from] = into
	}
}

// undo takes back the newest change, which may be one that took back another. One of a face is refused where the face was an
// erased person's before: which the machine took for whose, the crew does not know.
func (c *crew) undo(ctx context.Context) {
	n := len(c.changes)
	if n == 0 || c.changes[n-1].action == "enrol" || c.changes[n-1].action == "erase" {
		return
	}
	newest := c.changes[n-1]
	var list struct{ Items []changeItem }
	if !c.ask(ctx, http.MethodGet, "/changes?limit=50", nil, &list, http.StatusOK) {
		return
	}
	list.Items = byCrew(list.Items)
	if len(list.Items) == 0 || list.Items[0].Action != newest.action {
		note(&c.wrong, "the newest change is %+v, not %+v", list.Items, newest)
		return
	}
	path := fmt.Sprintf("/changes/%d/undo", list.Items[0].ID)
	var made struct {
		changeItem
		Type string // of a problem
	}
	switch c.askFor(ctx, http.MethodPost, path, nil, &made, http.StatusOK, http.StatusConflict) {
	case http.StatusOK:
		before := c.past[n-1]
		*c.changed(expected{action: "undo", id: made.ID}) = before.clone()
	case http.StatusConflict:
		if made.Type != "urn:lineup:problem:erased" || newest.face == 0 || len(c.erased) == 0 {
			note(&c.wrong, "POST %s of %+v is refused: %s", path, newest, made.Type)
			return
		}
		c.refused++
	}
}

func (c *crew) rename(ctx context.Context) {
	ids := c.now.survivors()
	if len(ids) == 0 {
		return
	}
	id := ids[c.rng.IntN(len(ids))]
	name := fmt.Sprintf("Somebody %04d", len(c.changes))
	if c.ask(ctx, http.MethodPatch, fmt.Sprintf("/people/%d", id), map[string]string{"name": name}, nil, http.StatusOK) {
		c.changed(expected{action: "name", person: id}).name(c, id, name)
	}
}

// correct says of a face whose it is, whose not, or that it is nobody's business.
func (c *crew) correct(ctx context.Context) {
	image, p, ok := c.final(ctx)
	ids := c.now.survivors()
	if !ok || len(ids) == 0 || len(p.Faces) == 0 {
		return
	}
	face, person := p.Faces[0].ID, ids[c.rng.IntN(len(ids))]
	d, ok := c.now.correction(p.Faces[0], person, c.rng.IntN(4))
	if !ok {
		return
	}
	d.image = image
	action, body := "is", map[string]any{"person": person}
	switch {
	case d.ignored:
		action, body = "ignore", map[string]any{"ignored": true}
	case d.not != 0:
		action, body = "is_not", map[string]any{"not": []int64{person}}
	}
	if c.ask(ctx, http.MethodPatch, fmt.Sprintf("/faces/%d", face), body, nil, http.StatusOK) {
		c.changed(expected{action: action, face: face}).faces[face] = d
	}
}

// draw puts a face into a picture where none was found, and gives it to somebody.
func (c *crew) draw(ctx context.Context) {
	image, _, ok := c.final(ctx)
	ids := c.now.survivors()
	if !ok || len(ids) == 0 {
		return
	}
	person := ids[c.rng.IntN(len(ids))]
	box := lineup.Box{X: float64(len(c.changes)%900) / 1000, Y: 0.01, Width: 0.02, Height: 0.02} // of each its own
	var face faceItem
	body := map[string]any{"box": box, "person": person}
	if c.ask(ctx, http.MethodPost, fmt.Sprintf("/images/%d/faces", image), body, &face, http.StatusCreated) {
		c.changed(expected{action: "face", face: face.ID}).faces[face.ID] = decision{image: image, is: person}
	}
}

// askWrongly asks for what is refused, and changes nothing: a name that another has, and
// somebody to be merged into themselves.
func (c *crew) askWrongly(ctx context.Context) {
	ids := c.now.survivors()
	if len(ids) < 2 {
		return
	}
	one, other := ids[0], ids[1+c.rng.IntN(len(ids)-1)]
	path, method, body := fmt.Sprintf("/people/%d", other), http.MethodPatch, any(map[string]string{"name": c.now.names[one]})
	if c.rng.IntN(2) == 0 {
		path, method, body = path+"/merge", http.MethodPost, map[string][]int64{"people": {other}}
	}
	if c.ask(ctx, method, path, body, nil, http.StatusConflict) {
		c.refused++
	}
}

func (c *crew) look(ctx context.Context) {
	id, _, ok := c.final(ctx)
	if ok && c.ask(ctx, http.MethodPost, fmt.Sprintf("/images/%d/look", id), nil, nil, http.StatusAccepted) {
		c.looked++
	}
}

// list reads as many changes as were made, and one more.
func (c *crew) list(ctx context.Context) (all []changeItem) {
	for next := "/changes?limit=50"; ; next = fmt.Sprintf("/changes?limit=50&before=%d", all[len(all)-1].ID) {
		var page struct{ Items []changeItem }
		if !c.ask(ctx, http.MethodGet, next, nil, &page, http.StatusOK) || len(page.Items) == 0 {
			return all
		}
		all = append(all, page.Items...)
		if len(byCrew(all)) > len(c.changes) {
			return all
		}
	}
}
