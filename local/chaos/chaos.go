// Package chaos runs all of Lineup under a steady stream of pictures while it kills,
// pauses and restarts its programs and breaks the connections between them, and then
// checks that nothing was lost and nothing done twice.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/local/samples"
	"lineup.dev/lineup/local/system"
)

// Settings of a run.
type Settings struct {
	Seconds  int           `envconfig:"CHAOS_SECONDS" default:"120" desc:"how long pictures are posted and faults injected"`
	Seed     uint64        `envconfig:"SEED" desc:"decides what is posted and what fails, in which order; 0: one by chance, which is printed"`
	Rate     float64       `envconfig:"CHAOS_RATE" default:"30" desc:"pictures posted a second"`
	Waiting  int           `envconfig:"CHAOS_WAITING" default:"500" desc:"pictures that wait beyond which none are posted, so that a slow machine is not buried"`
	Times    string        `envconfig:"CHAOS_TIMES" default:"short" desc:"short: LEASE, HINT_AGE and the like in seconds, so that much happens in a run; real: the programs' own defaults"`
	Faults   []string      `envconfig:"CHAOS_FAULTS" desc:"kinds of faults to inject, as the table names them, separated by commas; not set: all"`
	Patience time.Duration `envconfig:"CHAOS_PATIENCE" default:"6s" desc:"how long things may take to recover before the next fault comes all the same"`
	Quiet    time.Duration `envconfig:"CHAOS_QUIET" default:"5m" desc:"how long everything may take to be looked at once no more faults come"`

	// Programs is the folder of programs made by system.Build; empty: they are built.
	Programs string `ignored:"true"`
}

func (s *Settings) complete() error {
	if s.Seconds < 1 || s.Rate <= 0 || s.Waiting < 1 || s.Patience <= 0 || s.Quiet <= 0 {
		return errors.New("CHAOS_SECONDS, CHAOS_RATE, CHAOS_WAITING, CHAOS_PATIENCE and CHAOS_QUIET must be above 0")
	}
	if s.Times != "short" && s.Times != "real" {
		return fmt.Errorf("CHAOS_TIMES=%s: it is short or real", s.Times)
	}
	for s.Seed == 0 {
		s.Seed = rand.Uint64N(1 << 32) // short enough to be typed
	}
	return nil
}

// times are what the programs are told, how often receive is pinged, and the lease.
func (s *Settings) times() (environment []string, ping, lease time.Duration) {
	environment = []string{fmt.Sprintf("MAX_ATTEMPTS=%d", attempts), fmt.Sprintf("MAX_IN_FLIGHT=%d", inFlight)}
	if s.Times == "real" {
		return environment, time.Minute, 45 * time.Second
	}
	return append(environment, "HINT_AGE=15s", "SWEEP_INTERVAL=2s", "LEASE=12s", "FACE_TIMEOUT=6s", "HEALTH_TIMEOUT=3s", "WRITE_TIMEOUT=2s", "RETRY_MAX=8s"), 3 * time.Second, 12 * time.Second
}

// Run runs everything in a folder of its own, which it removes when all was good and
// otherwise names. The error says why there is no report. say is told what happens, a
// line each time, by several goroutines at once.
func Run(ctx context.Context, settings Settings, say func(format string, args ...any)) (*Report, error) {
	if err := settings.complete(); err != nil {
		return nil, err
	}
	data, err := os.MkdirTemp("", "lineup-chaos-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for data: %w", err)
	}
	say("SEED=%d, %d s, %g pictures a second, times %s, data in %s", settings.Seed, settings.Seconds, settings.Rate, settings.Times, data)
	report, err := run(ctx, settings, data, say)
	if err == nil && report.Good() || ctx.Err() != nil {
		return report, errors.Join(err, os.RemoveAll(data))
	}
	say("data and logs of the run stay in %s; SEED=%d repeats what was posted and what failed", data, settings.Seed)
	return report, err
}

func run(ctx context.Context, settings Settings, data string, say func(string, ...any)) (*Report, error) {
	stage, err := open(ctx, settings, data)
	if err != nil {
		return nil, err
	}
	defer stage.close()
	began := time.Now()
	report := &Report{Seed: settings.Seed}
	if err := stage.perform(ctx, report, began, say); err != nil {
		return nil, err
	}
	report.ran = time.Since(began)
	say("no more faults: waiting until everything is looked at")
	if err := stage.settle(ctx); err != nil {
		return nil, err
	}
	if err := stage.gather(ctx, report); err != nil {
		return nil, err
	}
	report.verdict = report.facts.judge()
	return report, nil
}

// stage is everything that a run needs.
type stage struct {
	settings Settings
	data     string
	log      *os.File // what the system says
	sink     *sink
	hops     *hops
	system   *system.System
	audit    *audit
	watch    *watch
	watching sync.WaitGroup
	unwatch  context.CancelFunc
	client   *client
	stream   *stream
	nsqd     nsqd
	lease    time.Duration
}

// open starts everything.
func open(ctx context.Context, settings Settings, data string) (_ *stage, err error) {
	s := &stage{settings: settings, data: data, sink: newSink(), hops: new(hops), unwatch: func() {}}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.log, err = os.Create(filepath.Join(data, "system.log")); err != nil {
		return nil, err
	}
	environment, ping, lease := settings.times()
	s.lease = lease
	s.system, err = system.Start(ctx, system.Settings{
		Data: data, Samples: "on", PingEvery: ping, StartTime: 2 * time.Minute,
		ImagesURL: filepath.Join(data, "images"), Programs: settings.Programs,
		TwoProcesses: true, Route: s.hops.route,
		Environment: append(environment, "K_SINK=http://"+s.hops.route(system.Process, "sink", s.sink.address())),
	}, func(format string, args ...any) {
		fmt.Fprintf(s.log, time.Now().Format("15:04:05.000 ")+format+"\n", args...)
	})
	if err = errors.Join(err, s.hops.err); err != nil {
		return nil, err
	}
	s.nsqd = nsqd{s.system.At.NSQD, s.system.At.NSQDHTTP}
	if s.audit, err = newAudit(ctx, s.system.At.DSN); err != nil {
		return nil, err
	}
	s.watch = &watch{unfinished: s.audit.unfinished}
	watching, unwatch := context.WithCancel(context.WithoutCancel(ctx))
	s.unwatch = unwatch
	s.watching.Go(func() { s.watch.run(watching) })
	s.client = newClient(s.system.At.Receive)
	s.stream, err = s.newStream(ctx)
	return s, err
}

func (s *stage) newStream(ctx context.Context) (*stream, error) {
	cache, err := parts.OpenCache(func(string, ...any) {})
	if err != nil {
		return nil, err
	}
	folder, err := samples.Folder(ctx, cache)
	if err != nil {
		return nil, err
	}
	rng := s.chance(1)
	stock, err := newStock(filepath.Join(s.data, "images"), folder, rng)
	if err != nil {
		return nil, fmt.Errorf("make pictures: %w", err)
	}
	return &stream{stock: stock, rng: rng}, nil
}

// chance is one of several sequences that the seed decides, each for one goroutine.
func (s *stage) chance(sequence uint64) *rand.Rand {
	return rand.New(rand.NewPCG(s.settings.Seed, sequence))
}

func (s *stage) close() {
	s.unwatch()
	s.watching.Wait()
	if s.audit != nil {
		s.audit.close()
	}
	if s.system != nil {
		s.system.Stop()
	}
	s.hops.close()
	s.sink.close()
	if s.log != nil {
		s.log.Close()
	}
}
