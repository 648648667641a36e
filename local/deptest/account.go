package deptest

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"

	"lineup.dev/lineup/local/parts"
)

var accounts atomic.Int64

// Account gives the DSN of an account that has the rights on a database of [MySQL] that docs/operations.md grants the
// program, and no others. The account is dropped when the test ends.
func Account(t testing.TB, dsn, program string) string {
	t.Helper()
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Passwd = fmt.Sprintf("%s_%d", program, accounts.Add(1)), "secret"
	user := "'" + config.User + "'@'localhost'"
	run := func(statement string) {
		if _, err := admin.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	run("CREATE USER " + user + " IDENTIFIED BY 'secret'")
	t.Cleanup(func() {
		run("DROP USER " + user)
		admin.Close()
	})
	for _, grant := range grants(t, program) {
		grant = strings.Replace(grant, " ON lineup.", " ON "+config.DBName+".", 1)
		run(strings.Replace(grant, " TO "+program+";", " TO "+user, 1))
	}
	return config.FormatDSN()
}

// grants are the lines of docs/operations.md that give the program rights.
func grants(t testing.TB, program string) (lines []string) {
	t.Helper()
	root, err := parts.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "GRANT ") && strings.HasSuffix(line, " TO "+program+";") {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		t.Fatalf("docs/operations.md grants %s nothing", program)
	}
	return lines
}
