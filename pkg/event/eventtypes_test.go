package event_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
)

// TestTheManifestListsEveryType reads both as text, so that a constant that is added
// and no test knows of counts too.
func TestTheManifestListsEveryType(t *testing.T) {
	t.Parallel()
	// The Broker has none of these: the bridge makes the first two for its own sink, the
	// third is Knative's.
	notOurs := []string{event.TypeNSQMessage, event.TypeNSQDead, event.TypePing}
	constants := matches(t, "event.go", `(?m)^\tType\w+ += "([^"]+)"`)
	for _, kind := range notOurs {
		if !slices.Contains(constants, kind) {
			t.Fatalf("the constants are %q, without %s", constants, kind)
		}
	}
	constants = slices.DeleteFunc(constants, func(kind string) bool { return slices.Contains(notOurs, kind) })
	manifest := matches(t, "../../knative/base/event-types.yaml", `(?m)^  type: (\S+)$`)
	if !slices.Equal(constants, manifest) {
		t.Errorf("the constants are\n%q, knative/base/event-types.yaml lists\n%q", constants, manifest)
	}
}

// matches are what the pattern's group finds in the file, sorted.
func matches(t *testing.T, file, pattern string) (found []string) {
	t.Helper()
	content := testkit.Must(os.ReadFile(file))(t)
	for _, match := range regexp.MustCompile(pattern).FindAllSubmatch(content, -1) {
		found = append(found, string(match[1]))
	}
	slices.Sort(found)
	return found
}
