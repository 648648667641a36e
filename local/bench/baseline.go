package bench

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/nsqio/go-nsq"
)

// inserters is how many connections the bare INSERT has, whatever the figure beside it has.
const inserters = 16

// bareInsert inserts rows of the build's own images, one a statement and a commit, and nothing else.
func (l *lab) bareInsert(ctx context.Context, beside, database string) (subject, error) {
	if err := l.execute(ctx, database, "CREATE TABLE IF NOT EXISTS bare LIKE images"); err != nil {
		return subject{}, err
	}
	return subject{name: "bare_insert@" + beside, unit: "rows/s", before: func(ctx context.Context) error {
		return l.execute(ctx, database, "TRUNCATE TABLE bare")
	}, measure: func(ctx context.Context) (sample, error) {
		db, err := sql.Open("mysql", l.db.DSN(database))
		if err != nil {
			return sample{}, fmt.Errorf("connect to MariaDB: %w", err)
		}
		defer db.Close()
		db.SetMaxIdleConns(inserters)
		statement, err := db.PrepareContext(ctx, "INSERT INTO bare (path, created_at, updated_at) VALUES (?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))") //nolint:sqlclosecheck // closed below, used by another function
		if err != nil {
			return sample{}, fmt.Errorf("prepare the bare INSERT: %w", err)
		}
		defer statement.Close()
		return hammer(ctx, inserters, l.settings.round(), func(int) func() error {
			return func() error {
				_, err := statement.ExecContext(ctx, l.path(numbers.Add(1)))
				return err
			}
		})
	}}, nil
}

// barePub publishes hints to nsqd, one at a time by each of 16 clients over one connection, and nothing else.
func (l *lab) barePub(beside string) (subject, error) {
	producer, err := nsq.NewProducer(l.nsqd.address, nsq.NewConfig())
	if err != nil {
		return subject{}, fmt.Errorf("connect to nsqd: %w", err)
	}
	producer.SetLogger(nil, nsq.LogLevelMax)
	return subject{name: "bare_pub@" + beside, unit: "messages/s", measure: func(ctx context.Context) (sample, error) {
		return hammer(ctx, inserters, l.settings.round(), func(int) func() error {
			return func() error { return producer.Publish("bare", l.submitted(numbers.Add(1))) }
		})
	}}, nil
}

// bareHTTP posts to a server of net/http that reads the request and answers with a line.
func (l *lab) bareHTTP(ctx context.Context, beside string, clients int) (subject, error) {
	server, err := l.start(ctx, l.builds[0], "fixture", "FIXTURE=http")
	if err != nil {
		return subject{}, err
	}
	return subject{name: "bare_http@" + beside, unit: "requests/s", measure: func(ctx context.Context) (sample, error) {
		return hammer(ctx, clients, l.settings.round(), post(server.address, l.single()))
	}}, nil
}

// originalTable is the original system's.
const originalTable = "CREATE TABLE images (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, path VARCHAR(255) NOT NULL, person INT, status INT)"

// originalWay posts to the fixture that takes pictures as the original receiver does, beside as many rows.
func (l *lab) originalWay(ctx context.Context, beside string, clients, rows int) (subject, error) {
	database, err := l.table(ctx, "original", rows, func(ctx context.Context, database, _ string) error {
		if err := l.execute(ctx, database, originalTable); err != nil || rows == 0 {
			return err
		}
		return l.fill(ctx, database, "images", fmt.Sprintf("INSERT INTO images (path, person, status) SELECT %s, -1, 0 FROM seq_1_to_%d", l.filledPath(), rows))
	})
	if err != nil {
		return subject{}, err
	}
	server, err := l.start(ctx, l.builds[0], "fixture", "FIXTURE=original", "MYSQL_DSN="+l.db.DSN(database), "NSQD_ADDRESS="+l.nsqd.address)
	if err != nil {
		return subject{}, err
	}
	return subject{name: "original_way@" + beside, unit: "pictures/s", before: func(ctx context.Context) error {
		if rows > 0 {
			return nil
		}
		return l.execute(ctx, database, "TRUNCATE TABLE images")
	}, measure: func(ctx context.Context) (sample, error) {
		return hammer(ctx, clients, l.settings.round(), post(server.address, l.single()))
	}}, nil
}
