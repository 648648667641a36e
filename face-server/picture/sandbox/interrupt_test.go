package sandbox

import "testing"

func FuzzInterruptible(f *testing.F) {
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x0a\x09\x01\x07\x00\x03\x40\x0c\x00\x0b\x0b"))
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x02\x0e\x02\x01a\x01f\x00\x00\x01a\x01g\x03\x7f\x01"))
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x0a\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, module []byte) {
		if changed, err := interruptible(module); err == nil && len(changed) < 8 {
			t.Errorf("a module of %d bytes became one of %d", len(module), len(changed))
		}
	})
}
