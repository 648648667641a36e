// Package face finds the faces in a picture and describes each by an embedding: a
// vector of length 1, such that the cosine of two says how alike two faces are.
//
// The pipeline is the usual one: a detector finds boxes, a landmark model finds eyes,
// nose and mouth in each, the face is aligned, so that these lie where the embedder
// expects them, and the embedder describes it.
package face

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// Options are what a set of models can be opened with; the zero value is right for
// most.
type Options struct {
	// Effort is how closely pictures are searched for faces.
	Effort Effort
	// MaxFaces is how many faces of a picture are described, those of the highest
	// score; 0 means 256.
	MaxFaces int
	// Rotations has a picture in which nobody is found upright searched on its sides
	// and its head, too: three more looks at the whole of it.
	Rotations bool
	// Liveness has every face judged by the manifest's liveness model, too.
	Liveness bool
}

const defaultMaxFaces = 256

// Models is a loaded set of models, shared by any number of recognisers.
type Models struct {
	Manifest
	// Opened is what opening them took, in order.
	Opened []Step

	detector, landmarks, embedder *network
	secondModel                   *network // nil where covered faces are not looked for
	livenessModel                 *network // nil where liveness is not asked for
	effort                        Effort
	maxFaces                      int
	rotations                     bool
}

// Step is a part of what opening took.
type Step struct {
	Name string
	Took time.Duration
}

// Open loads the models that the manifest in dir names, and runs each once: a
// manifest that does not fit its models is found here.
func Open(dir string, o Options) (*Models, error) {
	m := &Models{effort: o.Effort, maxFaces: cmp.Or(o.MaxFaces, defaultMaxFaces), rotations: o.Rotations}
	if err := m.load(dir, o.Liveness); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (m *Models) load(dir string, liveness bool) error {
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
	for _, one := range m.networks(liveness) {
		if *one.to, err = openNetwork(dir, one.input, one.outputs...); err != nil {
			return err
		}
		done("load the " + one.name)
	}
	err = m.warmUp()
	done("run each once")
	return err
}

// loaded is a network to load.
type loaded struct {
	name    string
	to      **network
	input   Input
	outputs []string
}

func (m *Models) networks(liveness bool) []loaded {
	all := []loaded{{"detector", &m.detector, m.Detector.Input, m.Detector.outputs()}}
	if m.Landmarks.File != "" {
		all = append(all, loaded{"landmark model", &m.landmarks, m.Landmarks.Input, []string{m.Landmarks.Output}})
	}
	all = append(all, loaded{"embedder", &m.embedder, m.Embedder.Input, []string{m.Embedder.Output}})
	if m.Covered != nil {
		all = append(all, loaded{"second detector", &m.secondModel, m.Covered.Second.Input, m.Covered.Second.outputs()})
	}
	if liveness {
		all = append(all, loaded{"liveness model", &m.livenessModel, m.Liveness.Input, []string{m.Liveness.Output}})
	}
	return all
}

// Close frees the models. Their recognisers must be closed before.
func (m *Models) Close() error {
	var errs []error
	for _, n := range []*network{m.detector, m.landmarks, m.embedder, m.secondModel, m.livenessModel} {
		if n != nil {
			errs = append(errs, n.close())
		}
	}
	return errors.Join(errs...)
}
