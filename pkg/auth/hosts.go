package auth

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strings"
)

// hosts are the names by which a program may be called, beside those of [isLocal].
type hosts []string

// hostForm is that of a name in HOSTS: no port, nothing before *.
var hostForm = regexp.MustCompile(`^(\*|(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)$`)

// check names each that is none.
func (known hosts) check() (errs []error) {
	for _, host := range known {
		if !hostForm.MatchString(host) {
			errs = append(errs, fmt.Errorf("HOSTS: %q is no name of a host: write each as www.example.com or *.example.com, without a port, or * for any", host))
		}
	}
	return errs
}

// know tells whether a Host header names one. A page of another site can have its name
// lead to this machine (DNS rebinding), and is of the same origin then; but the browser
// still tells that name.
func (known hosts) know(header string) bool {
	name := header
	if host, _, err := net.SplitHostPort(header); err == nil {
		name = host
	}
	name = strings.TrimSuffix(strings.ToLower(strings.Trim(name, "[]")), ".")
	for _, host := range known {
		host = strings.ToLower(host)
		above, all := strings.CutPrefix(host, "*")
		if host == name || all && strings.HasSuffix(name, above) {
			return true
		}
	}
	return isLocal(name)
}

// isLocal tells of names that no foreign site can have: this machine's, addresses, which
// need no server of names, and names that only a network of one's own gives out.
func isLocal(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	for _, suffix := range []string{".localhost", ".svc", ".svc.cluster.local"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return !strings.Contains(name, ".")
}
