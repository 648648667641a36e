package telemetry_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testkit"
)

var (
	// inSource is a metric of the programs, or what its name begins or ends with.
	inSource = regexp.MustCompile(`(?:New(?:Counter|Histogram)|[gG]auge|newDuration)\("([a-z_.]+)"`)
	inDocs   = regexp.MustCompile(`\blineup_[a-z_]+`)
	labels   = regexp.MustCompile(`^lineup_(status|topic|disposition|known|of)$`)
	suffix   = regexp.MustCompile(`(_bucket|_count|_sum)?(_seconds)?(_total)?$`)
)

// TestTheDashboardAndTheAlertsAskForMetricsThatThereAre compares names only: local/e2e has the
// programs send them, and local/promrules reads the queries.
func TestTheDashboardAndTheAlertsAskForMetricsThatThereAre(t *testing.T) {
	var names []string
	for _, file := range testkit.Must(filepath.Glob("../../*/observed.go"))(t) {
		names = append(names, namesIn(t, file)...)
	}
	for _, file := range testkit.Must(filepath.Glob("../../functions/*/observed.go"))(t) {
		names = append(names, namesIn(t, file)...)
	}
	for _, file := range []string{"alerts.yaml", "dashboard.json"} {
		text := testkit.Must(os.ReadFile(filepath.Join("../../docs/telemetry", file)))(t)
		found := inDocs.FindAllString(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s asks for nothing", file)
		}
		for _, name := range found {
			if !labels.MatchString(name) && !slices.Contains(names, suffix.ReplaceAllString(suffix.ReplaceAllString(name, ""), "")) {
				t.Errorf("%s asks for %s, of which no program tells", file, name)
			}
		}
	}
}

// namesIn gives the metrics of a file as Prometheus names them, without unit and suffix.
func namesIn(t *testing.T, file string) (names []string) {
	t.Helper()
	for _, found := range inSource.FindAllStringSubmatch(string(testkit.Must(os.ReadFile(file))(t)), -1) {
		name := strings.ReplaceAll(found[1], ".", "_")
		if !strings.HasPrefix(name, "lineup_") { // the face server's, told by the rest of their names
			name = "lineup_face_server_" + name
		}
		names = append(names, name, name+"_duration")
	}
	return names
}
