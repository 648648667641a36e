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
