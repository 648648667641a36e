package store_test

import (
	"net"
	"strings"
	"testing"

	"lineup/local/realparts"
	"lineup/pkg/store"
)

func TestNoErrorShowsThePassword(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close() // nobody listens there now
	socket := strings.TrimPrefix(realparts.MySQL(t), "root@")
	for name, c := range map[string]struct {
		dsn    string
		opened bool // only using it fails
	}{
		"empty":                          {"", false},
		"no slash":                       {"root:hunter2@tcp(127.0.0.1:3306)", false},
		"no database":                    {"root:hunter2@tcp(127.0.0.1:3306)/", false},
		"no host":                        {"root:hunter2/lineup", false},
		"no @":                           {"root:hunter2(127.0.0.1:3306)/lineup", false},
		"no closing bracket":             {"root:hunter2@tcp(127.0.0.1:3306/lineup", false},
		"a URL":                          {"mysql://root:hunter2@127.0.0.1:3306/lineup", false},
		"a password with a slash":        {"root:/hunter2@tcp(127.0.0.1:3306)", false},
		"a password with what a URL has": {"root:/x%hunter2?a=%hunter2@tcp(127.0.0.1:3306)", false},
		"the password as a parameter":    {"root@tcp(127.0.0.1:3306)/lineup?timeout=hunter2", false},
		"the password as TLS":            {"root@tcp(127.0.0.1:3306)/lineup?tls=hunter2", false},
		"an unknown network":             {"root:hunter2@ship(127.0.0.1:3306)/lineup", false},
		"a host that is away":            {"root:hunter2@tcp(" + listener.Addr().String() + ")/lineup", true},
		"a password that is wrong":       {"nobody:hunter2@" + socket, true},
		"a database that is not there":   {"root@" + socket + "hunter2", true},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(store.Settings{DSN: c.dsn})
			if (err == nil) != c.opened {
				t.Fatalf("Open: %v", err)
			}
			errs := []error{store.Migrate(t.Context(), c.dsn)}
			if c.opened {
				t.Cleanup(func() { s.Close() })
				errs = append(errs, s.Ready(t.Context()))
			} else {
				errs = append(errs, err)
			}
			for _, err := range errs {
				if err == nil {
					t.Fatal("no error")
				}
				if strings.Contains(err.Error(), "hunter2") && name != "a database that is not there" {
					t.Errorf("the error shows the password: %v", err)
				}
				if !c.opened && !strings.Contains(err.Error(), "MYSQL_DSN") {
					t.Errorf("the error does not name the setting: %v", err)
				}
			}
		})
	}
}
