package accuracy

import (
	"reflect"
	"strings"
	"testing"
)

func TestReadPairs(t *testing.T) {
	for name, c := range map[string]struct {
		csv  string
		want []Pair
	}{
		"with a heading":            {"first,second,same\na.jpg,b.jpg,1\na.jpg,c/d.jpg,0\n", []Pair{{"a.jpg", "b.jpg", true}, {"a.jpg", "c/d.jpg", false}}},
		"without a heading":         {"a.jpg,b.jpg,true\n", []Pair{{"a.jpg", "b.jpg", true}}},
		"in words, with spaces":     {"a.jpg, b.jpg, TRUE\na.jpg, c.jpg, false \n", []Pair{{"a.jpg", "b.jpg", true}, {"a.jpg", "c.jpg", false}}},
		"a comma in a quoted name":  {"\"a,b.jpg\",c.jpg,0\n", []Pair{{"a,b.jpg", "c.jpg", false}}},
		"a remark and no last line": {"# hand-made\na.jpg,b.jpg,0", []Pair{{"a.jpg", "b.jpg", false}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadPairs(strings.NewReader(c.csv))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, error %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestReadPairsSaysWhichLineIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ csv, want string }{
		"empty":                         {"", "no pairs"},
		"a heading alone":               {"first,second,same\n", "no pairs"},
		"two columns":                   {"a.jpg,b.jpg\n", "line 1"},
		"neither same nor different":    {"a.jpg,b.jpg,1\na.jpg,c.jpg,maybe\n", `line 2 of the pairs: "maybe" must be`},
		"a path that climbs out":        {"a.jpg,../b.jpg,1\n", `line 1 of the pairs: "../b.jpg" must be a path below`},
		"a path from the root":          {"/a.jpg,b.jpg,1\n", `"/a.jpg" must be a path below`},
		"no path":                       {"a.jpg,,1\n", `"" must be a path below`},
		"a quotation that does not end": {"\"a.jpg,b.jpg,1\n", "read the pairs"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadPairs(strings.NewReader(c.csv))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestComparePairs(t *testing.T) {
	photos := []Described{
		{Photo: Photo{File: "a.jpg"}, Faces: []Face{{Embedding: []float32{1, 0}}}},
		{Photo: Photo{File: "b.jpg"}, Faces: []Face{{Embedding: []float32{.8, .6}}, {Embedding: []float32{0, 1}}}},
		{Photo: Photo{File: "c.jpg"}, Faces: []Face{{Embedding: []float32{0, 1}}}},
		{Photo: Photo{File: "d.jpg"}},
	}
	pairs := []Pair{{"a.jpg", "b.jpg", true}, {"a.jpg", "c.jpg", true}, {"b.jpg", "c.jpg", false}, {"a.jpg", "c.jpg", false}, {"a.jpg", "d.jpg", true}}
	scores, misses := ComparePairs(pairs, photos, .6)
	if want := (Scores{Same: []float32{0, .8}, Different: []float32{0, .6}}); !reflect.DeepEqual(scores, want) {
		t.Errorf("scores are %v, want %v", scores, want)
	}
	wantMisses := []Miss{
		{"d.jpg", "no face found"},
		{"a.jpg", "not taken for the person in c.jpg: similarity 0.000"},
		{"b.jpg", "taken for the person in c.jpg: similarity 0.600"},
	}
	if !reflect.DeepEqual(misses, wantMisses) {
		t.Errorf("misses are %v, want %v", misses, wantMisses)
	}
}

// A pair with a covered face is one person's where the server's rule, which takes more then, says so.
func TestAPairWithACoveredFaceTakesMore(t *testing.T) {
	photos := []Described{
		{Photo: Photo{File: "a.jpg"}, Faces: []Face{{Embedding: []float32{1, 0}}}},
		{Photo: Photo{File: "b.jpg"}, Faces: []Face{{Embedding: []float32{.8, .6}, Occluded: true}}},
	}
	for threshold, want := range map[float64][]Miss{
		.71: nil,
		.73: {{"a.jpg", "not taken for the person in b.jpg: similarity 0.720, 0.08 less than it is as a face is covered"}},
	} {
		scores, misses := ComparePairs([]Pair{{"a.jpg", "b.jpg", true}}, photos, threshold)
		if !alike(scores.Same, []float32{.72}) || !reflect.DeepEqual(misses, want) {
			t.Errorf("at %v the scores are %v and the misses %v, want %v", threshold, scores.Same, misses, want)
		}
	}
}

func TestPhotosOf(t *testing.T) {
	got := PhotosOf([]Pair{{"b.jpg", "a.jpg", true}, {"a.jpg", "c.jpg", false}})
	if want := []Photo{{File: "a.jpg"}, {File: "b.jpg"}, {File: "c.jpg"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
