package picture

import (
	"bytes"
	"context"
	"fmt"
	"image/color"
	"sort"

	"lineup.dev/lineup/face-server/picture/turbo"
)

// LoadJPEG loads libjpeg-turbo, without which no JPEG can be decoded, from a folder, or
// the system's own where the folder has none. It stays loaded.
func LoadJPEG(dir string) error { return turbo.Load(dir+"/"+turbo.File, turbo.File) }

// jpegFile is a JPEG that can be decoded at several scales.
type jpegFile struct {
	body   []byte
	header turbo.Header
	frame  jpegFrame
	limits turbo.Limits
	memory int64 // bytes that decoding may take

	// endless tells that pixels may be missing without a word of the library's: it takes
	// zeros for what an arithmetic-coded JPEG lacks.
	endless bool
}

// openJPEG decodes a JPEG as large as it is looked at first. Pictures with many pixels
// are never held in full size, unless a small face in them is to be described.
func openJPEG(_ context.Context, body []byte, limits Limits, orientation int) (*Picture, error) {
	file, err := newJPEGFile(body, limits)
	if err != nil {
		return nil, err
	}
	width, height := file.header.Width, file.header.Height
	detail := 1.
	if limits.Detail != nil {
		upright, across, _ := rotate(width, height, orientation)
		detail = limits.Detail(upright, across)
	}
	scale := file.scale(detail / max(1, float64(file.header.Across)/coarserColour))
	advice := makeSmaller
	if file.frame.buffered {
		advice = saveBaseline
	}
	if err := limits.checkMemory(file.needed(scale), advice); err != nil {
		return nil, err
	}
	c, damage, err := file.decode(scale)
	if err != nil {
		if c, damage, err = file.beforeFault(scale, err); err != nil {
			return nil, err
		}
	}
	p := pictureOf(c, width, height, orientation)
	if p.Warning, err = file.warning(damage, c.y); err != nil {
		return nil, err
	}
	p.finer = func(detail float64) (components, bool) {
		finer := file.scale(detail)
		if finer >= p.y.across {
			return components{}, false
		}
		makeRoom(file.needed(finer))
		c, _, err := file.decode(finer)
		return c, err == nil
	}
	return p, nil
}

// coarserColour is by how much more pixels than the drawing's one of the colour
// differences may stand for at first, where they are stored with fewer pixels than the
// lightness: by more, the detector finds less.
const coarserColour = 1.25

// maxScans is how many scans a progressive JPEG may have: usual are ten. Each takes time
// for every pixel, and hardly a byte.
const maxScans = 100

// newJPEGFile reads the header and refuses what it can by it.
func newJPEGFile(body []byte, limits Limits) (*jpegFile, error) {
	frame := readJPEGFrame(body)
	if err := frame.check(); err != nil {
		return nil, err
	}
	if frame.width > 0 && frame.height > 0 { // the library refuses the largest in other words
		if err := limits.checkSize(frame.width, frame.height); err != nil {
			return nil, err
		}
	}
	endless := frame.arithmetic() && !bytes.Contains(body[frame.scan:], endOfImage)
	body = mended(body, frame)
	header, err := turbo.ReadHeader(body)
	if err != nil {
		return nil, err
	}
	if header.Precision != 8 {
		return nil, fmt.Errorf("it has %d bits a colour, which hardly any program reads: save it as an ordinary JPEG", header.Precision)
	}
	if err := limits.checkSize(header.Width, header.Height); err != nil {
		return nil, err
	}
	return &jpegFile{body, header, frame, turbo.Limits{Memory: limits.Memory, Scans: maxScans}, limits.Memory, endless}, nil
}

// mended is a JPEG without faults that cost no pixel.
func mended(body []byte, frame jpegFrame) []byte {
	whole := bytes.HasSuffix(body, endOfImage)
	noRestarts := frame.restarts > 0 && !hasRestarts(body[frame.scan:])
	if whole && !noRestarts {
		return body
	}
	body = append(make([]byte, 0, len(body)+len(endOfImage)), body...)
	if noRestarts { // the library would wait for the first until the end
		body[frame.restarts], body[frame.restarts+1] = 0, 0
	}
	if !whole { // with an end, the library warns only of missing pixels
		body = append(body, endOfImage...)
	}
	return body
}

var endOfImage = []byte{0xff, 0xd9}

