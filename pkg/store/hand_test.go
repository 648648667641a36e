package store_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
	"lineup.dev/lineup/pkg/store"
)

// seen is a face as a face server tells it that knows the gallery's rows.
func seen(x float64, embedding []float32, candidates ...lineup.Candidate) lineup.Face {
	return lineup.Face{Box: &lineup.Box{X: x, Width: .2, Height: .2}, Embedding: embedding, Model: "m", Candidates: append([]lineup.Candidate{}, candidates...)}
}

func (d database) candidate(t *testing.T, name string, similarity float64) lineup.Candidate {
	t.Helper()
	var id int64
	testkit.Succeed(t, d.sql.QueryRowContext(t.Context(), "SELECT id FROM person_images WHERE image_name = ?", name).Scan(&id))
	return lineup.Candidate{PhotoID: id, ImageName: name, Similarity: similarity}
}

func compared(faces ...lineup.Face) store.Result {
	return store.Result{Faces: faces, Content: "c", Comparison: &store.Comparison{GalleryState: 1, Rule: match.Rule{Threshold: .5, Margin: .1}}}
}

func (d database) decide(t *testing.T, face int64, decision store.FaceDecision) lineup.Image {
	t.Helper()
	return testkit.Must(d.DecideFace(t.Context(), face, decision, "tester"))(t).Image
}

func persons(image lineup.Image) map[int64]string {
	all := map[int64]string{}
	for _, face := range image.Faces {
		if all[face.ID] = ""; face.Person != nil {
			all[face.ID] = string(face.Person.Name)
		}
	}
	return all
}

func TestADecisionByHandHoldsAndDecidesThePictureAgain(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	dad, mum := db.person(t, "Dad", "dad.jpg"), db.person(t, "Mum", "mum.jpg")
	claim := db.win(t, "a.jpg")
	one, two := []float32{1, 0}, []float32{0, 1}
	db.finish(t, claim, compared(
		seen(0, one, db.candidate(t, "dad.jpg", .9), db.candidate(t, "mum.jpg", .3)),
		seen(.5, two, db.candidate(t, "mum.jpg", .8), db.candidate(t, "dad.jpg", .6))), true)
	image := db.image(t, claim.ID)
	left, right := image.Faces[0].ID, image.Faces[1].ID
	want := func(when, leftIs, rightIs string) {
		t.Helper()
		if is := persons(db.image(t, claim.ID)); is[left] != leftIs || is[right] != rightIs || len(is) != 2 {
			t.Errorf("%s: they are %v, want %q and %q", when, is, leftIs, rightIs)
		}
	}
	want("found", "Dad", "Mum")
	db.decide(t, left, store.FaceDecision{Person: &mum.ID})
	want("the left one is Mum, so the right one is not by machine", "Mum", "")
	var photo string
	db.scan(t, "SELECT i.image_name FROM person_images i JOIN descriptors d ON d.photo_id = i.id WHERE i.face_id IS NOT NULL AND i.removed_at IS NULL", &photo)
	if photo == "" {
		t.Error("a good face that was given by hand is no photo")
	}

	look := func(r store.Result) {
		t.Helper()
		testkit.Must(db.Look(t.Context(), []int64{claim.ID}))(t)
		if is := db.image(t, claim.ID); is.Status != lineup.Pending || len(is.Faces) == 0 {
			t.Errorf("while it is looked at again it is %s with %d faces", is.Status, len(is.Faces))
		}
		db.finish(t, db.claim(t, claim.ID, time.Minute), r, true)
	}
	look(compared(seen(.51, two, db.candidate(t, "mum.jpg", .8))))
	want("looked at again, the left one not found", "Mum", "")
	look(compared(seen(.01, one, db.candidate(t, "dad.jpg", .9)), seen(.5, two)))
	want("found again", "Mum", "")

	db.decide(t, left, store.FaceDecision{TakeBack: true})
	want("taken back", "Dad", "")
	db.decide(t, left, store.FaceDecision{Not: &[]int64{dad.ID}})
	want("not Dad", "", "")
	image = db.decide(t, left, store.FaceDecision{NewName: testkit.Ptr("Kit")})
	want("somebody new", "Kit", "")
	if image.Revision == 0 {
		t.Error("a changed answer has the revision of the first")
	}
	if _, err := db.DecideFace(t.Context(), left, store.FaceDecision{Person: &dad.ID, Ignored: testkit.Ptr(true)}, ""); !errors.Is(err, store.ErrContradiction) {
		t.Errorf("is Dad and ignored: %v", err)
	}
	if _, err := db.DecideFace(t.Context(), 99, store.FaceDecision{TakeBack: true}, ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a face that is not there: %v", err)
	}

	other := compared(seen(0, []float32{0, -1}))
	other.Content = "another"
	look(other)
	if is := persons(db.image(t, claim.ID)); len(is) != 1 || is[left] != "" {
		t.Errorf("another file's faces are %v", is)
	}
	changes, _, err := db.Changes(t.Context(), store.ChangeFilter{Image: claim.ID, Limit: 2})
	if err != nil || len(changes) != 2 || changes[0].Action != store.ActionFace || changes[0].Person == nil || changes[0].Person.Name != "Kit" || changes[0].Reason == "" || changes[1].Reason != "" {
		t.Errorf("the history ends with %+v, %v; want what was lost with the file", changes, err)
	}
	for _, change := range changes {
		if _, err := db.UndoChange(t.Context(), change.ID, ""); !errors.Is(err, store.ErrContentChanged) {
			t.Errorf("undo %s: %v, want ErrContentChanged", change.Action, err)
		}
	}
	past := testkit.Must(db.History(t.Context(), claim.ID))(t)
	if !slices.ContainsFunc(past, func(e store.Event) bool { return e.Change != nil && strings.Contains(e.Detail, "content changed") }) {
		t.Errorf("the history does not tell of it: %+v", past)
	}
}

