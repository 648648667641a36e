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
	Seconds  int           `envconfig:"CHAOS_SECONDS" default:"120" min:"1" max:"604800" desc:"how long pictures are posted and faults injected"`
	Seed     uint64        `envconfig:"SEED" min:"0" max:"4294967295" desc:"decides what is posted and what fails, in which order; 0: one by chance, which is printed"`
	Rate     float64       `envconfig:"CHAOS_RATE" default:"30" min:"0.1" max:"10000" desc:"pictures posted a second"`
	Waiting  int           `envconfig:"CHAOS_WAITING" default:"500" min:"1" max:"1000000" desc:"pictures that wait beyond which none are posted, so that a slow machine is not flooded"`
	Times    string        `envconfig:"CHAOS_TIMES" default:"short" oneof:"short real" desc:"short: LEASE, HINT_AGE and the like in seconds, so that much happens in a run; real: the programs' own defaults"`
	Faults   []string      `envconfig:"CHAOS_FAULTS" desc:"kinds of faults to inject, as the table names them, separated by commas; not set: all"`
	Patience time.Duration `envconfig:"CHAOS_PATIENCE" default:"6s" min:"1ms" max:"1h" desc:"how long things may take to recover before the next fault comes all the same"`
	Recovery time.Duration `envconfig:"CHAOS_RECOVERY" default:"60s" min:"1s" max:"24h" desc:"how long what waits after a fault may wait, whatever fails meanwhile; if more, the run has failed"`
	Quiet    time.Duration `envconfig:"CHAOS_QUIET" default:"5m" min:"1s" max:"24h" desc:"how long everything may take to be looked at once no more faults come"`

	// Programs is the folder of programs made by system.Build; empty: they are built.
	Programs string `ignored:"true"`
}

// Check refuses a kind of fault that there is not. Nothing runs yet of what they break.
func (s *Settings) Check() error {
	_, err := only(target{system: new(system.System), proxies: []*proxy{{}}}.faults(), s.Faults)
	return err
}

// The programs' own defaults of PING_EVERY and LEASE. A test compares them.
const (
	realPing  = time.Minute
	realLease = 45 * time.Second
)

// Run runs everything in a folder of its own, which it removes when all was good and
// otherwise names. The error says why there is no report. say is told what happens, a
// line each time, by several goroutines at once.
func Run(ctx context.Context, settings Settings, say func(format string, args ...any)) (*Report, error) {
	for settings.Seed == 0 {
		settings.Seed = rand.Uint64N(1 << 32) // short enough to be typed
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
	harness, err := open(ctx, settings, data)
	if err != nil {
		return nil, err
	}
	defer harness.close()
	began := time.Now()
	report := &Report{Seed: settings.Seed, limit: settings.Recovery}
	if err := harness.perform(ctx, report, began, say); err != nil {
		return nil, err
	}
	report.ran = time.Since(began)
	say("no more faults: waiting until everything is looked at")
	if err := harness.awaitIdle(ctx); err != nil {
		return nil, err
	}
	if err := harness.postAtRest(ctx); err != nil {
		return nil, err
	}
	if err := harness.settle(ctx, report); err != nil {
		return nil, err
	}
	if err := harness.collect(ctx, report); err != nil {
		return nil, err
	}
	report.findings = report.facts.check()
	return report, nil
}

// harness is everything that a run needs.
type harness struct {
	settings Settings
	data     string
	log      *os.File // what the system says
	sink     *sink
	network  *network
	system   *system.System
	audit    *audit
	watch    *watch
	watching sync.WaitGroup
	unwatch  context.CancelFunc
	client   *client
	reader   *reader
	stream   *stream
	crew     *crew
	nsqd     nsqd
	lease    time.Duration
}

// open starts everything.
func open(ctx context.Context, settings Settings, data string) (_ *harness, err error) {
	s := &harness{settings: settings, data: data, sink: newSink(), network: new(network), unwatch: func() {}}
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
		TwoProcesses: true, Route: s.network.route,
		Environment: append(environment, "K_SINK=http://"+s.network.route(system.Process, "sink", s.sink.address())),
	}, func(format string, args ...any) {
		fmt.Fprintf(s.log, time.Now().Format("15:04:05.000 ")+format+"\n", args...)
	})
	if err = errors.Join(err, s.network.err); err != nil {
		return nil, err
	}
	s.nsqd = nsqd{s.system.At.NSQD[0], s.system.At.NSQDHTTP[0]}
	if s.audit, err = newAudit(ctx, s.system.At.DSN); err != nil {
		return nil, err
	}
	s.reader = newReader(s.system.At.View)
	s.watch = &watch{unfinished: s.unfinished}
	watching, unwatch := context.WithCancel(context.WithoutCancel(ctx))
	s.unwatch = unwatch
	s.watching.Go(func() { s.watch.run(watching) })
	s.watching.Go(func() { s.reader.run(watching) })
	s.client = newClient(s.system.At.Receive)
	if s.stream, err = s.newStream(ctx); err != nil {
		return nil, err
	}
	s.crew, err = s.newCrew(ctx)
	return s, err
}

// unfinished gives what waits: pictures, and whoever reads.
func (s *harness) unfinished(ctx context.Context) (map[work]bool, error) {
	waiting, err := s.audit.unfinished(ctx)
	if page, waits := s.reader.unanswered(); waits && err == nil {
		waiting[page] = true
	}
	return waiting, err
}

func (s *harness) newStream(ctx context.Context) (*stream, error) {
	cache, err := parts.OpenCache(func(string, ...any) {})
	if err != nil {
		return nil, err
	}
	folder, err := samples.Folder(ctx, cache)
	if err != nil {
		return nil, err
	}
	rng := newRand(s.settings.Seed, 1)
	stock, err := newStock(filepath.Join(s.data, "images"), folder, rng)
	if err != nil {
		return nil, fmt.Errorf("make pictures: %w", err)
	}
	return &stream{stock: stock, rng: rng}, nil
}

func (s *harness) newCrew(ctx context.Context) (*crew, error) {
	cache, err := parts.OpenCache(func(string, ...any) {})
	if err != nil {
		return nil, err
	}
	folder, err := samples.Portraits(ctx, cache)
	if err != nil {
		return nil, err
	}
	return newCrew(s.system.At.View, filepath.Join(s.data, "images"), filepath.Join(s.data, "known_people"), folder, newRand(s.settings.Seed, 4)), nil
}

func (s *harness) close() {
	s.unwatch()
	s.watching.Wait()
	if s.audit != nil {
		s.audit.close()
	}
	if s.system != nil {
		s.system.Stop()
	}
	s.network.close()
	s.sink.close()
	if s.log != nil {
		s.log.Close()
	}
}
