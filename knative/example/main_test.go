package main

import (
	"testing"

	"github.com/kelseyhightower/envconfig"

	"lineup.dev/lineup/local/testkit"
)

func TestSettings(t *testing.T) {
	testkit.Settings(t, func() any {
		s := defaults()
		testkit.Succeed(t, envconfig.Process("", &s))
		return &s
	})
}
