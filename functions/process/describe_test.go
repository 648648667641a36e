package main

import (
	"context"
	"encoding/binary"
	"math"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

// modelStub is a face server with a model: it knows what pictures and photos show, turns that
// into descriptors of its own, and compares them with the gallery's rows of its model alone.
type modelStub struct {
	*faceStub
	model string
	turn  func(v []float32) []float32
	store *store.Store

	mu        sync.Mutex
	shows     map[string][]float32 // by path or name; of others there is no file
	down      bool
	second    []float32 // a second face of both.jpg
	threshold float32
	alien     int // descriptors of another model that it was asked to compare
}

func newModelStub(model string, turn func([]float32) []float32, shows map[string][]float32) *modelStub {
	m := &modelStub{faceStub: new(faceStub), threshold: 0.7, model: model, turn: turn, shows: shows}
	m.faceStub.answer = m.identify
	m.faceStub.describe = m.describe
	m.faceStub.match = m.match
	return m
}

func (m *modelStub) of(name string) ([]float32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return nil, status.Error(codes.Unavailable, "it is down")
	}
	if m.shows[name] == nil {
		return nil, status.Error(codes.NotFound, "there is no such file")
	}
	return m.turn(m.shows[name]), nil
}

func (m *modelStub) identify(ctx context.Context, path string) (*facerecog.IdentifyResponse, error) {
	v, err := m.of(path)
	if err != nil {
		return nil, err
	}
	face, comparison, err := m.compare(ctx, v)
	if err != nil {
		return nil, err
	}
	face.Box = &facerecog.Box{X: 0.4, Y: 0.4, Width: 0.2, Height: 0.2}
	response := &facerecog.IdentifyResponse{Faces: []*facerecog.Face{face}, Comparison: comparison}
	if m.second != nil && path == "both.jpg" {
		second, _, err := m.compare(ctx, m.turn(m.second))
		if err != nil {
			return nil, err
		}
		second.Box = &facerecog.Box{X: 0.7, Y: 0.4, Width: 0.2, Height: 0.2}
		response.Faces = append(response.Faces, second)
	}
	return response, nil
}

func (m *modelStub) describe(ctx context.Context, name string) (*facerecog.Photo, error) {
	v, err := m.of(name)
	if err != nil {
		return nil, err
	}
	shown := photoFace(0.5, 90)
	shown.Face.Embedding, shown.Face.Model, shown.Face.Candidates = v, m.model, nil
	return &facerecog.Photo{Usable: true, Faces: []*facerecog.PhotoFace{shown}, Comparison: &facerecog.Comparison{GalleryState: 1, Threshold: 0.5}}, nil
}

func (m *modelStub) match(ctx context.Context, r *facerecog.MatchRequest) (*facerecog.MatchResponse, error) {
	if r.GetModel() != m.model {
		m.mu.Lock()
		m.alien++
		m.mu.Unlock()
		return nil, status.Error(codes.InvalidArgument, "another model's")
	}
	answer := new(facerecog.MatchResponse)
	for _, d := range r.GetDescriptors() {
		face, comparison, err := m.compare(ctx, d.GetValues())
		if err != nil {
			return nil, err
		}
		answer.Faces, answer.Comparison = append(answer.Faces, face), comparison
	}
	return answer, nil
}

func (m *modelStub) compare(ctx context.Context, v []float32) (*facerecog.Face, *facerecog.Comparison, error) {
	people := map[int64]store.GalleryPerson{}
	face := &facerecog.Face{Embedding: v, Model: m.model}
	var photos []store.GalleryPhoto
	state, err := m.store.GallerySince(ctx, store.EveryState, m.model, store.GalleryRows{
		Person: func(p store.GalleryPerson) { people[p.ID] = p },
		Photo: func(p store.GalleryPhoto) {
			p.Descriptor = slices.Clone(p.Descriptor)
			photos = append(photos, p)
		},
	})
	for _, p := range photos {
		if len(p.Descriptor) == 0 {
			continue
		}
		c := &facerecog.Candidate{ImageName: p.ImageName, PersonId: p.PersonID, PhotoId: p.ID}
		for i, x := range decodeFloats(p.Descriptor) {
			c.Similarity += x * v[i]
		}
		if people[p.PersonID].Name != "" {
			face.Candidates = append(face.Candidates, c)
		} else {
			face.Strangers = append(face.Strangers, c)
		}
	}
	return face, &facerecog.Comparison{GalleryState: state, Threshold: m.threshold, StrangerThreshold: 0.96}, err
}

