#include <stddef.h>

typedef struct {
	int width, height, space, sampling, precision, lossless;
} turbo_header_t;

typedef struct {
	int scale;     // one scale-th of the size
	int megabytes; // of the library's own memory
	int scans;     // of a progressive JPEG
} turbo_options_t;

// Each returns 0, or -1 and says why. turbo_planes and turbo_pixels return 1 when they
// decoded what they could of a damaged JPEG, and say what the library said last.
int turbo_load(const char *path, char *why, size_t length);
int turbo_header(const unsigned char *body, size_t size, turbo_header_t *h, char *why, size_t length);
int turbo_planes(const unsigned char *body, size_t size, const turbo_options_t *o, unsigned char *y, unsigned char *cb,
	unsigned char *cr, int y_stride, int c_stride, char *why, size_t length);
int turbo_pixels(const unsigned char *body, size_t size, const turbo_options_t *o, unsigned char *pixels, int format,
	char *why, size_t length);
// turbo_compress takes planes of even width and height without gaps, 4:2:0, and room for any
// JPEG of that size, of which it says how much it took.
int turbo_compress(const unsigned char *y, const unsigned char *cb, const unsigned char *cr, int width, int height, int quality,
	unsigned char *to, size_t *size, char *why, size_t length);
void turbo_trim(void);
