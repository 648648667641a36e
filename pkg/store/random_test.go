package store_test

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
	"lineup.dev/lineup/pkg/store"
)

// randomRule is by what the imagined face server decides.
var randomRule = match.Rule{Threshold: 0.7, Margin: 0.05, StrangerThreshold: 0.8}

const randomModel = "imagined"

// world is what pictures and photos show, whatever anybody says of it.
type world struct {
	database
	mu       sync.Mutex
	pictures map[string][]lineup.Face // by path
	photos   map[string][]float32     // by name
	people   [][]float32              // what each looks like

	faces imaginedServer
}

// imaginedServer is a face server in memory. It lags, dies and answers with an old gallery.
type imaginedServer struct {
	mu      sync.Mutex
	gallery imaginedGallery
}

type imaginedGallery struct {
	state  int64
	people map[int64]store.GalleryPerson
	photos map[int64]imaginedPhoto
}

type imaginedPhoto struct {
	store.GalleryPhoto
	descriptor []float32
}

// readGallery reads all of it, in one snapshot.
func readGallery(ctx context.Context, s *store.Store) (g imaginedGallery, err error) {
	g.people, g.photos = map[int64]store.GalleryPerson{}, map[int64]imaginedPhoto{}
	g.state, err = s.GallerySince(ctx, store.EveryState, randomModel, store.GalleryRows{
		Person: func(p store.GalleryPerson) { g.people[p.ID] = p },
		Photo: func(p store.GalleryPhoto) {
			descriptor := make([]float32, len(p.Descriptor)/4)
			for i := range descriptor {
				descriptor[i] = math.Float32frombits(binary.LittleEndian.Uint32(p.Descriptor[4*i:]))
			}
			p.Descriptor = nil
			g.photos[p.ID] = imaginedPhoto{p, descriptor}
		},
	})
	return g, err
}

// now is the gallery that the server answers with: often not the newest.
func (f *imaginedServer) now(ctx context.Context, s *store.Store, lags bool) (imaginedGallery, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if lags && f.gallery.people != nil {
		return f.gallery, nil
	}
	g, err := readGallery(ctx, s)
	if err == nil && g.state >= f.gallery.state {
		f.gallery = g
	}
	return g, err
}

// survivor is who a person is in this gallery; ok is false for one who was removed.
func (g imaginedGallery) survivor(id int64) (int64, bool) {
	for g.people[id].MergedInto != 0 {
		id = g.people[id].MergedInto
	}
	one, there := g.people[id]
	return id, there && !one.Removed
}

// compare gives everybody in the gallery by the nearest photo, the nearest first: those with
// a name, and strangers.
func (g imaginedGallery) compare(descriptor []float32, without string) (named, strangers []match.Candidate[int64]) {
	var face match.Face[int64]
	for id, photo := range g.photos {
		person, there := g.survivor(photo.PersonID)
		if !there || photo.ImageName == without {
			continue
		}
		var similarity float32
		for i := range descriptor {
			similarity += descriptor[i] * photo.descriptor[i]
		}
		similarity = float32(math.Round(float64(similarity)*1e6) / 1e6) // so that each is as like itself as any other
		c := match.Candidate[int64]{Person: person, PhotoID: id, ImageName: photo.ImageName, Similarity: similarity}
		if g.people[person].Name != "" {
			face.Candidates = append(face.Candidates, c)
		} else {
			face.Strangers = append(face.Strangers, c)
		}
	}
	d := match.Decide(match.Rule{}, []match.Face[int64]{face})[0]
	return d.Candidates, d.Strangers
}

func told(candidates []match.Candidate[int64]) []lineup.Candidate {
	all := []lineup.Candidate{}
	for _, c := range candidates[:min(10, len(candidates))] {
		all = append(all, lineup.Candidate{Person: lineup.Person{ID: c.Person}, PhotoID: c.PhotoID, ImageName: c.ImageName, Similarity: float64(c.Similarity)})
	}
	return all
}

// near is a vector of length 1, near the given one.
func near(r *rand.Rand, v []float32, noise float64) []float32 {
	sum, out := 0.0, make([]float32, len(v))
	for i := range v {
		x := float64(v[i]) + noise*r.NormFloat64()
		out[i], sum = float32(x), sum+x*x
	}
	for i := range out {
		out[i] /= float32(math.Sqrt(sum))
	}
	return out
}

