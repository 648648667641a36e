// Package e2e holds the tests of the whole way: every program real, as `make run`
// starts it, from a posted picture to the page that names who is in it.
package e2e
