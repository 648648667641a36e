package main

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/xmp"
	facerecog "lineup.dev/lineup/proto"
)

// sidecar is XMP that names one face.
func sidecar(name string) []byte {
	return xmp.Write(xmp.Regions{Faces: []xmp.Region{
		{Name: name, Box: lineup.Box{X: 0.5, Y: 0.25, Width: 0.25, Height: 0.5}},
		{Name: "a machine's", Machine: true, Box: lineup.Box{X: 0, Y: 0, Width: 0.1, Height: 0.1}},
	}})
}

// pngWith is a picture of 40 × 20 pixels with these chunks behind its header.
func pngWith(t *testing.T, chunks ...string) []byte {
	t.Helper()
	plain := blank(t, 40, 20)
	const header = 8 + 25
	file := append([]byte{}, plain[:header]...)
	for _, chunk := range chunks { // four letters of its kind, and the content
		file = binary.BigEndian.AppendUint32(file, uint32(len(chunk)-4))
		file = append(file, chunk...)
		file = binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE([]byte(chunk)))
	}
	return append(file, plain[header:]...)
}

func embedded(packet []byte) string {
	return "iTXtXML:com.adobe.xmp\x00\x00\x00\x00\x00" + string(packet)
}

// orientation is a PNG's EXIF chunk that says how the camera was held.
func orientation(held byte) string {
	return "eXIfII*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00" + string(held) + "\x00\x00\x00\x00\x00\x00\x00"
}

func TestNamesInMetadataAreTold(t *testing.T) {
	config := forTests(t)
	config.ImportRegions = "on"
	s := facerecog.NewIdentifyClient(startReady(t, config))
	for name, c := range map[string]struct {
		body    []byte
		beside  map[string]string
		who     string
		box     lineup.Box
		warning string
	}{
		"nothing":                    {body: pngWith(t)},
		"embedded":                   {body: pngWith(t, embedded(sidecar("Anna"))), who: "Anna", box: lineup.Box{X: 0.5, Y: 0.25, Width: 0.25, Height: 0.5}},
		"a file beside it":           {body: pngWith(t, embedded(sidecar("Anna"))), beside: map[string]string{"x.png.xmp": string(sidecar("Bea"))}, who: "Bea", box: lineup.Box{X: 0.5, Y: 0.25, Width: 0.25, Height: 0.5}},
		"one without the extension":  {body: pngWith(t), beside: map[string]string{"x.xmp": string(sidecar("Cal"))}, who: "Cal", box: lineup.Box{X: 0.5, Y: 0.25, Width: 0.25, Height: 0.5}},
		"one without faces":          {body: pngWith(t, embedded(sidecar("Anna"))), beside: map[string]string{"x.xmp": "<x/>"}, who: "Anna", box: lineup.Box{X: 0.5, Y: 0.25, Width: 0.25, Height: 0.5}},
		"one that is malformed":      {body: pngWith(t, embedded(sidecar("Anna"))), beside: map[string]string{"x.xmp": "<!DOCTYPE x><x/>"}, who: "Anna", box: lineup.Box{X: 0.5, Y: 0.25, Width: 0.25, Height: 0.5}, warning: "x.xmp beside it is malformed"},
		"one that is too large":      {body: pngWith(t), beside: map[string]string{"x.xmp": strings.Repeat(" ", 2<<20)}, warning: "x.xmp beside it cannot be read"},
		"embedded, malformed":        {body: pngWith(t, embedded([]byte("<x>"))), warning: "its XMP is malformed"},
		"a camera held on its side":  {body: pngWith(t, orientation(6), embedded(sidecar("Anna"))), who: "Anna", box: lineup.Box{X: 0.25, Y: 0.5, Width: 0.5, Height: 0.25}},
		"a camera held upside down":  {body: pngWith(t, orientation(3), embedded(sidecar("Anna"))), who: "Anna", box: lineup.Box{X: 0.25, Y: 0.25, Width: 0.25, Height: 0.5}},
		"told of the picture turned": {body: pngWith(t, orientation(8), embedded([]byte(strings.Replace(string(sidecar("Anna")), "<mwg-rs:RegionList>", `<mwg-rs:AppliedToDimensions stDim:w="20" stDim:h="40"/><mwg-rs:RegionList>`, 1)))), who: "Anna", box: lineup.Box{X: 0.5, Y: 0.25, Width: 0.25, Height: 0.5}},
		"told of the picture stored": {body: pngWith(t, orientation(8), embedded([]byte(strings.Replace(string(sidecar("Anna")), "<mwg-rs:RegionList>", `<mwg-rs:AppliedToDimensions stDim:w="40" stDim:h="20"/><mwg-rs:RegionList>`, 1)))), who: "Anna", box: lineup.Box{X: 0.25, Y: 0.25, Width: 0.5, Height: 0.25}},
	} {
		folder := testkit.Must(os.MkdirTemp(config.ImagesURL, "x"))(t)
		write(t, filepath.Join(folder, "x.png"), c.body)
		for file, content := range c.beside {
			write(t, filepath.Join(folder, file), []byte(content))
		}
		response, err := s.Identify(t.Context(), &facerecog.IdentifyRequest{ImagePath: filepath.Join(filepath.Base(folder), "x.png")})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !strings.Contains(response.Warning, c.warning) || (c.warning == "") != (response.Warning == "") {
			t.Errorf("%s: warning %q, want %q", name, response.Warning, c.warning)
		}
		if c.who == "" {
			if len(response.Regions) > 0 {
				t.Errorf("%s: %v, want no regions", name, response.Regions)
			}
			continue
		}
		if len(response.Regions) != 1 || response.Regions[0].Name != c.who || !sameBox(response.Regions[0].Box, c.box) {
			t.Errorf("%s: %v, want %s at %v", name, response.Regions, c.who, c.box)
		}
	}
}

