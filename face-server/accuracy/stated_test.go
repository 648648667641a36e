package accuracy

import (
	"math"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/match"
)

func TestWhatIsStatedIsComparedWithWhatComesOfIt(t *testing.T) {
	certainty := match.Certainty{FalseMatches: match.Calibration{{.3, 1e-2}, {.5, 1e-4}}}
	trials := []Trial{
		searchFor("ann", .9, true), searchFor("ben", .8, true), searchFor("cem", .35, false), {File: "dee", Person: "dee", Mated: true},
		stranger("zoe", .3), stranger("yan", .35),
		{File: "all", Person: "cem", Mated: true, Group: true, Score: testkit.Ptr(float32(.9))}, // another face of the group is nearest
	}
	certainty.Strangers = 2. / 5 // of those of which it can be told
	at := func(similarity float32) float64 {
		chance, _ := certainty.ChanceWrong(float64(similarity), 10)
		return chance
	}
	for i, c := range []struct {
		rows []Reliability
		want []Reliability
	}{
		{Reliabilities(trials, certainty, 10), []Reliability{
			{"below 0.1 %", 2, (at(.9) + at(.8)) / 2, Estimate{Rate: 0}},
			{"10 to 50 %", 2, at(.35), Estimate{Rate: 1}},
			{"50 % and more", 1, at(.3), Estimate{Rate: 1}},
		}},
		{ReliabilitiesBy([]Group{{"all", trials}, {"none", nil}}, certainty, 10), []Reliability{
			{"all", 5, (at(.9) + at(.8) + 2*at(.35) + at(.3)) / 5, Estimate{Rate: .6}},
		}},
		{Reliabilities(trials, match.Certainty{}, 10), nil},
		{Reliabilities(trials, certainty, 0), nil},
		{ReliabilitiesBy(nil, certainty, 10), nil},
	} {
		if len(c.rows) != len(c.want) {
			t.Errorf("%d: %+v, want %+v", i, c.rows, c.want)
			continue
		}
		for j, row := range c.rows {
			want := c.want[j]
			if row.Name != want.Name || row.Searches != want.Searches || math.Abs(row.Stated-want.Stated) > 1e-9 || row.Observed.Rate != want.Observed.Rate {
				t.Errorf("%d: %+v, want %+v", i, row, want)
			}
			if !(row.Observed.Low <= row.Observed.Rate && row.Observed.Rate <= row.Observed.High) {
				t.Errorf("%d: the interval of %+v does not hold its rate", i, row)
			}
		}
	}
}
