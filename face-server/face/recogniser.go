package face

import (
	"context"
	"fmt"
	"image"

	"lineup.dev/lineup/face-server/picture"
)

// Face is a face in a picture.
type Face struct {
	Box       Box       // in the picture as it is, whichever way the face is up
	Turns     int       // quarter turns clockwise, 0 to 3, that set the face upright
	Score     float32   // how sure the detector is, 0 to 1
	Embedding []float32 // of length 1
	Liveness  *float32  // 0 to 1; nil where it is not asked for
	// Occluded tells that its landmarks are not sure: it is covered in part, turned aside or
	// hardly lit, and its embedding says less.
	Occluded bool
}

// Recogniser holds the buffers that one picture at a time takes: it is for one
// goroutine at a time.
type Recogniser struct {
	*Models
	finder         *finder
	second         *finder // nil where covered faces are not looked for
	landmarkRunner *runner // nil where the detector gives the landmarks
	embedderRunner *runner
	livenessRunner *runner // nil where liveness is not asked for

	tiled canvas // what the tiles of a picture are parts of
}

// NewRecogniser takes the memory for a recogniser.
func (m *Models) NewRecogniser() (*Recogniser, error) {
	r := &Recogniser{Models: m}
	var err error
	r.finder, err = m.Detector.newFinder(m.detector)
	if err == nil && m.Covered != nil && m.secondModel != nil {
		r.second, err = m.Covered.Second.newFinder(m.secondModel)
	}
	if err == nil && m.landmarks != nil {
		r.landmarkRunner, err = m.landmarks.newRunner([]int64{1, 2 * int64(m.Landmarks.Points)})
	}
	if err == nil {
		r.embedderRunner, err = m.embedder.newRunner([]int64{1, int64(m.Embedder.Length)})
	}
	if err == nil && m.livenessModel != nil {
		r.livenessRunner, err = m.livenessModel.newRunner([]int64{1, int64(m.Liveness.Classes)})
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close frees the buffers.
func (r *Recogniser) Close() {
	runners := []*runner{r.landmarkRunner, r.embedderRunner, r.livenessRunner}
	for _, f := range []*finder{r.finder, r.second} {
		if f != nil {
			runners = append(runners, f.runner)
		}
	}
	for _, run := range runners {
		if run != nil {
			run.close()
		}
	}
}

// Faces finds and describes the faces in the picture, those of the highest score first,
// and no more of them than the models were opened for. It stops between two steps, of some
// milliseconds each, when ctx ends; the error is ctx's or the runtime's.
func (r *Recogniser) Faces(ctx context.Context, p *picture.Picture) ([]Face, error) {
	detections, doubtful, turns, err := r.findAnyWayUp(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("find faces: %w", err)
	}
	p = p.Rotated(turns)
	covered, err := r.covered(ctx, p, detections, doubtful)
	if err != nil {
		return nil, fmt.Errorf("look for covered faces: %w", err)
	}
	detections = append(detections, covered...)
	var faces []Face
	for _, d := range detections[:min(len(detections), r.maxFaces)] {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		embedding, err := r.embed(p, d)
		if err != nil {
			return nil, fmt.Errorf("describe a face: %w", err)
		}
		if embedding == nil {
			continue
		}
		box := d.box.scaled(1/float64(p.Width), 1/float64(p.Height))
		face := Face{Box: box.Rotated(-turns), Turns: turns, Score: d.score, Embedding: embedding, Occluded: d.covered}
		if r.livenessRunner != nil {
			live, err := r.liveness(p, d.box)
			if err != nil {
				return nil, fmt.Errorf("score the liveness of a face: %w", err)
			}
			face.Liveness = &live
		}
		faces = append(faces, face)
	}
	return faces, nil
}

// warmUp runs every network on an empty picture.
func (m *Models) warmUp() error {
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
	points := make([]complex128, r.Detector.Points)
	if r.landmarkRunner != nil {
		if points, err = r.landmark(empty, box); err != nil {
			return err
		}
	}
	if _, err := r.embed(empty, detection{landmarks: points}); err != nil {
		return err
	}
	if r.second != nil {
		if _, err := r.secondScore(empty, box, 1); err != nil {
			return err
		}
	}
	if r.livenessRunner != nil {
		_, err = r.liveness(empty, box)
	}
	return err
}
