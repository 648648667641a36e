package chaos

import "testing"

func TestNothingIsSaidThatChangesNothing(t *testing.T) {
	t.Parallel()
	s := state{into: map[int64]int64{8: 7}, faces: map[int64]decision{1: {is: 8}, 2: {ignored: true}, 3: {not: 7}}}
	somebody := &struct{ ID int64 }{9}
	for _, test := range []struct {
		face faceItem
		kind int
		want decision // none: nothing is said
	}{
		{faceItem{ID: 4, Person: somebody}, 0, decision{ignored: true}},
		{faceItem{ID: 4}, 0, decision{}},                // who was erased, perhaps
		{faceItem{ID: 4, Ignored: true}, 0, decision{}}, // as it is by then
		{faceItem{ID: 4}, 1, decision{not: 7}},
		{faceItem{ID: 4, Ignored: true}, 2, decision{is: 7}},
		{faceItem{ID: 1, Person: somebody}, 2, decision{}}, // it is
		{faceItem{ID: 2, Ignored: true}, 2, decision{}},
		{faceItem{ID: 3}, 2, decision{}},
	} {
		got, ok := s.correction(test.face, 7, test.kind)
		if ok != (test.want != decision{}) || ok && got != test.want {
			t.Errorf("%d of face %+v: %+v, %v; want %+v", test.kind, test.face, got, ok, test.want)
		}
	}
	if got, ok := s.correction(faceItem{ID: 1}, 5, 0); !ok || got.is != 5 {
		t.Errorf("a face that a hand gave to another: %+v, %v", got, ok)
	}
}
