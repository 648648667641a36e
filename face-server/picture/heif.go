package picture

import (
	"context"
	_ "embed" // the decoders
	"errors"
	"fmt"
	"image"
	"slices"

	"lineup.dev/lineup/face-server/picture/sandbox"
)

// The decoders of HEIC and AVIF run in a sandbox. They are those of the Go packages
// gen2brain/heic 0.4.5 (libheif 1.18.2, libde265 1.0.15) and gen2brain/avif 0.4.4
// (libavif 1.1.1, libaom 3.10.0) as they are; the packages themselves are not used, since
// they prefer a library of the system, and limit neither time nor memory.
var (
	//go:embed heif.wasm.gz
	heifProgram []byte
	//go:embed avif.wasm.gz
	avifProgram []byte

	heifDecoder = sandbox.New(heifProgram)
	avifDecoder = sandbox.New(avifProgram)
)

// openHEIC decodes a HEIC upright: its own rotation is part of decoding, and that of its
// EXIF data is to be ignored (ISO/IEC 23008-12, annex A.2.1).
func openHEIC(ctx context.Context, body []byte, limits Limits, _ int) (*Picture, error) {
	return limits.inSandbox(ctx, heifDecoder, func(in *sandbox.Instance) (*Picture, error) {
		file, results, err := hand(in, body, 5)
		if err != nil {
			return nil, err
		}
		handed, err := in.Bytes(file, len(body))
		if err != nil {
			return nil, err
		}
		claimColours(handed)
		decode := func(onlyHeader, pixels uint64) error {
			return succeed(in.Call("decode", file, uint64(len(body)), onlyHeader,
				results, results+4, results+8, results+12, results+16, pixels))
		}
		if err := decode(1, 0); err != nil {
			return nil, err
		}
		header, err := in.Numbers(results, 4)
		if err != nil {
			return nil, err
		}
		h, err := newHEIC(header, limits)
		if err != nil {
			return nil, err
		}
		pixels, err := in.Alloc(h.bytes())
		if err != nil {
			return nil, err
		}
		if err := decode(0, pixels); err != nil {
			return nil, err
		}
		stored, err := in.Bytes(pixels, h.bytes())
		if err != nil {
			return nil, err
		}
		return newPicture(h.image(stored), h.width, h.height, 1), nil
	})
}

// heic is what the decoder tells of a picture, in libheif's numbers.
type heic struct {
	width, height int
	space, chroma uint32
}

const (
	heifYCbCr, heifRGB, heifGrey = 0, 1, 2
	heif420, heif422, heif444    = 1, 2, 3
)

func newHEIC(header []uint32, limits Limits) (heic, error) {
	h := heic{int(header[0]), int(header[1]), header[2], header[3]}
	if err := limits.checkSize(h.width, h.height); err != nil {
		return h, err
	}
	if h.space > heifGrey || h.space == heifYCbCr && (h.chroma < heif420 || h.chroma > heif444) {
		return h, fmt.Errorf("colours of an unknown kind (%d, %d)", h.space, h.chroma)
	}
	// The decoder has its own picture, that of each of its steps, and the copy of it.
	const steps = 3
	return h, limits.checkMemory(steps*int64(h.bytes()), makeSmaller)
}

// row is the bytes of one as libheif keeps it, of so many pixels of some bytes each: 64
// pixels at least, and aligned.
func (h heic) row(width, bytes int) int {
	const least, aligned = 64, 16
	return (max(width, least)*bytes + aligned - 1) &^ (aligned - 1)
}

// chromaSize is the row and the rows of each colour difference.
func (h heic) chromaSize() (row, rows int) {
	switch h.chroma {
	case heif420:
		return h.row((h.width+1)/2, 1), (h.height + 1) / 2
	case heif422:
		return h.row((h.width+1)/2, 1), h.height
	}
	return h.row(h.width, 1), h.height
}

func (h heic) bytes() int {
	switch h.space {
	case heifGrey:
		return h.row(h.width, 1) * h.height
	case heifRGB:
		return h.row(h.width, 4) * h.height
	}
	row, rows := h.chromaSize()
	return h.row(h.width, 1)*h.height + 2*row*rows
}

// image copies the pixels out of the sandbox, whose memory goes back.
func (h heic) image(stored []byte) image.Image {
	bounds := image.Rect(0, 0, h.width, h.height)
	switch h.space {
	case heifRGB:
		return toYCbCr(&image.NRGBA{Pix: stored, Stride: h.row(h.width, 4), Rect: bounds}, h.width, h.height)
	case heifGrey:
		return &image.Gray{Pix: append([]byte(nil), stored...), Stride: h.row(h.width, 1), Rect: bounds}
	}
	ratio := map[uint32]image.YCbCrSubsampleRatio{
		heif420: image.YCbCrSubsampleRatio420, heif422: image.YCbCrSubsampleRatio422, heif444: image.YCbCrSubsampleRatio444,
	}[h.chroma]
	pix := append([]byte(nil), stored...)
	row, rows := h.chromaSize()
	y, c := h.row(h.width, 1)*h.height, row*rows
	return &image.YCbCr{
		Y: pix[:y:y], Cb: pix[y : y+c : y+c], Cr: pix[y+c:],
		YStride: h.row(h.width, 1), CStride: row, SubsampleRatio: ratio, Rect: bounds,
	}
}