func newWorld(t *testing.T, r *rand.Rand, people int) *world {
	t.Helper()
	w := &world{database: newDatabase(t), pictures: map[string][]lineup.Face{}, photos: map[string][]float32{}}
	for range people {
		w.people = append(w.people, near(r, make([]float32, 8), 1))
	}
	return w
}

// client is one of those who change things at once.
type client struct {
	*world
	r *rand.Rand
	n int // of this client
	i int // of its changes
}

func (c *client) name() string { return fmt.Sprintf("%d-%d.jpg", c.n, c.i) }

// someID is an id of the table, 0 where there is none.
func (c *client) someID(ctx context.Context, table, where string) (id int64) {
	statement := fmt.Sprintf("SELECT id FROM %s WHERE %s ORDER BY id LIMIT 1 OFFSET ?", table, where)
	var count int
	c.sql.QueryRowContext(ctx, fmt.Sprintf("SELECT COUNT(*) FROM %s WHERE %s", table, where)).Scan(&count)
	if count > 0 {
		c.sql.QueryRowContext(ctx, statement, c.r.IntN(count)).Scan(&id)
	}
	return id
}

func (c *client) somePerson(ctx context.Context) int64 { return c.someID(ctx, "person", "TRUE") }
func (c *client) someFace(ctx context.Context) int64   { return c.someID(ctx, "faces", "TRUE") }

func (c *client) newPicture(ctx context.Context) error {
	path, faces := c.name(), []lineup.Face{}
	for i := range 1 + c.r.IntN(3) {
		face := lineup.Face{
			Box: &lineup.Box{X: float64(i) / 4, Width: 0.2, Height: 0.2}, Model: randomModel,
			Embedding: near(c.r, c.people[c.r.IntN(len(c.people))], 0.15),
		}
		if c.r.IntN(4) == 0 {
			face.Problems = []string{"blurred"}
		}
		faces = append(faces, face)
	}
	c.mu.Lock()
	c.pictures[path] = faces
	c.mu.Unlock()
	_, err := c.Submit(ctx, store.Paths(path))
	return err
}

func (c *client) enrol(ctx context.Context) error {
	who, photo := c.r.IntN(len(c.people)), "photo-"+c.name()
	c.mu.Lock()
	c.photos[photo] = near(c.r, c.people[who], 0.1)
	c.mu.Unlock()
	_, err := c.Enrol(ctx, store.Enrolment{
		Name: fmt.Sprintf("somebody %d", who+c.r.IntN(2)), Photos: []store.NewPhoto{{ImageName: photo}},
		New: c.r.IntN(8) == 0, Anyway: c.r.IntN(4) == 0, By: strconv.Itoa(c.n),
	})
	return err
}

func (c *client) decide(ctx context.Context) error {
	var d store.FaceDecision
	switch c.r.IntN(6) {
	case 0, 1:
		d.Person = testkit.Ptr(c.somePerson(ctx))
	case 2:
		d.NewName = testkit.Ptr(fmt.Sprintf("somebody %d", c.r.IntN(len(c.people)+4)))
	case 3:
		d.TakeBack = true
	case 4:
		not := []int64{}
		for range c.r.IntN(3) {
			not = append(not, c.somePerson(ctx))
		}
		d.Not = &not
	case 5:
		d.Ignored = testkit.Ptr(c.r.IntN(2) == 0)
	}
	_, err := c.DecideFace(ctx, c.someFace(ctx), d, strconv.Itoa(c.n))
	return err
}

func (c *client) draw(ctx context.Context) error {
	box := lineup.Box{X: c.r.Float64() / 2, Y: 0.5, Width: 0.1, Height: 0.1}
	_, err := c.AddFace(ctx, c.someID(ctx, "images", "TRUE"), box, store.FaceDecision{Person: testkit.Ptr(c.somePerson(ctx))}, strconv.Itoa(c.n))
	return err
}

func (c *client) undo(ctx context.Context) error {
	_, err := c.UndoChange(ctx, c.someID(ctx, "changes", "TRUE"), strconv.Itoa(c.n))
	return err
}

func (c *client) removePhoto(ctx context.Context) error {
	id := c.someID(ctx, "person_images", "removed_at IS NULL")
	var person int64
	c.sql.QueryRowContext(ctx, "SELECT person_id FROM person_images WHERE id = ?", id).Scan(&person)
	return second(c.RemovePhoto(ctx, person, id, strconv.Itoa(c.n)))
}