// changing is a system of which the model is to be changed.
type changing struct {
	*system
	before, next *modelStub
}

func newChanging(t *testing.T, shows map[string][]float32) changing {
	t.Helper()
	// What the next model says of one person, the one before says of another.
	quarter := func(v []float32) []float32 { return []float32{-v[1], v[0]} }
	c := changing{before: newModelStub("before", func(v []float32) []float32 { return v }, shows), next: newModelStub("next", quarter, shows)}
	c.before.start(t)
	c.next.start(t)
	c.system = newSystem(t, c.before.faceStub)
	c.before.store, c.next.store = c.system.store, c.system.store
	c.StrangerSettings = StrangerSettings{Strangers: "on", MaxStrangers: 100}
	faces := testkit.Must(dialFaceServer(c.next.address, insecure.NewCredentials(), time.Second))(t)
	t.Cleanup(func() { faces.close() })
	c.system.next = &nextModel{model: "next", time: time.Minute, faces: faces, rows: c.pipeline.store, log: c.handler.log}
	return c
}

// change does what a ping does, and then what its hint leads to. It tells whether it switched.
func (c changing) change(t *testing.T, to store.ModelChange) (switched bool) {
	t.Helper()
	switched = testkit.Must(c.store.ChangeModel(t.Context(), to))(t)
	testkit.Must(c.store.PlanRematches(t.Context()))(t)
	c.system.next.asked = time.Time{}
	for range 10 {
		if code := c.deliverRematch(t); code == http.StatusOK {
			return switched
		}
	}
	t.Fatal("the range was not finished")
	return switched
}

// who tells of each picture whose face it shows, and who decided that.
func (c changing) who(t *testing.T, n int) (told []string) {
	t.Helper()
	for id := range n {
		image := c.image(t, int64(id+1))
		face := image.Faces[0]
		name := "nobody"
		if face.Person != nil {
			if name = string(face.Person.Name); name == "" {
				name = "stranger"
			}
		}
		told = append(told, name+" by "+string(face.DecidedBy))
	}
	return told
}

var showing = map[string][]float32{
	"ann.jpg": {1, 0}, "bob.jpg": {0, 1},
	"1.jpg": {1, 0}, "2.jpg": {0, 1}, "3.jpg": {-1, 0}, "4.jpg": {0, -1}, "5.jpg": {1, 0},
}

// begin enrols Ann and Bob, and has five pictures looked at: of Ann, of Bob, of a stranger, of
// one said by hand to be Ann, and of Ann, whose file is gone since.
func (c changing) begin(t *testing.T) (want []string) {
	t.Helper()
	for name, photo := range map[string]string{"Ann": "ann.jpg", "Bob": "bob.jpg"} {
		c.wantAnswer(t, c.deliverPhoto(t, c.enrol(t, name, photo).ID), http.StatusOK, "")
	}
	c.submit(t, "1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg")
	for id := range int64(5) {
		c.wantAnswer(t, c.deliver(t, id+1), http.StatusOK, "")
	}
	ann := c.image(t, 1).Faces[0].Person.ID
	testkit.Must(c.store.DecideFace(t.Context(), c.image(t, 4).Faces[0].ID, store.FaceDecision{Person: &ann}, "test"))(t)
	for _, m := range []*modelStub{c.before, c.next} {
		m.mu.Lock()
		m.shows = map[string][]float32{"5.jpg": nil}
		for name, v := range showing {
			if name != "5.jpg" {
				m.shows[name] = v
			}
		}
		m.mu.Unlock()
	}
	want = []string{"Ann by machine", "Bob by machine", "stranger by stranger", "Ann by hand", "Ann by machine"}
	if got := c.who(t, 5); !slices.Equal(got, want) {
		t.Fatalf("before, the faces are %q, want %q", got, want)
	}
	return want
}

