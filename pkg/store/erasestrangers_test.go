package store_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// named gives the id of the person of that name.
func (w *world) named(t *testing.T, name string) int64 {
	t.Helper()
	var id int64
	w.scan(t, "SELECT id FROM person WHERE name = '"+name+"'", &id)
	return id
}

// descriptorsOf are those of the only face of each of the pictures.
func (w *world) descriptorsOf(paths ...string) (all [][]byte) {
	for _, path := range paths {
		all = append(all, descriptorBytes(w.pictures[path][0].Embedding))
	}
	return all
}

// A stranger whose faces the enrolled person took keeps none of them once that one is erased.
func TestAStrangerWhomAnErasedPersonAbsorbedGoes(t *testing.T) {
	t.Parallel()
	w, _ := newCrowd(t, 2, 4)
	ids := w.lookAt(t, "0-0.jpg", "1-0.jpg", "0-1.jpg")
	stranger, other := w.strangerOf(t, ids[0]), w.strangerOf(t, ids[2])
	w.enrolNow(t, "Ann", 0)
	late := w.lookAt(t, "2-0.jpg")[0] // is Ann's at once
	theirs := w.descriptorsOf("0-0.jpg", "1-0.jpg", "2-0.jpg")
	if left := w.columns(t, theirs...); !slices.ContainsFunc(left, func(of string) bool { return of[:len("descriptors")] == "descriptors" }) {
		t.Fatalf("the stranger has no photo: %v", left)
	}
	would := testkit.Must(w.Erasable(t.Context(), w.named(t, "Ann")))(t)
	photos, files, err := w.ErasablePhotos(t.Context(), w.named(t, "Ann"))
	testkit.Succeed(t, err)
	receipt := w.erased(t, w.named(t, "Ann"))
	if photos != int64(len(receipt.Photos)) || files != receipt.Gone.Files {
		t.Errorf("counted were %d photos and %d files, the receipt tells of %d and %d", photos, files, len(receipt.Photos), receipt.Gone.Files)
	}
	if would.Counts != receipt.Gone || len(would.Photos) != 2 {
		t.Errorf("it would erase %+v, and erased %+v", would, receipt.Gone)
	}
	if receipt.Finished == nil || receipt.Gone.Faces != 3 || len(receipt.Photos) != 2 || receipt.Progress.Searched < late {
		t.Errorf("the receipt is %+v", receipt)
	}
	if left := w.columns(t, theirs...); len(left) > 0 {
		t.Errorf("once it is finished there still is %v", left)
	}
	if forgotten := testkit.Must(w.TidyStrangers(t.Context(), store.StrangerLimits{Most: 10}))(t); forgotten != 1 {
		t.Errorf("%d strangers were forgotten, want the one who had these faces", forgotten)
	}
	(&client{world: w, r: rand.New(rand.NewPCG(1, 3))}).quiet(t)
	if is := w.strangerOf(t, w.lookAt(t, "3-0.jpg")[0]); is == stranger || is == 0 {
		t.Errorf("a new picture shows %d, want somebody new", is)
	}
	if is := w.strangerOf(t, w.lookAt(t, "1-1.jpg")[0]); is != other {
		t.Errorf("a picture of the other stranger shows %d, want %d", is, other)
	}
}

// A stranger who was called so before, which was undone, is the erased person as well.
func TestAnAbsorbedStrangersFormerNameGoes(t *testing.T) {
	t.Parallel()
	w, _ := newCrowd(t, 2, 4)
	id := w.lookAt(t, "0-0.jpg", "0-1.jpg")[0]
	stranger := w.strangerOf(t, id)
	testkit.Must(w.PatchPerson(t.Context(), stranger, store.PersonPatch{Name: testkit.Ptr(somebody)}, ""))(t)
	undoing := testkit.Must(w.UndoChange(t.Context(), w.lastChange(t).ID, ""))(t).ID
	w.enrolNow(t, somebody, 0)
	person := w.named(t, somebody)
	receipt := w.erased(t, person)
	if !slices.Equal(receipt.People, []int64{person, stranger}) || receipt.Finished == nil {
		t.Errorf("the receipt is %+v, want the stranger %d in it", receipt, stranger)
	}
	if left := w.columns(t, append(w.descriptorsOf("0-0.jpg"), []byte(somebody))...); len(left) > 0 {
		t.Errorf("there still is %v", left)
	}
	if _, err := w.UndoChange(t.Context(), undoing, ""); !errors.Is(err, store.ErrErased) {
		t.Errorf("undoing what took the name back: %v, want ErrErased", err)
	}
}

