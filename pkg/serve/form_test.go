package serve_test

import (
	"strings"
	"testing"

	"lineup.dev/lineup/pkg/serve"
)

func TestATextHasItsForm(t *testing.T) {
	t.Parallel()
	type text struct {
		Address  string   `envconfig:"ADDRESS" default:"h:1" form:"address"`
		Host     string   `envconfig:"HOST" default:"0.0.0.0" form:"host"`
		URL      string   `envconfig:"URL" form:"url"`
		Anything string   `envconfig:"ANYTHING" form:"any"`
		URLs     []string `envconfig:"URLS" form:"url"`
		List     []string `envconfig:"LIST" form:"any"`
	}
	valid := text{Address: "127.0.0.1:50051", Host: "localhost"}
	for name, c := range map[string]struct {
		change func(*text)
		key    string // that the error names; empty for none
	}{
		"as it is":                     {func(*text) {}, ""},
		"an IPv6 address":              {func(s *text) { s.Address = "[::1]:50051" }, ""},
		"a name within a cluster":      {func(s *text) { s.Address = "face-server.lineup.svc.cluster.local:80" }, ""},
		"no address":                   {func(s *text) { s.Address = "" }, "ADDRESS"},
		"an address behind a space":    {func(s *text) { s.Address = " face-server:80" }, "ADDRESS"},
		"an address without a port":    {func(s *text) { s.Address = "face-server" }, "ADDRESS"},
		"an empty port":                {func(s *text) { s.Address = "face-server:" }, "ADDRESS"},
		"a port that is no number":     {func(s *text) { s.Address = ":abc" }, "ADDRESS"},
		"port 0":                       {func(s *text) { s.Address = "h:0" }, "ADDRESS"},
		"a port too high":              {func(s *text) { s.Address = "h:65536" }, "ADDRESS"},
		"IPv6 without brackets":        {func(s *text) { s.Address = "::1:50051" }, "ADDRESS"},
		"a URL for an address":         {func(s *text) { s.Address = "http://face-server:80" }, "ADDRESS"},
		"every interface":              {func(s *text) { s.Host = "" }, ""},
		"an IPv6 host":                 {func(s *text) { s.Host = "::" }, ""},
		"a host with spaces":           {func(s *text) { s.Host = "not a host" }, "HOST"},
		"a URL":                        {func(s *text) { s.URL = "https://h:8443/path" }, ""},
		"a URL of another scheme":      {func(s *text) { s.URL = "ftp://h" }, "URL"},
		"a URL without a host":         {func(s *text) { s.URL = "http://:80" }, "URL"},
		"a URL with a port too high":   {func(s *text) { s.URL = "http://h:99999" }, "URL"},
		"two URLs":                     {func(s *text) { s.URLs = []string{"http://a", "http://b"} }, ""},
		"two URLs, the second a name":  {func(s *text) { s.URLs = []string{"http://a", "b"} }, "URLS"},
		"an empty URL":                 {func(s *text) { s.URLs = []string{"http://a", ""} }, "URLS"},
		"an empty list":                {func(s *text) { s.List = []string{} }, ""},
		"nothing but commas":           {func(s *text) { s.List = []string{"", "", ""} }, "LIST"},
		"a comma too much":             {func(s *text) { s.List = []string{"a", " "} }, "LIST"},
		"a text of which nothing said": {func(s *text) { s.Anything = "ftp://:0" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := valid
			c.change(&spec)
			err := serve.Check(&spec)
			if (err == nil) != (c.key == "") || err != nil && !strings.HasPrefix(err.Error(), c.key+"=") {
				t.Errorf("%+v: %v, want an error that names %q", spec, err, c.key)
			}
		})
	}
}