func TestTheModelChangesAndNobodyLosesAName(t *testing.T) {
	t.Parallel()
	c := newChanging(t, showing)
	want := c.begin(t)
	stranger := c.image(t, 3).Faces[0].Person.ID
	to := store.ModelChange{Next: "next", Photos: 1, Faces: 0.6}
	if c.change(t, to) {
		t.Error("it switched before anything was described")
	}
	// Looks go on meanwhile, by the model before.
	c.before.shows["6.jpg"], c.next.shows["6.jpg"] = []float32{0, 1}, []float32{0, 1}
	c.submit(t, "6.jpg")
	c.wantAnswer(t, c.deliver(t, 6), http.StatusOK, "")
	want = append(want, "Bob by machine")
	if got := c.who(t, 6); !slices.Equal(got, want) {
		t.Errorf("while it changes, the faces are %q, want %q", got, want)
	}
	if n := c.count(t, "id IN (SELECT image_id FROM faces WHERE model <> 'before')"); n != 0 {
		t.Errorf("%d pictures have faces of another model", n)
	}
	if !c.change(t, to) {
		t.Error("it did not switch though enough was described")
	}
	for range 3 { // what came meanwhile is described, compared and counted
		c.change(t, to)
	}
	m := testkit.Must(c.store.Models(t.Context()))(t)
	if len(m) != 1 || m[0].State != store.ModelCurrent || m[0].Photos != (store.Described{Of: 2, Described: 2}) || m[0].Faces != (store.Described{Of: 6, Described: 5, LeftOut: 1}) {
		t.Errorf("the models are %+v", m)
	}
	if got := c.who(t, 6); !slices.Equal(got, want) {
		t.Errorf("after the switch, the faces are %q, want %q", got, want)
	}
	if now := c.image(t, 3).Faces[0].Person; now == nil || now.ID != stranger {
		t.Errorf("the stranger %d is %+v now", stranger, now)
	}
	if n := c.count(t, "id IN (SELECT image_id FROM faces WHERE model = 'before')"); n != 1 { // its file is gone
		t.Errorf("%d pictures have faces of the model before, want one", n)
	}
	// Looks are the next model's.
	before := c.before.calls.Load()
	c.next.shows["7.jpg"], c.next.shows["8.jpg"] = []float32{1, 0}, []float32{-1, 0}
	c.submit(t, "7.jpg", "8.jpg")
	c.wantAnswer(t, c.deliver(t, 7), http.StatusOK, "")
	c.wantAnswer(t, c.deliver(t, 8), http.StatusOK, "")
	want = append(want, "Ann by machine", "stranger by stranger")
	if got := c.who(t, 8); !slices.Equal(got, want) || c.before.calls.Load() != before {
		t.Errorf("looked at by the next model, the faces are %q, want %q", got, want)
	}
	if now := c.image(t, 8).Faces[0].Person; now == nil || now.ID != stranger {
		t.Errorf("the stranger %d is %+v now", stranger, now)
	}
	if c.before.alien != 0 {
		t.Errorf("the model before was to compare %d descriptors of the next one", c.before.alien)
	}
	// What the machine can weigh no more, a hand can still say.
	gone := c.image(t, 5).Faces[0]
	testkit.Must(c.store.DecideFace(t.Context(), gone.ID, store.FaceDecision{Not: &[]int64{gone.Person.ID}}, "test"))(t)
	if now := c.image(t, 5).Faces[0]; now.Person != nil {
		t.Errorf("said not to be Ann, the face is %+v", now)
	}
}

func TestAChangeOfTheModelGoesOnAfterAnOutageAndWhatFailsIsLeftOut(t *testing.T) {
	t.Parallel()
	c := newChanging(t, showing)
	want := c.begin(t)
	c.next.down = true
	c.next.server.Stop()
	to := store.ModelChange{Next: "next", Photos: 1, Faces: 1}
	testkit.Must(c.store.ChangeModel(t.Context(), to))(t)
	for range 2 {
		if code := c.deliverRematch(t); code != http.StatusTooManyRequests {
			t.Errorf("while the next model's server is away the answer is %d", code)
		}
	}
	if open := c.breaker.Until(); !open.IsZero() {
		t.Error("its outage opens the circuit of the other")
	}
	if got := c.who(t, 5); !slices.Equal(got, want) {
		t.Errorf("meanwhile the faces are %q, want %q", got, want)
	}
	c.next.start(t)
	testkit.Succeed(t, c.system.next.faces.healthy(t.Context()))
	for range 7 * c.MaxAttempts { // it dies of everything
		if code := c.deliverRematch(t); code != http.StatusTooManyRequests {
			t.Errorf("after a call that broke the answer is %d", code)
		}
	}
	if c.change(t, to) {
		t.Error("it switched though nothing was described")
	}
	m := testkit.Must(c.store.Models(t.Context()))(t)[0]
	if m.Photos.Described != 0 || m.Photos.LeftOut != 2 || m.Faces.LeftOut != 5 {
		t.Errorf("all should be left out: %+v", m)
	}
	if got := c.who(t, 5); !slices.Equal(got, want) {
		t.Errorf("afterwards the faces are %q, want %q", got, want)
	}
}

