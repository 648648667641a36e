package search_test

import (
	"slices"
	"sync"
	"testing"

	"lineup.dev/lineup/face-server/search"
	"lineup.dev/lineup/local/descriptors"
)

// What is decided of a face is who it is and why not, so the nearest two persons count.
func TestDecidesAsAnExhaustiveScanDoes(t *testing.T) {
	for _, count := range []int{1_000, 20_000} {
		g := newGallery(t, count, 2500)
		a := g.agreement(t)
		if a.above < 1900 || a.best*1000 < a.above*999 || a.decisions*1000 < a.queries*999 {
			t.Errorf("of %d photos: %+v, want 99.9 %%", count, a)
		}
	}
}

// filled is an index of the first count photos of a crowd, by number.
func filled(count int) (*search.Index[int], [][]float32) {
	vectors, _ := descriptors.NewCrowd(7).Photos(count)
	x := search.New[int](descriptors.Length)
	for i, v := range vectors {
		x.Update(nil, []search.Vector[int]{{Key: i, Values: v}})
	}
	return x, vectors
}

func TestUpdate(t *testing.T) {
	x, vectors := filled(300)
	best := func(x *search.Index[int], query []float32) (key int, similarity float32) {
		similarity = -2
		near(x, query, func(k int, s float32) {
			if s > similarity {
				key, similarity = k, s
			}
		})
		return key, similarity
	}
	finds := func(i int) bool {
		key, similarity := best(x, vectors[i])
		return key == i && similarity > 0.9999
	}
	if x.Len() != 300 || !finds(17) || !finds(299) {
		t.Fatalf("of 300 vectors %d are there, and not all are found", x.Len())
	}
	x.Update([]int{17, 1_000_000}, nil)
	if x.Len() != 299 || finds(17) || !finds(18) || x.Vector(17) != nil {
		t.Error("17 was removed, and something else happened")
	}
	x.Update(nil, []search.Vector[int]{{Key: 18, Values: vectors[17]}})
	if key, _ := best(x, vectors[17]); x.Len() != 299 || key != 18 || !slices.Equal(x.Vector(18), search.Halved(vectors[17])) {
		t.Error("18 was added again with another vector, and is not found by it")
	}
	if finds(18) {
		t.Error("18 is still found by the vector that it had")
	}
}

func TestNearGivesAllOfAFew(t *testing.T) {
	x, vectors := filled(256)
	count := 0
	near(x, vectors[0], func(int, float32) { count++ })
	if count != 256 {
		t.Errorf("of 256 vectors %d are compared, want all", count)
	}
	near(search.New[int](descriptors.Length), vectors[0], func(int, float32) { t.Error("an empty index holds something") })
}

// near visits what is near to one query as long as nothing is enough.
func near[K comparable](x *search.Index[K], query []float32, visit func(K, float32)) {
	x.Near([][]float32{query}, func(_ int, key K, similarity float32) float32 {
		visit(key, similarity)
		return -1
	})
}

func TestLengthsThatAreNoMultipleOf64(t *testing.T) {
	x := search.New[string](3)
	x.Update(nil, []search.Vector[string]{{"x", []float32{1, 0, 0}}, {"-y", []float32{0, -1, 0}}})
	near(x, []float32{0, 1, 0}, func(key string, similarity float32) {
		if want := map[string]float32{"x": 0, "-y": -1}[key]; similarity != want {
			t.Errorf("%s is at %v, want %v", key, similarity, want)
		}
	})
	defer func() {
		if recover() == nil {
			t.Error("a vector of another length was taken")
		}
	}()
	x.Update(nil, []search.Vector[string]{{"short", []float32{1}}})
}

func TestMemoryOfWhatWasRemovedIsUsedAgain(t *testing.T) {
	x, vectors := filled(search.Rows + 10)
	for round := range 20 {
		for from := 0; from < search.Rows; from += 512 {
			var again []search.Vector[int]
			for i := from; i < from+512; i++ {
				again = append(again, search.Vector[int]{Key: i, Values: vectors[i]})
			}
			x.Update(nil, again)
		}
		if x.Blocks() > 4 {
			t.Fatalf("after %d rounds of replacing there are %d blocks for 2 blocks of vectors", round+1, x.Blocks())
		}
	}
	for i := range vectors {
		if !slices.Equal(x.Vector(i), search.Halved(vectors[i])) {
			t.Fatalf("vector %d changed", i)
		}
	}
}

// A search sees a replaced vector's old or new place, never none and never both.
func TestSearchesGoOnDuringUpdates(t *testing.T) {
	x, vectors := filled(1000)
	var searching, updating sync.WaitGroup
	done := make(chan struct{})
	updating.Go(func() {
		for round := range 30 {
			var again []search.Vector[int]
			for i := range 500 {
				again = append(again, search.Vector[int]{Key: i, Values: vectors[i]})
			}
			x.Update([]int{900 + round}, again)
		}
	})
	for range 2 {
		searching.Go(func() {
			for n := 0; ; n = (n + 1) % 500 {
				select {
				case <-done:
					return
				default:
				}
				count := 0
				near(x, vectors[n], func(key int, _ float32) {
					if key == n {
						count++
					}
				})
				if count != 1 {
					t.Errorf("vector %d is found %d times while it is replaced", n, count)
					return
				}
			}
		})
	}
	updating.Wait()
	close(done)
	searching.Wait()
}
