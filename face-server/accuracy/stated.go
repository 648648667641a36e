package accuracy

import "lineup.dev/lineup/pkg/match"

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
		threshold := float32(calibration.Threshold(stated, enrolled))
		rows = append(rows, StatedRate{stated, estimate(trials, func(trials []Trial, weights []int) float64 {
			return share(trials, weights, func(t Trial) bool { return !t.Mated }, func(t Trial) bool { return t.Score != nil && *t.Score >= threshold })
		})})
	}
	return rows
}