// change does something at random.
func (c *client) change(ctx context.Context) error {
	by := strconv.Itoa(c.n)
	switch n := c.r.IntN(100); {
	case n < 18:
		return c.newPicture(ctx)
	case n < 34:
		return c.enrol(ctx)
	case n < 60:
		return c.decide(ctx)
	case n < 64:
		return c.draw(ctx)
	case n < 72:
		_, err := c.MergePeople(ctx, c.somePerson(ctx), []int64{c.somePerson(ctx)}, by)
		return err
	case n < 76:
		patch := store.PersonPatch{Name: testkit.Ptr("renamed " + c.name())}
		if c.r.IntN(2) == 0 { // perhaps somebody's, who may be meant
			patch = store.PersonPatch{Name: testkit.Ptr(fmt.Sprintf("somebody %d", c.r.IntN(len(c.people)))), Merge: c.r.IntN(2) == 0}
		}
		who := c.somePerson(ctx)
		if stranger := c.someID(ctx, "person", "name IS NULL AND merged_into IS NULL"); stranger != 0 && c.r.IntN(2) == 0 {
			who = stranger
		}
		_, err := c.PatchPerson(ctx, who, patch, by)
		return err
	case n < 80:
		return c.removePhoto(ctx)
	case n < 92:
		return c.undo(ctx)
	default:
		_, err := c.Look(ctx, []int64{c.someID(ctx, "images", "TRUE")})
		return err
	}
}

// work does what bridge and process would, for as much as waits. With faults the server
// lags and dies.
func (c *client) work(ctx context.Context, faults bool) error {
	lags := func() bool { return faults && c.r.IntN(2) == 0 }
	dies := func() bool { return faults && c.r.IntN(10) == 0 }
	due, err := c.Due(ctx, 0, 5)
	if err != nil {
		return err
	}
	if c.r.IntN(2) == 0 {
		if err := c.lookTogether(ctx, due, lags(), dies()); err != nil {
			return fmt.Errorf("look together: %w", err)
		}
		due = nil
	}
	for _, ref := range due {
		if err := c.look(ctx, ref, lags(), dies()); err != nil {
			return fmt.Errorf("look: %w", err)
		}
	}
	photos, err := c.DuePhotos(ctx, 0, 5)
	if err != nil {
		return err
	}
	for _, id := range photos {
		if err := c.examine(ctx, id, lags(), dies()); err != nil {
			return fmt.Errorf("examine: %w", err)
		}
	}
	if _, err := c.PlanRematches(ctx); err != nil {
		return err
	}
	ranges, err := c.DueRematches(ctx, 0, 5)
	if err != nil {
		return err
	}
	for _, one := range ranges {
		if err := c.rematch(ctx, one.FirstImage, lags(), dies()); err != nil {
			return fmt.Errorf("rematch: %w", err)
		}
	}
	return nil
}

func (c *client) look(ctx context.Context, ref store.Ref, lags, dies bool) error {
	claim, err := c.Claim(ctx, ref.ID, time.Minute)
	if err == nil && claim.Outcome == store.Done {
		image, err := c.Image(ctx, ref.ID)
		if err != nil {
			return err
		}
		return c.MarkAnnounced(ctx, ref.ID, claim.Round, image.Revision)
	}
	if err != nil || claim.Outcome != store.Won {
		return err
	}
	if dies {
		return ignoreClaimLost(c.GiveBack(ctx, claim, 0, false, ""))
	}
	result, err := c.result(ctx, claim.Path, lags)
	if err != nil {
		return err
	}
	_, err = c.Finish(ctx, claim, result, true)
	return ignoreClaimLost(err)
}

