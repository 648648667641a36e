package deptest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"

	"lineup.dev/lineup/pkg/store"
)

var accounts atomic.Int64

// Account gives the DSN of an account that has the rights on a database of [MySQL] that pkg/store grants the program, and
// no others. The account is dropped when the test ends.
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
	ctx := context.WithoutCancel(t.Context()) // which ends before the cleanups
	run := func(statement string) {
		if _, err := admin.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	run("CREATE USER " + user + " IDENTIFIED BY 'secret'")
	t.Cleanup(func() {
		run("DROP USER " + user)
		admin.Close()
	})
	grants := store.Grants(program)
	if len(grants) == 0 {
		t.Fatalf("%s is granted nothing", program)
	}
	for _, grant := range grants {
		grant = strings.Replace(grant, " ON lineup.", " ON "+config.DBName+".", 1)
		run(strings.TrimSuffix(grant, " TO "+program) + " TO " + user)
	}
	return config.FormatDSN()
}
