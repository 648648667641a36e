package serve_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/serve"
)

type Pair struct {
	Short time.Duration `envconfig:"SHORT" min:"1ms"`
	Long  time.Duration `envconfig:"LONG" min:"1ms" max:"1h"`
}

func (p *Pair) Check() error {
	if p.Long < p.Short {
		return errors.New("LONG is shorter than SHORT")
	}
	return nil
}

type checked struct {
	Count uint    `envconfig:"COUNT" min:"1" max:"9"`
	Ratio float64 `envconfig:"RATIO" min:"0" max:"1"`
	Pair
	Mode string `envconfig:"MODE" oneof:"fast thorough"`
}

func TestEveryFaultIsNamedInTheOrderOfTheStruct(t *testing.T) {
	t.Parallel()
	good := func() checked {
		return checked{Count: 1, Ratio: 1, Pair: Pair{Short: time.Second, Long: time.Hour}, Mode: "fast"}
	}
	for name, c := range map[string]struct {
		change func(*checked)
		want   []string
	}{
		"none":                     {func(*checked) {}, nil},
		"a number below its range": {func(s *checked) { s.Count = 0 }, []string{"COUNT=0: at least 1 is needed"}},
		"a number above its range": {func(s *checked) { s.Count = 10 }, []string{"COUNT=10: at most 9 is possible"}},
		"not a number":             {func(s *checked) { s.Ratio = math.NaN() }, []string{"RATIO=NaN: at least 0 is needed"}},
		"a negative time":          {func(s *checked) { s.Short = -time.Second }, []string{"SHORT=-1s: at least 1ms is needed"}},
		"a word that is none":      {func(s *checked) { s.Mode = "slow" }, []string{`MODE="slow": it must be one of fast, thorough`}},
		"a rule between fields":    {func(s *checked) { s.Long = time.Millisecond }, []string{"LONG is shorter than SHORT"}},
		"all of them, in order": {func(s *checked) { *s = checked{Ratio: 2, Pair: Pair{Short: 2 * time.Hour, Long: -1}} },
			[]string{"COUNT", "RATIO", "LONG", "LONG is shorter than SHORT", "MODE"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := good()
			c.change(&s)
			err := serve.Check(&s)
			if err == nil {
				if c.want != nil {
					t.Fatalf("no error, want %q", c.want)
				}
				return
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(c.want) {
				t.Fatalf("%q, want %q", lines, c.want)
			}
			for i, line := range lines {
				if !strings.HasPrefix(line, c.want[i]) {
					t.Errorf("line %d is %q, want %q", i, line, c.want[i])
				}
			}
		})
	}
}