// lookTogether is look for several at once, as far as that is possible.
func (c *client) lookTogether(ctx context.Context, refs []store.Ref, lags, dies bool) error {
	var claims []*store.Claiming
	for _, ref := range refs {
		claims = append(claims, &store.Claiming{ID: ref.ID, Path: ref.Path, Lease: time.Minute})
	}
	if len(claims) == 0 {
		return nil
	}
	c.ClaimTogether(ctx, claims)
	var all []*store.Finished
	for _, claimed := range claims {
		switch {
		case claimed.Err != nil:
			return claimed.Err
		case claimed.Alone:
			if err := c.look(ctx, store.Ref{ID: claimed.ID}, lags, dies); err != nil {
				return err
			}
		case claimed.Claim.Outcome != store.Won:
		case dies:
			if err := ignoreClaimLost(c.GiveBack(ctx, claimed.Claim, 0, false, "")); err != nil {
				return err
			}
		default:
			result, err := c.result(ctx, claimed.Claim.Path, lags)
			if err != nil {
				return err
			}
			all = append(all, &store.Finished{Claim: claimed.Claim, Result: result, Announced: true})
		}
	}
	if len(all) == 0 {
		return nil
	}
	c.FinishTogether(ctx, all)
	for _, f := range all {
		if f.Alone {
			_, f.Err = c.Finish(ctx, f.Claim, f.Result, true)
		}
		if err := ignoreClaimLost(f.Err); err != nil {
			return err
		}
	}
	return nil
}

// result is what the face server says of the picture.
func (c *client) result(ctx context.Context, path string, lags bool) (store.Result, error) {
	g, err := c.faces.now(ctx, c.Store, lags)
	if err != nil {
		return store.Result{}, err
	}
	c.mu.Lock()
	faces := slices.Clone(c.pictures[path])
	c.mu.Unlock()
	for i := range faces {
		named, strangers := g.compare(faces[i].Embedding, "")
		faces[i].Candidates, faces[i].Strangers = told(named), told(strangers)
	}
	return store.Result{Faces: faces, Content: path, Comparison: &store.Comparison{GalleryState: g.state, Rule: randomRule}, MaxStrangers: 1000}, nil
}

func ignoreClaimLost(err error) error {
	if errors.Is(err, store.ErrClaimLost) {
		return nil
	}
	return err
}

func (c *client) examine(ctx context.Context, id int64, lags, dies bool) error {
	claim, err := c.ClaimPhoto(ctx, id, time.Minute)
	if err != nil || claim.Outcome != store.Won {
		return err
	}
	if dies {
		return ignoreClaimLost(c.GiveBackPhoto(ctx, claim, 0, false))
	}
	g, err := c.faces.now(ctx, c.Store, lags)
	if err != nil {
		return err
	}
	c.mu.Lock()
	descriptor := c.photos[claim.ImageName]
	c.mu.Unlock()
	o := store.PhotoOutcome{State: store.PhotoUsable, Descriptor: descriptor, Model: randomModel, GalleryState: g.state, Threshold: randomRule.Threshold}
	named, _ := g.compare(descriptor, claim.ImageName)
	for _, candidate := range told(named) {
		o.Candidates = append(o.Candidates, store.PhotoCandidate{PersonID: candidate.Person.ID, PhotoID: candidate.PhotoID, ImageName: candidate.ImageName, Similarity: candidate.Similarity})
	}
	_, err = c.FinishPhoto(ctx, claim, o)
	return ignoreClaimLost(err)
}

func (c *client) rematch(ctx context.Context, first int64, lags, dies bool) error {
	claim, err := c.ClaimRematch(ctx, first, time.Minute)
	if err != nil || claim.Outcome != store.Won {
		return err
	}
	faces, err := c.ReadRematch(ctx, claim, 100)
	if err != nil {
		return err
	}
	g, err := c.faces.now(ctx, c.Store, lags)
	if err != nil {
		return err
	}
	if dies || g.state < claim.GalleryState {
		return ignoreClaimLost(c.GiveBackRematch(ctx, claim, 0))
	}
	for i := range faces {
		named, strangers := g.compare(faces[i].Embedding, "")
		faces[i].Candidates, faces[i].Strangers = told(named), told(strangers)
	}
	if _, err := c.ApplyRematch(ctx, faces, store.Comparison{GalleryState: g.state, Rule: randomRule}, true); err != nil {
		return err
	}
	return ignoreClaimLost(c.FinishRematch(ctx, claim))
}

// refused tells whether an error is an answer that a change may have.
func refused(err error) bool {
	var same *store.SameSpelling
	var later *store.LaterChange
	return errors.As(err, &same) || errors.As(err, &later) || slices.ContainsFunc([]error{
		store.ErrNotFound, store.ErrSamePerson, store.ErrContradiction, store.ErrOtherPerson, store.ErrNameless, store.ErrNobody,
	}, func(one error) bool { return errors.Is(err, one) })
}

