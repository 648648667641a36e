package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"lineup.dev/lineup/pkg/lineup"
)

//go:embed migrations/*.sql
var migrations embed.FS

// The table is goose's own.
const selectVersion = `
	SELECT
		MAX(version_id),
		VERSION()
	FROM goose_db_version
	WHERE is_applied`

// ErrSchema says that the database's schema is older than this program.
var ErrSchema = errors.New("the database's schema is older than this program")

// Migrate brings the database's schema to this version. Several may do so at
// once: one does the work while the others wait.
func Migrate(ctx context.Context, dsn string) error {
	return Database{DSN: dsn}.Migrate(ctx)
}

// Migrate is the function of that name for a database that needs more than a DSN.
func (d Database) Migrate(ctx context.Context) error {
	config, err := d.config()
	if err != nil {
		return err
	}
	config.ReadTimeout, config.WriteTimeout = 0, 0 // to change a large table takes long; ctx alone ends it
	delete(config.Params, "wait_timeout")          // nor may a connection end that waits for another's migration
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	// The lock's holder beats its heart; one that died is waited for no longer than the lease.
	locker, err := lock.NewMySQLTableLocker(
		lock.WithTableLeaseDuration(30*time.Second),
		lock.WithTableHeartbeatInterval(5*time.Second),
		lock.WithTableLockTimeout(time.Second, 120),
	)
	if err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectMySQL, db, files, goose.WithLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	if err := fillSpellings(ctx, db); err != nil {
		return fmt.Errorf("spell the names of people: %w", err)
	}
	if err := fillShownNames(ctx, db); err != nil {
		return fmt.Errorf("write the names by which pictures are looked for: %w", err)
	}
	return nil
}

const (
	// A program of the version before names people without a spelling.
	selectUnspelled = `
		SELECT
			id,
			name
		FROM person
		WHERE spelling IS NULL
			AND name IS NOT NULL
			AND id > ?
		ORDER BY id
		LIMIT ?`

	updateSpelling = `
		UPDATE person
		SET spelling = ?
		WHERE id = ?
			AND name = ?`
)

// fillSpellings spells the names that no program has spelled, a batch at a time. Several
// may do so at once.
func fillSpellings(ctx context.Context, db *sql.DB) error {
	for after := int64(0); ; {
		people, err := unspelled(ctx, db, after)
		if err != nil || len(people) == 0 {
			return err
		}
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		for _, person := range people {
			if _, err := tx.ExecContext(ctx, updateSpelling, Spelling(string(person.Name)), person.ID, person.Name); err != nil {
				return errors.Join(err, tx.Rollback())
			}
			after = person.ID
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
}

// unspelled gives a batch of the people whose names have no spelling.
func unspelled(ctx context.Context, db *sql.DB, after int64) (people []lineup.Person, err error) {
	const batch = 500
	rows, err := db.QueryContext(ctx, selectUnspelled, after, batch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var person lineup.Person
		if err := rows.Scan(&person.ID, &person.Name); err != nil {
			return nil, err
		}
		people = append(people, person)
	}
	return people, rows.Err()
}

const (
	// A program of the version before writes none.
	selectUnnamed = `
		SELECT
			id,
			path,
			file_name
		FROM images FORCE INDEX (images_shown_name)
		WHERE shown_name IS NULL
			AND id > ?
			AND status <> '` + deleted + `'
		ORDER BY id
		LIMIT ?`

	updateShownNames = `
		UPDATE images
		SET shown_name = CASE id%s END
		WHERE shown_name IS NULL
			AND id IN (%s)`
)

// fillShownNames writes the names by which pictures are looked for where no program has, a
// batch at a time. Several may do so at once.
func fillShownNames(ctx context.Context, db *sql.DB) error {
	for after := int64(0); ; {
		ids, names, err := unnamed(ctx, db, after)
		if err != nil || len(ids) == 0 {
			return err
		}
		cases := strings.Repeat(" WHEN ? THEN ?", len(ids))
		marks := strings.TrimSuffix(strings.Repeat("?, ", len(ids)), ", ")
		if _, err := db.ExecContext(ctx, fmt.Sprintf(updateShownNames, cases, marks), append(names, ids...)...); err != nil {
			return err
		}
		after, _ = ids[len(ids)-1].(int64)
	}
}

// unnamed gives the ids of a batch of pictures without such a name, and each id and name in turn.
func unnamed(ctx context.Context, db *sql.DB, after int64) (ids, names []any, err error) {
	const batch = 500
	rows, err := db.QueryContext(ctx, selectUnnamed, after, batch)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var path string
		var fileName sql.NullString
		if err := rows.Scan(&id, &path, &fileName); err != nil {
			return nil, nil, err
		}
		ids, names = append(ids, id), append(names, id, shownName(path, fileName.String))
	}
	return ids, names, rows.Err()
}

// newestVersion is the version of the newest migration.
var newestVersion = func() (newest int64) {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		panic(err) // the files are part of the program
	}
	for _, file := range files {
		number, _, _ := strings.Cut(file.Name(), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			panic(err)
		}
		newest = max(newest, version)
	}
	return newest
}()

// checkSchema asks until the schema was once new enough: migrations only add.
func (s *Store) checkSchema(ctx context.Context) error {
	if s.current.Load() {
		return nil
	}
	var version sql.NullInt64
	var server string
	err := s.db.QueryRowContext(ctx, selectVersion).Scan(&version, &server)
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok && e.Number == errNoSuchTable {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if version.Int64 < newestVersion {
		return fmt.Errorf("%w: it is at version %d, %d is needed; run `make migrate` with its MYSQL_DSN", ErrSchema, version.Int64, newestVersion)
	}
	s.returning.Store(tellsIDs(server))
	s.current.Store(true)
	return nil
}

var mariaDBVersion = regexp.MustCompile(`(\d+)\.(\d+)\.\d+-MariaDB`)

// tellsIDs tells whether a server of that version knows INSERT ... RETURNING: MariaDB from
// 10.5 on.
func tellsIDs(version string) bool {
	numbers := mariaDBVersion.FindStringSubmatch(version)
	if numbers == nil {
		return false
	}
	major, _ := strconv.Atoi(numbers[1])
	minor, _ := strconv.Atoi(numbers[2])
	return major > 10 || major == 10 && minor >= 5
}
