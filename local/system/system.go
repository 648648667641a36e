package system

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/local/samples"
)

// System is a running Lineup.
type System struct {
	At       Addresses
	settings Settings
	httpPort int            // of nsqd
	db       parts.Database // unless the user has one
	models   string         // folder
	say      func(format string, args ...any)

	mu       sync.Mutex // programs are added by several goroutines
	programs []*Program

	faces     *grpc.ClientConn
	lock      *os.File
	pings     sync.WaitGroup
	stopPings context.CancelFunc
	stopped   sync.Once
}

// Start starts a system and waits until all of it is ready and has its samples. What is missing is fetched and built
// first. say is told, a line each time, what takes long and what goes wrong, then and later; it may be called from
// several goroutines at once. ctx is for the start only: the system runs until Stop.
func Start(ctx context.Context, settings Settings, say func(format string, args ...any)) (*System, error) {
	settings, err := settings.complete()
	if err != nil {
		return nil, err
	}
	s := &System{settings: settings, say: say, stopPings: func() {}}
	if err := s.start(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

//nolint:contextcheck // the pings go on until Stop
func (s *System) start(ctx context.Context) error {
	if err := s.claim(); err != nil {
		return err
	}
	sampleFolder, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	if s.settings.StartTime > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.settings.StartTime)
		defer cancel()
	}
	names := []string{FaceServer, Process, Bridge, Receive, View}
	if s.settings.TwoProcesses {
		names = append(names, ProcessTwo)
	}
	if s.settings.NextModels != "" {
		names = append(names, FaceServerNext)
	}
	for _, name := range names {
		if err := s.run(name); err != nil {
			return err
		}
	}
	if err := s.awaitAll(ctx); err != nil {
		return err
	}
	if sampleFolder != "" {
		if err := s.bringSamples(ctx, sampleFolder); err != nil {
			s.say("the samples are not complete, the next run tries again: %v", err)
		}
	}
	if every := s.settings.PingEvery; every > 0 {
		ctx, stop := context.WithCancel(context.Background())
		s.stopPings = stop
		s.pings.Go(func() { s.ping(ctx, every) })
	}
	return nil
}

// claim makes the data folder and the ports this system's own.
func (s *System) claim() (err error) {
	for _, folder := range []string{"images", "known_people"} {
		if err := os.MkdirAll(filepath.Join(s.settings.Data, folder), 0o755); err != nil {
			return fmt.Errorf("make a folder for data: %w; set DATA to a folder that can be written", err)
		}
	}
	if s.lock, err = lock(s.settings.Data); err != nil {
		return err
	}
	if s.httpPort, err = s.settings.choosePorts(); err != nil {
		return err
	}
	s.At = s.settings.addresses(s.httpPort)
	if s.settings.MySQLDSN == "" {
		s.db = parts.Database{Data: filepath.Join(s.settings.Data, "mariadb"), Port: s.settings.MySQLPort, Password: rand.Text()}
		s.At.DSN = s.db.DSN(parts.Account)
	}
	s.faces, err = grpc.NewClient(s.At.Face, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("reach the face server: %w", err)
	}
	return nil
}

// prepare gets ready what the functions need: themselves, the models, a database and a queue, and the samples, whose
// folder is empty where they are not wanted. All of it is fetched and built at the same time.
func (s *System) prepare(ctx context.Context) (sampleFolder string, err error) {
	root, err := parts.ModuleRoot()
	if err != nil {
		return "", err
	}
	cache, err := parts.OpenCache(s.say)
	if err != nil {
		return "", err
	}
	own := parts.ModelsFolder(root)
	s.models = cmp.Or(s.settings.Models, own)
	build := s.settings.Programs == ""
	if build {
		s.settings.Programs = filepath.Join(root, "bin")
	}
	g, ctx := errgroup.WithContext(ctx)
	if s.models == own { // what the user has elsewhere is left alone
		g.Go(func() error { return cache.Models(ctx, own) })
	}
	g.Go(func() error { return s.prepareDatabase(ctx, cache) })
	g.Go(func() error {
		if build {
			slow := time.AfterFunc(2*time.Second, func() { s.say("building the programs: the first time takes a minute or two") })
			err := Build(ctx, root, s.settings.Programs)
			slow.Stop()
			if err != nil {
				return err
			}
		}
		if len(s.settings.NSQDAddress) > 0 {
			return nil
		}
		return s.runNSQD(ctx)
	})
	if s.settings.wantsSamples() {
		g.Go(func() (err error) { sampleFolder, err = samples.Folder(ctx, cache); return err })
	}
	return sampleFolder, g.Wait()
}

// stages is the order in which the programs end: those that others need, later.
var stages = [][]string{{Bridge, Receive, View}, {Process, ProcessTwo}, {FaceServer, FaceServerNext}, {NSQD, MariaDB}}

// Stop ends everything, and returns when nothing is left. Data and unfinished work stay for the next start.
func (s *System) Stop() {
	s.stopped.Do(func() {
		s.stopPings()
		s.pings.Wait()
		for _, stage := range stages {
			var ends sync.WaitGroup
			for _, name := range stage {
				if p := s.Program(name); p != nil {
					ends.Go(p.close)
				}
			}
			ends.Wait()
		}
		if s.faces != nil {
			s.faces.Close()
		}
		if s.lock != nil {
			s.lock.Close()
		}
	})
}