// quiet works until nothing waits.
func (c *client) quiet(t *testing.T) {
	t.Helper()
	for range 2000 {
		testkit.Succeed(t, c.work(t.Context(), false))
		var waiting int
		c.scan(t, `SELECT (SELECT COUNT(*) FROM images WHERE status IN ('pending', 'processing'))
			+ (SELECT COUNT(*) FROM person_images WHERE state = 'pending' AND removed_at IS NULL)
			+ (SELECT COUNT(*) FROM rematches WHERE finished_at IS NULL)
			+ (SELECT COUNT(*) FROM faces WHERE gallery_state < (SELECT named_state FROM gallery))`, &waiting)
		if waiting == 0 {
			return
		}
		// Who was interrupted left a lease, and who gave back a time.
		c.exec(t, "UPDATE images SET lease_until = NULL, retry_at = NULL WHERE status IN ('pending', 'processing')")
		c.exec(t, "UPDATE rematches SET lease_until = NULL, retry_at = NULL, queued_at = NULL WHERE finished_at IS NULL")
		c.exec(t, "UPDATE person_images SET lease_until = NULL, retry_at = NULL, queued_at = NULL WHERE state = 'pending'")
	}
	var images, photos, ranges, faces string
	c.scan(t, `SELECT (SELECT COALESCE(GROUP_CONCAT(id, ' ', status, ' ', attempts), '') FROM images WHERE status IN ('pending', 'processing')),
		(SELECT COALESCE(GROUP_CONCAT(i.id, ' of ', i.person_id, IF(p.removed_at IS NULL, '', ', who is removed')), '') FROM person_images i JOIN person p ON p.id = i.person_id
			WHERE i.state = 'pending' AND i.removed_at IS NULL),
		(SELECT COALESCE(GROUP_CONCAT(first_image, ' for ', gallery_state), '') FROM rematches WHERE finished_at IS NULL),
		(SELECT COALESCE(GROUP_CONCAT(id, ' at ', gallery_state), '') FROM faces WHERE gallery_state < (SELECT named_state FROM gallery))`, &images, &photos, &ranges, &faces)
	t.Fatalf("it does not come to rest: images %s; photos %s; ranges %s; faces %s", images, photos, ranges, faces)
}

