package deptest

import "testing"

// leftOutByShort skips the test under -short, as `make check` runs it: no test that needs a database or models.
func leftOutByShort(t testing.TB, part string) {
	t.Helper()
	if testing.Short() {
		t.Skipf("needs %s: left out by -short", part)
	}
}
