package picture_test

import (
	"bytes"
	"image/png"
	"testing"

	"golang.org/x/image/tiff"
)

// Each format has a target of its own, so that none is drowned by the others:
// go test -fuzz FuzzDecodePNG ./face-server/picture

func fuzzDecode(f *testing.F, seeds ...[]byte) {
	f.Helper()
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body []byte) { mustDecodeOrRefuse(t, body) })
}

func FuzzDecodeJPEG(f *testing.F) {
	var seeds [][]byte
	for _, name := range []string{"progressive.jpg", "arithmetic.jpg", "restarts.jpg", "restarts-scans.jpg", "restarts-progressive.jpg", "sampled-2x4.jpg"} {
		seeds = append(seeds, file(f, name))
	}
	fuzzDecode(f, append(seeds, cmykJPEG(f), withEXIF(encodeJPEG(f, upright()), exif(6)))...)
}

func FuzzDecodePNG(f *testing.F) {
	var b bytes.Buffer
	if err := png.Encode(&b, upright()); err != nil {
		f.Fatal(err)
	}
	body := b.Bytes()
	fuzzDecode(f, body, body[:len(body)-12], body[:len(body)*2/3], pngOf(6, chunk("CgBI", nil), chunk("IDAT", body)))
}

func FuzzDecodeGIF(f *testing.F) {
	body := gifOfFrames(f, 2)
	fuzzDecode(f, body, onScreen(body, 0, 0), body[:len(body)/2])
}

func FuzzDecodeWebP(f *testing.F) {
	fuzzDecode(f, file(f, "lossy.webp"), file(f, "lossless.webp"), file(f, "alpha.webp"), file(f, "animated.webp"), file(f, "lossy.webp")[:120])
}

func FuzzDecodeTIFF(f *testing.F) {
	body := encodeTIFF(f, upright(), tiff.Deflate)
	fuzzDecode(f, body, withOrientation(f, body, 6), encodeTIFF(f, upright(), tiff.Uncompressed), tiffCut(f))
}

func tiffCut(f *testing.F) []byte {
	upper, lower := halves()
	whole := tiffOf(8, deflate(f, upper), deflate(f, lower))
	return whole[:len(whole)-4]
}

func FuzzDecodeBMP(f *testing.F) {
	body := encodeBMP(f, upright())
	rows := fromBelow(func(left, right byte) []byte { return []byte{24, left, 0, 3, right, right, right, 0, 0, 2, 1, 1, 0, 0} })
	fuzzDecode(f, body, body[:len(body)/2], bitmapOf(8, 1, make([]byte, 4*256), rows), bitmapOf(4, 2, make([]byte, 4*16), rows), bitmapOf(16, 0, nil, rows))
}

func FuzzDecodeHEIC(f *testing.F) {
	fuzzDecode(f, file(f, "quarters.heic"), file(f, "rotated.heic"), file(f, "grey.heic"), file(f, "grid.heic"))
}

func FuzzDecodeAVIF(f *testing.F) {
	fuzzDecode(f, file(f, "quarters.avif"), file(f, "deep.avif"), file(f, "orientation5.avif"))
}
