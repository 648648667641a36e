// Package face finds the faces in a picture and describes each by a vector of
// length 1, such that the cosine of two vectors says how alike two faces are.
//
// The way is the usual one: a detector finds boxes, a landmark model finds eyes,
// nose and mouth in each, the face is turned and scaled so that these lie where
// the embedder expects them, and the embedder describes it.
package face

import (
	"context"
	"errors"
	"fmt"
	"image"
	"path/filepath"

	"lineup/face-server/picture"
)

// Models is a loaded set of models, shared by any number of recognisers.
type Models struct {
	Manifest
	detector, landmarks, embedder *network
}

// Open loads the models that the manifest in dir names, and runs each once: a
// manifest that does not fit its models is found here.
func Open(dir string) (*Models, error) {
	manifest, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	if err := startRuntime(filepath.Join(dir, manifest.Runtime)); err != nil {
		return nil, err
	}
	m := &Models{Manifest: *manifest}
	m.detector, err = openNetwork(dir, m.Detector.Input, m.Detector.Scores, m.Detector.Boxes)
	if err == nil {
		m.landmarks, err = openNetwork(dir, m.Landmarks.Input, m.Landmarks.Output)
	}
	if err == nil {
		m.embedder, err = openNetwork(dir, m.Embedder.Input, m.Embedder.Output)
	}
	if err == nil {
		err = m.try()
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// try runs every network on an empty picture.
func (m *Models) try() error {
	r, err := m.NewRecogniser()
	if err != nil {
		return err
	}
	defer r.Close()
	empty := picture.New(image.NewGray(image.Rect(0, 0, 8, 8)))
	if _, err := r.detect(empty); err != nil {
		return err
	}
	_, err = r.describe(empty, Box{Width: 8, Height: 8})
	return err
}

// Close frees the models. Their recognisers must be closed before.
func (m *Models) Close() error {
	var errs []error
	for _, n := range []*network{m.detector, m.landmarks, m.embedder} {
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
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close frees the buffers.
func (r *Recogniser) Close() {
	for _, run := range []*run{r.detecting, r.landmarking, r.embedding} {
		if run != nil {
			run.close()
		}
	}
}

// Faces finds and describes every face in the picture, in no particular order. It
// stops between two steps when ctx ends; the error is ctx's or the runtime's.
func (r *Recogniser) Faces(ctx context.Context, p *picture.Picture) ([]Face, error) {
	faces, err := r.detect(p)
	if err != nil {
		return nil, fmt.Errorf("find faces: %w", err)
	}
	for i := range faces {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if faces[i].Embedding, err = r.describe(p, faces[i].Box); err != nil {
			return nil, fmt.Errorf("describe a face: %w", err)
		}
		faces[i].Box = faces[i].Box.scaled(1/float64(p.Width), 1/float64(p.Height))
	}
	return faces, nil
}
