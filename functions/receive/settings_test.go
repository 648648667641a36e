package main

import (
	"testing"

	"github.com/kelseyhightower/envconfig"

	"lineup.dev/lineup/local/testkit"
)

func TestEverySettingHasItsLimits(t *testing.T) {
	t.Setenv("MYSQL_DSN", "lineup@tcp(localhost)/lineup")
	t.Setenv("IMAGES_URL", "/pictures")
	t.Setenv("KNOWN_PEOPLE", "/people")
	testkit.Settings(t, func() any {
		s := defaults()
		testkit.Succeed(t, envconfig.Process("", &s))
		return &s
	})
}
