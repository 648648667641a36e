package bench

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"

	"lineup.dev/lineup/local/child"
)

// tables are the databases that were made, by whose they are and how many rows they have.
type tables map[string]string

// images gives a build's database with so many pictures, all of them looked at.
func (l *lab) images(ctx context.Context, b build, rows int) (database string, err error) {
	return l.table(ctx, b.name, rows, func(ctx context.Context, database, dsn string) error {
		migrate := exec.Command(filepath.Join(b.dir, "migrate"))
		migrate.Env = append(clean(migrate.Environ()), "MYSQL_DSN="+dsn)
		if err := child.Run(ctx, migrate); err != nil {
			return err
		}
		if rows == 0 {
			return nil
		}
		// Relative, as receive writes paths below the first root: an absolute one would be an older version's row, which receive
		// then looks for with every picture.
		return l.fill(ctx, database, "images", fmt.Sprintf(`INSERT INTO images (path, status, queued_at, announced_at, created_at, updated_at)
			SELECT CONCAT('filled/', seq, '.jpg'), 'unknown', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) - INTERVAL seq SECOND, UTC_TIMESTAMP(6) - INTERVAL seq SECOND
			FROM seq_1_to_%d`, rows))
	})
}

// fill inserts the rows of a table, and waits until they are on the disk: written out later, they would take its time, and
// the processor's, from what is measured.
func (l *lab) fill(ctx context.Context, database, table, insert string) error {
	return l.execute(ctx, database, insert, "ANALYZE TABLE "+table, "FLUSH TABLES "+table+" FOR EXPORT", "UNLOCK TABLES")
}

// table gives a database with so many rows, made by fill where none was before: to fill one takes long, and those that
// begin empty are emptied between rounds.
func (l *lab) table(ctx context.Context, whose string, rows int, fill func(ctx context.Context, database, dsn string) error) (string, error) {
	key := fmt.Sprintf("%s with %d rows", whose, rows)
	if database, ok := l.filled[key]; ok {
		return database, nil
	}
	database, dsn, err := l.database(ctx)
	if err != nil {
		return "", err
	}
	if err := fill(ctx, database, dsn); err != nil {
		return "", errors.Join(fmt.Errorf("fill a table: %s", key), err)
	}
	if l.filled == nil {
		l.filled = make(tables)
	}
	l.filled[key] = database
	return database, nil
}

// empty removes all pictures.
func (l *lab) empty(ctx context.Context, database string) error {
	return l.execute(ctx, database, "TRUNCATE TABLE faces", "TRUNCATE TABLE images")
}