// check looks for what must never be, in one snapshot.
func (w *world) check(ctx context.Context) error {
	tx, err := w.sql.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	// What is in force of a face is what its last change says, and the row says the same.
	rows, err := tx.QueryContext(ctx, `
		SELECT v.subject, v.after_it, f.id, IF(f.decided_by = 'hand', f.person_id, NULL), f.ignored,
			(SELECT COALESCE(CONCAT('[', GROUP_CONCAT(x.person_id ORDER BY x.person_id), ']'), '[]') FROM face_exclusions x WHERE x.face_id = f.id)
		FROM change_values v
		JOIN (SELECT subject, MAX(change_id) AS last FROM change_values WHERE subject LIKE 'face/%' GROUP BY subject) l ON l.subject = v.subject AND l.last = v.change_id
		JOIN faces f ON f.id = SUBSTRING_INDEX(SUBSTRING_INDEX(v.subject, '/', 2), '/', -1)`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var subject, after, not string
		var face int64
		var person sql.NullInt64
		var ignored bool
		if err := rows.Scan(&subject, &after, &face, &person, &ignored, &not); err != nil {
			return err
		}
		is := map[string]any{"person": nil, "ignored": ignored, "not": json.RawMessage(not)}
		if person.Valid {
			is["person"] = person.Int64
		}
		for field, value := range is {
			text, _ := json.Marshal(value)
			if subject == fmt.Sprintf("face/%d/%s", face, field) && string(text) != after {
				return fmt.Errorf("%s was said to be %s and is %s", subject, after, text)
			}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	var twice int
	err = tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM (SELECT face_id FROM person_images WHERE face_id IS NOT NULL GROUP BY face_id HAVING COUNT(*) > 1) twice").Scan(&twice)
	if err == nil && twice > 0 {
		err = fmt.Errorf("%d faces have two persons", twice)
	}
	return err
}

// checkShown looks for two faces of a picture that the machine says are one person, and for
// one that it says is somebody whom a hand said that it is not.
func (w *world) checkShown(ctx context.Context) error {
	images, _, err := w.Images(ctx, store.Filter{Limit: 1000})
	for _, image := range images {
		hands, machine := map[int64]bool{}, map[int64]int{}
		for _, face := range image.Faces {
			switch {
			case face.Person == nil:
			case face.DecidedBy == lineup.ByHand:
				hands[face.Person.ID] = true
			default:
				machine[face.Person.ID]++
				if slices.Contains(face.Not, face.Person.ID) {
					return fmt.Errorf("picture %d shows a face as person %d, whom it was said not to be: %+v", image.ID, face.Person.ID, face)
				}
			}
		}
		for person, n := range machine {
			if n > 1 || hands[person] {
				return fmt.Errorf("picture %d shows person %d more than once: %+v", image.ID, person, image.Faces)
			}
		}
	}
	return err
}

// checkRule compares every face with what the rule says of the gallery as it is. Of
// strangers it is enough that whoever has a name is not passed over for one: a face is
// compared with those that came after it only when it is compared again anyway.
func (w *world) checkRule(t *testing.T) {
	t.Helper()
	g := testkit.Must(readGallery(t.Context(), w.Store))(t)
	rows := testkit.Must(w.sql.QueryContext(t.Context(), `SELECT f.id, f.image_id, f.decided_by, f.person_id, f.ignored, f.embedding,
		(SELECT GROUP_CONCAT(x.person_id) FROM face_exclusions x WHERE x.face_id = f.id) FROM faces f ORDER BY f.image_id, f.id`))(t)
	defer rows.Close()
	ids, faces := map[int64][]int64{}, map[int64][]match.Face[int64]{}
	for rows.Next() {
		var id, image int64
		var by string
		var person sql.NullInt64
		var face match.Face[int64]
		var embedding []byte
		var not sql.NullString
		testkit.Succeed(t, rows.Scan(&id, &image, &by, &person, &face.Ignored, &embedding, &not))
		descriptor := make([]float32, len(embedding)/4)
		for i := range descriptor {
			descriptor[i] = math.Float32frombits(binary.LittleEndian.Uint32(embedding[4*i:]))
		}
		if by == "hand" && person.Valid {
			is, _ := g.survivor(person.Int64)
			face.Is = &is
		}
		var excluded []int64
		json.Unmarshal([]byte("["+not.String+"]"), &excluded)
		for _, one := range excluded {
			is, _ := g.survivor(one)
			face.Not = append(face.Not, is)
		}
		if len(descriptor) > 0 {
			without := "" // that the machine made of it, is like itself
			if by == "hand" {
				without = fmt.Sprintf("faces/%d", id)
			}
			face.Candidates, face.Strangers = g.compare(descriptor, without)
		}
		ids[image], faces[image] = append(ids[image], id), append(faces[image], face)
	}
	testkit.Succeed(t, rows.Err())
	for image, asked := range faces {
		shown := map[int64]lineup.Face{}
		for _, face := range w.image(t, image).Faces {
			shown[face.ID] = face
		}
		for i, d := range match.Decide(randomRule, asked) {
			face, want := shown[ids[image][i]], int64(0)
			if d.Stranger && (face.Person == nil || face.Person.Name == "") {
				continue
			}
			if d.Person != nil {
				want = *d.Person
				if _, there := g.survivor(want); !there {
					want = 0 // given by hand to somebody whose enrolment was undone
				}
			}
			got := personID(face)
			if want == 0 && got != 0 && face.Person.Name == "" && face.DecidedBy == lineup.ByStranger && d.Nobody() {
				continue
			}
			if got != want {
				t.Errorf("face %d of picture %d is %d's (%s, %+v), the rule says %d's: %+v", face.ID, image, got, face.Refusal, face.Candidates, want, d)
			}
		}
	}
}

func personID(f lineup.Face) int64 {
	if f.Person == nil {
		return 0
	}
	return f.Person.ID
}

// whose tells whose every face is.
func (w *world) whose(t *testing.T) map[int64]int64 {
	t.Helper()
	all := map[int64]int64{}
	var last int64
	for {
		images, more, err := w.Images(t.Context(), store.Filter{Limit: 500, Before: last})
		testkit.Succeed(t, err)
		for _, image := range images {
			last = image.ID
			for _, face := range image.Faces {
				all[face.ID] = personID(face)
			}
		}
		if !more {
			return all
		}
	}
}

// TestRandomChanges lets four clients change things at once, beside a face server that
// lags, dies and answers with an old gallery. RANDOM_CHANGES is how many, SEED which.
func TestRandomChanges(t *testing.T) {
	t.Parallel()
	changes, _ := strconv.Atoi(cmp.Or(os.Getenv("RANDOM_CHANGES"), "500"))
	seed, _ := strconv.ParseUint(cmp.Or(os.Getenv("SEED"), strconv.FormatUint(rand.Uint64(), 10)), 10, 64)
	t.Logf("SEED=%d RANDOM_CHANGES=%d", seed, changes)
	const clients = 4
	w := newWorld(t, rand.New(rand.NewPCG(seed, clients)), 8)
	first := &client{world: w, r: rand.New(rand.NewPCG(seed, clients+1)), n: clients}
	for first.i = range 12 {
		testkit.Succeed(t, first.newPicture(t.Context()))
		if err := first.enrol(t.Context()); err != nil && !refused(err) {
			t.Fatal(err)
		}
		first.quiet(t)
	}
	var last int64
	w.scan(t, "SELECT COALESCE(MAX(id), 0) FROM changes", &last)
	before, photos := w.whose(t), w.gallery(t)
	w.checkRule(t)

	var all sync.WaitGroup
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	for n := range clients {
		all.Go(func() {
			c := &client{world: w, r: rand.New(rand.NewPCG(seed, uint64(n))), n: n}
			for c.i = range changes / clients {
				err := c.change(ctx)
				if err != nil && !refused(err) {
					cancel(fmt.Errorf("change: %w", err))
				}
				if err := cmp.Or(c.work(ctx, true), w.check(ctx)); err != nil {
					cancel(err)
				}
				if c.i%20 == 0 {
					if err := w.checkShown(ctx); err != nil {
						cancel(err)
					}
				}
				if ctx.Err() != nil {
					return
				}
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		t.Fatal(context.Cause(ctx))
	}
	first.quiet(t)
	testkit.Succeed(t, w.check(t.Context()))
	testkit.Succeed(t, w.checkShown(t.Context()))
	w.checkRule(t)
	w.undoAll(t, last)
	first.quiet(t)
	w.checkRule(t)
	if now := w.gallery(t); now != photos {
		t.Errorf("the gallery was\n%s\nand is after all was undone\n%s", photos, now)
	}
	after := w.whose(t)
	for face, person := range before {
		got, there := after[face]
		if there && (person == 0 || w.isStranger(t, person)) && (got == person || w.isStranger(t, got)) {
			continue // strangers began, grew and were joined meanwhile, but a face of one is a stranger's again
		}
		if !there || got != person {
			t.Errorf("face %d was %d's and is %d's (there: %v) after all was undone", face, person, got, there)
		}
	}
}

// isStranger tells whether the person has no name.
func (w *world) isStranger(t *testing.T, person int64) (is bool) {
	t.Helper()
	testkit.Succeed(t, w.sql.QueryRowContext(t.Context(), "SELECT COUNT(*) > 0 FROM person WHERE id = ? AND name IS NULL", person).Scan(&is))
	return is
}

// gallery is what counts of people with a name.
func (w *world) gallery(t *testing.T) (all string) {
	t.Helper()
	w.scan(t, `SELECT COALESCE(GROUP_CONCAT(i.id, ' ', i.image_name, ' ', i.state, ' of ', i.person_id, ' ', COALESCE(i.reason, '') ORDER BY i.id SEPARATOR '\n'), '')
		FROM person_images i JOIN person p ON p.id = i.person_id WHERE i.removed_at IS NULL AND p.removed_at IS NULL AND p.name IS NOT NULL`, &all)
	return all
}

// undoAll undoes every change after that one, the newest first.
func (w *world) undoAll(t *testing.T, last int64) {
	t.Helper()
	for before := int64(0); ; {
		changes, _, err := w.Changes(t.Context(), store.ChangeFilter{Before: before, Limit: 100})
		testkit.Succeed(t, err)
		for _, change := range changes {
			if before = change.ID; change.ID <= last {
				return
			}
			// What undid one of them is undone with that; one that undid an older one by itself.
			if change.Undoes > last || change.UndoneBy != nil {
				continue
			}
			if _, err := w.UndoChangeAnyway(t.Context(), change.ID, ""); err != nil {
				t.Fatalf("undo change %+v: %v", change, err)
			}
		}
		if len(changes) == 0 {
			return
		}
	}
}
