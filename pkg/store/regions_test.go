package store_test

import (
	"slices"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
	"lineup.dev/lineup/pkg/store"
)

// at is a box of a tenth of the picture's width.
func at(x float64) lineup.Box { return lineup.Box{X: x, Y: 0.4, Width: 0.1, Height: 0.1} }

// faceAt is one that was found there.
func faceAt(x float64, descriptor []float32) lineup.Face {
	box := at(x)
	return lineup.Face{Box: &box, Embedding: descriptor, Model: "m"}
}

func (d database) withRegions(t *testing.T, path, content string, faces []lineup.Face, regions ...store.Region) lineup.Image {
	t.Helper()
	return d.finishRegions(t, d.win(t, path), content, faces, regions...)
}

func (d database) finishRegions(t *testing.T, claim store.Claim, content string, faces []lineup.Face, regions ...store.Region) lineup.Image {
	t.Helper()
	r := store.Result{Faces: faces, Content: content, Regions: regions,
		Comparison: &store.Comparison{GalleryState: d.state(t), Rule: match.Rule{Threshold: 0.5, Margin: 0.1}}}
	testkit.Must(d.Finish(t.Context(), claim, r, true))(t)
	return d.image(t, claim.ID)
}

// says is who each face is, left to right, with * for what a hand decided.
func says(image lineup.Image) (all []string) {
	faces := slices.Clone(image.Faces)
	slices.SortFunc(faces, func(a, b lineup.Face) int {
		if a.Box.X < b.Box.X {
			return -1
		}
		return 1
	})
	for _, face := range faces {
		text := "?"
		if face.Person != nil {
			text = string(face.Person.Name)
		}
		if face.Ignored {
			text = "ignored"
		}
		if face.DecidedBy == lineup.ByHand {
			text += "*"
		}
		if len(face.Not) > 0 {
			text += " not"
		}
		all = append(all, text)
	}
	return all
}

func wantSays(t *testing.T, when string, image lineup.Image, want ...string) {
	t.Helper()
	if got := says(image); !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", when, got, want)
	}
}

func TestNamedRegionsAreDecisionsByHand(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.usable(t, "Anna", "anna.jpg", face(0))
	faces := []lineup.Face{faceAt(0.1, face(90)), faceAt(0.3, face(180)), faceAt(0.5, face(270)), faceAt(0.7, face(0))}
	wide := lineup.Box{X: 0.27, Y: 0.36, Width: 0.16, Height: 0.18} // the whole head
	image := db.withRegions(t, "a.jpg", "1", faces,
		store.Region{Box: at(0.11), Name: "anna"},
		store.Region{Box: wide, Name: "Bea"},
		store.Region{Box: at(0.5), Ignored: true},
		store.Region{Box: at(0.7), Not: []string{"Anna"}},
		store.Region{Box: at(0.9), Name: "Bea"})
	wantSays(t, "at first", image, "Anna*", "Bea*", "ignored*", "? not", "Bea*")
	if image.Status != lineup.Identified {
		t.Errorf("the picture is %s", image.Status)
	}
	people, _, err := db.People(t.Context(), 0, 10)
	if err != nil || len(people) != 2 {
		t.Errorf("people %v, %v; want Anna and Bea", people, err)
	}
	changes, _, err := db.Changes(t.Context(), store.ChangeFilter{Image: image.ID, Limit: 10})
	if err != nil || len(changes) != 5 || changes[0].By != "(metadata)" {
		t.Errorf("changes %+v, %v; want one for each region", changes, err)
	}
	for _, change := range changes { // and each can be undone, the newest first
		testkit.Must(db.UndoChange(t.Context(), change.ID, ""))(t)
	}
	wantSays(t, "undone", db.image(t, image.ID), "?", "?", "?", "?")
}

