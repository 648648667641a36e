package main

import (
	"strings"
	"testing"

	"github.com/kelseyhightower/envconfig"

	"lineup.dev/lineup/local/testkit"
)

func TestOptionsThatCannotWorkAreRefusedByName(t *testing.T) {
	var unset Options
	testkit.Succeed(t, envconfig.Process("", &unset))
	if err := unset.Check(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
	for name, change := range map[string]func(*Options){
		"PAGE_SIZE is 201":    func(o *Options) { o.PageSize = o.MaxPageSize + 1 },
		"SEND_TIMEOUT is 10s": func(o *Options) { o.SendTimeout = o.RequestTimeout },
	} {
		t.Run(name, func(t *testing.T) {
			options := unset
			change(&options)
			if err := options.Check(); err == nil || !strings.HasPrefix(err.Error(), name) {
				t.Errorf("got %v, want an error about %s", err, name)
			}
		})
	}
}

func TestEverySettingHasItsLimits(t *testing.T) {
	t.Setenv("MYSQL_DSN", "lineup@tcp(localhost)/lineup")
	t.Setenv("IMAGES_URL", "/pictures")
	testkit.Settings(t, func() any {
		s := defaults()
		testkit.Succeed(t, envconfig.Process("", &s))
		return &s
	})
}
