package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"

	"github.com/go-sql-driver/mysql"
)

// unpreparable are what a server answers that has no room for a prepared statement or lost it, or a
// proxy that prepares none. Nothing was done then.
var unpreparable = []uint16{
	1047, // ER_UNKNOWN_COM_ERROR; Galera's without a quorum, too, which says it again when it is asked plainly: see elsewhere
	1243, // ER_UNKNOWN_STMT_HANDLER: a proxy that goes on at another server
	1295, // ER_UNSUPPORTED_PS
	1461, // ER_MAX_PREPARED_STMT_COUNT_REACHED
	1615, // ER_NEED_REPREPARE: the server's cache of tables is too small
}

// prepared asks the database by prepared statements, which it keeps until the database is closed: for
// few texts that are asked again and again. It is safe for concurrent use.
type prepared struct {
	db *sql.DB

	mu         sync.Mutex
	statements map[string]*sql.Stmt
}

// QueryContext is that of the database, plainly where the statement cannot be prepared.
func (p *prepared) QueryContext(ctx context.Context, statement string, args ...any) (rows *sql.Rows, err error) {
	known, err := p.statement(ctx, statement) //nolint:sqlclosecheck // kept until the connections close
	if err == nil {
		rows, err = known.QueryContext(ctx, args...)
	}
	if isOneOf(err, unpreparable...) {
		return p.db.QueryContext(ctx, statement, args...)
	}
	return rows, err
}

// ExecContext is that of the database, plainly where the statement cannot be prepared.
func (p *prepared) ExecContext(ctx context.Context, statement string, args ...any) (result sql.Result, err error) {
	known, err := p.statement(ctx, statement) //nolint:sqlclosecheck // kept until the connections close
	if err == nil {
		result, err = known.ExecContext(ctx, args...)
	}
	if isOneOf(err, unpreparable...) {
		return p.db.ExecContext(ctx, statement, args...)
	}
	return result, err
}

func (p *prepared) statement(ctx context.Context, statement string) (*sql.Stmt, error) {
	p.mu.Lock()
	known, is := p.statements[statement]
	p.mu.Unlock()
	if is {
		return known, nil
	}
	fresh, err := p.db.PrepareContext(ctx, statement)
	switch {
	case errors.Is(err, mysql.ErrInvalidConn): // a prepare that broke off did nothing: it may be done again
		return nil, driver.ErrBadConn
	case err != nil:
		return nil, err
	}
	p.mu.Lock()
	known, is = p.statements[statement]
	if !is {
		p.statements[statement] = fresh
	}
	p.mu.Unlock()
	if is { // another was as quick
		fresh.Close() //nolint:sqlclosecheck // at once; an error says only that its connection is gone
		return known, nil
	}
	return fresh, nil
}
