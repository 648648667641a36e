// Package xmp reads from XMP, and writes, whose faces a picture shows: the regions of the
// Metadata Working Group (MWG 2.0, section 5.9), as photo managers keep them.
package xmp

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"lineup.dev/lineup/pkg/lineup"
)

// Namespaces of XMP, and Lineup's own, of which other programs take no notice.
const (
	nsRDF     = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	nsRegions = "http://www.metadataworkinggroup.com/schemas/regions/"
	nsArea    = "http://ns.adobe.com/xmp/sType/Area#"
	nsSize    = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
	nsLineup  = "https://lineup.dev/ns/regions/1.0/"
)

// Limits of what is read.
const (
	maxRegions = 1000
	maxName    = 200 // characters
	maxNot     = 100 // names of one region
)

// Regions are the faces that a picture's XMP tells of.
type Regions struct {
	// Width and Height are of the picture that the regions were made for, in pixels; 0
	// where that is not told.
	Width, Height float64
	// Upright says that the boxes are of the picture as viewers show it. Else they are of
	// its pixels as they are stored, as a rule.
	Upright bool
	Faces   []Region
}

// Region is a face, and what is said of it.
type Region struct {
	Box     lineup.Box // in fractions of the picture
	Name    string     // whose it is; empty for nobody's
	Ignored bool       // it is nobody's business
	Not     []string   // who it is not
	Machine bool       // a machine said whose it is
}

// ErrMalformed says that something is no XMP that can be read.
var ErrMalformed = errors.New("its XMP cannot be read")

// Read gives the faces that an XMP packet tells of, all with a box in the picture. What
// makes no sense of a region leaves that one out. The error wraps ErrMalformed.
func Read(packet []byte) (Regions, error) {
	root, err := parse(packet)
	if err != nil {
		return Regions{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	found := Regions{}
	for _, of := range root.find(nsRegions, "Regions") {
		if size := of.property(nsRegions, "AppliedToDimensions"); size != nil {
			found.Width, found.Height = size.number(nsSize, "w"), size.number(nsSize, "h")
		}
		found.Upright = strings.EqualFold(of.text(nsLineup, "Upright"), "true")
		list := of.property(nsRegions, "RegionList")
		if list == nil {
			continue
		}
		for _, item := range list.items() {
			if region, ok := readRegion(item); ok && len(found.Faces) < maxRegions {
				found.Faces = append(found.Faces, region)
			}
		}
	}
	return found, nil
}

// readRegion is a face's; ok is false for anything else, and for one that nothing is said of.
func readRegion(n *node) (r Region, ok bool) {
	if kind := n.text(nsRegions, "Type"); kind != "" && !strings.EqualFold(kind, "Face") {
		return r, false
	}
	if r.Box, ok = readArea(n.property(nsRegions, "Area")); !ok {
		return r, false
	}
	r.Name = n.text(nsRegions, "Name")
	r.Ignored = strings.EqualFold(n.text(nsLineup, "Ignored"), "true")
	r.Machine = n.text(nsLineup, "DecidedBy") == string(lineup.ByMachine)
	if not := n.property(nsLineup, "Not"); not != nil {
		for _, item := range not.items() {
			if name := strings.TrimSpace(string(item.content)); sensible(name) && name != "" && len(r.Not) < maxNot {
				r.Not = append(r.Not, name)
			}
		}
	}
	return r, sensible(r.Name) && (r.Name != "" || r.Ignored || len(r.Not) > 0)
}

// readArea is where a region lies; ok is false where that makes no sense.
func readArea(area *node) (box lineup.Box, ok bool) {
	if area == nil {
		return box, false
	}
	if unit := area.text(nsArea, "unit"); unit != "" && unit != "normalized" {
		return box, false
	}
	x, y, width, height := area.number(nsArea, "x"), area.number(nsArea, "y"), area.number(nsArea, "w"), area.number(nsArea, "h")
	if diameter := area.number(nsArea, "d"); diameter > 0 && width == 0 && height == 0 { // a circle
		width, height = diameter, diameter
	}
	return clip(x-width/2, y-height/2, width, height)
}

// sensible tells whether somebody can be called so.
func sensible(name string) bool {
	return utf8.RuneCountInString(name) <= maxName && !strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f })
}

// clip is the part of a box that lies in the picture.
func clip(x, y, width, height float64) (lineup.Box, bool) {
	left, top, right, bottom := max(x, 0), max(y, 0), min(x+width, 1), min(y+height, 1)
	if !(width > 0 && height > 0 && left < right && top < bottom) { // nor is NaN
		return lineup.Box{}, false
	}
	return lineup.Box{X: left, Y: top, Width: right - left, Height: bottom - top}, true
}

// text is the property as text.
func (n *node) text(space, name string) string {
	if p := n.property(space, name); p != nil {
		return strings.TrimSpace(string(p.content))
	}
	return ""
}

// number is the property as a number: 0 where there is none, NaN for what is no number.
func (n *node) number(space, name string) float64 {
	text := n.text(space, name)
	if text == "" {
		return 0
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(number, 0) {
		return math.NaN()
	}
	return number
}
