package face

import "testing"

func TestEffort(t *testing.T) {
	for name, c := range map[string]struct {
		effort        Effort
		width, height int
		tiled         bool
	}{
		"auto runs once on a small picture": {Auto, 1000, 1000, false},
		"auto tiles a large one":            {Auto, 1000, 1001, true},
		"fast runs once on a large one":     {Fast, 4000, 3000, false},
		"thorough tiles a small one too":    {Thorough, 640, 480, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.effort.tiled(c.width, c.height); got != c.tiled {
				t.Errorf("tiled: %v, want %v", got, c.tiled)
			}
			var read Effort
			if err := read.UnmarshalText([]byte(c.effort.String())); err != nil || read != c.effort {
				t.Errorf("%q reads as %v, error %v", c.effort.String(), read, err)
			}
		})
	}
	if err := new(Effort).UnmarshalText([]byte("lazy")); err == nil {
		t.Error("an effort of lazy is taken")
	}
}
