package deptest

import "testing"

// leftOutByShort skips the test under -short. `make check` runs the tests so: without databases, models and photos.
func leftOutByShort(t testing.TB, part string) {
	t.Helper()
	if testing.Short() {
		t.Skipf("needs %s: left out by -short", part)
	}
}
