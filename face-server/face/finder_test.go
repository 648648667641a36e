package face

import (
	"encoding/json"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/local/deptest"
)

// output is one of a network that gives the same whatever it sees.
type output struct {
	name   string
	shape  []int
	values map[int]float32 // where they are not 0
}

// inputName is that of the input of such networks.
const inputName = "input"

// constant writes such a network in ONNX, which wants pictures of a size, and gives its path.
func constant(t *testing.T, width, height int, outputs ...output) string {
	t.Helper()
	field := func(n protowire.Number, body []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), body)
	}
	number := func(n protowire.Number, v int) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), uint64(v))
	}
	const float = 1
	info := func(name string, shape []int) []byte {
		var dims []byte
		for _, n := range shape {
			dims = append(dims, field(1, number(1, n))...)
		}
		return slices.Concat(field(1, []byte(name)), field(2, field(1, slices.Concat(number(1, float), field(2, dims)))))
	}
	graph := slices.Concat(field(2, []byte("constant")), field(11, info(inputName, []int{1, 3, height, width})))
	for _, out := range outputs {
		size := 1
		tensor := number(2, float)
		for _, n := range out.shape {
			size *= n
			tensor = append(tensor, number(1, n)...)
		}
		var values []byte
		for i := range size {
			values = protowire.AppendFixed32(values, math.Float32bits(out.values[i]))
		}
		tensor = append(tensor, field(9, values)...)
		attribute := slices.Concat(field(1, []byte("value")), field(5, tensor), number(20, 4))
		graph = append(graph, field(1, slices.Concat(field(2, []byte(out.name)), field(4, []byte("Constant")), field(5, attribute)))...)
		graph = append(graph, field(12, info(out.name, out.shape))...)
	}
	path := filepath.Join(t.TempDir(), "constant.onnx")
	if err := os.WriteFile(path, slices.Concat(number(1, 8), field(8, number(2, 13)), field(7, graph)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// finderOf is a detector on such a network. The error is that of its manifest or shapes.
func finderOf(t *testing.T, d Detector, outputs ...output) (*finder, error) {
	t.Helper()
	if err := startRuntime(filepath.Join(deptest.Models(t), "libonnxruntime.so.1")); err != nil {
		t.Fatal(err)
	}
	path := constant(t, d.Width, d.Height, outputs...)
	d.File, d.Input.Input, d.Colour, d.Std, d.Overlap, d.Score = filepath.Base(path), inputName, RGB, 1, 0.3, 0.5
	if err := d.check("detector"); err != nil {
		t.Fatal(err)
	}
	n, err := openNetwork(filepath.Dir(path), d.Input, d.outputs()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.close() })
	f, err := d.newFinder(n)
	if err == nil {
		t.Cleanup(f.close)
	}
	return f, err
}

// What SCRFD, YuNet and BlazeFace give for one face, of 64×64 pixels, in their own ways.
func TestDetectorsOfOtherKinds(t *testing.T) {
	points := [][2]float64{{30, 30}, {50, 30}, {40, 40}, {32, 52}, {48, 52}}
	want := Box{X: 24, Y: 16, Width: 32, Height: 48}
	// rows gives numbers to the row of an anchor.
	rows := func(row int, numbers ...float64) map[int]float32 {
		values := map[int]float32{}
		for i, v := range numbers {
			values[row*len(numbers)+i] = float32(v)
		}
		return values
	}
	var inStrides, inPixels []float64
	for _, p := range points {
		inStrides = append(inStrides, (p[0]-32)/8, (p[1]-24)/8)
		inPixels = append(inPixels, p[0]-36, p[1]-28)
	}
	const place = 3*8 + 4 // column 4, row 3 of 8 by 8
	for name, c := range map[string]struct {
		detector Detector
		outputs  []output
	}{
		"SCRFD": {
			Detector{Coding: Distances, Points: 5, Levels: []Level{{Stride: 8, Anchors: 2, Scores: "score", Boxes: "box", Points: "points"}}},
			[]output{
				{"score", []int{128, 1}, map[int]float32{2*place + 1: 0.75}},
				{"box", []int{128, 4}, rows(2*place+1, 1, 1, 3, 5)},
				{"points", []int{128, 10}, rows(2*place+1, inStrides...)},
			},
		},
		"YuNet": {
			Detector{Coding: Exponents, Points: 5, Levels: []Level{
				{Stride: 32, Anchors: 1, Scores: "score32", Objects: "object32", Boxes: "box32", Points: "points32"},
				{Stride: 8, Anchors: 1, Scores: "score", Objects: "object", Boxes: "box", Points: "points"},
			}},
			[]output{
				{"score32", []int{1, 4, 1}, nil}, {"object32", []int{1, 4, 1}, nil}, {"box32", []int{1, 4, 4}, nil}, {"points32", []int{1, 4, 10}, nil},
				{"score", []int{1, 64, 1}, map[int]float32{place: 0.625, 7: 1}},
				{"object", []int{1, 64, 1}, map[int]float32{place: 0.9, 9: 1}},
				{"box", []int{1, 64, 4}, rows(place, 1, 2, math.Log(4), math.Log(6))},
				{"points", []int{1, 64, 10}, rows(place, inStrides...)},
			},
		},
		"BlazeFace": {
			Detector{Coding: Pixels, Logits: true, Points: 5, Levels: []Level{{Stride: 8, Anchors: 1, Scores: "score", Boxes: "box"}}},
			[]output{
				{"score", []int{1, 64, 1}, func() map[int]float32 {
					values := map[int]float32{}
					for i := range 64 {
						values[i] = -9
					}
					values[place] = float32(math.Log(3)) // 0.75
					return values
				}()},
				{"box", []int{1, 64, 14}, rows(place, append([]float64{4, 12, 32, 48}, inPixels...)...)},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.detector.Width, c.detector.Height = 64, 64
			f, err := finderOf(t, c.detector, c.outputs...)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.run(picture.New(image.NewGray(image.Rect(0, 0, 64, 64))), picture.Scale(1, 1, 0, 0)); err != nil {
				t.Fatal(err)
			}
			found := f.candidates(0.5)
			if len(found) != 1 || math.Abs(float64(found[0].score)-0.75) > 1e-6 || iou(found[0].box, want) < 0.9999 || len(found[0].points) != 5 {
				t.Fatalf("found %v, want one of score 0.75 in %v with 5 points", found, want)
			}
			for i, p := range points {
				if got := found[0].points[i]; math.Abs(real(got)-p[0]) > 1e-4 || math.Abs(imag(got)-p[1]) > 1e-4 {
					t.Errorf("point %d is at %v, want %v", i, got, p)
				}
			}
		})
	}
}

// What does not fit the network is said when it is opened, with what to compare.
func TestLevelsThatDoNotFit(t *testing.T) {
	d := Detector{Coding: Distances, Levels: []Level{{Stride: 16, Anchors: 2, Scores: "score", Boxes: "box"}}}
	d.Width, d.Height = 64, 64
	_, err := finderOf(t, d, output{"score", []int{128, 1}, nil}, output{"box", []int{128, 4}, nil})
	if err == nil || !strings.Contains(err.Error(), "output score has 128 numbers, and by the manifest 32") {
		t.Errorf("error is %v, want one that compares the numbers", err)
	}
}

// A detector with points needs no landmark model, and an embedder may give 128 to 1,024 numbers:
// the manifest says so, and faces are found and described.
func TestModelsOfOtherKinds(t *testing.T) {
	dir := deptest.Models(t)
	for _, length := range []int{128, 1024} {
		m, err := ReadManifest(dir)
		if err != nil {
			t.Fatal(err)
		}
		embedder := constant(t, 112, 112, output{"numbers", []int{1, length}, map[int]float32{3: 5}})
		m.Embedder.File, m.Embedder.Input.Input, m.Embedder.Output, m.Embedder.Length = "embedder.onnx", inputName, "numbers", length
		m.Embedder.Align = m.Embedder.Align[:3]
		m.Detector, m.Covered = m.Covered.Second, nil
		m.Detector.Score = 0.6
		m.Landmarks = Landmarks{Align: [][]int{{0}, {1}, {2}}} // eyes and nose
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		other := t.TempDir()
		for from, to := range map[string]string{
			filepath.Join(dir, m.Runtime): m.Runtime, filepath.Join(dir, m.Detector.File): m.Detector.File, embedder: m.Embedder.File,
		} {
			if err := os.Symlink(from, filepath.Join(other, to)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(other, ManifestFile), text, 0o600); err != nil {
			t.Fatal(err)
		}
		checkOther(t, other, length)
	}
}

// checkOther looks for the sample people with the models in dir.
func checkOther(t *testing.T, dir string, length int) {
	t.Helper()
	models, err := Open(dir, Options{Rotations: true})
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close()
	r, err := models.NewRecogniser()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	photos, err := filepath.Glob(filepath.Join(deptest.Samples(t), "people", "*.jpg"))
	if err != nil || len(photos) == 0 {
		t.Fatalf("%d photos, error %v", len(photos), err)
	}
	for _, path := range photos {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		p, err := picture.Decode(t.Context(), body, picture.Limits{Pixels: 1 << 24, Memory: 1 << 28, Frames: 1, Detail: models.Detail})
		if err != nil {
			t.Fatal(err)
		}
		found, err := r.Faces(t.Context(), p)
		if err != nil || len(found) != 1 || len(found[0].Embedding) != length || found[0].Embedding[3] != 1 {
			t.Errorf("%s: %d faces, error %v; want 1 of %d numbers", filepath.Base(path), len(found), err, length)
		}
	}
}