func TestAChangeOfTheModelIsTakenBack(t *testing.T) {
	t.Parallel()
	c := newChanging(t, showing)
	want := c.begin(t)
	c.change(t, store.ModelChange{Next: "next", Photos: 1, Faces: 1})
	c.change(t, store.ModelChange{})
	for _, table := range []string{"models", "face_descriptors WHERE model = 'next'", "descriptors WHERE model = 'next'", "undescribed_photos"} {
		var n int
		testkit.Succeed(t, c.sql(t).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n))
		if n != 0 {
			t.Errorf("%d rows are left of %s", n, table)
		}
	}
	if got := c.who(t, 5); !slices.Equal(got, want) {
		t.Errorf("the faces are %q, want %q", got, want)
	}
	// A model by which photos are described already, the one that answers say, loses nothing.
	testkit.Must(c.store.ChangeModel(t.Context(), store.ModelChange{Next: "before", Photos: 1.1}))(t)
	testkit.Must(c.store.ChangeModel(t.Context(), store.ModelChange{}))(t)
	var n int
	testkit.Succeed(t, c.sql(t).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM descriptors WHERE model = 'before'").Scan(&n))
	if n != 4 {
		t.Errorf("%d descriptors are left of the model that answers, want 4", n)
	}
}

func TestAFaceServerOfAnotherNameDescribesNothing(t *testing.T) {
	t.Parallel()
	c := newChanging(t, showing)
	c.begin(t)
	c.next.model = "unexpected"
	testkit.Must(c.store.ChangeModel(t.Context(), store.ModelChange{Next: "next", Photos: 1, Faces: 0.1}))(t)
	c.deliverRematch(t)
	var n int
	testkit.Succeed(t, c.sql(t).QueryRowContext(t.Context(), "SELECT (SELECT COUNT(*) FROM descriptors WHERE model <> 'before') + (SELECT COUNT(*) FROM face_descriptors)").Scan(&n))
	if n != 0 {
		t.Errorf("%d descriptors were written under another name than theirs", n)
	}
}

func TestNextModelNeedsAddressAndName(t *testing.T) {
	t.Parallel()
	for _, n := range []NextModel{{NextFaceAddress: "127.0.0.1:1"}, {NextModel: "next"}} {
		if n.Check() == nil {
			t.Errorf("%+v is accepted", n)
		}
	}
	if err := (NextModel{NextFaceAddress: "127.0.0.1:1", NextModel: "next"}).Check(); err != nil {
		t.Error(err)
	}
}

// decodeFloats reads a descriptor as it lies in its column.
func decodeFloats(encoded []byte) (values []float32) {
	for ; len(encoded) >= 4; encoded = encoded[4:] {
		values = append(values, math.Float32frombits(binary.LittleEndian.Uint32(encoded)))
	}
	return values
}

// TestAFaceThatTheNextModelDoesNotSeeStaysWhoItIs: by the next model's threshold it would be nobody's.
func TestAFaceThatTheNextModelDoesNotSeeStaysWhoItIs(t *testing.T) {
	t.Parallel()
	c := newChanging(t, showing)
	c.begin(t)
	c.before.second, c.next.threshold = []float32{0.6, 0.8}, 0.95
	c.before.shows["both.jpg"], c.next.shows["both.jpg"] = []float32{1, 0}, []float32{1, 0}
	c.submit(t, "both.jpg")
	c.wantAnswer(t, c.deliver(t, 6), http.StatusOK, "")
	names := func() (all []string) {
		for _, face := range c.image(t, 6).Faces {
			if face.Person != nil {
				all = append(all, string(face.Person.Name))
			}
		}
		slices.Sort(all)
		return all
	}
	want := []string{"Ann", "Bob"}
	if got := names(); !slices.Equal(got, want) {
		t.Fatalf("before, the faces are %q", got)
	}
	to := store.ModelChange{Next: "next", Photos: 1, Faces: 0.1}
	for range 4 {
		c.change(t, to)
	}
	if n := c.count(t, "id = 6 AND match_threshold > 0.9"); n != 1 {
		t.Error("the picture was not compared by the next model's rule")
	}
	if got := names(); !slices.Equal(got, want) {
		t.Errorf("afterwards the faces are %q, want %q", got, want)
	}
	for _, face := range c.image(t, 6).Faces {
		if face.Person.Name == "Bob" {
			testkit.Must(c.store.DecideFace(t.Context(), face.ID, store.FaceDecision{Not: &[]int64{face.Person.ID}}, "test"))(t)
		}
	}
	if got := names(); !slices.Equal(got, []string{"Ann"}) {
		t.Errorf("said not to be Bob, the faces are %q", got)
	}
}
