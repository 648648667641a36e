package parts

import (
	"fmt"
	"testing"
)

func TestLibrariesAreFoundInThePackagesNamedAfterThem(t *testing.T) {
	t.Parallel()
	const depends = "mariadb-server-core\n  Depends: libaio1t64\n  Depends: libc6\n  PreDepends: libnuma1\n |Depends: libssl3\n  Depends: liburing2\n    libelogind0\n  Conflicts: libpcre2-8-0\n"
	for name, test := range map[string]struct {
		libraries []string
		packages  string
		fails     bool
	}{
		"nothing is missing":               {nil, "[]", false},
		"one of the plain name":            {[]string{"liburing.so.2"}, "[liburing2]", false},
		"one with 64-bit time in its name": {[]string{"libaio.so.1"}, "[libaio1t64]", false},
		"two":                              {[]string{"libaio.so.1", "liburing.so.2"}, "[libaio1t64 liburing2]", false},
		"another version than there is":    {[]string{"liburing.so.3"}, "", true},
		"a package that it conflicts with": {[]string{"libpcre2-8.so.0"}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := carriers(test.libraries, depends)
			if (err != nil) != test.fails || err == nil && fmt.Sprint(got) != test.packages {
				t.Errorf("got %v, %v; want %v", got, err, test.packages)
			}
		})
	}
}
