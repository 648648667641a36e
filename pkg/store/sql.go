package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// transact is do for a transaction.
func (s *Store) transact(ctx context.Context, what string, work func(*sql.Tx) error) error {
	return s.do(ctx, what, func() error {
		tx, err := s.db.BeginTx(ctx, nil) // READ COMMITTED, as session says
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if err := work(tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// exec is do for one statement; it tells how many rows were found.
func (s *Store) exec(ctx context.Context, what, statement string, args ...any) (found int64, err error) {
	err = s.do(ctx, what, func() error {
		result, err := s.db.ExecContext(ctx, statement, args...)
		if err != nil {
			return err
		}
		found, err = result.RowsAffected()
		return err
	})
	return found, err
}

// execClaimed is exec for who holds a row's claim: ErrClaimLost when it was another's by then.
func (s *Store) execClaimed(ctx context.Context, what, statement string, args ...any) error {
	found, err := s.exec(ctx, what, statement, args...)
	if err == nil && found == 0 {
		return ErrClaimLost
	}
	return err
}

// execIn is exec of a statement that ends in IN, for any number of ids.
func (s *Store) execIn(ctx context.Context, what, statement string, ids []int64) error {
	for chunk := range slices.Chunk(ids, maxValues) {
		list, args := placeholders(chunk)
		if _, err := s.exec(ctx, what, statement+list, args...); err != nil {
			return err
		}
	}
	return nil
}

// do runs work once the schema is known to be new enough, and again, a few times, when
// the database did none of it and may do it soon: see repeatable. Work must be whole in
// itself: a transaction or one statement.
func (s *Store) do(ctx context.Context, what string, work func() error) error {
	attempt := func() error {
		if err := s.checkSchema(ctx); err != nil {
			return err
		}
		return work()
	}
	const tries = 5
	err := attempt()
	for n := 1; n < tries && s.repeatable(ctx, err, n); n++ {
		err = attempt()
	}
	return explained(what, err)
}

// explained is the error of what was done, as its kind where callers tell kinds apart.
func explained(what string, err error) error {
	switch {
	case err == nil, errors.Is(err, ErrNotFound):
		return err
	case isFull(err):
		return fmt.Errorf("%s: %w: %w", what, ErrFull, err)
	case isOneOf(err, readOnly...):
		return fmt.Errorf("%s: %w: %w; next: see that MYSQL_DSN names the primary", what, ErrReadOnly, err)
	case isOneOf(err, crowded...):
		return fmt.Errorf("%s: %w; next: lower MYSQL_CONNECTIONS, or raise the server's max_connections or what the account may open", what, err)
	case isOneOf(err, errTableDenied, errColumnDenied):
		return fmt.Errorf("%s: %w: %w; next: %s", what, ErrDenied, err, missingGrant(err))
	}
	return fmt.Errorf("%s: %w", what, err)
}

// deniedTable reads what the server says of a right that an account lacks: the right, the
// account's name, and the table.
var deniedTable = regexp.MustCompile("^([A-Z, ]+) command denied to user '([^']*)'@.* for (?:table|column '[^']*' in table) [`']?([^`']+)[`']?(?:\\.`([^`]+)`)?")

// missingGrant is the statement that gives the right.
func missingGrant(err error) string {
	const all = "see Least rights in docs/operations.md: a new version's tables are granted after `make migrate`"
	e, _ := errors.AsType[*mysql.MySQLError](err)
	if e == nil {
		return all
	}
	said := deniedTable.FindStringSubmatch(e.Message)
	if said == nil {
		return all
	}
	table := said[3]
	if said[4] != "" {
		table += "." + said[4]
	}
	return fmt.Sprintf("GRANT %s ON %s TO '%s', as who may, and %s", said[1], table, said[2], all)
}

// errMoved says that what a transaction had read was another's to change before it was
// locked.
var errMoved = errors.New("another changed the rows meanwhile")

// The numbers of the server's errors that mean something here.
const (
	errDiskFull       = 1021 // ER_DISK_FULL
	errWrite          = 1026 // ER_ERROR_ON_WRITE
	errStorageEngine  = 1030 // ER_GET_ERRNO
	errRecordFileFull = 1114 // ER_RECORD_FILE_FULL
	errDuplicate      = 1062 // ER_DUP_ENTRY
	errNoSuchTable    = 1146 // ER_NO_SUCH_TABLE
	errTableDenied    = 1142 // ER_TABLEACCESS_DENIED_ERROR
	errColumnDenied   = 1143 // ER_COLUMNACCESS_DENIED_ERROR
	errUnknown        = 1105 // ER_UNKNOWN_ERROR
)

var (
	// conflicts end a transaction that another stood in the way of.
	conflicts = []uint16{
		1205, // ER_LOCK_WAIT_TIMEOUT; also MariaDB's for NOWAIT
		3572, // ER_LOCK_NOWAIT
		1213, // ER_LOCK_DEADLOCK; also Galera's, when another node was first
		3101, // ER_TRANSACTION_ROLLBACK_DURING_COMMIT: Group Replication's, likewise
	}
	// crowded says that the server has no connection left.
	crowded = []uint16{
		1040, // ER_CON_COUNT_ERROR: max_connections
		1203, // ER_TOO_MANY_USER_CONNECTIONS: max_user_connections; Vitess when a pool of its own is used up
		1226, // ER_USER_LIMIT_REACHED: what the account may do in an hour, or open
	}
	// readOnly says that this server takes no writes.
	readOnly = []uint16{
		1290, // ER_OPTION_PREVENTS_STATEMENT: a primary that turned read-only
		1792, // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION: the same, by the default of its transactions
		1836, // ER_READ_ONLY_MODE: the same
		3100, // ER_RUN_HOOK_ERROR: a member of a group without a quorum cannot commit
	}
	// elsewhere says that this server is not, or no longer, the one to ask.
	elsewhere = append([]uint16{
		1047, // ER_UNKNOWN_COM_ERROR: Galera's node without a quorum; Vitess when it lost the session
		1053, // ER_SERVER_SHUTDOWN
		3032, // ER_SERVER_OFFLINE_MODE: a member that left its group
		3168, // ER_SERVER_ISNT_AVAILABLE
		9001, // ProxySQL: no connection to a server of the hostgroup in time
		9002, // ProxySQL: none at all
	}, readOnly...)
)

// repeatable tells whether after err, of the nth try, work may be done again, and waits
// as long as that needs: the database chose it as the victim of another, is not the one to
// ask any more, so that the next one is to be found, or has no connection left. Nothing of
// work was done: where a connection broke and that is not known, nothing is repeated.
func (s *Store) repeatable(ctx context.Context, err error, n int) bool {
	switch {
	case err == nil:
		return false
	case isOneOf(err, conflicts...), errors.Is(err, errRowMissing), errors.Is(err, errMoved), errors.Is(err, driver.ErrBadConn):
		return ctx.Err() == nil
	case isElsewhere(err):
		s.connections.leave()
	case !isOneOf(err, crowded...):
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(repeatPause << n):
		return true
	}
}

// repeatPause doubles with each try, four at most: 0.75 s in all.
const repeatPause = 25 * time.Millisecond

func isElsewhere(err error) bool {
	if isOneOf(err, elsewhere...) {
		return true
	}
	// Vitess while it moves a primary. Its other errors may be of a statement that was executed.
	e, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && e.Number == errUnknown && (strings.Contains(e.Message, "is not serving") || strings.Contains(e.Message, "no healthy tablet available"))
}

func isOneOf(err error, numbers ...uint16) bool {
	e, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && slices.Contains(numbers, e.Number)
}

// isOfOneRow tells of an error that may be one call's fault, or its bad luck.
func isOfOneRow(err error) bool {
	if errors.Is(err, errMoved) {
		return true
	}
	_, answered := errors.AsType[*mysql.MySQLError](err)
	return answered && !isFull(err) && !isElsewhere(err) && !isOneOf(err, crowded...) && !isOneOf(err, errTableDenied, errColumnDenied)
}

// isFull tells whether err says that a file cannot grow: by its number, or as an
// error of the storage engine with the operating system's words for that.
func isFull(err error) bool {
	e, ok := errors.AsType[*mysql.MySQLError](err)
	if !ok {
		return false
	}
	switch e.Number {
	case errDiskFull, errRecordFileFull:
		return true
	case errWrite, errStorageEngine:
		return slices.ContainsFunc([]string{"No space left", "File too large", "Disk quota exceeded"}, func(words string) bool {
			return strings.Contains(e.Message, words)
		})
	}
	return false
}

// query runs a SELECT and gives what scan makes of each row.
func query[T any](ctx context.Context, q querier, scan func(*sql.Rows) (T, error), statement string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

// executor is a querier that changes rows, too.
type executor interface {
	querier
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}

// maxValues is how many values one statement's list holds.
const maxValues = 500

// placeholders is "(?, ?, ...)" for the values, and the values as arguments.
func placeholders[T any](values []T) (string, []any) {
	marks, args := make([]string, len(values)), make([]any, len(values))
	for i, v := range values {
		marks[i], args[i] = "?", v
	}
	return "(" + strings.Join(marks, ", ") + ")", args
}

// union is so many rows of question marks, for an UPDATE that is joined with them.
func union(row string, rows int) string {
	return strings.Join(slices.Repeat([]string{row}, rows), " UNION ALL ")
}

func scanID(rows *sql.Rows) (id int64, err error) {
	err = rows.Scan(&id)
	return id, err
}

func scanName(rows *sql.Rows) (name string, err error) {
	err = rows.Scan(&name)
	return name, err
}

// nullable is the text, NULL when it is empty.
func nullable(text string) sql.NullString { return sql.NullString{String: text, Valid: text != ""} }

// likeEscaper makes of a text what LIKE takes literally.
var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// waitOf is a wait that a row tells, in microseconds: none where it is over or NULL, and
// Horizon at most.
func waitOf(wait sql.NullInt64) time.Duration {
	return time.Duration(min(max(0, wait.Int64), Horizon.Microseconds())) * time.Microsecond
}