func TestWhatAMergeOrAnUndoingMadeUntrueIsNotShownUntilTheRematch(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	mila, other := db.person(t, "Mila", "mila.jpg"), db.person(t, "Other", "other.jpg")
	claim := db.win(t, "a.jpg")
	db.finish(t, claim, compared(seen(0, []float32{1, 0}, db.candidate(t, "mila.jpg", .9), db.candidate(t, "other.jpg", .3))), true)
	face := db.image(t, claim.ID).Faces[0].ID
	want := func(when, person, refusal string, status lineup.Status, not ...int64) {
		t.Helper()
		image := db.image(t, claim.ID)
		shown := image.Faces[0]
		if is := persons(image)[face]; is != person || shown.Refusal != refusal || image.Status != status || !slices.Equal(shown.Not, not) || (image.Person != nil) != (person != "") {
			t.Errorf("%s: %s, %+v", when, image.Status, shown)
		}
		listed, _, err := db.Images(t.Context(), store.Filter{Limit: 1})
		if err != nil || listed[0].Status != status || (listed[0].Person != nil) != (person != "") {
			t.Errorf("%s: listed as %+v, %v", when, listed, err)
		}
	}
	db.decide(t, face, store.FaceDecision{Not: &[]int64{other.ID}})
	want("not the other", "Mila", "", lineup.Identified, other.ID)
	merge := db.merge(t, mila.ID, other.ID)
	want("the other is Mila", "", "nobody_enrolled", lineup.Unknown, mila.ID)
	db.decide(t, face, store.FaceDecision{Not: &[]int64{mila.ID}}) // as it is shown
	testkit.Must(db.UndoChange(t.Context(), merge, ""))(t)
	want("the other is not Mila", "Mila", "", lineup.Identified, other.ID)
	db.decide(t, face, store.FaceDecision{Not: &[]int64{}})
	want("nothing is said", "Mila", "", lineup.Identified)
	changes, _, err := db.Changes(t.Context(), store.ChangeFilter{Person: mila.ID, Limit: 10})
	testkit.Succeed(t, err)
	testkit.Must(db.UndoChange(t.Context(), changes[len(changes)-1].ID, ""))(t)
	want("enrolling Mila was undone", "", "below_threshold", lineup.Unknown)
	for _, gone := range []int64{mila.ID, 99} {
		if _, err := db.DecideFace(t.Context(), face, store.FaceDecision{Not: &[]int64{gone}}, ""); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("not %d, who is gone: %v", gone, err)
		}
	}
}

func TestAFaceGivenByHandIsAsSurelyTheirsAsItIsLikeThem(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.person(t, "Mila", "mila.jpg")
	viktor, stranger := db.person(t, "Viktor", "viktor.jpg"), db.person(t, "Kim", "kim.jpg")
	claim := db.win(t, "a.jpg")
	db.finish(t, claim, compared(
		seen(0, []float32{1, 0}, db.candidate(t, "mila.jpg", .9), db.candidate(t, "viktor.jpg", .3)),
		seen(.5, []float32{0, 1}, db.candidate(t, "mila.jpg", .7)),
	), true)
	face := db.image(t, claim.ID).Faces[0].ID
	want := func(when, person string, similarity *float64) {
		t.Helper()
		image := db.image(t, claim.ID)
		i := slices.IndexFunc(image.Faces, func(f lineup.Face) bool { return f.ID == face })
		is := image.Faces[i].Similarity
		if (is == nil) != (similarity == nil) || is != nil && float32(*is) != float32(*similarity) || image.Faces[i].DecidedBy == lineup.ByHand && image.Faces[i].Margin != nil || string(image.Person.Name) != person {
			t.Errorf("%s: %s is the picture's, the face %+v", when, image.Person.Name, image.Faces[i])
		}
	}
	want("found", "Mila", testkit.Ptr(.9))
	db.decide(t, face, store.FaceDecision{Person: &viktor.ID})
	want("given to Viktor", "Mila", testkit.Ptr(.3))
	db.decide(t, face, store.FaceDecision{Person: &stranger.ID})
	want("given to somebody it is not like", "Mila", nil)
	db.decide(t, face, store.FaceDecision{TakeBack: true})
	want("taken back", "Mila", testkit.Ptr(.9))
}