// A hand decided about a picture before the batch came to it: its face is nobody's by then.
func TestAnAbsorbedStrangerGoesThoughTheirPictureWasWrittenFirst(t *testing.T) {
	t.Parallel()
	w, _ := newCrowd(t, 2, 2)
	ids := w.lookAt(t, "0-0.jpg", "0-1.jpg")
	other := w.strangerOf(t, ids[1])
	w.enrolNow(t, "Ann", 0)
	person := w.named(t, "Ann")
	testkit.Must(w.ErasePerson(t.Context(), person, ""))(t)
	face := w.image(t, ids[0]).Faces[0].ID
	w.decide(t, face, store.FaceDecision{Ignored: testkit.Ptr(true), Not: &[]int64{other}})
	w.erased(t, person)
	if left := w.columns(t, w.descriptorsOf("0-0.jpg")...); len(left) > 0 {
		t.Errorf("there still is %v", left)
	}
}

// A face that is a photo of theirs goes as theirs, though it is nobody's for being as like to
// somebody else.
func TestAFaceThatIsAPhotoOfAnErasedPersonGoes(t *testing.T) {
	t.Parallel()
	w, _ := newCrowd(t, 2, 1)
	id := w.lookAt(t, "0-0.jpg")[0]
	stranger := w.strangerOf(t, id)
	testkit.Must(w.PatchPerson(t.Context(), stranger, store.PersonPatch{Name: testkit.Ptr("Ann")}, ""))(t)
	quiet := func(n uint64) { (&client{world: w, r: rand.New(rand.NewPCG(1, n))}).quiet(t) }
	w.photos["bob.jpg"] = w.pictures["0-0.jpg"][0].Embedding
	bob := testkit.Must(w.Enrol(t.Context(), store.Enrolment{Name: "Bob", Anyway: true, Photos: []store.NewPhoto{{ImageName: "bob.jpg"}}}))(t)
	quiet(4)
	if face := w.image(t, id).Faces[0]; face.Person != nil || face.Refusal != "ambiguous" {
		t.Fatalf("the face is %+v, want it to be ambiguous", face)
	}
	would := testkit.Must(w.Erasable(t.Context(), stranger))(t)
	if receipt := w.erased(t, stranger); receipt.Gone.Faces != 1 || receipt.Gone.Faces != would.Counts.Faces || receipt.Gone.Pictures != would.Counts.Pictures {
		t.Errorf("the receipt is %+v, and it would have erased %+v", receipt, would.Counts)
	}
	var descriptors int
	w.scan(t, "SELECT COUNT(*) FROM faces WHERE embedding IS NOT NULL", &descriptors)
	if face := w.image(t, id).Faces[0]; face.Person != nil || !face.Ignored || descriptors > 0 {
		t.Errorf("the face is %+v, %d faces have a descriptor", face, descriptors)
	}
	testkit.Must(w.RemovePhoto(t.Context(), bob.Person.ID, bob.Photos[0].ID, ""))(t)
	testkit.Must(w.Look(t.Context(), []int64{id}))(t)
	quiet(5)
	if face := w.image(t, id).Faces[0]; face.Person != nil || face.DecidedBy != lineup.ByHand {
		t.Errorf("looked at again the face is %+v", face)
	}
}

// A hand that gives such a face to somebody else after the answer is right.
func TestAHandGivesAnErasedPersonsPhotoToSomebodyElse(t *testing.T) {
	t.Parallel()
	w, _ := newCrowd(t, 2, 1)
	id := w.lookAt(t, "0-0.jpg")[0]
	stranger := w.strangerOf(t, id)
	testkit.Must(w.PatchPerson(t.Context(), stranger, store.PersonPatch{Name: testkit.Ptr("Ann")}, ""))(t)
	testkit.Must(w.ErasePerson(t.Context(), stranger, ""))(t)
	face := w.image(t, id).Faces[0].ID
	w.decide(t, face, store.FaceDecision{NewName: testkit.Ptr("Bob")})
	w.erased(t, stranger)
	if is := persons(w.image(t, id)); is[face] != "Bob" {
		t.Errorf("the picture shows %v, want Bob", is)
	}
}
