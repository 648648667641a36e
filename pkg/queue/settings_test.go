package queue_test

import (
	"strings"
	"testing"

	"github.com/kelseyhightower/envconfig"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/serve"
)

// settings are what a program embeds.
type settings struct {
	queue.Settings
	queue.Subscription
}

func defaults(t *testing.T) *settings {
	t.Helper()
	s := new(settings)
	testkit.Succeed(t, envconfig.Process("", s))
	return s
}

func TestSettings(t *testing.T) {
	testkit.Settings(t, func() any { return defaults(t) })
}

func TestSettingsThatCannotWorkAreNamed(t *testing.T) {
	for what, c := range map[string]struct {
		change func(*settings)
		keys   []string
	}{
		"no address":                 {func(s *settings) { s.Addresses = nil }, []string{"NSQD_ADDRESS"}},
		"an address without a port":  {func(s *settings) { s.Addresses = []string{"nsqd"} }, []string{"NSQD_ADDRESS"}},
		"an address with no port":    {func(s *settings) { s.HTTPAddresses = []string{"nsqd:"} }, []string{"NSQD_HTTP_ADDRESS"}},
		"an address with a scheme":   {func(s *settings) { s.HTTPAddresses = []string{"http://nsqd:4151"} }, []string{"NSQD_HTTP_ADDRESS"}},
		"a topic with a space":       {func(s *settings) { s.Topic = "my images" }, []string{"TOPIC"}},
		"a channel that is too long": {func(s *settings) { s.Channel = strings.Repeat("a", 65) }, []string{"CHANNEL"}},
		"everything": {func(s *settings) {
			*s = settings{Settings: s.Settings}
			s.Addresses, s.HTTPAddresses = []string{"a"}, []string{"b"}
		},
			[]string{"NSQD_ADDRESS", "NSQD_HTTP_ADDRESS", "TOPIC", "CHANNEL"}},
	} {
		s := defaults(t)
		c.change(s)
		err := serve.Check(s)
		if err == nil {
			t.Errorf("%s: no error", what)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != len(c.keys) {
			t.Errorf("%s: %v, want one line for each of %v", what, err, c.keys)
			continue
		}
		for i, key := range c.keys {
			if !strings.HasPrefix(lines[i], key+"=") {
				t.Errorf("%s: %q, want %s", what, lines[i], key)
			}
		}
	}
}