func TestAFaceIsDrawnAndThatUndone(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	dad := db.person(t, "Dad", "dad.jpg")
	claim := db.win(t, "a.jpg")
	db.finish(t, claim, compared(), true)
	image, err := db.AddFace(t.Context(), claim.ID, lineup.Box{X: .1, Y: .1, Width: .1, Height: .1}, store.FaceDecision{Person: &dad.ID}, "tester")
	testkit.Succeed(t, err)
	if image.Status != lineup.Identified || len(image.Faces) != 1 || image.Faces[0].DecidedBy != lineup.ByHand {
		t.Errorf("it is %+v", image)
	}
	face := image.Faces[0].ID
	changes, _, err := db.Changes(t.Context(), store.ChangeFilter{Image: claim.ID, Limit: 1})
	testkit.Succeed(t, err)
	for _, want := range []map[int64]string{{}, {face: "Dad"}} {
		testkit.Must(db.UndoChange(t.Context(), changes[0].ID, ""))(t)
		changes, _, err = db.Changes(t.Context(), store.ChangeFilter{Image: claim.ID, Limit: 1})
		testkit.Succeed(t, err)
		if is := persons(db.image(t, claim.ID)); len(is) != len(want) || is[face] != want[face] {
			t.Errorf("undone, the faces are %v, want %v", is, want)
		}
	}
}

func TestADrawnFaceThatIsNobodysStaysAndSaysWhy(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	dad := db.person(t, "Dad", "dad.jpg")
	claim := db.win(t, "a.jpg")
	one := []float32{1, 0}
	db.finish(t, claim, compared(), true)
	image, err := db.AddFace(t.Context(), claim.ID, lineup.Box{X: .5, Width: .2, Height: .2}, store.FaceDecision{}, "tester")
	testkit.Succeed(t, err)
	drawn := image.Faces[0].ID
	want := func(when, refusal, person string) {
		t.Helper()
		faces := db.image(t, claim.ID).Faces
		i := slices.IndexFunc(faces, func(f lineup.Face) bool { return f.ID == drawn })
		if i < 0 {
			t.Fatalf("%s: the drawn face is gone", when)
		}
		if is := persons(lineup.Image{Faces: faces})[drawn]; faces[i].Refusal != refusal || is != person {
			t.Errorf("%s: it is %q, refused as %q, want %q and %q", when, is, faces[i].Refusal, person, refusal)
		}
	}
	look := func(content string, faces ...lineup.Face) {
		t.Helper()
		testkit.Must(db.Look(t.Context(), []int64{claim.ID}))(t)
		r := compared(faces...)
		r.Content = content
		db.finish(t, db.claim(t, claim.ID, time.Minute), r, true)
	}
	want("drawn", "not_described", "")
	look("c", seen(0, one))
	want("not found by a look", "not_described", "")
	look("c", seen(.51, one, db.candidate(t, "dad.jpg", .9)))
	want("found by a look", "", "Dad")
	look("c")
	want("found no more", "", "Dad")
	db.decide(t, drawn, store.FaceDecision{Person: &dad.ID})
	want("given by hand", "", "Dad")
	db.decide(t, drawn, store.FaceDecision{Ignored: testkit.Ptr(true)})
	want("ignored", "ignored", "")

	look("another")
	if faces := db.image(t, claim.ID).Faces; len(faces) != 0 {
		t.Errorf("another file has the faces %+v", faces)
	}
	lost := db.lastChange(t)
	if lost.Action != store.ActionFace || lost.Face == nil || *lost.Face != drawn {
		t.Errorf("the history ends with %+v, want what was lost with the file", lost)
	}
	if _, err := db.UndoChange(t.Context(), lost.ID, ""); !errors.Is(err, store.ErrContentChanged) {
		t.Errorf("the lost box is drawn on another picture: %v", err)
	}
}

