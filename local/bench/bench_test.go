package bench

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kelseyhightower/envconfig"

	"lineup.dev/lineup/local/testkit"
)

func settingsOf(t *testing.T) (s Settings) {
	testkit.Succeed(t, envconfig.Process("", &s))
	return s
}

func TestSettings(t *testing.T) {
	testkit.Settings(t, func() any { return new(settingsOf(t)) })
	s := settingsOf(t)
	if s.rounds() != 3 || s.round() != 2*time.Second {
		t.Errorf("%d rounds of %v, want 3 of 2 s", s.rounds(), s.round())
	}
	s.Ref = "HEAD"
	if s.rounds() != 5 {
		t.Errorf("%d rounds against another commit, want 5", s.rounds())
	}
	s.Length = "quick"
	if s.rounds() != 1 || s.round() != 500*time.Millisecond {
		t.Errorf("%d rounds of %v, want 1 of 500 ms", s.rounds(), s.round())
	}
	s.Rounds, s.Round = 7, time.Second
	if s.rounds() != 7 || s.round() != time.Second {
		t.Errorf("%d rounds of %v, want what is set", s.rounds(), s.round())
	}
	s.Only = "("
	if err := s.Check(); err == nil || !strings.Contains(err.Error(), "RUN") {
		t.Errorf("error %v, want one that names RUN", err)
	}
}

func TestChosen(t *testing.T) {
	names := func(s Settings) (all []string) {
		wanted, err := chosen(groups(), s)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range wanted {
			all = append(all, g.name)
		}
		return all
	}
	standard, quick, compared := names(Settings{Length: "standard"}), names(Settings{Length: "quick"}), names(Settings{Length: "standard", Ref: "x"})
	for _, want := range []string{"receive.single.c1", "receive.single.c16", "receive.single.c64", "receive.single.c256", "receive.single.c16.rows100k", "receive.single.c16.rows1m"} {
		if !slices.Contains(standard, want) {
			t.Errorf("%s is not measured", want)
		}
	}
	if slices.Contains(quick, "receive.single.c16.rows1m") {
		t.Error("a million rows are not for trying things out")
	}
	if len(compared) == 0 || len(compared) > len(standard) {
		t.Errorf("against another commit: %v", compared)
	}
	if got := names(Settings{Length: "quick", Only: `single\.c16$`}); !slices.Equal(got, []string{"receive.single.c16"}) {
		t.Errorf("RUN chose %v", got)
	}
	if _, err := chosen(groups(), Settings{Length: "quick", Only: "nothing like that"}); err == nil || !strings.Contains(err.Error(), "receive.single.c16") {
		t.Errorf("error %v, want one that names the groups", err)
	}
	sorted := slices.Sorted(slices.Values(standard))
	if len(slices.Compact(sorted)) != len(standard) {
		t.Errorf("two groups have one name: %v", sorted)
	}
}

// laboratory is a lab whose subjects need nothing that runs.
func laboratory(s Settings) *lab {
	return &lab{settings: s, say: func(string, ...any) {}, builds: []build{{name: "new", commit: "n"}, {name: "old", commit: "o"}}}
}

func constant(name string, value float64, order *[]string) subject {
	return subject{name: name, unit: "1/s", measure: func(context.Context) (sample, error) {
		*order = append(*order, name)
		return sample{value: value}, nil
	}}
}

func TestSubjectsAreMeasuredInTurn(t *testing.T) {
	var order []string
	l := laboratory(Settings{Length: "standard"})
	figures := l.run(t.Context(), group{prepare: func(context.Context, *lab) ([]subject, error) {
		a, b := constant("a", 10, &order), constant("bare@a", 5, &order)
		a.beside = []string{"bare", "none"}
		broken := subject{name: "broken", measure: func(context.Context) (sample, error) { return sample{}, errors.New("it is broken") }}
		return []subject{a, b, broken}, nil
	}})
	if want := []string{"a", "bare@a", "a", "bare@a", "a", "bare@a"}; !slices.Equal(order, want) {
		t.Errorf("measured %v, want %v", order, want)
	}
	if len(figures) != 3 || figures[0].Ratio["bare"] != 2 || len(figures[0].Ratio) != 1 || figures[2].Error != "it is broken" {
		t.Errorf("%+v", figures)
	}
}

