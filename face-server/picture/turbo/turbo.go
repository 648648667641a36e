// Package turbo decodes and encodes JPEGs by libjpeg-turbo, whose library is loaded when the program
// runs: to build it takes nothing.
package turbo

/*
#cgo LDFLAGS: -ldl
#include <stdlib.h>
#include "turbo.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"
)

// File is the library's name in a folder of models, and for the loader of the system.
const File = "libturbojpeg.so.0"

var (
	loading sync.Mutex
	loaded  bool
)

// Load loads the library by the first of these paths that has one of version 3 or later;
// one without a slash is looked for where the system keeps its libraries. It stays loaded
// as long as the process lives, and to load it again does nothing.
func Load(paths ...string) error {
	loading.Lock()
	defer loading.Unlock()
	if loaded {
		return nil
	}
	var failed []error
	for _, path := range paths {
		var why [messageLength]C.char
		name := C.CString(path)
		ok := C.turbo_load(name, &why[0], messageLength) == 0
		C.free(unsafe.Pointer(name))
		if ok {
			loaded = true
			return nil
		}
		failed = append(failed, errors.New(C.GoString(&why[0])))
	}
	return fmt.Errorf("load libjpeg-turbo 3: %w", errors.Join(failed...))
}

// Space is the colour space of a JPEG's components.
type Space int

// In the order of TurboJPEG's TJCS.
const (
	RGB Space = iota
	YCbCr
	Gray
	CMYK
	YCCK // CMYK whose first three components are as YCbCr
)

// Header is what a JPEG says of itself.
type Header struct {
	Width, Height int
	Space         Space
	Precision     int // bits of a component
	Lossless      bool

	// How many pixels share a colour difference, across and down; 0 where the library
	// does not know them and gives pixels only.
	Across, Down int
}

// sampling is Across and Down by TurboJPEG's TJSAMP.
var sampling = [...][2]int{{1, 1}, {2, 1}, {2, 2}, {1, 1}, {1, 2}, {4, 1}, {1, 4}}

// Limits is what decoding may take.
type Limits struct {
	Memory int64 // bytes, of the library's own: coefficients, not pixels
	Scans  int   // of a progressive JPEG
}

// Damage is what the library says of a JPEG that it decoded as far as it could.
type Damage string

const messageLength = 256

// ReadHeader reads what stands before the first scan.
func ReadHeader(body []byte) (Header, error) {
	if len(body) == 0 {
		return Header{}, errors.New("it is empty")
	}
	var h C.turbo_header_t
	var message [messageLength]C.char
	if C.turbo_header(pointer(body), C.size_t(len(body)), &h, &message[0], messageLength) != 0 {
		return Header{}, errors.New(C.GoString(&message[0]))
	}
	header := Header{
		Width: int(h.width), Height: int(h.height), Space: Space(h.space),
		Precision: int(h.precision), Lossless: h.lossless != 0,
	}
	if known := int(h.sampling); 0 <= known && known < len(sampling) {
		header.Across, header.Down = sampling[known][0], sampling[known][1]
	}
	return header, nil
}

// Planes are the components of a JPEG of YCbCr, or of Gray, which has no Cb and Cr.
type Planes struct {
	Y, Cb, Cr                 []byte
	YStride, CStride          int
	Width, Height             int // of Y
	ColourWidth, ColourHeight int
}

// DecodePlanes decodes at one scale-th of the size: 1, 2, 4 or 8. The header must say
// that it is YCbCr or Gray of a known sampling.
func DecodePlanes(body []byte, h Header, scale int, limits Limits) (Planes, Damage, error) {
	p := NewPlanes(h, scale)
	p.Y = make([]byte, p.YStride*roundUp(p.Height, h.Down))
	if h.Space != Gray {
		p.Cb, p.Cr = make([]byte, p.CStride*p.ColourHeight), make([]byte, p.CStride*p.ColourHeight)
	}
	var message [messageLength]C.char
	how := options(scale, limits)
	result := C.turbo_planes(pointer(body), C.size_t(len(body)), &how, pointer(p.Y), pointer(p.Cb), pointer(p.Cr),
		C.int(p.YStride), C.int(p.CStride), &message[0], messageLength)
	damage, err := outcome(result, &message)
	return p, damage, err
}

// NewPlanes gives the sizes that the planes of a JPEG have at a scale, without the planes.
func NewPlanes(h Header, scale int) Planes {
	p := Planes{Width: scaled(h.Width, scale), Height: scaled(h.Height, scale)}
	p.YStride = roundUp(p.Width, h.Across)
	if h.Space != Gray {
		p.CStride, p.ColourHeight = p.YStride/h.Across, roundUp(p.Height, h.Down)/h.Down
		p.ColourWidth = p.CStride
	}
	return p
}

// Bytes is what the planes take, or will.
func (p Planes) Bytes() int64 {
	return int64(p.YStride)*int64(p.Height) + 2*int64(p.CStride)*int64(p.ColourHeight)
}

// DecodePixels decodes any JPEG at one scale-th of the size into pixels of red, green and
// blue or, where its colour space is of four components, of cyan, magenta, yellow and
// black as they are stored: row by row, without gaps.
func DecodePixels(body []byte, h Header, scale int, limits Limits) (pixels []byte, damage Damage, err error) {
	format, channels := C.int(pixelRGB), 3
	if h.Space == CMYK || h.Space == YCCK {
		format, channels = pixelCMYK, 4
	}
	pixels = make([]byte, channels*scaled(h.Width, scale)*scaled(h.Height, scale))
	var message [messageLength]C.char
	how := options(scale, limits)
	result := C.turbo_pixels(pointer(body), C.size_t(len(body)), &how, pointer(pixels), format, &message[0], messageLength)
	damage, err = outcome(result, &message)
	return pixels, damage, err
}

// Encode makes a JPEG of the quality, 1 to 100, without metadata: of planes without gaps, their
// width and height even, with a colour for two pixels across and down.
func Encode(p Planes, quality int) ([]byte, error) {
	if p.Width%2 != 0 || p.Height%2 != 0 || len(p.Y) < p.Width*p.Height || min(len(p.Cb), len(p.Cr)) < p.Width*p.Height/4 || p.Width < 2 || p.Height < 2 {
		return nil, errors.New("planes of another size than they say")
	}
	const block, headers = 16, 2048 // what tj3JPEGBufSize counts with
	body := make([]byte, 3*roundUp(p.Width, block)*roundUp(p.Height, block)+headers)
	size := C.size_t(len(body))
	var message [messageLength]C.char
	if C.turbo_compress(pointer(p.Y), pointer(p.Cb), pointer(p.Cr), C.int(p.Width), C.int(p.Height), C.int(quality),
		pointer(body), &size, &message[0], messageLength) != 0 {
		return nil, errors.New(C.GoString(&message[0]))
	}
	return append([]byte(nil), body[:size]...), nil
}

// TurboJPEG's TJPF.
const (
	pixelRGB  = 0
	pixelCMYK = 11
)

// Trim gives memory that the C library holds free back to the system. It takes some
// milliseconds at most.
func Trim() { C.turbo_trim() }

func options(scale int, limits Limits) C.turbo_options_t {
	const megabyte = 1 << 20
	return C.turbo_options_t{
		scale: C.int(scale), scans: C.int(limits.Scans),
		megabytes: C.int(limits.Memory/megabyte + 1),
	}
}

// outcome makes sense of what the C code returns: below zero nothing could be decoded.
func outcome(result C.int, message *[messageLength]C.char) (Damage, error) {
	switch {
	case result < 0:
		return "", errors.New(C.GoString(&message[0]))
	case result > 0:
		return Damage(C.GoString(&message[0])), nil
	}
	return "", nil
}

func pointer(b []byte) *C.uchar {
	return (*C.uchar)(unsafe.Pointer(unsafe.SliceData(b)))
}

func scaled(length, scale int) int { return (length + scale - 1) / scale }

func roundUp(length, to int) int { return (length + to - 1) / to * to }