func TestWhatMetadataSaidOnceOverturnsNoHandLater(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	regions := []store.Region{{Box: at(0.1), Name: "Anna"}, {Box: at(0.9), Name: "Bea"}}
	faces := []lineup.Face{faceAt(0.1, face(0))}
	image := db.withRegions(t, "a.jpg", "1", faces, regions...)
	wantSays(t, "at first", image, "Anna*", "Bea*")
	image = testkit.Must(db.DecideFace(t.Context(), image.Faces[slices.IndexFunc(image.Faces, func(f lineup.Face) bool { return f.Box.X < 0.5 })].ID,
		store.FaceDecision{NewName: new("Cal")}, ""))(t).Image
	wantSays(t, "corrected", image, "Cal*", "Bea*")

	db.again(t, image.ID)
	wantSays(t, "the same content again", db.withRegions(t, "a.jpg", "1", faces, regions...), "Cal*", "Bea*")
	db.again(t, image.ID)
	regions[1].Name = "Dan"
	wantSays(t, "other regions", db.withRegions(t, "a.jpg", "1", faces, regions...), "Cal*", "Bea*")

	taken := db.image(t, image.ID)
	for _, f := range taken.Faces {
		testkit.Must(db.DecideFace(t.Context(), f.ID, store.FaceDecision{TakeBack: true}, ""))(t)
	}
	before := says(db.image(t, image.ID))
	db.again(t, image.ID)
	wantSays(t, "taken back, and the same again", db.withRegions(t, "a.jpg", "1", faces, regions...), before...)
}

// again makes a picture wait to be looked at again.
func (d database) again(t *testing.T, id int64) {
	t.Helper()
	d.exec(t, "UPDATE images SET status = 'pending', answered = 1, round = round + 1, queued_at = NULL, announced_at = NULL WHERE id = ?", id)
}

func TestRegionsMakeWhomADecisionNeeds(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	image := db.withRegions(t, "a.jpg", "1", []lineup.Face{faceAt(0.1, face(0)), faceAt(0.3, face(90))},
		store.Region{Box: at(0.1), Not: []string{"Bea"}}, store.Region{Box: at(0.3), Name: "Cal"},
		store.Region{Box: at(0.7), Not: []string{"Nobody drawn"}})
	wantSays(t, "at first", image, "? not", "Cal*")
	names := func() (all []lineup.Name) {
		people, _, err := db.People(t.Context(), 0, 10)
		testkit.Succeed(t, err)
		for _, person := range people {
			all = append(all, person.Name)
		}
		slices.Sort(all)
		return all
	}
	if got := names(); !slices.Equal(got, []lineup.Name{"Bea", "Cal"}) {
		t.Errorf("people %q", got)
	}
	db.again(t, image.ID)
	image = db.withRegions(t, "a.jpg", "1", []lineup.Face{faceAt(0.1, face(0)), faceAt(0.3, face(90))},
		store.Region{Box: at(0.1), Name: "Ghost"}, store.Region{Box: at(0.3), Not: []string{"Ghost"}})
	wantSays(t, "said before", image, "? not", "Cal*")
	if got := names(); !slices.Equal(got, []lineup.Name{"Bea", "Cal"}) {
		t.Errorf("people of decisions that were not taken: %q", got)
	}
	changes, _, err := db.Changes(t.Context(), store.ChangeFilter{Image: image.ID, Limit: 10})
	testkit.Succeed(t, err)
	for _, change := range changes {
		testkit.Must(db.UndoChange(t.Context(), change.ID, ""))(t)
	}
	if got := names(); len(got) != 0 {
		t.Errorf("undone, there are %q", got)
	}
}

func TestARegionOfANameThatSeveralHaveIsTold(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.enrol(t, store.Enrolment{Name: "Twin", New: true})
	db.enrol(t, store.Enrolment{Name: "Twin", New: true})
	image := db.withRegions(t, "a.jpg", "1", []lineup.Face{faceAt(0.1, face(0))}, store.Region{Box: at(0.1), Name: "twin"}, store.Region{Box: at(0.5), Name: "Eve"})
	wantSays(t, "the picture", image, "?", "Eve*")
	events := testkit.Must(db.History(t.Context(), image.ID))(t)
	if !slices.ContainsFunc(events, func(e store.Event) bool { return e.What == "import" && strings.Contains(e.Detail, "2 people") }) {
		t.Errorf("the history is %+v, want that two people are called so", events)
	}
}

func TestAFailedPictureTakesOverNothing(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	claim := db.win(t, "a.jpg")
	testkit.Must(db.Finish(t.Context(), claim, store.Result{Reason: "no picture", Regions: []store.Region{{Box: at(0), Name: "Anna"}}}, true))(t)
	if people, _, err := db.People(t.Context(), 0, 10); err != nil || len(people) != 0 {
		t.Errorf("people %v, %v; want none", people, err)
	}
}
