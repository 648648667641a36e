package serve

import (
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	committed := []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef0123"}, {Key: "vcs.time", Value: "2026-11-27T02:00:00Z"}, {Key: "vcs.modified", Value: "false"}}
	modified := []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef0123"}, {Key: "vcs.modified", Value: "true"}}
	for name, test := range map[string]struct {
		release, module string
		settings        []debug.BuildSetting
		want            string
	}{
		"a release":                      {"v1.2.3", "(devel)", committed, "v1.2.3 (commit 0123456789ab of 2026-11-27T02:00:00Z) go1.26"},
		"installed by its module path":   {"", "v1.2.3", nil, "v1.2.3 go1.26"},
		"a checkout with changes":        {"", "(devel)", modified, "(devel) (commit 0123456789ab, modified) go1.26"},
		"built without version control":  {"", "(devel)", nil, "(devel) go1.26"},
		"built without a module version": {"", "", nil, "unknown go1.26"},
	} {
		t.Run(name, func(t *testing.T) {
			info := &debug.BuildInfo{GoVersion: "go1.26", Main: debug.Module{Version: test.module}, Settings: test.settings}
			if got := version(test.release, info); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
