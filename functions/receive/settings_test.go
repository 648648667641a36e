package main

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/kelseyhightower/envconfig"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/photo"
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

// What cannot carry the longest path, every byte of it escaped, is of no use.
func TestTheLeastBodyAndMessageHoldTheLongestPath(t *testing.T) {
	trace := event.Trace{Parent: strings.Repeat("0", 55), State: strings.Repeat("<", 512)}
	e, err := event.Submitted(math.MaxInt64, math.MaxInt64, strings.Repeat("<", photo.MaxPath), trace)
	testkit.Succeed(t, err)
	hint := testkit.Must(json.Marshal(e))(t)
	for _, name := range []string{"MaxBody", "MaxMessage", "MaxBatch"} {
		structure := reflect.TypeFor[NSQ]()
		if name == "MaxBody" {
			structure = reflect.TypeFor[Limits]()
		}
		field, _ := structure.FieldByName(name)
		if least := testkit.Must(strconv.Atoi(field.Tag.Get("min")))(t); least < len(hint) {
			t.Errorf("%s may be %d, a hint has %d bytes", field.Tag.Get("envconfig"), least, len(hint))
		}
	}
}
