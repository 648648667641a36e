package accuracy

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"lineup.dev/lineup/pkg/match"
)

// Trial is one search in the gallery: for a person who should be found in a photo (mated,
// in the words of ISO/IEC 19795), or of a face whose person is not enrolled.
type Trial struct {
	File string `json:"file"`
	// Person is whom the search is about, and the unit of confidence intervals: two photos
	// of one person tell less than photos of two.
	Person string `json:"person"`
	Mated  bool   `json:"mated"`
	// First tells that the nearest person is the right one, however near.
	First bool `json:"first"`
	// Group tells that the photo shows several people, of whom no face is known to be theirs.
	Group bool `json:"group,omitempty"`
	// Score is the similarity to the nearest person; none where no face was found.
	Score *float32 `json:"score,omitempty"`
	// Occluded tells that the face is covered in part, which takes more similarity.
	Occluded bool `json:"occluded,omitempty"`
	// Ambiguous tells that the second person is so near that the rule names nobody, however
	// similar the nearest is.
	Ambiguous bool `json:"ambiguous,omitempty"`
	// Named tells that the rule gave a name, Right that it was the person's own.
	Named bool `json:"named"`
	Right bool `json:"right"`
	// Width is that of the photo's largest face in pixels, 0 without one.
	Width float64 `json:"width"`
	// Years lie between the photo and the nearest in time of the person's enrolled ones;
	// none where the photos' names do not tell.
	Years *int `json:"years,omitempty"`
}

// counted is the similarity to the nearest person as the rule takes it.
func (t Trial) counted() float64 { return match.Counted(float64(*t.Score), t.Occluded) }

// key tells trials of one set of photos apart.
func (t Trial) key() string {
	if t.Mated {
		return t.File + "\x00" + t.Person
	}
	return t.File + "\x00\x00" + t.Person
}

// Estimate is a rate, and the interval in which it lies at 95 % confidence.
type Estimate struct{ Rate, Low, High float64 }

// statistic is a rate of trials, each of which counts so many times. It is NaN when
// there is nothing to count.
type statistic func(trials []Trial, weights []int) float64

// rank1Rate is how often the nearest person is the right one.
func rank1Rate(trials []Trial, weights []int) float64 {
	return share(trials, weights, func(t Trial) bool { return t.Mated }, func(t Trial) bool { return t.First })
}

// recognisedRate is how often the rule finds who is enrolled.
func recognisedRate(trials []Trial, weights []int) float64 {
	return share(trials, weights, func(t Trial) bool { return t.Mated }, func(t Trial) bool { return t.Right })
}

// mistakenRate is how often the rule gives somebody who is enrolled another's name.
func mistakenRate(trials []Trial, weights []int) float64 {
	return share(trials, weights, func(t Trial) bool { return t.Mated }, func(t Trial) bool { return t.Named && !t.Right })
}

// namedRate is how often the rule gives a stranger a name.
func namedRate(trials []Trial, weights []int) float64 {
	return share(trials, weights, func(t Trial) bool { return !t.Mated }, func(t Trial) bool { return t.Named })
}

// foundRate is how often a face is found of who is enrolled.
func foundRate(trials []Trial, weights []int) float64 {
	return share(trials, weights, func(t Trial) bool { return t.Mated }, func(t Trial) bool { return t.Score != nil })
}

// dirAt is the detection and identification rate: how often the rule would give the right name
// with the lowest threshold by which it names no more than that share of strangers.
func dirAt(fpir float64) statistic {
	return func(trials []Trial, weights []int) float64 {
		threshold := thresholdAt(trials, weights, fpir)
		return share(trials, weights, func(t Trial) bool { return t.Mated }, func(t Trial) bool { return t.First && t.Score != nil && !t.Ambiguous && t.counted() > threshold })
	}
}

