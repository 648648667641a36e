package serve

import (
	"cmp"
	"fmt"
	"runtime/debug"
)

// release is the version that `make release` builds; its linker flag names this variable.
var release string

// Version names the build that runs, for -version and the log: its release, or else the module's version, then the
// commit with its time as far as the build knows them, and the Go version. A commit with changes that were not
// committed is marked.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return cmp.Or(release, unknownVersion)
	}
	return version(release, info)
}

const unknownVersion = "unknown"

func version(release string, info *debug.BuildInfo) string {
	setting := map[string]string{}
	for _, s := range info.Settings {
		setting[s.Key] = s.Value
	}
	text := cmp.Or(release, info.Main.Version, unknownVersion)
	if commit := setting["vcs.revision"]; commit != "" {
		text += fmt.Sprintf(" (commit %.12s", commit)
		if at := setting["vcs.time"]; at != "" {
			text += " of " + at
		}
		if setting["vcs.modified"] == "true" {
			text += ", modified"
		}
		text += ")"
	}
	return text + " " + info.GoVersion
}
