package main

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kelseyhightower/envconfig"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

func TestTheLeaseOutlastsEveryStep(t *testing.T) {
	times := Timeouts{Lease: 45 * time.Second, FaceTimeout: 30 * time.Second, HealthTimeout: 5 * time.Second, WriteTimeout: 4500 * time.Millisecond}
	if err := times.Check(); err != nil {
		t.Errorf("a lease as long as the steps is refused: %v", err)
	}
	times.Lease--
	err := times.Check()
	if err == nil {
		t.Fatal("a lease that is too short is accepted")
	}
	for _, number := range []string{"LEASE=44.999999999s", "at least 45s", "FACE_TIMEOUT=30s", "HEALTH_TIMEOUT=5s", "2 × WRITE_TIMEOUT=4.5s"} {
		if !strings.Contains(err.Error(), number) {
			t.Errorf("%q does not say %s", err, number)
		}
	}
}

func TestTheFirstRetryIsNotLaterThanTheLatest(t *testing.T) {
	if err := (Retry{First: time.Minute, Most: time.Minute}).Check(); err != nil {
		t.Error(err)
	}
	if err := (Retry{First: time.Minute + 1, Most: time.Minute}).Check(); err == nil {
		t.Error("RETRY_FIRST above RETRY_MOST is accepted")
	}
}

func TestEverySettingHasLimits(t *testing.T) {
	t.Setenv("MYSQL_DSN", "user@tcp(127.0.0.1:1)/lineup")
	testkit.Settings(t, func() any {
		s := defaults
		testkit.Succeed(t, envconfig.Process("", &s))
		return &s
	})
}

func TestTheLongestLeaseIsTheHorizon(t *testing.T) {
	field, _ := reflect.TypeFor[Timeouts]().FieldByName("Lease")
	if most, err := time.ParseDuration(field.Tag.Get("max")); err != nil || most != store.Horizon {
		t.Errorf("LEASE may be %v, %v; a lease beyond %v counts as a mistake", most, err, store.Horizon)
	}
}
