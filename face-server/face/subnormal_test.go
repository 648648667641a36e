package face

import (
	"errors"
	"math"
	"runtime"
	"testing"
)

// smallest is a variable, so that nobody computes with it beforehand.
var smallest = math.Float32frombits(1) // 1.4e-45

func TestSubnormalsAreZerosWhileANetworkRunsAndNotAfter(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	failed := errors.New("it failed")
	err := withoutSubnormals(func() error {
		if product := smallest * 2; runtime.GOARCH == "amd64" && product != 0 {
			t.Errorf("while it runs, twice the smallest number is %g, want 0", product)
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Errorf("the error is %v, want that of what ran", err)
	}
	if product := smallest * 2; product == 0 {
		t.Error("after it ran, twice the smallest number is 0")
	}
}
