package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/kelseyhightower/envconfig"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/serve"
)

func TestSettings(t *testing.T) {
	t.Setenv("NSQD_DATA", t.TempDir())
	valid := defaults()
	testkit.Succeed(t, envconfig.Process("", &valid))
	testkit.Settings(t, func() any { s := valid; return &s })

	for data, good := range map[string]bool{filepath.Join(t.TempDir(), "new"): true, "main.go": false, "": false, "s3://messages": false} {
		s := valid
		s.Data = data
		if err := serve.Check(&s); (err == nil) != good || err != nil && !strings.HasPrefix(err.Error(), "NSQD_DATA") {
			t.Errorf("%s: %v", data, err)
		}
	}
}
