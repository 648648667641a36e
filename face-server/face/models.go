// Package face finds the faces in a picture and describes each by a vector of
// length 1, such that the cosine of two vectors says how alike two faces are.
//
// The way is the usual one: a detector finds boxes, a landmark model finds eyes,
// nose and mouth in each, the face is turned and scaled so that these lie where
// the embedder expects them, and the embedder describes it.
package face

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"path/filepath"
	"time"

	"lineup.dev/lineup/face-server/picture"
)

// Models is a loaded set of models, shared by any number of recognisers.
type Models struct {
	Manifest
	// Opened is what opening them took, in order.
	Opened []Step

	detector, landmarks, embedder *network
	judge                         *network // nil where liveness is not asked for
	effort                        Effort
	maxFaces                      int
}

// Step is a part of what opening took.
type Step struct {
	Name string
	Took time.Duration
}

// Open is [Options.Open] with no options.
func Open(dir string) (*Models, error) { return Options{}.Open(dir) }

// Open loads the models that the manifest in dir names, and runs each once: a
// manifest that does not fit its models is found here.
func (o Options) Open(dir string) (*Models, error) {
	m := &Models{effort: o.Effort, maxFaces: cmp.Or(o.MaxFaces, defaultMaxFaces)}
	if err := m.open(dir, o.Liveness); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (m *Models) open(dir string, liveness bool) error {
	manifest, err := ReadManifest(dir)
	if err != nil {
		return err
	}
	m.Manifest = *manifest
	if liveness && m.Liveness == nil {
		return fmt.Errorf("%s names no liveness model", filepath.Join(dir, ManifestFile))
	}
	start := time.Now()
	done := func(step string) {
		m.Opened = append(m.Opened, Step{step, time.Since(start)})
		start = time.Now()
	}
	if err := startRuntime(filepath.Join(dir, m.Runtime)); err != nil {
		return err
	}
	done("load ONNX Runtime")
	if m.detector, err = openNetwork(dir, m.Detector.Input, m.Detector.Scores, m.Detector.Boxes); err != nil {
		return err
	}
	done("load the detector")
	if m.landmarks, err = openNetwork(dir, m.Landmarks.Input, m.Landmarks.Output); err != nil {
		return err
	}
	done("load the landmark model")
	if m.embedder, err = openNetwork(dir, m.Embedder.Input, m.Embedder.Output); err != nil {
		return err
	}
	done("load the embedder")
	if liveness {
		if m.judge, err = openNetwork(dir, m.Liveness.Input, m.Liveness.Output); err != nil {
			return err
		}
		done("load the liveness model")
	}
	err = m.try()
	done("run each once")
	return err
}

// try runs every network on an empty picture.
func (m *Models) try() error {
	r, err := m.NewRecogniser()
	if err != nil {
		return err
	}
	defer r.Close()
	empty := picture.New(image.NewGray(image.Rect(0, 0, 8, 8)))
	if _, err := r.detect(empty, m.Detector.whole(8, 8)); err != nil {
		return err
	}
	box := Box{Width: 8, Height: 8}
	points, err := r.landmark(empty, box)
	if err != nil {
		return err
	}
	if _, err := r.describe(empty, points); err != nil {
		return err
	}
	if r.judging != nil {
		_, err = r.liveness(empty, box)
	}
	return err
}

// Close frees the models. Their recognisers must be closed before.
func (m *Models) Close() error {
	var errs []error
	for _, n := range []*network{m.detector, m.landmarks, m.embedder, m.judge} {
		if n != nil {
			errs = append(errs, n.close())
		}
	}
	return errors.Join(errs...)
}

// Face is a face in a picture.
type Face struct {
	Box       Box
	Score     float32   // how sure the detector is, 0 to 1
	Embedding []float32 // of length 1
	Liveness  *float32  // 0 to 1; nil where it is not asked for
}

// Box is a rectangle in the upright picture: outside this package in fractions of
// its width and height, inside in pixels. It may reach out of the picture.
type Box struct{ X, Y, Width, Height float64 }

// Area is a part of the picture's area.
func (b Box) Area() float64 { return b.Width * b.Height }

func (b Box) scaled(x, y float64) Box { return Box{b.X * x, b.Y * y, b.Width * x, b.Height * y} }

// Recogniser holds the buffers to look at one picture at a time: it is for one
// goroutine at a time.
type Recogniser struct {
	*Models
	detecting, landmarking, embedding *run
	judging                           *run // nil where liveness is not asked for
}

// NewRecogniser takes the memory for a recogniser.
func (m *Models) NewRecogniser() (*Recogniser, error) {
	candidates, points, length := int64(m.Detector.Candidates), int64(m.Landmarks.Points), int64(m.Embedder.Length)
	r := &Recogniser{Models: m}
	var err error
	r.detecting, err = m.detector.newRun([]int64{1, candidates, 2}, []int64{1, candidates, 4})
	if err == nil {
		r.landmarking, err = m.landmarks.newRun([]int64{1, 2 * points})
	}
	if err == nil {
		r.embedding, err = m.embedder.newRun([]int64{1, length})
	}
	if err == nil && m.judge != nil {
		r.judging, err = m.judge.newRun([]int64{1, int64(m.Liveness.Classes)})
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close frees the buffers.
func (r *Recogniser) Close() {
	for _, run := range []*run{r.detecting, r.landmarking, r.embedding, r.judging} {
		if run != nil {
			run.close()
		}
	}
}

// Faces finds and describes the faces in the picture, the surest first, and no more
// of them than the models were opened for. It stops between two steps, of some
// milliseconds each, when ctx ends; the error is ctx's or the runtime's.
func (r *Recogniser) Faces(ctx context.Context, p *picture.Picture) ([]Face, error) {
	seen, err := r.find(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("find faces: %w", err)
	}
	var faces []Face
	for _, f := range seen[:min(len(seen), r.maxFaces)] {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		embedding, err := r.describe(p, f.points)
		if err != nil {
			return nil, fmt.Errorf("describe a face: %w", err)
		}
		if embedding == nil {
			continue
		}
		face := Face{Box: f.box.scaled(1/float64(p.Width), 1/float64(p.Height)), Score: f.score, Embedding: embedding}
		if r.judging != nil {
			live, err := r.liveness(p, f.box)
			if err != nil {
				return nil, fmt.Errorf("judge whether a face is live: %w", err)
			}
			face.Liveness = &live
		}
		faces = append(faces, face)
	}
	return faces, nil
}
