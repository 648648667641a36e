package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

// byRegions is in a change's By what a picture's metadata says.
const byRegions = "(metadata)"

// Region is a face of which a picture's metadata says whose it is.
type Region struct {
	Box     lineup.Box
	Name    string   // empty where only what follows is said
	Ignored bool     // it is nobody's business
	Not     []string // who it is not
}

// imported are a result's regions on their way to being decisions by hand. Those of one
// content are taken over once: what hands said later is not overturned by another look.
type imported struct {
	regions []Region
	digest  []byte             // of the content and the regions
	people  map[string]*called // by the spellings of all names
}

// called is who has a name.
type called struct {
	name    string
	person  int64 // 0 where nobody has it, or several
	several int   // how many have it, when it is not one
}

func newImport(r Result) *imported {
	i := &imported{people: map[string]*called{}}
	if r.Reason != "" || len(r.Regions) == 0 {
		return i
	}
	text, _ := json.Marshal(r.Regions) //nolint:errchkjson // it holds what JSON has
	sum := sha256.Sum256(append([]byte(r.Content+"\n"), text...))
	i.regions, i.digest = r.Regions, sum[:]
	for _, region := range r.Regions {
		for _, name := range append([]string{region.Name}, region.Not...) {
			if spelling := Spelling(name); spelling != "" && i.people[spelling] == nil {
				i.people[spelling] = &called{name: name}
			}
		}
	}
	return i
}

// lockNames holds the names' spellings.
func (i *imported) lockNames(ctx context.Context, tx *sql.Tx) error {
	var spellings []string
	for spelling := range i.people {
		spellings = append(spellings, spelling)
	}
	return lockSpellings(ctx, tx, spellings...)
}

const selectRegionsRead = `
	SELECT COALESCE(regions_read, '')
	FROM images
	WHERE id = ?`

// findPeople finds who has the names, and holds their rows; the picture's is held. Where the regions were taken over before, none are left.
func (i *imported) findPeople(ctx context.Context, tx *sql.Tx, p *picture) error {
	if len(i.regions) == 0 {
		return nil
	}
	var before []byte
	if err := tx.QueryRowContext(ctx, selectRegionsRead, p.id).Scan(&before); err != nil {
		return err
	}
	if string(before) == string(i.digest) {
		i.regions = nil
		return nil
	}
	var found []int64
	for spelling, c := range i.people {
		people, err := peopleSpelled(ctx, tx, spelling)
		if err != nil {
			return err
		}
		switch len(people) {
		case 0: // who is needed is made
		case 1:
			c.person = people[0].ID
			found = append(found, c.person)
		default:
			c.several = len(people)
		}
	}
	if len(found) == 0 {
		return nil
	}
	_, err := lockSurvivors(ctx, tx, found...)
	return err
}

const (
	updateRegionsRead = `
		UPDATE images
		SET regions_read = ?
		WHERE id = ?`

	selectStatus = `
		SELECT status
		FROM images
		WHERE id = ?`
)

// apply makes the regions decisions by hand, and tells the status that the picture has then.
func (i *imported) apply(ctx context.Context, tx *sql.Tx, p *picture) (status lineup.Status, err error) {
	pictures, err := lockPictures(ctx, tx, []int64{p.id}) // the faces with their ids
	if err != nil || len(pictures) == 0 {
		return "", cmp.Or(err, ErrNotFound)
	}
	faces := pictures[0].faces
	for at, face := range i.correspond(faces) {
		region := i.regions[at]
		if c := i.people[Spelling(region.Name)]; c != nil && c.several > 0 {
			text := fmt.Sprintf("whose face %d of its metadata is was not taken over: %d people are called so; next: say by hand which one it is", at+1, c.several)
			if err := note(ctx, tx, p.id, unusual{p.round, eventImport, text}); err != nil {
				return "", err
			}
			continue
		}
		if face < 0 {
			err = i.draw(ctx, tx, p.id, region)
		} else {
			err = i.decide(ctx, tx, faces[face], region)
		}
		if err != nil {
			return "", err
		}
	}
	if _, err := tx.ExecContext(ctx, updateRegionsRead, i.digest, p.id); err != nil {
		return "", err
	}
	err = tx.QueryRowContext(ctx, selectStatus, p.id).Scan(&status)
	return status, err
}