// thresholdAt is the similarity, as the rule takes it, above which no more than that share of
// strangers is named.
func thresholdAt(trials []Trial, weights []int, fpir float64) float64 {
	type scored struct {
		score  float64
		weight int
	}
	var strangers []scored
	all := 0
	for i, t := range trials {
		if t.Mated || t.Score == nil || weights[i] == 0 {
			continue
		}
		all += weights[i]
		if !t.Ambiguous {
			strangers = append(strangers, scored{t.counted(), weights[i]})
		}
	}
	slices.SortFunc(strangers, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	allowed := int(math.Floor(fpir*float64(all) + 1e-9))
	for _, s := range strangers {
		if allowed -= s.weight; allowed < 0 {
			return s.score
		}
	}
	return -1
}

func share(trials []Trial, weights []int, of, which func(Trial) bool) float64 {
	all, some := 0, 0
	for i, t := range trials {
		if of(t) {
			all += weights[i]
			if which(t) {
				some += weights[i]
			}
		}
	}
	return float64(some) / float64(all)
}

// resamples is how often people are drawn anew for an interval.
const resamples = 1000

// estimate is a rate with its interval: of people drawn anew (bootstrap), each with all of
// their trials. Where all of them agree, drawing says nothing, and the interval is that of as
// many searches as there are people without an exception.
func estimate(trials []Trial, rate statistic) Estimate {
	all := make([]int, len(trials))
	for i := range all {
		all[i] = 1
	}
	e := Estimate{Rate: rate(trials, all)}
	e.Low, e.High = interval(trials, func(weights []int) float64 { return rate(trials, weights) })
	if people := len(peopleOf(trials)); e.Low == e.High && people > 0 {
		beyond := 1 - math.Pow(0.05, 1/float64(people))
		switch e.Rate {
		case 0:
			e.High = beyond
		case 1:
			e.Low = 1 - beyond
		}
	}
	return e
}

// interval is the middle 95 % of what rate gives for people drawn anew.
func interval(trials []Trial, rate func(weights []int) float64) (low, high float64) {
	people := peopleOf(trials)
	if len(people) == 0 {
		return math.NaN(), math.NaN()
	}
	number := map[string]int{}
	for i, person := range people {
		number[person] = i
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same photos give the same report
	var rates []float64
	weights, drawn := make([]int, len(trials)), make([]int, len(people))
	for range resamples {
		clear(drawn)
		for range people {
			drawn[random.IntN(len(people))]++
		}
		for i, t := range trials {
			weights[i] = drawn[number[t.Person]]
		}
		if r := rate(weights); !math.IsNaN(r) {
			rates = append(rates, r)
		}
	}
	if len(rates) == 0 {
		return math.NaN(), math.NaN()
	}
	slices.Sort(rates)
	return rates[len(rates)*25/1000], rates[(len(rates)*975-1)/1000]
}

func peopleOf(trials []Trial) (people []string) {
	for _, t := range trials {
		people = append(people, t.Person)
	}
	slices.Sort(people)
	return slices.Compact(people)
}

// OpenSet is how searches in a gallery fare in which some are looked for who are not there.
type OpenSet struct {
	Mated, Strangers                   int
	Found, Rank1, Recognised, Mistaken Estimate
	Named                              Estimate
	At                                 []DIR
}

// DIR is the detection and identification rate where a share of strangers, FPIR, is named.
type DIR struct {
	FPIR      float64
	Threshold float64
	Estimate
}

// fpirs are those that are told of.
var fpirs = []float64{1e-2, 1e-3}

// Summarise sums trials up.
func Summarise(trials []Trial) OpenSet {
	all := make([]int, len(trials))
	for i := range all {
		all[i] = 1
	}
	o := OpenSet{
		Found: estimate(trials, foundRate), Rank1: estimate(trials, rank1Rate), Recognised: estimate(trials, recognisedRate),
		Mistaken: estimate(trials, mistakenRate), Named: estimate(trials, namedRate),
	}
	for _, t := range trials {
		if t.Mated {
			o.Mated++
		} else {
			o.Strangers++
		}
	}
	for _, fpir := range fpirs {
		o.At = append(o.At, DIR{fpir, thresholdAt(trials, all, fpir), estimate(trials, dirAt(fpir))})
	}
	return o
}
