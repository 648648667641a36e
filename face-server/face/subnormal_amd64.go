package face

import "runtime"

// Bits of MXCSR, the control register of SSE and AVX: Intel 64 and IA-32 Architectures Software
// Developer's Manual, volume 1, section 10.2.3.
const (
	flushToZero      = 1 << 15 // results that are subnormal are 0
	denormalsAreZero = 1 << 6  // operands likewise
)

// withoutSubnormals computes with subnormal numbers (below 1.2e-38) as zeros on this thread.
// Networks make them of weights that are all but zero, and Intel's processors take a hundred and
// more cycles for each: the embedder took some 120 ms in place of 15. ONNX Runtime has the option
// session.set_denormal_as_zero, but sets it for threads of its own, and of others for the one
// that opens the first model.
func withoutSubnormals(compute func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := mxcsr()
	setMXCSR(before | flushToZero | denormalsAreZero)
	defer setMXCSR(before)
	return compute()
}

func mxcsr() uint32

func setMXCSR(value uint32)
