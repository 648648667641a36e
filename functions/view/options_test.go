package main

import (
	"strings"
	"testing"
	"time"

	"github.com/kelseyhightower/envconfig"
)

func TestOptionsThatCannotBeUsedNameTheSetting(t *testing.T) {
	var defaults Options
	if err := envconfig.Process("", &defaults); err != nil {
		t.Fatal(err)
	}
	if err := defaults.check(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
	for name, change := range map[string]func(*Options){
		"PAGE_SIZE":        func(o *Options) { o.PageSize = 0 },
		"PAGE_SIZE is 201": func(o *Options) { o.PageSize = o.MaxPageSize + 1 },
		"MAX_PICTURE":      func(o *Options) { o.MaxPicture = 0 },
		"PICTURES_AT_ONCE": func(o *Options) { o.PicturesAtOnce = -1 },
		"REQUEST_TIMEOUT":  func(o *Options) { o.RequestTimeout = 0 },
		"SEND_TIMEOUT":     func(o *Options) { o.SendTimeout = o.RequestTimeout },
		"REFRESH":          func(o *Options) { o.Refresh = 999 * time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			options := defaults
			change(&options)
			if err := options.check(); err == nil || !strings.HasPrefix(err.Error(), name) {
				t.Errorf("got %v, want an error about %s", err, name)
			}
		})
	}
}