// scale is the smallest size, as one of so many parts of the full one, that has a pixel
// for every one that is drawn of detail pixels, or a smaller one where memory wants it.
func (f *jpegFile) scale(detail float64) int {
	const smallest = 8
	scale := 1
	for scale < smallest && (2*float64(scale) <= detail || f.needed(scale) > f.memory) {
		scale *= 2
	}
	return scale
}

// needed is the bytes that decoding takes at a scale.
func (f *jpegFile) needed(scale int) int64 {
	if f.planar() {
		return f.frame.coefficients() + turbo.NewPlanes(f.header, scale).Bytes()
	}
	const pixel, planes = 4, 3
	return f.frame.coefficients() + int64(f.header.Width/scale+1)*int64(f.header.Height/scale+1)*(pixel+planes)
}

// planar tells whether the components are had as they are stored.
func (f *jpegFile) planar() bool {
	return f.header.Across > 0 && (f.header.Space == turbo.YCbCr || f.header.Space == turbo.Gray)
}

func (f *jpegFile) decode(scale int) (components, turbo.Damage, error) {
	if f.frame.buffered {
		defer turbo.Trim() // what the coefficients took
	}
	if f.planar() {
		p, damage, err := turbo.DecodePlanes(f.body, f.header, scale, f.limits)
		return f.ofPlanes(p, scale), damage, err
	}
	pixels, damage, err := turbo.DecodePixels(f.body, f.header, scale, f.limits)
	if err != nil {
		return components{}, damage, err
	}
	return f.ofPixels(pixels, scale), damage, nil
}

// beforeFault decodes of a JPEG of several scans those before the one that the library
// gave up with err, and leaves the others out of the file. Each shows the whole picture, or
// one of its components.
func (f *jpegFile) beforeFault(scale int, err error) (components, turbo.Damage, error) {
	if !f.frame.buffered {
		return components{}, "", err
	}
	ends := scanEnds(f.body[f.frame.scan:], maxScans)
	if len(ends) > maxScans {
		return components{}, "", err
	}
	whole := f.body
	upTo := func(scans int) {
		end := f.frame.scan + ends[scans-1]
		f.body = append(bytes.Clone(whole[:end]), endOfImage...)
	}
	good := sort.Search(len(ends), func(i int) bool {
		upTo(i + 1)
		_, _, err := f.decode(scale)
		return err != nil
	})
	if good == 0 {
		return components{}, "", err
	}
	upTo(good)
	c, _, err := f.decode(scale)
	return c, "broken off", err
}

func (f *jpegFile) ofPlanes(p turbo.Planes, scale int) components {
	h := f.header
	y := scaledPlane(p.Y, p.YStride, h, scale, scale, 0)
	if h.Space == turbo.Gray {
		return ofGrey(y, h.Width, h.Height)
	}
	across, down := scale*h.Across, scale*h.Down
	return components{y, scaledPlane(p.Cb, p.CStride, h, across, down, 128), scaledPlane(p.Cr, p.CStride, h, across, down, 128)}
}

// scaledPlane is a plane of which each pixel stands for across × down of the picture.
func scaledPlane(pix []byte, stride int, h turbo.Header, across, down int, outside float32) *plane {
	l := newLevel(pix, stride, (h.Width+across-1)/across, (h.Height+down-1)/down)
	l.right, l.bottom = float64(h.Width)/float64(across), float64(h.Height)/float64(down)
	return newPlane(l, across, down, outside)
}

// ofPixels converts pixels of RGB or CMYK. Programs store CMYK inverted, 0 being full
// ink, as Adobe's do, whether a marker of Adobe's says so or not.
func (f *jpegFile) ofPixels(pixels []byte, scale int) components {
	h := f.header
	width, height := (h.Width+scale-1)/scale, (h.Height+scale-1)/scale
	var p [3][]byte
	for i := range p {
		p[i] = make([]byte, width*height)
	}
	channels := len(pixels) / (width * height)
	for i := range p[0] {
		at := pixels[i*channels:][:channels]
		r, g, b := at[0], at[1], at[2]
		if channels == 4 {
			r, g, b = multiply(r, at[3]), multiply(g, at[3]), multiply(b, at[3])
		}
		p[0][i], p[1][i], p[2][i] = color.RGBToYCbCr(r, g, b)
	}
	return components{
		scaledPlane(p[0], width, h, scale, scale, 0),
		scaledPlane(p[1], width, h, scale, scale, 128), scaledPlane(p[2], width, h, scale, scale, 128),
	}
}

func multiply(a, b byte) byte {
	return byte((int(a)*int(b) + 127) / 255) //nolint:gosec // a part of a
}
