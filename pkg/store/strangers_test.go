package store_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// crowd is a world of people who are told apart easily, with a picture of each of their faces.
func newCrowd(t *testing.T, people, faces int) (w *world, shows map[string]int) {
	t.Helper()
	r := rand.New(rand.NewPCG(7, uint64(people)))
	w = &world{database: newDatabase(t), pictures: map[string][]lineup.Face{}, photos: map[string][]float32{}}
	shows = map[string]int{}
	for who := range people {
		w.people = append(w.people, near(r, make([]float32, 128), 1))
		for i := range faces {
			path := fmt.Sprintf("%d-%d.jpg", i, who)
			shows[path] = who
			w.pictures[path] = []lineup.Face{{
				Box: &lineup.Box{Width: .2, Height: .2}, Model: randomModel, Embedding: near(r, w.people[who], 0.03),
			}}
		}
	}
	return w, shows
}

// strangerOf is whom the picture's only face is said to be, 0 for nobody.
func (w *world) strangerOf(t *testing.T, id int64) int64 {
	t.Helper()
	face := w.image(t, id).Faces[0]
	if face.Person != nil && (face.Person.Name != "" || face.DecidedBy != lineup.ByStranger) {
		t.Errorf("picture %d shows %+v, decided by %s, and nobody has a name", id, face.Person, face.DecidedBy)
	}
	return personID(face)
}

// TestPicturesOfOnePersonThatComeAtOnceMakeOneStranger posts all pictures, and four clients
// look at them while the face server lags behind.
func TestPicturesOfOnePersonThatComeAtOnceMakeOneStranger(t *testing.T) {
	t.Parallel()
	w, shows := newCrowd(t, 8, 12)
	ids := map[string]int64{}
	for path := range shows {
		ids[path] = w.submit(t, path)[0].ID
	}
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			c := &client{world: w, r: rand.New(rand.NewPCG(uint64(n), 1)), n: n}
			for range len(shows) {
				if err := c.work(t.Context(), true); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	(&client{world: w, r: rand.New(rand.NewPCG(5, 1))}).quiet(t)
	stranger, person := map[int]int64{}, map[int64]int{}
	for path, who := range shows {
		is := w.strangerOf(t, ids[path])
		if is == 0 {
			t.Errorf("%s shows nobody", path)
		}
		if known, there := stranger[who]; there && known != is {
			t.Errorf("%s is stranger %d's, another picture of the same person is %d's", path, is, known)
		}
		if other, there := person[is]; there && other != who {
			t.Errorf("stranger %d is persons %d and %d", is, who, other)
		}
		stranger[who], person[is] = is, who
	}
	var photos, most, named int
	w.scan(t, `SELECT COUNT(*), MAX(n) FROM (SELECT COUNT(*) AS n FROM person_images WHERE removed_at IS NULL GROUP BY person_id) each_one`, &photos, &most)
	if photos != len(w.people) || most > 5 {
		t.Errorf("%d strangers have photos, want %d; one has %d, want 5 at most", photos, len(w.people), most)
	}
	w.scan(t, "SELECT named_state FROM gallery", &named)
	if named != 1 {
		t.Errorf("the state of people with a name is %d, and nothing changed of them", named)
	}
	people, _, err := w.Profiles(t.Context(), store.PeopleFilter{Named: testkit.Ptr(false), Limit: 100})
	if err != nil || len(people) != len(w.people) || people[0].Pictures != 12 {
		t.Errorf("the list of strangers is %+v, %v; want %d of 12 pictures each", people, err, len(w.people))
	}
}
