package accuracy

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"lineup.dev/lineup/pkg/match"
)

func searchFor(person string, score float32, first bool) Trial {
	return Trial{File: fmt.Sprintf("%s %v", person, score), Person: person, Mated: true, First: first, Score: &score, Named: score >= .5, Right: first && score >= .5}
}

func stranger(person string, score float32) Trial {
	return Trial{File: person, Person: person, Score: &score, Named: score >= .5}
}

func ones(trials []Trial) []int {
	one := make([]int, len(trials))
	for i := range one {
		one[i] = 1
	}
	return one
}

func TestRatesOfSearches(t *testing.T) {
	trials := []Trial{
		searchFor("ann", .9, true), searchFor("ann", .45, true), searchFor("ben", .6, false), {File: "ben 2", Person: "ben", Mated: true},
		stranger("zoe", .55), stranger("yan", .4), stranger("xia", .3), stranger("wim", .2),
	}
	for name, c := range map[string]struct {
		rate statistic
		want float64
	}{
		"found":                              {foundRate, .75},
		"rank-1":                             {rank1Rate, .5},
		"recognised by the rule":             {recognisedRate, .25},
		"given another's name":               {mistakenRate, .25},
		"strangers named":                    {namedRate, .25},
		"no stranger may be named":           {dirAt(0), .25},
		"one in four may be":                 {dirAt(.25), .5},
		"fewer than one in all is none":      {dirAt(.24), .25},
		"whoever is first, of those who are": {dirAt(1), .5},
	} {
		if got := c.rate(trials, ones(trials)); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	twice := ones(trials)
	twice[0] = 3 // ann's first photo counts three times
	if got, want := rank1Rate(trials, twice), 4./6; math.Abs(got-want) > 1e-9 {
		t.Errorf("with weights rank-1 is %v, want %v", got, want)
	}
}

// DIR is that of the server's rule with another threshold: a covered face takes more, and one that
// is too near to two people is nobody's, of strangers too.
func TestDIRIsThatOfTheRule(t *testing.T) {
	covered := func(t Trial) Trial { t.Occluded = true; return t }
	ambiguous := func(t Trial) Trial { t.Ambiguous = true; return t }
	plain := []Trial{searchFor("ann", .5, true), searchFor("ben", .7, true), stranger("zoe", .55), stranger("yan", .3)}
	for name, c := range map[string]struct {
		change    func([]Trial)
		threshold float64
		dir       float64
	}{
		"as they are":                       {func([]Trial) {}, .55, .5},
		"the nearest stranger is covered":   {func(all []Trial) { all[2] = covered(all[2]) }, .47, 1},
		"and so is ann":                     {func(all []Trial) { all[0], all[2] = covered(all[0]), covered(all[2]) }, .47, .5},
		"that stranger is near to two":      {func(all []Trial) { all[2] = ambiguous(all[2]) }, .3, 1},
		"and so is ben":                     {func(all []Trial) { all[1], all[2] = ambiguous(all[1]), ambiguous(all[2]) }, .3, .5},
		"no stranger is near to one person": {func(all []Trial) { all[2], all[3] = ambiguous(all[2]), ambiguous(all[3]) }, -1, 1},
	} {
		trials := slices.Clone(plain)
		c.change(trials)
		if got := thresholdAt(trials, ones(trials), 0); math.Abs(got-c.threshold) > 1e-6 {
			t.Errorf("%s: above %v, want %v", name, got, c.threshold)
		}
		if got := dirAt(0)(trials, ones(trials)); got != c.dir {
			t.Errorf("%s: DIR is %v, want %v", name, got, c.dir)
		}
	}
}

// A hundred photos of one person tell no more about others than one does.
func TestPeopleAreTheUnitOfIntervals(t *testing.T) {
	var few, many []Trial
	for i := range 20 {
		for photo := range 10 {
			trial := searchFor(fmt.Sprint(i), .9, i%4 > 0) // a quarter of the people is never found
			many = append(many, trial)
			if photo == 0 {
				few = append(few, trial)
			}
		}
	}
	one, ten := estimate(few, rank1Rate), estimate(many, rank1Rate)
	if one.Rate != .75 || ten.Rate != .75 || one.Low > .65 || one.High < .85 || math.Abs(one.Low-ten.Low) > .06 || math.Abs(one.High-ten.High) > .06 {
		t.Errorf("one photo each: %v, ten each: %v; want .75 in about the same wide interval", one, ten)
	}
	if again := estimate(few, rank1Rate); again != one {
		t.Errorf("the same searches give %v, then %v", one, again)
	}
}

func TestAnIntervalWhereAllAgree(t *testing.T) {
	trials := []Trial{searchFor("ann", .9, true), searchFor("ben", .9, true), searchFor("cem", .9, true)}
	e := estimate(trials, rank1Rate)
	if want := math.Cbrt(.05); e.Rate != 1 || e.High != 1 || math.Abs(e.Low-want) > 1e-9 {
		t.Errorf("three of three give %v, want 1, at least %v", e, want)
	}
	if e := estimate(nil, rank1Rate); !math.IsNaN(e.Rate) || e.bounds() != "–" {
		t.Errorf("nothing gives %v", e)
	}
}

func TestGroupsOfSearches(t *testing.T) {
	years := func(n int) *int { return &n }
	trials := []Trial{{Width: 0}, {Width: 30}, {Width: 31.9, Years: years(5)}, {Width: 300, Years: years(0)}}
	if got, want := names(BySize(trials)), []string{"no face found 1", "24 to 31 px 2", "96 px and more 1"}; !reflect.DeepEqual(got, want) {
		t.Errorf("by size: %q, want %q", got, want)
	}
	if got, want := names(ByYears(trials)), []string{"same year 1", "5 to 9 years 1"}; !reflect.DeepEqual(got, want) {
		t.Errorf("by years: %q, want %q", got, want)
	}
}

func names(groups []Group) (all []string) {
	for _, g := range groups {
		all = append(all, fmt.Sprint(g.Name, " ", len(g.Trials)))
	}
	return all
}

func TestYearsBetweenPhotos(t *testing.T) {
	photo := func(file string, angle float64) Described { return knownAndAsked(file, "ann", angle) }
	_, outcome := compare(t, match.Rule{Threshold: .5}, photo("ann/2004.jpg", 0), photo("ann/at-sea-2012-06.jpg", 10), photo("ann/2011_b.jpg", 20), photo("ann/12015.jpg", 30))
	got := map[string]int{}
	for _, trial := range outcome.Trials {
		if trial.Mated && trial.Years != nil {
			got[trial.File] = *trial.Years
		}
	}
	if want := map[string]int{"ann/2004.jpg": 7, "ann/at-sea-2012-06.jpg": 1, "ann/2011_b.jpg": 1}; !reflect.DeepEqual(got, want) {
		t.Errorf("years are %v, want %v", got, want)
	}
}

// A photo asked about as it looks now is compared with the gallery as it was.
func TestAskAboutPhotosMadeHarder(t *testing.T) {
	plain := []Described{knownAndAsked("1", "ann", 0), knownAndAsked("2", "ann", 10), knownAndAsked("3", "ben", 90)}
	harder := []Described{knownAndAsked("1", "ann", 80), knownAndAsked("2", "ann", 12), {Photo: plain[2].Photo, Err: errors.New("gone")}}
	outcome, err := Ask(t.Context(), plain, harder, match.Rule{Threshold: .9, Margin: .1})
	if err != nil {
		t.Fatal(err)
	}
	if outcome.Known != 2 || outcome.Recognised != 1 || outcome.Mistaken != 1 || outcome.Strangers != 2 || outcome.Named != 1 {
		t.Errorf("got %+v, want one of two recognised, the other taken for ben, as a stranger too", outcome)
	}
}

func TestDifferencesOfRuns(t *testing.T) {
	before := []Trial{searchFor("ann", .9, true), searchFor("ben", .6, false), stranger("zoe", .6), stranger("gone", .1)}
	after := []Trial{searchFor("ann", .9, true), searchFor("ben", .6, true), stranger("zoe", .3), stranger("new", .1)}
	var kept bytes.Buffer
	if err := (Run{"then", before}).Write(&kept); err != nil {
		t.Fatal(err)
	}
	read, err := ReadRun(&kept)
	if err != nil || !reflect.DeepEqual(read.Trials, before) {
		t.Fatalf("a run comes back as %v, error %v", read, err)
	}
	both, differences := Differences(read.Trials, after)
	got := map[string][2]float64{}
	for _, d := range differences {
		got[d.What] = [2]float64{d.Before, d.After}
	}
	if both != 3 || got["rank-1"] != [2]float64{.5, 1} || got["strangers named"] != [2]float64{1, 0} || got["found"] != [2]float64{1, 1} {
		t.Errorf("over %d searches: %v", both, got)
	}
	if _, err := ReadRun(strings.NewReader(`{"trails":[]}`)); err == nil || !strings.Contains(err.Error(), "ACCURACY_TRIALS") {
		t.Errorf("what is no run gives %v", err)
	}
}

func TestPlotIsSVG(t *testing.T) {
	var trials []Trial
	for i := range 200 {
		trials = append(trials, searchFor(fmt.Sprint(i), .8, true), stranger(fmt.Sprint(-i), float32(i)/400))
	}
	var plot bytes.Buffer
	if err := Plot(&plot, Run{"a<b", trials}, Run{"nothing", nil}); err != nil {
		t.Fatal(err)
	}
	lines := 0
	for decoder := xml.NewDecoder(&plot); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "polyline" {
			lines++
		}
	}
	if lines != 2 {
		t.Errorf("%d lines for 2 runs", lines)
	}
}

// Each condition changes the photo, and only what it says: the photo that it is given stays.
func TestConditionsDrawOnACopy(t *testing.T) {
	photo := image.NewRGBA(image.Rect(0, 0, 120, 160))
	for i := range photo.Pix {
		photo.Pix[i] = uint8(i*7%200 + 20)
	}
	before := bytes.Clone(photo.Pix)
	for i, condition := range Conditions() {
		harder := condition.Draw(photo, image.Rect(20, 20, 100, 130))
		if !bytes.Equal(photo.Pix, before) {
			t.Fatalf("%s: it drew on the photo", condition.Name)
		}
		if same := bytes.Equal(harder.Pix, before); same != (i == 0) {
			t.Errorf("%s: the same as before: %v", condition.Name, same)
		}
	}
}