// openAVIF decodes the first picture of an AVIF, and rotates it as its properties say.
func openAVIF(ctx context.Context, body []byte, limits Limits, _ int) (*Picture, error) {
	return limits.inSandbox(ctx, avifDecoder, func(in *sandbox.Instance) (*Picture, error) {
		file, results, err := hand(in, body, 6)
		if err != nil {
			return nil, err
		}
		decode := func(onlyHeader, pixels uint64) error {
			return succeed(in.Call("decode", file, uint64(len(body)), onlyHeader, 0,
				results, results+4, results+8, results+12, results+16, pixels))
		}
		if err := decode(1, 0); err != nil {
			return nil, err
		}
		header, err := in.Numbers(results, 3)
		if err != nil {
			return nil, err
		}
		width, height, perPixel, advice := int(header[0]), int(header[1]), 4, makeSmaller
		if depth := header[2]; depth > 8 {
			perPixel, advice = 8, saveShallow
		}
		if err := limits.checkSize(width, height); err != nil {
			return nil, err
		}
		// The decoder has its own picture, that as RGB, and the copy of it.
		const ownPicture, copied, converted = 6, 2, 3
		if err := limits.checkMemory(int64(width)*int64(height)*int64(ownPicture+copied*perPixel+converted), advice); err != nil {
			return nil, err
		}
		stored, err := avifPixels(in, width*height*perPixel, func(pixels uint64) error { return decode(0, pixels) })
		if err != nil {
			return nil, err
		}
		if perPixel == 8 {
			stored = highBytes(stored)
		}
		decoded := &image.RGBA{Pix: stored, Stride: 4 * width, Rect: image.Rect(0, 0, width, height)}
		return newPicture(toYCbCr(decoded, width, height), width, height, heifOrientation(body)), nil
	})
}

// avifPixels decodes so many bytes of pixels. Of what is cut off or damaged the decoder says
// nothing, and writes nothing: opacity, at least, it writes of any other.
func avifPixels(in *sandbox.Instance, size int, decode func(pixels uint64) error) ([]byte, error) {
	pixels, err := in.Alloc(size)
	if err != nil {
		return nil, err
	}
	before, err := in.Bytes(pixels, size)
	if err != nil {
		return nil, err
	}
	clear(before)
	if err := decode(pixels); err != nil {
		return nil, err
	}
	stored, err := in.Bytes(pixels, size)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(stored, func(b byte) bool { return b != 0 }) {
		return nil, errNothingDecoded
	}
	return stored, nil
}

// highBytes keeps the high byte of numbers of 16 bits.
func highBytes(stored []byte) []byte {
	for i := range len(stored) / 2 {
		stored[i] = stored[2*i+1]
	}
	return stored[:len(stored)/2]
}

// inSandbox runs a decoder within the limits of time and memory.
func (l Limits) inSandbox(ctx context.Context, program *sandbox.Program, decode func(*sandbox.Instance) (*Picture, error)) (*Picture, error) {
	if err := program.Compile(); err != nil { // its time is not the file's
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, l.DecodeTimeout)
	defer cancel()
	instance, err := program.Start(limited, l.Memory)
	if err != nil {
		return nil, err
	}
	defer instance.Close()
	var p *Picture
	if err = limited.Err(); err == nil {
		p, err = decode(instance)
	}
	switch {
	case err == nil || ctx.Err() != nil:
		return p, err
	case limited.Err() != nil:
		return nil, fmt.Errorf("%w: decoding it takes longer than %v (DECODE_TIMEOUT)", ErrTooLarge, l.DecodeTimeout)
	case instance.WantedMore():
		return nil, fmt.Errorf("%w: to decode it takes more than %d bytes (MAX_DECODE_MEMORY); %s", ErrTooLarge, l.Memory, makeSmaller)
	}
	return nil, err
}

// hand gives the decoder the file, and room for so many results.
func hand(in *sandbox.Instance, body []byte, count int) (file, results uint64, err error) {
	if file, err = in.Put(body); err != nil {
		return 0, 0, err
	}
	results, err = in.Alloc(4 * count)
	return file, results, err
}

var errNothingDecoded = errors.New("its decoder makes nothing of it")

// succeed is the error of a call that gives 0 when the file is not understood.
func succeed(result uint64, err error) error {
	if err == nil && result == 0 {
		return errNothingDecoded
	}
	return err
}
