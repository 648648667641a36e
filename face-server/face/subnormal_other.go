//go:build !amd64

package face

// withoutSubnormals computes as usual: only on amd64 was it found to matter.
func withoutSubnormals(compute func() error) error { return compute() }
