package main

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/match"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

// Limits of what a face server may answer.
const (
	responseBytes = 32 << 20
	maxFaces      = 1000
	maxDescriptor = 4096 // its length
	maxCandidates = 20   // of one face
	maxNotNames   = 100  // of one region
)

// readFaces trusts nothing that a face server says: a number outside the range that
// the contract names is left out, and so is what would not fit a row. A server that
// knows only the original API's field tells one face, or none.
func readFaces(response *facerecog.IdentifyResponse) []lineup.Face {
	if name := imageName(response.GetImageName()); len(response.GetFaces()) == 0 && name != "" {
		return []lineup.Face{{ImageName: name}}
	}
	faces := []lineup.Face{}
	for _, f := range response.GetFaces()[:min(maxFaces, len(response.GetFaces()))] {
		faces = append(faces, readFace(f))
	}
	return faces
}

// readDerived takes what was made of the picture, and names it.
func (o *outcome) readDerived(response *facerecog.IdentifyResponse, name func(n int) lineup.Derived) {
	add := func(n int, body []byte, most int) lineup.Derived {
		file, is := readDerived(name(n), body, most)
		if !is {
			return ""
		}
		o.files = append(o.files, file)
		return file.name
	}
	o.thumbnail, o.large = add(0, response.GetThumbnail(), thumbnailBytes), add(1, response.GetLarge(), largeBytes)
	for i, f := range response.GetFaces()[:min(len(o.faces), len(response.GetFaces()))] {
		o.faces[i].Crop = add(2+i, f.GetCrop(), cropBytes)
	}
}

// withoutDerived is the same where nothing was saved.
func (o *outcome) withoutDerived() {
	o.thumbnail, o.large, o.files = "", "", nil
	for i := range o.faces {
		o.faces[i].Crop = ""
	}
}

func readFace(f *facerecog.Face) lineup.Face {
	face := lineup.Face{ImageName: imageName(f.GetImageName())}
	if len(f.GetEmbedding()) <= maxDescriptor && utf8.RuneCountInString(f.GetModel()) <= store.ModelWidth {
		face.Embedding, face.Model = f.GetEmbedding(), f.GetModel()
	}
	if f.Similarity != nil {
		face.Similarity = within(*f.Similarity, -1, 1)
	}
	face.ChanceWrong = readChance(f.ChanceWrong)
	if f.Score != nil {
		face.Score = within(*f.Score, 0, 1)
	}
	if f.GetBox() != nil {
		face.Box = clip(f.GetBox())
	}
	face.Candidates, face.Strangers = readCandidates(f.GetCandidates()), readCandidates(f.GetStrangers())
	for _, problem := range f.GetProblems() {
		face.Problems = append(face.Problems, strings.ToLower(problem.String()))
	}
	face.Problems = face.Problems[:min(maxProblems, len(face.Problems))]
	face.Occluded = slices.Contains(face.Problems, lineup.Occluded)
	return face
}

// maxProblems is how many there are, and fit a row.
const maxProblems = 6

func readCandidates(told []*facerecog.Candidate) []lineup.Candidate {
	candidates := []lineup.Candidate{}
	for _, c := range told[:min(maxCandidates, len(told))] {
		similarity, name := within(c.GetSimilarity(), -1, 1), imageName(c.GetImageName())
		if similarity != nil && name != "" {
			candidates = append(candidates, lineup.Candidate{PhotoID: c.GetPhotoId(), ImageName: name, Similarity: *similarity, ChanceWrong: readChance(c.ChanceWrong)})
		}
	}
	return candidates
}

// readChance keeps three digits, which are more than anybody knows; nil for what is no chance.
func readChance(told *float64) *float64 {
	if told == nil || !(*told >= 0 && *told <= 1) { // nor is NaN
		return nil
	}
	chance, err := strconv.ParseFloat(strconv.FormatFloat(*told, 'g', 3, 64), 64)
	if err != nil {
		return nil
	}
	return &chance
}

// readComparison is nil where the face server is to be believed whose a face is: it tells
// no rule, or its gallery is a folder, whose states have no numbers.
func readComparison(c *facerecog.Comparison) *store.Comparison {
	threshold, margin := within(c.GetThreshold(), -1, 1), within(c.GetMargin(), 0, 2)
	if c.GetGalleryState() <= 0 || threshold == nil || margin == nil {
		return nil
	}
	rule := match.Rule{Threshold: *threshold, Margin: *margin}
	if stranger := within(c.GetStrangerThreshold(), 0, 1); stranger != nil {
		rule.StrangerThreshold = *stranger
	}
	return &store.Comparison{GalleryState: c.GetGalleryState(), Rule: rule}
}

// readLayout is nil for what no picture has.
func readLayout(l *facerecog.Layout) *lineup.Layout {
	if o := l.GetOrientation(); o < 1 || o > 8 || l.GetWidth() < 0 || l.GetHeight() < 0 {
		return nil
	}
	return &lineup.Layout{Width: int(l.GetWidth()), Height: int(l.GetHeight()), Orientation: int(l.GetOrientation())}
}

// readRegions leaves out what nobody can be called, and what is nowhere.
func readRegions(told []*facerecog.Region) (regions []store.Region) {
	for _, r := range told[:min(maxFaces, len(told))] {
		region := store.Region{Name: personName(r.GetName()), Ignored: r.GetIgnored()}
		for _, name := range r.GetNotNames()[:min(maxNotNames, len(r.GetNotNames()))] {
			if name := personName(name); name != "" {
				region.Not = append(region.Not, name)
			}
		}
		if box := r.GetBox(); box != nil && clip(box) != nil && (region.Name != "" || region.Ignored || len(region.Not) > 0) {
			region.Box = *clip(box)
			regions = append(regions, region)
		}
	}
	return regions
}

// personName is a name in the form that an enrolment would have given it; empty for one
// that nobody can have.
func personName(name string) string {
	name = strings.Join(strings.Fields(norm.NFC.String(strings.ToValidUTF8(name, ""))), " ")
	if utf8.RuneCountInString(name) > store.PersonNameWidth || strings.ContainsFunc(name, unicode.IsControl) || store.Spelling(name) == "" {
		return ""
	}
	return name
}

// readContent leaves out what does not fit a row. A part of it would tell nothing.
func readContent(content string) string {
	if len(content) > store.ContentBytes {
		return ""
	}
	return content
}

func imageName(name string) string {
	if name == facerecog.NotFound || utf8.RuneCountInString(name) > store.ImageNameWidth {
		return ""
	}
	return name
}

// rounding is how far out of its range a number may be for having been rounded.
const rounding = 1e-3

// within is a number of that range; nil for any other, which means something else
// than the contract says.
func within(f float32, low, high float64) *float64 {
	n := float64(f)
	if !(n >= low-rounding && n <= high+rounding) { // nor is NaN
		return nil
	}
	n = min(max(n, low), high)
	return &n
}

// clip is the part of a box that lies in the picture; nil when none does.
func clip(b *facerecog.Box) *lineup.Box {
	cut := func(from, length float32) (start, end float64, ok bool) {
		start, end = float64(from), float64(from)+float64(length)
		return max(start, 0), min(end, 1), start < end && start < 1 && end > 0 && !math.IsInf(start, 0) && !math.IsInf(end, 0)
	}
	left, right, across := cut(b.GetX(), b.GetWidth())
	top, bottom, down := cut(b.GetY(), b.GetHeight())
	if !across || !down {
		return nil
	}
	return &lineup.Box{X: left, Y: top, Width: right - left, Height: bottom - top}
}