func sameBox(got *facerecog.Box, want lineup.Box) bool {
	near := func(a float32, b float64) bool { return math.Abs(float64(a)-b) < 1e-4 }
	return near(got.X, want.X) && near(got.Y, want.Y) && near(got.Width, want.Width) && near(got.Height, want.Height)
}

func TestNamesInMetadataAreNotReadUnlessAskedFor(t *testing.T) {
	config := forTests(t)
	s := facerecog.NewIdentifyClient(startReady(t, config))
	write(t, filepath.Join(config.ImagesURL, "x.png"), pngWith(t, embedded(sidecar("Anna"))))
	if response, err := s.Identify(t.Context(), &facerecog.IdentifyRequest{ImagePath: "x.png"}); err != nil || len(response.Regions) > 0 {
		t.Errorf("%v, %v; want no regions", response, err)
	}
}

func TestOfManyRegionsTheFirstAreTold(t *testing.T) {
	config := forTests(t)
	config.ImportRegions, config.MaxRegions = "on", 2
	s := facerecog.NewIdentifyClient(startReady(t, config))
	many := xmp.Regions{Faces: []xmp.Region{{Name: "a machine's", Machine: true, Box: lineup.Box{Width: 0.1, Height: 0.1}}}}
	for _, name := range []string{"Anna", "Bea", "Cal"} {
		many.Faces = append(many.Faces, xmp.Region{Name: name, Box: lineup.Box{X: 0.5, Y: 0.25, Width: 0.25, Height: 0.5}})
	}
	write(t, filepath.Join(config.ImagesURL, "x.png"), pngWith(t, embedded(xmp.Write(many))))
	response := testkit.Must(s.Identify(t.Context(), &facerecog.IdentifyRequest{ImagePath: "x.png"}))(t)
	if len(response.Regions) != 2 || response.Regions[1].Name != "Bea" || !strings.Contains(response.Warning, "REGIONS_MAX") {
		t.Errorf("%v, warning %q; want two regions, and a warning of the third", response.Regions, response.Warning)
	}
}

// What is exported of a picture comes back to the same faces, however the camera was held.
func TestExportedRegionsComeBackForEveryOrientation(t *testing.T) {
	config := forTests(t)
	config.ImportRegions = "on"
	s := facerecog.NewIdentifyClient(startReady(t, config))
	upright := lineup.Box{X: 0.1, Y: 0.2, Width: 0.3, Height: 0.05}
	for held := byte(1); held <= 8; held++ {
		name := string('0'+held) + ".png"
		write(t, filepath.Join(config.ImagesURL, name), pngWith(t, orientation(held)))
		told := testkit.Must(s.Identify(t.Context(), &facerecog.IdentifyRequest{ImagePath: name}))(t).Layout
		layout := lineup.Layout{Width: int(told.GetWidth()), Height: int(told.GetHeight()), Orientation: int(told.GetOrientation())}
		if want := (lineup.Layout{Width: 40, Height: 20, Orientation: int(held)}); layout != want {
			t.Errorf("the layout is %+v, want %+v", layout, want)
		}
		regions := xmp.Regions{Width: 40, Height: 20, Faces: []xmp.Region{{Name: "Anna", Box: layout.Stored(upright)}}}
		write(t, filepath.Join(config.ImagesURL, name+".xmp"), xmp.Write(regions))
		got := testkit.Must(s.Identify(t.Context(), &facerecog.IdentifyRequest{ImagePath: name}))(t).Regions
		if len(got) != 1 || !sameBox(got[0].Box, upright) {
			t.Errorf("of orientation %d the regions are %v, want Anna at %v", held, got, upright)
		}
	}
}
