package face

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"lineup.dev/lineup/pkg/match"
)

// ManifestFile names, in a folder of models, the file that describes them.
const ManifestFile = "models.json"

// Manifest describes a set of models, so that another detector of the same kind,
// another landmark model, or another ArcFace-like embedder fits without code.
// Files are names in the manifest's folder.
type Manifest struct {
	// Name goes into every answer: embeddings of different models cannot be compared.
	Name string `json:"name"`
	// Runtime is the ONNX Runtime library.
	Runtime string `json:"runtime"`
	// Threshold is the cosine similarity at which two faces count as one person's.
	Threshold float64 `json:"threshold"`
	// Margin is by how much a face must be more similar to its person than to any
	// other for that to be no chance.
	Margin float64 `json:"margin"`
	// StrangerThreshold is how similar a face must be to one of nobody known to count as the
	// same person's: above Threshold, as there is no margin. Absent, it is Threshold and Margin
	// together, 1 at most.
	StrangerThreshold float64 `json:"stranger_threshold,omitempty"`
	// FalseMatches is how often two persons are as similar as that or more, measured: pairs of
	// similarity, rising, and rate, falling. Absent, the threshold is the same for every gallery.
	FalseMatches match.Calibration `json:"false_matches,omitempty"`
	// TrueMatches is the same of two photos of one person. Absent, every similarity from 0 to 1
	// is taken to be as frequent.
	TrueMatches match.Calibration `json:"true_matches,omitempty"`
	Detector    Detector          `json:"detector"`
	Landmarks   Landmarks         `json:"landmarks"`
	Embedder    Embedder          `json:"embedder"`
	// Covered may be absent: then what has no stable landmarks is no face.
	Covered *Covered `json:"covered,omitempty"`
	// Liveness may be absent.
	Liveness *Liveness `json:"liveness,omitempty"`
}

// Input is what a network wants to see: one picture as float32 in the order
// channel, row, column, each value v of 0 to 255 given as (v-Mean)/Std.
type Input struct {
	File   string  `json:"file"`
	Input  string  `json:"input"` // the input's name in the network
	Width  int     `json:"width"`
	Height int     `json:"height"`
	Colour Colour  `json:"colour"`
	Mean   float32 `json:"mean"`
	Std    float32 `json:"std"`
	// Interleaved has the channels of each pixel together, for a network that wants row, column,
	// channel.
	Interleaved bool `json:"interleaved,omitempty"`
}

// Colour is the channels of an input, in order.
type Colour string

// The orders of channels there are.
const (
	RGB  Colour = "RGB"
	BGR  Colour = "BGR"
	Grey Colour = "grey"
)

// Detector is a network that takes a whole picture and gives, for each of
// Candidates places, scores (no face, face) and a box as left, top, right, bottom
// in fractions of its input; or with Levels what these say.
type Detector struct {
	Input
	Scores     string  `json:"scores,omitempty"` // the outputs' names
	Boxes      string  `json:"boxes,omitempty"`
	Candidates int     `json:"candidates,omitempty"`
	Score      float32 `json:"score"`   // from which on a candidate is a face
	Overlap    float64 `json:"overlap"` // intersection over union above which two boxes are one face

	Levels []Level `json:"levels,omitempty"`
	Coding Coding  `json:"coding,omitempty"` // of the boxes and points of levels
	Logits bool    `json:"logits,omitempty"` // the scores of levels are still to be mapped to 0 to 1
	// Points is how many points of a face levels give, eyes first. They take the place of landmarks
	// where the manifest names no model of these.
	Points int `json:"points,omitempty"`
}

// Landmarks is a network that takes a square around a face, Crop times as wide
// as the face's box is high, and gives Points points as x, y in fractions of it. Without a
// File the detector's points are taken, and whatever it finds is a face.
type Landmarks struct {
	Input
	Output string  `json:"output"`
	Points int     `json:"points"`
	Crop   float64 `json:"crop"`
	// MaxDisplacement is how far the points may move on average, in heights of the box,
	// when the square is moved a little; with more it is no face. 0 takes all for faces.
	MaxDisplacement float64 `json:"max_displacement"`
	// Align lists the points whose means are laid upon the embedder's Align, in
	// its order.
	Align [][]int `json:"align"`
}

// Embedder is a network that takes one aligned face and gives Length numbers.
type Embedder struct {
	Input
	Output string `json:"output"`
	Length int    `json:"length"`
	// Align is where the points lie in the input, as x, y in pixels, the first
	// pixel's centre being 0, 0.
	Align [][2]float64 `json:"align"`
	// MinNorm is the norm of the numbers as a vector below which there is no face to
	// describe. 0 takes all for faces.
	MinNorm float64 `json:"min_norm"`
}

