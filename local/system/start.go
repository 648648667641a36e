package system

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"lineup.dev/lineup/local/child"
	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/pkg/store"
)

// run starts one of Lineup's own programs and keeps it running.
func (s *System) run(name string) error {
	executable := name
	switch name {
	case ProcessTwo:
		executable = Process
	case FaceServerNext:
		executable = FaceServer
	}
	environment := slices.Concat(os.Environ(), s.settings.Environment, s.environment(name))
	_, err := s.keep(name, func(_ context.Context, log *programLog) (*child.Process, error) {
		cmd := exec.Command(filepath.Join(s.settings.Programs, executable))
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
	return s.await(ctx, NSQD, func(ctx context.Context) error { return s.Ready(ctx, NSQD) })
}

// prepareDatabase starts MariaDB, unless the user has a database, and brings the schema up to date.
func (s *System) prepareDatabase(ctx context.Context, cache parts.Cache) error {
	if s.settings.MySQLDSN == "" {
		if err := s.runMariaDB(ctx, cache); err != nil {
			return err
		}
	}
	if err := store.Migrate(ctx, s.At.DSN); err != nil {
		return fmt.Errorf("prepare the database: %w", err)
	}
	return nil
}

// runMariaDB starts MariaDB and waits until it answers.
func (s *System) runMariaDB(ctx context.Context, cache parts.Cache) error {
	server, err := cache.MariaDB(ctx)
	if err != nil {
		return err
	}
	// With this file, `mariadb --defaults-file=DATA/my.cnf lineup` looks into the database.
	if err := os.WriteFile(filepath.Join(s.settings.Data, "my.cnf"), []byte(s.db.ClientSettings()), 0o600); err != nil {
		return fmt.Errorf("write down how the database is reached: %w", err)
	}
	_, err = s.keep(MariaDB, func(ctx context.Context, log *programLog) (*child.Process, error) {
		db := s.db
		db.Log = log
		return server.Start(ctx, db)
	})
	if err != nil {
		return err
	}
	return s.await(ctx, MariaDB, func(ctx context.Context) error { return s.Ready(ctx, MariaDB) })
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
