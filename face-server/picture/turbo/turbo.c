#include "turbo.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>

// What is used of the TurboJPEG API, version 3; its documentation is in turbojpeg.h of
// libjpeg-turbo. The numbers are part of its ABI.
typedef void *tjhandle;
typedef struct { int num, denom; } tjscalingfactor;

enum { TJINIT_COMPRESS = 0, TJINIT_DECOMPRESS = 1 };
enum {
	TJPARAM_NOREALLOC = 2, TJPARAM_QUALITY = 3, TJPARAM_SUBSAMP = 4, TJPARAM_JPEGWIDTH = 5, TJPARAM_JPEGHEIGHT = 6, TJPARAM_PRECISION = 7, TJPARAM_COLORSPACE = 8,
	TJPARAM_OPTIMIZE = 11, TJPARAM_SCANLIMIT = 13, TJPARAM_LOSSLESS = 15, TJPARAM_MAXMEMORY = 23
};
enum { TJERR_WARNING = 0 };
enum { TJSAMP_420 = 2 };

static struct {
	tjhandle (*init)(int);
	void (*destroy)(tjhandle);
	int (*set)(tjhandle, int, int);
	int (*get)(tjhandle, int);
	int (*header)(tjhandle, const unsigned char *, size_t);
	int (*scale)(tjhandle, tjscalingfactor);
	int (*planes)(tjhandle, const unsigned char *, size_t, unsigned char **, int *);
	int (*pixels)(tjhandle, const unsigned char *, size_t, unsigned char *, int, int);
	int (*compress)(tjhandle, const unsigned char *const *, int, const int *, int, unsigned char **, size_t *);
	char *(*message)(tjhandle);
	int (*severity)(tjhandle);
} tj;

static const struct { const char *name; void **to; } symbols[] = {
	{"tj3Init", (void **)&tj.init}, {"tj3Destroy", (void **)&tj.destroy},
	{"tj3Set", (void **)&tj.set}, {"tj3Get", (void **)&tj.get},
	{"tj3DecompressHeader", (void **)&tj.header}, {"tj3SetScalingFactor", (void **)&tj.scale},
	{"tj3DecompressToYUVPlanes8", (void **)&tj.planes}, {"tj3Decompress8", (void **)&tj.pixels},
	{"tj3CompressFromYUVPlanes8", (void **)&tj.compress},
	{"tj3GetErrorStr", (void **)&tj.message}, {"tj3GetErrorCode", (void **)&tj.severity},
};

static int fail(char *why, size_t length, const char *text) {
	snprintf(why, length, "%s", text);
	return -1;
}

int turbo_load(const char *path, char *why, size_t length) {
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return fail(why, length, dlerror());
	for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
		*symbols[i].to = dlsym(library, symbols[i].name);
		if (!*symbols[i].to) {
			fail(why, length, dlerror());
			dlclose(library);
			return -1;
		}
	}
	return 0;
}

// begin gives a decompressor that has read the header, or NULL. Warnings of a header do
// not count: what matters comes up again when pixels are decoded.
static tjhandle begin(const unsigned char *body, size_t size, char *why, size_t length) {
	if (!tj.init) {
		fail(why, length, "libjpeg-turbo is not loaded");
		return NULL;
	}
	tjhandle h = tj.init(TJINIT_DECOMPRESS);
	if (!h) {
		fail(why, length, tj.message(NULL));
		return NULL;
	}
	if (tj.header(h, body, size) != 0 && tj.severity(h) != TJERR_WARNING) {
		fail(why, length, tj.message(h));
		tj.destroy(h);
		return NULL;
	}
	return h;
}

int turbo_header(const unsigned char *body, size_t size, turbo_header_t *header, char *why, size_t length) {
	tjhandle h = begin(body, size, why, length);
	if (!h)
		return -1;
	header->width = tj.get(h, TJPARAM_JPEGWIDTH);
	header->height = tj.get(h, TJPARAM_JPEGHEIGHT);
	header->space = tj.get(h, TJPARAM_COLORSPACE);
	header->sampling = tj.get(h, TJPARAM_SUBSAMP);
	header->precision = tj.get(h, TJPARAM_PRECISION);
	header->lossless = tj.get(h, TJPARAM_LOSSLESS);
	tj.destroy(h);
	return 0;
}

// prepare is begin, and sets what was asked for.
static tjhandle prepare(const unsigned char *body, size_t size, const turbo_options_t *o, char *why, size_t length) {
	tjhandle h = begin(body, size, why, length);
	if (!h)
		return NULL;
	tjscalingfactor factor = {1, o->scale};
	if (tj.set(h, TJPARAM_SCANLIMIT, o->scans) != 0 || tj.set(h, TJPARAM_MAXMEMORY, o->megabytes) != 0 || tj.scale(h, factor) != 0) {
		fail(why, length, tj.message(h));
		tj.destroy(h);
		return NULL;
	}
	return h;
}

static int end(tjhandle h, int result, char *why, size_t length) {
	if (result != 0) {
		fail(why, length, tj.message(h));
		result = tj.severity(h) == TJERR_WARNING ? 1 : -1;
	}
	tj.destroy(h);
	return result;
}

int turbo_planes(const unsigned char *body, size_t size, const turbo_options_t *o, unsigned char *y, unsigned char *cb,
	unsigned char *cr, int y_stride, int c_stride, char *why, size_t length) {
	tjhandle h = prepare(body, size, o, why, length);
	if (!h)
		return -1;
	unsigned char *planes[] = {y, cb, cr};
	int strides[] = {y_stride, c_stride, c_stride};
	return end(h, tj.planes(h, body, size, planes, strides), why, length);
}

int turbo_pixels(const unsigned char *body, size_t size, const turbo_options_t *o, unsigned char *pixels, int format,
	char *why, size_t length) {
	tjhandle h = prepare(body, size, o, why, length);
	if (!h)
		return -1;
	return end(h, tj.pixels(h, body, size, pixels, 0, format), why, length);
}

int turbo_compress(const unsigned char *y, const unsigned char *cb, const unsigned char *cr, int width, int height, int quality,
	unsigned char *to, size_t *size, char *why, size_t length) {
	if (!tj.init)
		return fail(why, length, "libjpeg-turbo is not loaded");
	tjhandle h = tj.init(TJINIT_COMPRESS);
	if (!h)
		return fail(why, length, tj.message(NULL));
	const unsigned char *planes[] = {y, cb, cr};
	int strides[] = {width, width / 2, width / 2};
	int result = tj.set(h, TJPARAM_NOREALLOC, 1) || tj.set(h, TJPARAM_QUALITY, quality) || tj.set(h, TJPARAM_SUBSAMP, TJSAMP_420) ||
		tj.set(h, TJPARAM_OPTIMIZE, 1) || tj.compress(h, planes, width, strides, height, &to, size);
	return end(h, result, why, length);
}

void turbo_trim(void) { malloc_trim(0); }
