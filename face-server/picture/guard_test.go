package picture

import (
	"errors"
	"strings"
	"testing"
)

func TestGuardMakesAnErrorOfAPanic(t *testing.T) {
	err := guard(func() error {
		var pixels []byte
		pixels[0] = 1
		return nil
	})
	panicked, ok := errors.AsType[*Panic](err)
	if !ok {
		t.Fatalf("error is %v, want a *Panic", err)
	}
	if strings.Contains(err.Error(), "index") || strings.Contains(err.Error(), ".go") {
		t.Errorf("the sender would see %q", err)
	}
	if !strings.Contains(string(panicked.Stack), "guard_test.go") {
		t.Errorf("the stack does not show where:\n%s", panicked.Stack)
	}
}
