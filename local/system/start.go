package system

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"lineup/local/child"
	"lineup/local/parts"
	"lineup/pkg/store"
)

// grace is how long a program may take to end. What it has not finished by then is finished after the next start.
const grace = 5 * time.Second

// run starts one of Lineup's own programs and keeps it running.
func (s *System) run(name string) error {
	environment := slices.Concat(os.Environ(), s.settings.Environment, s.environment(name))
	_, err := s.keep(name, func(_ context.Context, log *programLog) (*child.Process, error) {
		cmd := exec.Command(filepath.Join(s.settings.Programs, name))
		cmd.Dir = s.settings.Data
		cmd.Env = environment
		cmd.Stdout, cmd.Stderr = log, log
		return child.Start(cmd)
	})
	return err
}

// runNSQD starts nsqd and waits until it answers, so that nobody complains that it does not.
func (s *System) runNSQD(ctx context.Context) error {
	if err := s.run(NSQD); err != nil {
		return err
	}
	return s.await(ctx, NSQD, func(ctx context.Context) error { return answers(ctx, "http://"+s.At.NSQDHTTP+"/ping") })
}

// prepareDatabase starts MariaDB, unless the user has a database, and brings the schema up to date.
func (s *System) prepareDatabase(ctx context.Context, cache parts.Cache) error {
	if s.settings.MySQLDSN == "" {
		server, err := cache.MariaDB(ctx)
		if err != nil {
			return err
		}
		db := parts.Database{Data: filepath.Join(s.settings.Data, "mariadb"), Port: s.settings.MySQLPort, Password: rand.Text()}
		s.At.DSN = db.DSN("lineup")
		if err := writeClientFile(filepath.Join(s.settings.Data, "my.cnf"), db); err != nil {
			return err
		}
		p, err := s.keep(MariaDB, func(ctx context.Context, log *programLog) (*child.Process, error) {
			db.Log = log
			return server.Start(ctx, db)
		})
		if err != nil {
			return err
		}
		err = s.await(ctx, MariaDB, func(context.Context) error {
			if p.PID() == 0 {
				return errors.New("it is starting")
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := store.Migrate(ctx, s.At.DSN); err != nil {
		return fmt.Errorf("prepare the database: %w", err)
	}
	return nil
}

// writeClientFile makes `mariadb --defaults-file=FILE lineup` a way to look into the database.
func writeClientFile(name string, db parts.Database) error {
	content := fmt.Sprintf("[client]\nhost=127.0.0.1\nport=%d\nuser=lineup\npassword=%s\n", db.Port, db.Password)
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		return fmt.Errorf("write the database's address: %w", err)
	}
	return nil
}

// keep starts a program by start, again and again, with a log of its own.
func (s *System) keep(name string, start func(context.Context, *programLog) (*child.Process, error)) (*Program, error) {
	log, err := openLog(s.settings.Data, name, s.say)
	if err != nil {
		return nil, err
	}
	p := &Program{
		Name:  name,
		Log:   log.file.Name(),
		start: func(ctx context.Context) (*child.Process, error) { return start(ctx, log) },
		say:   s.say,
		log:   log.file,
	}
	s.mu.Lock()
	s.programs = append(s.programs, p)
	s.mu.Unlock()
	p.Start()
	return p, nil
}