// Covered is when that has a face in it of which the landmarks are not stable.
type Covered struct {
	// Second is another detector, which is asked, too.
	Second Detector `json:"second"`
	// Sides are how wide the squares around the box are that it sees, in heights of the box.
	Sides []float64 `json:"sides"`
	Score float32   `json:"score"` // its mean score over these, and a little of the first's, that a face has
	Most  int       `json:"most"`  // how many places of a picture are looked at so
	// MinNorm is as the embedder's, which a part of a face hardly reaches.
	MinNorm float64 `json:"min_norm"`
}

// Liveness is a network that takes a face's box grown Crop times, as far as the
// picture goes, and gives a logit for each of Classes classes, of which Live is that
// of a face that is there in person.
type Liveness struct {
	Input
	Output  string  `json:"output"`
	Crop    float64 `json:"crop"`
	Classes int     `json:"classes"`
	Live    int     `json:"live"`
}

// ReadManifest reads and checks the manifest in dir.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, ManifestFile)
	text, err := os.ReadFile(path) //nolint:gosec // the folder is a setting
	if err != nil {
		return nil, fmt.Errorf("read the models' manifest: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	m := new(Manifest)
	if err := decoder.Decode(m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if m.StrangerThreshold == 0 {
		m.StrangerThreshold = min(m.Threshold+m.Margin, 1)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// check finds what would make no sense before a network is asked about it.
func (m *Manifest) check() error {
	errs := []error{
		require(m.Name != "", "name is missing"),
		require(filepath.IsLocal(m.Runtime), "runtime must be a file's name"),
		require(m.Threshold > 0 && m.Threshold <= 1, "threshold must be above 0, at most 1"),
		require(m.Margin >= 0 && m.Margin <= 1, "margin must be 0 to 1"),
		require(m.StrangerThreshold >= m.Threshold && m.StrangerThreshold <= 1, "stranger_threshold must be threshold at least, at most 1"),

		m.Detector.check("detector"),
		m.Landmarks.check(m.Detector.Points),

		m.Embedder.check("embedder"),
		require(m.Embedder.Length > 0 && m.Embedder.Length <= 8192, "embedder: length must be 1 to 8192"),
		require(m.Embedder.MinNorm >= 0, "embedder: min_norm must be 0 or above"),
		require(len(m.Embedder.Align) >= 2, "embedder: align must have at least 2 points"),
		require(len(m.Landmarks.Align) == len(m.Embedder.Align), "landmarks and embedder must have align of one length"),
	}
	errs = append(errs, checkMatches("false_matches", m.FalseMatches), checkMatches("true_matches", m.TrueMatches), m.Covered.check())
	if l := m.Liveness; l != nil {
		errs = append(errs,
			l.check("liveness"),
			require(l.Crop >= 1, "liveness: crop must be 1 or above"),
			require(0 <= l.Live && l.Live < l.Classes, "liveness: live must be one of the classes, counted from 0"))
	}
	return errors.Join(errs...)
}

// check gets how many points the detector gives.
func (l Landmarks) check(points int) error {
	var errs []error
	if l.File == "" {
		errs = append(errs, require(points > 0, "landmarks: file is missing, and the detector gives no points"))
	} else {
		points = l.Points
		errs = append(errs,
			l.Input.check("landmarks"),
			require(l.Crop > 0, "landmarks: crop must be above 0"),
			require(l.Points > 0, "landmarks: points must be above 0"),
			require(l.MaxDisplacement >= 0, "landmarks: max_displacement must be 0 or above"))
	}
	for _, group := range l.Align {
		errs = append(errs, require(len(group) > 0, "landmarks: align has an empty group"))
		for _, i := range group {
			errs = append(errs, require(0 <= i && i < points, "landmarks: align names point %d of %d", i, points))
		}
	}
	return errors.Join(errs...)
}

func checkMatches(name string, c match.Calibration) error {
	errs := []error{require(len(c) != 1, "%s must have 2 pairs at least", name)}
	for i, pair := range c {
		errs = append(errs, require(pair[1] > 0 && pair[1] < 1 && (i == 0 || pair[0] > c[i-1][0] && pair[1] < c[i-1][1]),
			"%s: similarities must rise, rates fall between 1 and 0", name))
	}
	return errors.Join(errs...)
}

func (c *Covered) check() error {
	if c == nil {
		return nil
	}
	errs := []error{
		c.Second.check("covered: second"),
		require(len(c.Sides) > 0, "covered: sides must have one at least"),
		require(c.Score > 0 && c.Score <= 1, "covered: score must be above 0, at most 1"),
		require(c.Most > 0, "covered: most must be above 0"),
		require(c.MinNorm >= 0, "covered: min_norm must be 0 or above"),
	}
	for _, side := range c.Sides {
		errs = append(errs, require(side >= 1, "covered: sides must be 1 or above"))
	}
	return errors.Join(errs...)
}
