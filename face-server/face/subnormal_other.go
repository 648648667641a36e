//go:build !amd64

package face

// withoutSubnormals computes as usual: other processors take no longer for subnormal numbers.
func withoutSubnormals(compute func() error) error { return compute() }