// sameRegion is how much of the smaller of two boxes must lie in the other so that they
// are of one face: programs draw them closer or wider, around the face or the whole head.
const sameRegion = 0.6

// largerRegion is how much larger the larger may be.
const largerRegion = 8

// correspond tells of each region which of the faces it is of, -1 for none. No face has two.
func (i *imported) correspond(faces []faceRow) []int {
	type pair struct {
		region, face int
		overlap      float64
	}
	var pairs []pair
	for r, region := range i.regions {
		for f, face := range faces {
			if face.Box != nil && sameFace(region.Box, *face.Box) {
				pairs = append(pairs, pair{r, f, region.Box.Overlap(*face.Box)})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.overlap, a.overlap) })
	is, used := slices.Repeat([]int{-1}, len(i.regions)), map[int]bool{}
	for _, p := range pairs {
		if is[p.region] < 0 && !used[p.face] {
			is[p.region], used[p.face] = p.face, true
		}
	}
	return is
}

func sameFace(a, b lineup.Box) bool {
	small, large := min(a.Width*a.Height, b.Width*b.Height), max(a.Width*a.Height, b.Width*b.Height)
	width := min(a.X+a.Width, b.X+b.Width) - max(a.X, b.X)
	height := min(a.Y+a.Height, b.Y+b.Height) - max(a.Y, b.Y)
	return width > 0 && height > 0 && width*height >= sameRegion*small && large <= largerRegion*small
}

// whoIs is who is called so, made if nobody is; 0 for an empty name and where several are.
// The spelling is held, so nobody else makes them meanwhile.
func (i *imported) whoIs(ctx context.Context, tx *sql.Tx, name string) (id int64, created bool, err error) {
	spelling := Spelling(name)
	c := i.people[spelling]
	if c == nil || c.person != 0 || c.several > 0 {
		if c != nil {
			id = c.person
		}
		return id, false, nil
	}
	c.person, err = createPerson(ctx, tx, c.name, spelling)
	return c.person, true, err
}

// hand is the hand of somebody who is called so, and of nobody for an empty name.
func (i *imported) hand(ctx context.Context, tx *sql.Tx, action Action, name string) (h *hand, err error) {
	h = &hand{by: byRegions, action: action}
	h.person, h.created, err = i.whoIs(ctx, tx, name)
	return h, err
}

// draw is for a region without a face that was found.
func (i *imported) draw(ctx context.Context, tx *sql.Tx, image int64, region Region) error {
	if Spelling(region.Name) == "" {
		return nil // there is nothing to ignore, or to be somebody else's
	}
	h, err := i.hand(ctx, tx, ActionFace, region.Name)
	if err != nil {
		return err
	}
	_, _, err = h.draw(ctx, tx, image, region.Box)
	return err
}

// decide is for a region of a face that was found. What a hand said of it before stands.
func (i *imported) decide(ctx context.Context, tx *sql.Tx, face faceRow, region Region) error {
	if face.byHand() || len(face.Not) > 0 {
		return nil
	}
	d := FaceDecision{}
	if region.Ignored {
		d.Ignored = &region.Ignored
	}
	h, err := i.hand(ctx, tx, ActionIs, region.Name)
	if err != nil {
		return err
	}
	var not []int64
	for _, name := range region.Not {
		id, created, err := i.whoIs(ctx, tx, name)
		if err != nil {
			return err
		}
		if created {
			h.others = append(h.others, id)
		}
		if id != 0 && id != h.person {
			not = append(not, id)
		}
	}
	if len(not) > 0 {
		d.Not = &not
	}
	if h.person != 0 {
		d.Person, d.Ignored = &h.person, nil
	}
	h.action = d.action()
	after, err := h.said(ctx, tx, face, d)
	if err != nil {
		return err
	}
	_, err = h.write(ctx, tx, face, face.handValues(after))
	return err
}