func TestAnAnswerOfALowerStateOverwritesNone(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.person(t, "Dad", "dad.jpg")
	db.exec(t, "UPDATE gallery SET state = 9, named_state = 9")
	claim := db.win(t, "a.jpg")
	one := []float32{1, 0}
	db.finish(t, claim, compared(seen(0, one)), true) // state 1: nobody yet
	face := db.image(t, claim.ID).Faces[0].ID
	apply := func(state int64, candidates ...lineup.Candidate) []store.Answer {
		t.Helper()
		again := []store.Rematched{{FaceID: face, ImageID: claim.ID, Embedding: one, Model: "m", Candidates: append([]lineup.Candidate{}, candidates...)}}
		return testkit.Must(db.ApplyRematch(t.Context(), again, store.Comparison{GalleryState: state, Rule: match.Rule{Threshold: .5}}, true))(t)
	}
	if changed := apply(9, db.candidate(t, "dad.jpg", .9)); !slices.Equal(changed, []store.Answer{{ID: claim.ID, Round: 1, Revision: 1}}) {
		t.Errorf("changed are %v", changed)
	}
	if changed := apply(5); len(changed) != 0 {
		t.Errorf("an older answer changed %v", changed)
	}
	testkit.Must(db.Look(t.Context(), []int64{claim.ID}))(t)
	db.finish(t, db.claim(t, claim.ID, time.Minute), compared(seen(0, one)), true)
	if is := persons(db.image(t, claim.ID)); is[face] != "Dad" {
		t.Errorf("after a look with an old gallery it is %v", is)
	}
}

// How likely a name is wrong follows whose face it is and how large the gallery is, and is
// nothing that is told of a hand's decision, of a stranger or of nobody.
func TestHowLikelyANameIsWrongFollowsTheDecision(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	dad, mum := db.person(t, "Dad", "dad.jpg"), db.person(t, "Mum", "mum.jpg")
	like := func(name string, similarity float64, chance *float64) lineup.Candidate {
		c := db.candidate(t, name, similarity)
		c.ChanceWrong = chance
		return c
	}
	claim := db.win(t, "a.jpg")
	one := []float32{1, 0}
	db.finish(t, claim, compared(seen(0, one, like("dad.jpg", .9, testkit.Ptr(.001)), like("mum.jpg", .7, testkit.Ptr(.05))), seen(.5, []float32{0, 1}, like("mum.jpg", .2, testkit.Ptr(.99)))), true)
	face := db.image(t, claim.ID).Faces[0].ID
	want := func(when string, chance *float64) {
		t.Helper()
		for _, f := range db.image(t, claim.ID).Faces {
			var now *float64
			if f.ID == face {
				now = chance
			}
			if (f.ChanceWrong == nil) != (now == nil) || now != nil && *f.ChanceWrong != *now {
				t.Errorf("%s: of face %d it is %v, want %v", when, f.ID, f.ChanceWrong, now)
			}
		}
	}
	want("found", testkit.Ptr(.001))
	db.decide(t, face, store.FaceDecision{Person: &mum.ID})
	want("given by hand", nil)
	db.decide(t, face, store.FaceDecision{TakeBack: true})
	want("taken back", testkit.Ptr(.001))
	db.decide(t, face, store.FaceDecision{Not: &[]int64{dad.ID}})
	want("not Dad, so Mum", testkit.Ptr(.05))
	db.decide(t, face, store.FaceDecision{Not: &[]int64{}})

	again := func(dads, mums *float64) {
		t.Helper()
		db.exec(t, "UPDATE gallery SET state = state + 1, named_state = state")
		state := db.state(t)
		faces := []store.Rematched{{FaceID: face, ImageID: claim.ID, Embedding: one, Model: "m", Candidates: []lineup.Candidate{like("dad.jpg", .9, dads), like("mum.jpg", .7, mums)}}}
		changed := testkit.Must(db.ApplyRematch(t.Context(), faces, store.Comparison{GalleryState: state, Rule: match.Rule{Threshold: .5, Margin: .1}}, true))(t)
		if len(changed) != 0 {
			t.Errorf("another answer is told where whose the face is stays: %v", changed)
		}
	}
	again(testkit.Ptr(.00105), testkit.Ptr(.051))
	want("one photo more", testkit.Ptr(.001))
	again(testkit.Ptr(.002), testkit.Ptr(.051))
	want("a gallery twice as large", testkit.Ptr(.002))
	again(nil, nil)
	want("compared by a server that does not tell", nil)
	again(testkit.Ptr(.004), testkit.Ptr(.1))
	want("compared by one that does", testkit.Ptr(.004))
	db.merge(t, dad.ID, mum.ID)
	want("merged", testkit.Ptr(.004))
	db.decide(t, face, store.FaceDecision{Ignored: testkit.Ptr(true)})
	want("ignored", nil)
}
