package gallery

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/photo"
)

// heard is a cache that calls itself me and lists marks as old as that.
func heard(t *testing.T, me string, ages map[string]time.Duration) (c *cache, root *photo.Roots) {
	t.Helper()
	root, err := photo.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	c = newCache(root, "model", 1, time.Second, slog.New(slog.DiscardHandler))
	c.mark = me + markSuffix
	now := time.Now()
	var files []photo.Entry
	for name, age := range ages {
		if err := root.Save(t.Context(), name+markSuffix, nil); err != nil {
			t.Fatal(err)
		}
		files = append(files, photo.Entry{Name: name + markSuffix, ModTime: now.Add(-age)})
	}
	c.meet(t.Context(), append(files, photo.Entry{Name: "x" + segmentSuffix}))
	return c, root
}

func TestPart(t *testing.T) {
	var photos []photo.Entry
	for i := range 3000 {
		photos = append(photos, photo.Entry{Name: fmt.Sprintf("photo-%d.jpg", 2*i)})
	}
	alive := map[string]time.Duration{"a": 0, "b": time.Second, "c": 11 * time.Second}
	t.Run("replicas that hear each other take every photo once and each about as many", func(t *testing.T) {
		taken := map[string]int{}
		for me := range alive {
			c, _ := heard(t, me, alive)
			mine, theirs := c.part(photos)
			if len(mine) < 800 || len(mine)+len(theirs) != len(photos) {
				t.Errorf("%s takes %d photos and leaves %d, want a third of %d", me, len(mine), len(theirs), len(photos))
			}
			for _, p := range mine {
				taken[p.Name]++
			}
		}
		if len(taken) != len(photos) || slices.Max(slices.Collect(maps.Values(taken))) > 1 {
			t.Errorf("%d of %d photos are taken, some twice or not at all", len(taken), len(photos))
		}
	})
	for name, c := range map[string]struct {
		ages map[string]time.Duration
		all  bool
		gone string // whose mark is removed
	}{
		"alone it takes all":                          {map[string]time.Duration{"a": 0}, true, ""},
		"beside one that ended too and its mark goes": {map[string]time.Duration{"a": 0, "b": 13 * time.Second}, true, "b"},
		"beside one whose clock is ahead a part":      {map[string]time.Duration{"a": 0, "b": -time.Minute}, false, ""},
		"where its own mark is not kept all":          {map[string]time.Duration{"b": 0}, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			replica, root := heard(t, "a", c.ages)
			if mine, _ := replica.part(photos); (len(mine) == len(photos)) != c.all {
				t.Errorf("it takes %d of %d photos", len(mine), len(photos))
			}
			for other := range c.ages {
				if _, _, err := root.Read(t.Context(), other+markSuffix, 1); (err != nil) != (other == c.gone) {
					t.Errorf("the mark of %s: %v", other, err)
				}
			}
		})
	}
}
