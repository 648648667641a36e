// Package testkit is what tests of every package write again and again.
package testkit

import (
	"testing"
	"time"
)

// pause is the time between two looks at a condition.
const pause = 10 * time.Millisecond

// Eventually waits until the condition holds. The test fails when it does not
// within the timeout, with what was waited for.
func Eventually(t testing.TB, timeout time.Duration, what string, condition func() bool) {
	t.Helper()
	Poll(t, timeout, pause, what, condition)
}

// Retry tries until there is no error. The test fails with the last one after the
// timeout.
func Retry(t testing.TB, timeout time.Duration, try func() error) {
	t.Helper()
	deadline := time.Now().Add(timeout)
	for err := try(); err != nil; err = try() {
		if time.Now().After(deadline) || t.Context().Err() != nil {
			t.Fatalf("not within %v: %v", timeout, err)
		}
		time.Sleep(pause)
	}
}

// Poll is Eventually for a condition that is expensive to look at: it looks once in
// each interval.
func Poll(t testing.TB, timeout, interval time.Duration, what string, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	for !condition() {
		select {
		case <-deadline.C:
			t.Fatalf("not within %v: %s", timeout, what)
		case <-t.Context().Done():
			t.Fatalf("the test ended before: %s", what)
		case <-time.After(interval):
		}
	}
}

// Must gives a function that fails the test when err is one, and gives v otherwise:
// Must(os.ReadFile(name))(t).
func Must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		Succeed(t, err)
		return v
	}
}

// Succeed fails the test when err is one.
func Succeed(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Ptr gives a pointer to v.
func Ptr[T any](v T) *T { return &v }