func TestAnotherCommitIsMeasuredInTurn(t *testing.T) {
	var order []string
	l := laboratory(Settings{Length: "standard", Ref: "o", Rounds: 3})
	figures := l.run(t.Context(), group{prepare: func(context.Context, *lab) ([]subject, error) {
		return []subject{constant("a", 10, &order), constant("a@o", 4, &order)}, nil
	}})
	if want := []string{"a", "a@o", "a", "a@o", "a", "a@o"}; !slices.Equal(order, want) {
		t.Errorf("measured %v, want %v", order, want)
	}
	if figures[0].Ratio["o"] != 2.5 || !strings.Contains(figures[0].Compared, "against o: x2.50") || figures[1].Compared != "" {
		t.Errorf("%+v", figures)
	}
}

func TestARefThatIsNoCommitIsRefused(t *testing.T) {
	l := laboratory(Settings{Ref: "HEAD"})
	l.root = "."
	if err := l.checkRef(); err != nil {
		t.Error(err)
	}
	for _, ref := range []string{"no-such-commit", "--all", "HEAD:local"} {
		l.settings.Ref = ref
		if err := l.checkRef(); err == nil || !strings.Contains(err.Error(), "REF="+ref+" is no commit") {
			t.Errorf("REF=%s: %v", ref, err)
		}
	}
}

func TestWhatCannotBePreparedIsAFigureWithAnError(t *testing.T) {
	figures := laboratory(Settings{}).run(t.Context(), group{name: "g", prepare: func(context.Context, *lab) ([]subject, error) { return nil, errors.New("no room") }})
	if len(figures) != 1 || figures[0].Name != "g" || figures[0].Error != "no room" {
		t.Errorf("%+v", figures)
	}
}

func TestHammer(t *testing.T) {
	s, err := hammer(t.Context(), 3, 50*time.Millisecond, func(int) func() error {
		return func() error { time.Sleep(time.Millisecond); return nil }
	})
	if err != nil || s.value <= 0 || s.p50 < 1 || s.p99 < s.p50 {
		t.Errorf("%+v, error %v", s, err)
	}
	if _, err := hammer(t.Context(), 3, time.Hour, func(int) func() error { return func() error { return errors.New("refused") } }); err == nil {
		t.Error("no error where every request fails")
	}
}

func TestTheAnswerNamesTheID(t *testing.T) {
	if id, err := idOf([]byte("got path: {Path:/a}\nimage saved with id: 23\nimage sent to nsq\n")); id != 23 || err != nil {
		t.Errorf("id %d, error %v; want 23", id, err)
	}
	for _, answer := range []string{"", "image saved with id: ", "image saved with id: x\n"} {
		if id, err := idOf([]byte(answer)); err == nil {
			t.Errorf("%q: id %d, want an error", answer, id)
		}
	}
}

func TestProgramsKnowNothingOfTheCallersSettings(t *testing.T) {
	if got := clean([]string{"PATH=/bin", "MYSQL_DSN=x", "MAX_IN_FLIGHT=1", "GOGC=50"}); !slices.Equal(got, []string{"PATH=/bin", "GOGC=50"}) {
		t.Errorf("%v", got)
	}
}

// TestARunMeasuresTheProgramsThemselves is `make bench` with one figure, and a round that is too short to say much.
func TestARunMeasuresTheProgramsThemselves(t *testing.T) {
	if testing.Short() {
		t.Skip("needs MariaDB: left out by -short")
	}
	s := settingsOf(t)
	s.Length, s.Only, s.Round, s.File = "quick", `^receive\.single\.c16$`, 200*time.Millisecond, filepath.Join(t.TempDir(), "bench.json")
	if _, err := Run(t.Context(), s, t.Logf); err != nil {
		t.Fatal(err)
	}
	r := testkit.Must(Read(s.File))(t)
	if failed := r.Failed(); len(failed) > 0 || len(r.Figures) != 4 {
		t.Fatalf("not measured: %v, of %+v", failed, r.Figures)
	}
	receive := r.Figures[0]
	if receive.Name != "receive.single.c16" || receive.Value <= 0 || receive.P50 <= 0 || receive.CPU["receive"] <= 0 || receive.CPU["mariadb"] <= 0 {
		t.Errorf("%+v", receive)
	}
	for _, baseline := range []string{"bare_insert", "original_way", "bare_http"} {
		if receive.Ratio[baseline] <= 0 {
			t.Errorf("nothing is said of %s", baseline)
		}
	}
	if r.Versions["mariadb"] == "" || r.Machine.Cores == 0 || r.Load.Before == "" {
		t.Errorf("versions %v, machine %+v, load average %+v", r.Versions, r.Machine, r.Load)
	}
}
