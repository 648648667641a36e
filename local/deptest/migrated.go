package deptest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"

	"lineup.dev/lineup/pkg/store"
)

// template is the database that those of [Migrated] are copies of.
var template struct {
	once sync.Once
	copy func(ctx context.Context, dsn string) error
	err  error
}

// Migrated is [MySQL] with the tables of this version, and with nothing in them but what the migrations write. Only the
// first one is migrated; the others are copies, which take a fraction of the time. What a migration does to a database,
// a test has to see on one of MySQL's own.
func Migrated(t testing.TB) string {
	t.Helper()
	dsn := MySQL(t)
	template.once.Do(func() { template.copy, template.err = makeTemplate(t.Context()) })
	if template.err != nil {
		t.Fatal(template.err)
	}
	if err := template.copy(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	return dsn
}

// makeTemplate migrates a database, which stays as long as the server, and gives what makes a copy of it.
func makeTemplate(ctx context.Context) (func(ctx context.Context, dsn string) error, error) {
	server, err := mariaDB(ctx)
	if err != nil {
		return nil, err
	}
	if err := runAll(ctx, server.DSN(""), "CREATE DATABASE template"); err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx, server.DSN("template")); err != nil {
		return nil, fmt.Errorf("make the template of databases: %w", err)
	}
	db, err := sql.Open("mysql", server.DSN("template"))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	statements := []string{"SET FOREIGN_KEY_CHECKS = 0"} // tables come by their names' order
	tables, err := strs(ctx, db, "SHOW TABLES")
	if err != nil {
		return nil, err
	}
	for _, table := range tables {
		made, err := copyOf(ctx, db, table)
		if err != nil {
			return nil, fmt.Errorf("copy table %s of the template: %w", table, err)
		}
		statements = append(statements, made...)
	}
	all := strings.Join(statements, ";\n")
	return func(ctx context.Context, dsn string) error { return runAll(ctx, dsn, all) }, nil
}

// copyOf gives the statements that make a table as it is in the template, with its rows.
func copyOf(ctx context.Context, db *sql.DB, table string) ([]string, error) {
	var name, statement string
	if err := db.QueryRowContext(ctx, "SHOW CREATE TABLE "+table).Scan(&name, &statement); err != nil {
		return nil, err
	}
	columns, err := strs(ctx, db, `
		SELECT column_name
		FROM information_schema.columns
		WHERE table_schema = 'template'
			AND table_name = ?
			AND extra NOT LIKE '%GENERATED%'`, table)
	if err != nil {
		return nil, err
	}
	var rows int
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+table).Scan(&rows); err != nil || rows == 0 {
		return []string{statement}, err
	}
	list := "`" + strings.Join(columns, "`, `") + "`"
	return []string{statement, fmt.Sprintf("INSERT INTO %[1]s (%[2]s) SELECT %[2]s FROM template.%[1]s", table, list)}, nil
}

// strs gives the rows of one column of text.
func strs(ctx context.Context, db *sql.DB, query string, args ...any) (all []string, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// runAll runs statements, which semicolons part, on one connection.
func runAll(ctx context.Context, dsn, statements string) error {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return err
	}
	config.MultiStatements = true
	db, err := sql.Open("mysql", config.FormatDSN())
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, statements); err != nil {
		return fmt.Errorf("%.60s: %w", statements, err)
	}
	return nil
}
