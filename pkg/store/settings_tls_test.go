package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testcerts"
	"lineup.dev/lineup/pkg/store"
)

func TestADatabaseThatAsksForTLS(t *testing.T) {
	t.Parallel()
	ca, other := testcerts.New(t), testcerts.New(t)
	cert, key := ca.Issue(t)
	dsn := deptest.MySQLOverTLS(t, cert, key)
	if err := (store.Database{DSN: dsn, CAFile: ca.File}).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		parameter, caFile string
		works             bool
	}{
		"without TLS":                          {"", "", false},
		"verified against its CA":              {"", ca.File, true},
		"verified, and the DSN says so too":    {"?tls=true", ca.File, true},
		"verified against another CA":          {"", other.File, false},
		"verified against those of the system": {"?tls=true", "", false},
		"encrypted, and not verified":          {"?tls=skip-verify", "", true},
		"TLS where the server offers it":       {"?tls=preferred", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, store.Settings{Database: store.Database{DSN: dsn + c.parameter, CAFile: c.caFile}, Connections: 2})
			if err := s.Ready(t.Context()); (err == nil) != c.works {
				t.Errorf("Ready: %v", err)
			}
		})
	}
	t.Run("the connection is encrypted", func(t *testing.T) {
		var name, cipher string
		if err := deptest.SQL(t, dsn+"?tls=skip-verify").QueryRowContext(t.Context(), "SHOW STATUS LIKE 'Ssl_cipher'").Scan(&name, &cipher); err != nil || cipher == "" {
			t.Errorf("the cipher is %q, %v", cipher, err)
		}
	})
	t.Run("the CA's file is read again", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "ca.pem")
		copyFile(t, other.File, file)
		s := open(t, store.Settings{Database: store.Database{DSN: dsn, CAFile: file}, Connections: 2})
		if err := s.Ready(t.Context()); err == nil {
			t.Error("with another CA it is ready")
		}
		copyFile(t, ca.File, file)
		if err := s.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestACAFileOfNoUse(t *testing.T) {
	t.Parallel()
	ca := testcerts.New(t)
	_, key := ca.Issue(t)
	const tcp = "root:hunter2@tcp(127.0.0.1:3306)/lineup"
	for name, d := range map[string]store.Database{
		"it is not there":                {DSN: tcp, CAFile: key + "x"},
		"it holds no certificate":        {DSN: tcp, CAFile: key},
		"the DSN asks not to look at it": {DSN: tcp + "?tls=skip-verify", CAFile: ca.File},
		"the DSN leads to a socket":      {DSN: "root:hunter2@unix(/tmp/mysql.sock)/lineup", CAFile: ca.File},
	} {
		if err := d.Check(); err == nil || !strings.Contains(err.Error(), "MYSQL_CA_FILE") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v; want an error that names MYSQL_CA_FILE and shows no password", name, err)
		}
	}
}
