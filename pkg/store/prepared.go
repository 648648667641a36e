package store

import (
	"context"
	"database/sql"
	"sync"
)

// unpreparable are what a server answers that has no room for a prepared statement, or a proxy
// that prepares none.
var unpreparable = []uint16{
	1295, // ER_UNSUPPORTED_PS
	1461, // ER_MAX_PREPARED_STMT_COUNT_REACHED
}

// prepared is the database, which parses a statement once for each connection: for those that
// are asked again and again, and of which there are few. It is safe for concurrent use.
type prepared struct {
	db *sql.DB

	mu         sync.Mutex
	statements map[string]*sql.Stmt
}

// QueryContext is that of the database.
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

// ExecContext is that of the database.
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
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, is = p.statements[statement]; is { // another was as quick
		return known, fresh.Close() //nolint:sqlclosecheck // the other is kept
	}
	p.statements[statement] = fresh
	return fresh, nil
}
