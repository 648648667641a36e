package face

import (
	"fmt"
	"math"
)

// finder is a detector with buffers of its own, for one goroutine at a time.
type finder struct {
	*runner
	Detector
}

func (d Detector) newFinder(n *network) (*finder, error) {
	f := &finder{Detector: d}
	var err error
	if len(d.Levels) == 0 {
		candidates := int64(d.Candidates)
		f.runner, err = n.newRunner([]int64{1, candidates, 2}, []int64{1, candidates, 4})
		return f, err
	}
	if f.runner, err = n.newRunner(); err != nil {
		return nil, err
	}
	if err = f.askShapes(len(d.outputs())); err == nil {
		err = f.checkShapes()
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// checkShapes finds outputs that are too short for what the manifest says of them.
func (f *finder) checkShapes() error {
	outs := f.outs
	for _, level := range f.Levels {
		places := level.places(f.Width, f.Height)
		for i, numbers := range f.numbers(level) {
			if got := len(outs[i].GetData()); got != places*numbers {
				return fmt.Errorf("model %s: output %s has %d numbers, and by the manifest %d: compare stride, anchors, points, width and height", f.File, level.outputs()[i], got, places*numbers)
			}
		}
		outs = outs[len(level.outputs()):]
	}
	return nil
}

// candidate is what a detector sees at one of its places, in pixels of its input.
type candidate struct {
	score  float32
	box    Box
	points []complex128 // none where the detector gives none
}

// candidates are those of at least that score in what was looked at last.
func (f *finder) candidates(least float32) (found []candidate) {
	if len(f.Levels) == 0 {
		scores := f.output(0)
		for i := range f.Candidates {
			if score := scores[2*i+1]; score >= least {
				found = append(found, candidate{score: score, box: f.corners(i)})
			}
		}
		return found
	}
	first := 0
	for _, level := range f.Levels {
		for i := range level.places(f.Width, f.Height) {
			if score := f.score(level, first, i); score >= least {
				found = append(found, f.at(level, first, i, score))
			}
		}
		first += len(level.outputs())
	}
	return found
}

// corners is the box of the i-th candidate of a detector without levels.
func (f *finder) corners(i int) Box {
	c, width, height := f.output(1)[4*i:], float64(f.Width), float64(f.Height)
	return Box{X: float64(c[0]) * width, Y: float64(c[1]) * height, Width: float64(c[2]-c[0]) * width, Height: float64(c[3]-c[1]) * height}
}

// score is that of the i-th candidate of a level, whose outputs begin with the first.
func (f *finder) score(l Level, first, i int) float32 {
	score := f.output(first)[i]
	switch {
	case f.Logits:
		return float32(1 / (1 + math.Exp(-float64(score))))
	case l.Objects != "":
		return float32(math.Sqrt(float64(score) * float64(f.output(first + 1)[i])))
	}
	return score
}

// at is the i-th candidate of a level. Its numbers are counted from the place that it is of.
func (f *finder) at(l Level, first, i int, score float32) candidate {
	numbers := f.numbers(l)
	boxes := first + len(numbers) - 1
	if l.Points != "" {
		boxes--
	}
	stride, unit, cell := float64(l.Stride), float64(l.Stride), i/l.Anchors
	x, y := float64(cell%(f.Width/l.Stride))*stride, float64(cell/(f.Width/l.Stride))*stride
	if f.Coding == Pixels {
		x, y, unit = x+stride/2, y+stride/2, 1
	}
	row := f.output(boxes)[i*numbers[boxes-first]:]
	n := func(i int) float64 { return unit * float64(row[i]) }
	c := candidate{score: score}
	switch f.Coding {
	case Distances:
		c.box = Box{X: x - n(0), Y: y - n(1), Width: n(0) + n(2), Height: n(1) + n(3)}
	case Exponents:
		width, height := stride*math.Exp(float64(row[2])), stride*math.Exp(float64(row[3]))
		c.box = Box{X: x + n(0) - width/2, Y: y + n(1) - height/2, Width: width, Height: height}
	case Pixels:
		c.box = Box{X: x + n(0) - n(2)/2, Y: y + n(1) - n(3)/2, Width: n(2), Height: n(3)}
	}
	row = row[4:]
	if l.Points != "" {
		row = f.output(boxes + 1)[2*f.Points*i:]
	}
	for p := range f.Points {
		c.points = append(c.points, complex(x+n(2*p), y+n(2*p+1)))
	}
	return c
}
