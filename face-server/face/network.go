package face

import (
	"fmt"
	"path/filepath"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"lineup.dev/lineup/face-server/picture"
)

var loading sync.Mutex // the library is one per process, and stays loaded

// startRuntime loads the ONNX Runtime library unless it is loaded already.
func startRuntime(library string) error {
	loading.Lock()
	defer loading.Unlock()
	if ort.IsInitialized() {
		return nil
	}
	ort.SetSharedLibraryPath(library)
	// Its warnings, about the processor mostly, are not for a log of JSON lines.
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return fmt.Errorf("load ONNX Runtime: %w", err)
	}
	return nil
}

// network is a loaded model. It is safe for concurrent use through runners.
type network struct {
	input   Input
	session *ort.DynamicAdvancedSession
}

func openNetwork(dir string, input Input, outputs ...string) (*network, error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("session options: %w", err)
	}
	defer func() { _ = options.Destroy() }() // it only frees memory
	// One picture on one thread: more threads win nothing on networks as small
	// as these, and as many pictures are processed at a time as there are workers.
	// withoutSubnormals needs it: it sets the calling thread alone.
	if err := options.SetIntraOpNumThreads(1); err != nil {
		return nil, fmt.Errorf("session options: %w", err)
	}
	session, err := ort.NewDynamicAdvancedSession(filepath.Join(dir, input.File), []string{input.Input}, outputs, options)
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", input.File, err)
	}
	return &network{input, session}, nil
}

func (n *network) close() error { return n.session.Destroy() }

// runner is a network with buffers of its own, for one goroutine at a time.
type runner struct {
	*network
	in     *ort.Tensor[float32]
	outs   []*ort.Tensor[float32]
	planes []float32 // what is drawn, a plane for each channel: in's own memory unless it is interleaved
}

func (n *network) newRunner(outputs ...ort.Shape) (*runner, error) {
	r := &runner{network: n}
	channels, height, width := int64(n.input.channels()), int64(n.input.Height), int64(n.input.Width)
	shape := ort.NewShape(1, channels, height, width)
	if n.input.Interleaved {
		shape = ort.NewShape(1, height, width, channels)
	}
	var err error
	if r.in, err = ort.NewEmptyTensor[float32](shape); err != nil {
		return nil, fmt.Errorf("buffer for %s: %w", n.input.File, err)
	}
	if r.planes = r.in.GetData(); n.input.Interleaved {
		r.planes = make([]float32, len(r.planes))
	}
	for _, shape := range outputs {
		out, err := ort.NewEmptyTensor[float32](shape)
		if err != nil {
			r.close()
			return nil, fmt.Errorf("buffer for %s: %w", n.input.File, err)
		}
		r.outs = append(r.outs, out)
	}
	return r, nil
}

// askShapes takes buffers for so many outputs of shapes that only the network knows.
func (r *runner) askShapes(count int) error {
	outs := make([]ort.Value, count)
	if err := r.runSession(outs); err != nil {
		return err
	}
	for _, out := range outs {
		numbers, are := out.(*ort.Tensor[float32])
		if !are {
			for _, out := range outs[len(r.outs):] {
				_ = out.Destroy()
			}
			return fmt.Errorf("model %s: its outputs must be float32", r.input.File)
		}
		r.outs = append(r.outs, numbers)
	}
	return nil
}

// close frees the buffers. That fails only when they are freed already.
func (r *runner) close() {
	_ = r.in.Destroy()
	for _, out := range r.outs {
		_ = out.Destroy()
	}
}

// run runs the network on what m maps its input to in the picture. The outputs are
// valid until the next run.
func (r *runner) run(p *picture.Picture, m picture.Affine) error {
	r.input.draw(p, m, r.planes, r.input.Width)
	return r.compute()
}

// draw fills pixels, rows of width of them, with what m maps them to in the picture, as
// the network wants to see it.
func (in Input) draw(p *picture.Picture, m picture.Affine, pixels []float32, width int) {
	n := len(pixels) / in.channels()
	switch in.Colour {
	case RGB:
		p.RGB(pixels[:n], pixels[n:2*n], pixels[2*n:], width, m)
	case BGR:
		p.RGB(pixels[2*n:], pixels[n:2*n], pixels[:n], width, m)
	case Grey:
		p.Grey(pixels, width, m)
	}
	mean, scale := in.Mean, 1/in.Std
	for i, v := range pixels {
		pixels[i] = (v - mean) * scale
	}
}

func (in Input) channels() int {
	if in.Colour == Grey {
		return 1
	}
	return 3
}

// compute runs the network on what was drawn.
func (r *runner) compute() error {
	if r.input.Interleaved {
		pixels, channels := r.in.GetData(), r.input.channels()
		n := len(pixels) / channels
		for i, v := range r.planes {
			pixels[i%n*channels+i/n] = v
		}
	}
	outs := make([]ort.Value, len(r.outs))
	for i, out := range r.outs {
		outs[i] = out
	}
	return r.runSession(outs)
}

// runSession runs the network as it is, on what its input holds.
func (r *runner) runSession(outs []ort.Value) error {
	err := withoutSubnormals(func() error { return r.session.Run([]ort.Value{r.in}, outs) })
	if err != nil {
		return fmt.Errorf("run model %s: %w", r.input.File, err)
	}
	return nil
}

func (r *runner) output(i int) []float32 { return r.outs[i].GetData() }
