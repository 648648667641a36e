package store

import (
	"context"
	"database/sql/driver"
	"errors"
)

// session makes connections whose transactions are READ COMMITTED from the start: said once
// here, it costs no round trip a transaction.
type session struct{ driver.Connector }

const setIsolation = `SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED`

func (s session) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	execer, ok := conn.(driver.ExecerContext)
	if !ok {
		return nil, errors.Join(errors.New("the driver's connections take no statements"), conn.Close())
	}
	if _, err := execer.ExecContext(ctx, setIsolation, nil); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
