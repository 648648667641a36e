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

// What is said of galleries holds together: the rule's threshold, and who is named by it.
func TestWhatIsStatedOfGalleries(t *testing.T) {
	certainty := match.Certainty{
		FalseMatches: match.Calibration{{.3, 1e-2}, {.5, 1e-5}}, TrueMatches: match.Calibration{{.3, .99}, {.5, .9}}, Strangers: .5,
	}
	rule := func(photos int) match.Rule {
		return match.Rule{Threshold: max(.4, certainty.FalseMatches.Threshold(.01, photos))}
	}
	rows := GalleriesStated(rule, certainty)
	if len(rows) != 7 || rows[0].Photos != 5 || rows[6].Photos != 100_000 {
		t.Fatalf("they are %+v, want galleries of 5 to 100,000", rows)
	}
	for i, row := range rows {
		if row.Threshold != rule(row.Photos).Threshold || row.Strangers > .01+1e-9 || i > 0 && row.WrongAt[1] < rows[i-1].WrongAt[1] || row.WrongAt[1] > row.WrongAt[0] {
			t.Errorf("%+v, after %+v", row, rows[max(0, i-1)])
		}
		if measured := row.Threshold <= .5; measured == math.IsNaN(row.Reached) {
			t.Errorf("of %+v it is said how often one person reaches it, want that only where it was measured: %v", row, measured)
		}
	}
	if got := GalleriesStated(rule, match.Certainty{}); got != nil {
		t.Errorf("models that tell nothing state %+v", got)
	}
}
