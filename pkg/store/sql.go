package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// transact is do for a transaction.
func (s *Store) transact(ctx context.Context, what string, work func(*sql.Tx) error) error {
	return s.do(ctx, what, func() error {
		tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
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

// do runs work once the schema is known to be new enough, and again, a few times,
// when the database chose it as the victim of a deadlock or let it wait too long.
// Work must be whole in itself: a transaction or one statement.
func (s *Store) do(ctx context.Context, what string, work func() error) error {
	if err := s.checkSchema(ctx); err != nil {
		return err
	}
	const tries = 5
	var err error
	for range tries {
		if err = work(); err == nil || !retryable(err) {
			break
		}
	}
	switch {
	case err == nil, errors.Is(err, ErrNotFound):
		return err
	case isFull(err):
		return fmt.Errorf("%s: %w: %w", what, ErrFull, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// The numbers of the server's errors that mean something here.
const (
	errDiskFull       = 1021 // ER_DISK_FULL
	errWrite          = 1026 // ER_ERROR_ON_WRITE
	errStorageEngine  = 1030 // ER_GET_ERRNO
	errRecordFileFull = 1114 // ER_RECORD_FILE_FULL
	errNoSuchTable    = 1146 // ER_NO_SUCH_TABLE
	errLockWait       = 1205 // ER_LOCK_WAIT_TIMEOUT
	errDeadlock       = 1213 // ER_LOCK_DEADLOCK
)

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

// retryable tells whether err is a deadlock, a lock wait that took too long, or a
// row that two submitters lost to each other.
func retryable(err error) bool {
	e, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && (e.Number == errDeadlock || e.Number == errLockWait) || errors.Is(err, errRowMissing)
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

func scanString(rows *sql.Rows) (s string, err error) {
	err = rows.Scan(&s)
	return s, err
}

// nullable is the text, NULL when it is empty.
func nullable(text string) sql.NullString { return sql.NullString{String: text, Valid: text != ""} }
