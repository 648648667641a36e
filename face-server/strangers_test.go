package main

import (
	"cmp"
	"context"
	"database/sql"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

// crowdOf is a set of portraits, each of one person, that are posted while nobody is known.
type crowdOf struct {
	*engine
	db     *store.Store
	people map[int64]string // by the picture
	found  portraits
}

// portraits are the faces of pictures that were looked at, by the pictures' bytes: what is found in a picture depends on
// no gallery, and the same ones are posted several times.
type portraits map[string][]gallery.Face

// identify is the engine's, and finds the faces of each picture once.
func (c *crowdOf) identify(t *testing.T, body []byte) *facerecog.IdentifyResponse {
	t.Helper()
	faces, known := c.found[string(body)]
	if !known {
		var err error
		if faces, _, err = c.workers.measure(t.Context(), nil, body, nil); err != nil {
			t.Fatal(err)
		}
		c.found[string(body)] = faces
	}
	comparison := c.comparison()
	response := c.answer(faces, c.gallery.Candidates, c.describer)
	response.Comparison = comparison
	return response
}

func newCrowd(t *testing.T, found portraits) (*crowdOf, *sql.DB) {
	t.Helper()
	s, dsn := withSamples(t), deptest.Migrated(t)
	s.DSN = dsn
	e := testkit.Must(newEngine(s, slog.New(slog.DiscardHandler)))(t)
	t.Cleanup(e.close)
	db := testkit.Must(store.Open(store.Settings{Database: store.Database{DSN: dsn}, Connections: 4}))(t)
	t.Cleanup(func() { db.Close() })
	return &crowdOf{e, db, map[int64]string{}, found}, deptest.SQL(t, dsn)
}

// sameWithout enrols some of the people, here and where there are no strangers, and fails
// unless all answers are the same but for the strangers that they name.
func (c *crowdOf) sameWithout(t *testing.T, rows *sql.DB, dir fs.FS, files []string) {
	t.Helper()
	alone, others := newCrowd(t, c.found)
	enrolled := map[string]bool{}
	for _, file := range files {
		person := filepath.Dir(file)
		if len(enrolled) == 5 || enrolled[person] {
			continue
		}
		enrolled[person] = true
		answer := c.identify(t, testkit.Must(fs.ReadFile(dir, file))(t))
		photo := &facerecog.Photo{ImageName: person + ".jpg", Faces: []*facerecog.PhotoFace{{Face: answer.Faces[0]}}}
		enrolRow(t, rows, person, photo)
		enrolRow(t, others, person, photo)
	}
	testkit.Succeed(t, c.gallery.Read(t.Context()))
	testkit.Succeed(t, alone.gallery.Read(t.Context()))
	named, strangers := 0, 0
	for _, file := range files {
		body := testkit.Must(fs.ReadFile(dir, file))(t)
		with, without := c.identify(t, body), alone.identify(t, body)
		for _, answer := range []*facerecog.IdentifyResponse{with, without} {
			answer.Comparison.GalleryState = 0
			for _, face := range answer.Faces {
				if face.ImageName != "" {
					named++
				}
				strangers += len(face.Strangers)
				face.Strangers = nil
				for _, candidate := range face.Candidates { // of another database
					candidate.PersonId, candidate.PhotoId = 0, 0
				}
			}
		}
		if !proto.Equal(with, without) {
			t.Errorf("%s: with strangers the answer is\n%v\nwithout\n%v", file, with, without)
		}
	}
	if named == 0 || strangers == 0 {
		t.Errorf("%d faces are somebody's and %d strangers are named, want some of both", named, strangers)
	}
}

// look does what process does with a picture. The gallery is what was read of it last.
func (c *crowdOf) look(t *testing.T, path string, body []byte, person string) {
	t.Helper()
	submitted := testkit.Must(c.db.Submit(t.Context(), store.Paths(path)))(t)
	claim := testkit.Must(c.db.Claim(t.Context(), submitted[0].ID, time.Minute))(t)
	answer := c.identify(t, body)
	result := store.Result{MaxStrangers: 1000, Comparison: &store.Comparison{
		GalleryState: max(answer.Comparison.GalleryState, 1), Rule: match.Rule{
			Threshold: float64(answer.Comparison.Threshold), Margin: float64(answer.Comparison.Margin),
			StrangerThreshold: float64(answer.Comparison.StrangerThreshold),
		},
	}}
	faces := slices.Clone(answer.Faces)
	slices.SortFunc(faces, func(a, b *facerecog.Face) int { return cmp.Compare(b.Box.Width*b.Box.Height, a.Box.Width*a.Box.Height) })
	for _, face := range faces[:min(1, len(faces))] { // of a portrait the largest counts
		result.Faces = append(result.Faces, lineup.Face{
			Box:       &lineup.Box{X: float64(face.Box.X), Y: float64(face.Box.Y), Width: float64(face.Box.Width), Height: float64(face.Box.Height)},
			Embedding: face.Embedding, Model: face.Model, Strangers: told(face.Strangers), Candidates: told(face.Candidates),
		})
	}
	testkit.Must(c.db.Finish(t.Context(), claim, result, true))(t)
	c.people[claim.ID] = person
}

func told(candidates []*facerecog.Candidate) []lineup.Candidate {
	all := []lineup.Candidate{}
	for _, c := range candidates {
		all = append(all, lineup.Candidate{PhotoID: c.PhotoId, ImageName: c.ImageName, Similarity: float64(c.Similarity)})
	}
	return all
}

// grouped tells how many pairs of pictures of one person are together, and of two are.
func (c *crowdOf) grouped(t *testing.T) (same, together, mixed int) {
	t.Helper()
	stranger, ids := map[int64]int64{}, []int64{}
	for id := range c.people {
		for _, face := range testkit.Must(c.db.Image(t.Context(), id))(t).Faces {
			if face.Person != nil {
				stranger[id] = face.Person.ID
			}
			ids = append(ids, id)
		}
	}
	for i, a := range ids {
		for _, b := range ids[:i] {
			one := stranger[a] != 0 && stranger[a] == stranger[b]
			switch {
			case c.people[a] != c.people[b] && one:
				mixed++
			case c.people[a] == c.people[b]:
				same++
				if one {
					together++
				}
			}
		}
	}
	return same, together, mixed
}

// TestStrangersAreOnePersonEach posts portraits with a truth, nobody enrolled: in any order,
// and all at once, so that the face server knows no stranger before the last picture. With
// PHOTOS=dir, an absolute path, also those there, a folder a person.
func TestStrangersAreOnePersonEach(t *testing.T) {
	sets := []string{deptest.People(t)}
	if photos := os.Getenv("PHOTOS"); photos != "" {
		sets = append(sets, photos)
	}
	for _, set := range sets {
		found := portraits{}
		for name, order := range map[string]uint64{"one order": 1, "another order": 2, "at once": 0} {
			t.Run(filepath.Base(set)+" "+name, func(t *testing.T) {
				c, rows := newCrowd(t, found)
				dir := os.DirFS(set)
				files := testkit.Must(fs.Glob(dir, "*/*.jpg"))(t)
				r := rand.New(rand.NewPCG(order, order))
				r.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
				testkit.Succeed(t, c.gallery.Read(t.Context()))
				for i, file := range files {
					body := testkit.Must(fs.ReadFile(dir, file))(t)
					c.look(t, strconv.Itoa(i)+".jpg", body, filepath.Dir(file))
					if order != 0 {
						testkit.Succeed(t, c.gallery.Read(context.WithoutCancel(t.Context())))
					}
				}
				same, together, mixed := c.grouped(t)
				t.Logf("%d of %d pairs of one person are together, %d of two people", together, same, mixed)
				testkit.Succeed(t, c.gallery.Read(t.Context()))
				if order == 1 {
					c.sameWithout(t, rows, dir, files)
				}
				if mixed > 0 || float64(together) < 0.9*float64(same) || same == 0 {
					t.Errorf("%d of %d pairs of one person are together, want 0.9 of them; %d of two people, want none", together, same, mixed)
				}
			})
		}
	}
}
