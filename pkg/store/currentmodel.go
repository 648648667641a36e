package store

import (
	"context"
	"database/sql"
)

const selectCurrentModel = `
	SELECT name
	FROM models
	WHERE state = '` + string(ModelCurrent) + `'`

// currentModel is the model that faces are compared by since the last change of it; empty where
// there was none.
func currentModel(ctx context.Context, q querier) (string, error) {
	names, err := query(ctx, q, func(rows *sql.Rows) (name string, err error) {
		err = rows.Scan(&name)
		return name, err
	}, selectCurrentModel)
	if err != nil || len(names) == 0 {
		return "", err
	}
	return names[0], nil
}
