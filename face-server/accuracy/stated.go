package accuracy

import (
	"math"

	"lineup.dev/lineup/pkg/match"
)

// StatedRate is how many strangers are named where as many are said to be.
type StatedRate struct {
	Stated   float64
	Observed Estimate
}

// Stated compares what is said of the chance that a name is wrong with what comes of it, by
// strangers in a gallery of so many photos. The margin, which refuses more of them, is left out.
func Stated(trials []Trial, calibration match.Calibration, enrolled int) (rows []StatedRate) {
	if !calibration.Known() || enrolled == 0 {
		return nil
	}
	for _, stated := range []float64{.3, .1, .03, .01} {
		threshold := calibration.Threshold(stated, enrolled)
		rows = append(rows, StatedRate{stated, estimate(trials, func(trials []Trial, weights []int) float64 {
			return share(trials, weights, func(t Trial) bool { return !t.Mated }, func(t Trial) bool { return t.Score != nil && t.counted() >= threshold })
		})})
	}
	return rows
}

// GalleryStated is what is said of names in a gallery of so many photos, of which nothing here
// is measured: it follows from the rates that the models bring.
type GalleryStated struct {
	Photos    int
	Threshold float64
	Reached   float64 // of two photos of one person, how often they are as similar; NaN where that was not measured
	Strangers float64 // how often one is named
	// WrongAt are the chances that a name is wrong, at the threshold and at [SureSimilarity].
	WrongAt [2]float64
}

// SureSimilarity is about that of two good photos of one person.
const SureSimilarity = 0.7

// GalleriesStated tells how the rule goes with the gallery.
func GalleriesStated(rule func(photos int) match.Rule, certainty match.Certainty) (rows []GalleryStated) {
	if !certainty.FalseMatches.Known() {
		return nil
	}
	for _, photos := range []int{5, 30, 100, 300, 1000, 10_000, 100_000} {
		threshold := rule(photos).Threshold
		row := GalleryStated{Photos: photos, Threshold: threshold, Reached: math.NaN(), Strangers: certainty.FalseMatches.Chance(threshold, photos)}
		if certainty.TrueMatches.Measured(threshold) {
			row.Reached = certainty.TrueMatches.Rate(threshold)
		}
		for i, similarity := range []float64{threshold, SureSimilarity} {
			row.WrongAt[i], _ = certainty.ChanceWrong(similarity, photos)
		}
		rows = append(rows, row)
	}
	return rows
}

// Reliability is how often the nearest person is not who a face shows, where that is said to be
// about as likely.
type Reliability struct {
	Name     string
	Searches int
	Stated   float64 // on average
	Observed Estimate
}

// Reliabilities compares what is said of the chance that a name is wrong with what comes of it,
// in searches of a gallery of so many photos: as if everybody were named by who is nearest, which
// tells of every chance. Of how many are strangers, the searches are known to tell.
func Reliabilities(trials []Trial, certainty match.Certainty, enrolled int) []Reliability {
	certainty.Strangers = strangersAmong(trials)
	names := []string{"below 0.1 %", "0.1 to 1 %", "1 to 10 %", "10 to 50 %", "50 % and more"}
	return reliabilitiesOf(grouped(trials, names, func(t Trial) int {
		chance, ok := t.chanceWrong(certainty, enrolled)
		if !ok {
			return -1
		}
		return above(chance, .001, .01, .1, .5)
	}), certainty, enrolled)
}

// ReliabilitiesBy is the same of groups of searches.
func ReliabilitiesBy(groups []Group, certainty match.Certainty, enrolled int) []Reliability {
	certainty.Strangers = strangersAmong(together(groups))
	return reliabilitiesOf(groups, certainty, enrolled)
}

// together are the searches of all groups.
func together(groups []Group) (trials []Trial) {
	for _, g := range groups {
		trials = append(trials, g.Trials...)
	}
	return trials
}

func reliabilitiesOf(groups []Group, certainty match.Certainty, enrolled int) (rows []Reliability) {
	for _, g := range groups {
		row := Reliability{Name: g.Name}
		var told []Trial
		for _, t := range g.Trials {
			if chance, ok := t.chanceWrong(certainty, enrolled); ok {
				told = append(told, t)
				row.Stated += chance
			}
		}
		if row.Searches = len(told); row.Searches > 0 {
			row.Stated /= float64(row.Searches)
			row.Observed = estimate(told, wrongRate)
			rows = append(rows, row)
		}
	}
	return rows
}

// strangersAmong is the share of the searches whose person is not enrolled.
func strangersAmong(trials []Trial) float64 {
	all, strangers := 0., 0.
	for _, t := range trials {
		if t.told() {
			all++
			if !t.Mated {
				strangers++
			}
		}
	}
	return strangers / max(all, 1)
}

// chanceWrong is how likely the nearest person is said not to be who the face shows.
func (t Trial) chanceWrong(certainty match.Certainty, enrolled int) (chance float64, ok bool) {
	if !t.told() {
		return 0, false
	}
	return certainty.ChanceWrong(t.counted(), enrolled)
}

// told tells whether it is known who the face with the score is: in a group, whoever is not
// found has none.
func (t Trial) told() bool { return t.Score != nil && (!t.Group || !t.Mated || t.First) }

// wrongRate is how often the nearest person is not who the face shows.
func wrongRate(trials []Trial, weights []int) float64 {
	return share(trials, weights, func(Trial) bool { return true }, func(t Trial) bool { return !t.First })
}
