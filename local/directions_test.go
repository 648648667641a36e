package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/local/testkit"
)

func TestDirections(t *testing.T) {
	data := t.TempDir()
	try := filepath.Join(data, "images", "samples", "try")
	testkit.Succeed(t, os.MkdirAll(try, 0o755))
	testkit.Succeed(t, os.WriteFile(filepath.Join(try, "mila.jpg"), nil, 0o600))
	at := system.Addresses{Receive: "http://here:1", View: "http://here:2", DSN: "lineup:secret@tcp(here:3)/lineup"}
	shared := at
	shared.Network = []system.Outside{{Receive: "http://192.0.2.7:1", View: "http://192.0.2.7:2"}}
	for name, test := range map[string]struct {
		settings   system.Settings
		at         system.Addresses
		want, lack []string
	}{
		"on this machine": {system.Settings{Data: data}, at,
			[]string{"photo=@" + try + "/mila.jpg http://here:1/people", "MYSQL_DSN='lineup:secret@tcp(here:3)/lineup'", "my.cnf"}, []string{"WARNING", "API_KEY"}},
		"without samples":       {system.Settings{Data: t.TempDir()}, at, []string{"image=@FILE"}, []string{".jpg"}},
		"a database of the own": {system.Settings{Data: data, MySQLDSN: "a"}, at, nil, []string{"secret"}},
		"for others":            {system.Settings{Data: data, Host: "0.0.0.0"}, shared, []string{"http://192.0.2.7:2 from other machines", "WARNING", "HOST=0.0.0.0"}, nil},
		"for others with a key": {system.Settings{Data: data, Host: "0.0.0.0", APIKeysFile: "keys", APIKey: "hidden"}, shared,
			[]string{"Bearer $API_KEY"}, []string{"WARNING", "hidden"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := directions(test.settings, test.at)
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("it says\n%s\nand not %s", got, want)
				}
			}
			for _, lack := range test.lack {
				if strings.Contains(got, lack) {
					t.Errorf("it says\n%s\nwith %s", got, lack)
				}
			}
		})
	}
}
