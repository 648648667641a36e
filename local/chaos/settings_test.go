package chaos

import (
	"os"
	"reflect"
	"regexp"
	"testing"
	"time"

	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/local/testkit"
)

// Process is a program, so its settings cannot be imported: they are read.
func TestRealTimesAreTheProgramsDefaults(t *testing.T) {
	t.Parallel()
	source := testkit.Must(os.ReadFile("../../functions/process/settings.go"))(t)
	lease := regexp.MustCompile(`envconfig:"LEASE" default:"([^"]+)"`).FindSubmatch(source)
	if lease == nil || testkit.Must(time.ParseDuration(string(lease[1])))(t) != realLease {
		t.Errorf("process's default of LEASE is %s, not %v", lease, realLease)
	}
	ping, _ := reflect.TypeFor[system.Settings]().FieldByName("PingEvery")
	if testkit.Must(time.ParseDuration(ping.Tag.Get("default")))(t) != realPing {
		t.Errorf("the default of PING_EVERY is %s, not %v", ping.Tag.Get("default"), realPing)
	}
}
