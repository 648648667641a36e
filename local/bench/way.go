package bench

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// backlog is how many pictures wait when the bridge starts; realBacklog, where the real face server looks at them.
const (
	backlog     = 20_000
	realBacklog = 1_000
)

// wayGroups are the whole way of a picture, from POST to its final row, with a face server that answers at once and with
// the real one.
func wayGroups() []group {
	alone := func(name string, genuine bool) group {
		return group{name: name, compare: true, prepare: func(ctx context.Context, l *lab) ([]subject, error) {
			var first *way
			subjects, err := l.eachWay(ctx, name, "ms", genuine, true, func(w *way) (subject, error) {
				first = cmp.Or(first, w)
				return w.alone()
			})
			if err != nil || l.settings.Ref != "" {
				return subjects, err // with another commit the face server alone is not measured
			}
			beyond, err := first.beyondFaces(name + ".beyond_faces")
			return append(subjects, beyond), err
		}}
	}
	drain := func(name string, genuine bool, pictures, quick int) group {
		return group{name: name, compare: true, rounds: 1, prepare: func(ctx context.Context, l *lab) ([]subject, error) {
			if l.settings.Length == "quick" {
				pictures = quick
			}
			return l.eachWay(ctx, name, "pictures/s", genuine, false, func(w *way) (subject, error) { return w.drain(pictures) })
		}}
	}
	half := "way.half"
	return []group{
		alone("way.alone", false),
		alone("way.alone.real", true),
		{name: half, compare: true, prepare: func(ctx context.Context, l *lab) ([]subject, error) {
			return l.eachWay(ctx, half, "ms", false, true, func(w *way) (subject, error) { return w.half() })
		}},
		drain("drain.instant", false, backlog, backlog/20),
		drain("drain.real", true, realBacklog, realBacklog/20),
	}
}

// way is everything that a picture goes through, of one build, with an nsqd and a database of its own.
type way struct {
	lab                             *lab
	build                           build
	database                        string
	real                            bool // the face server
	nsqd, faces, receive, processes *program
	bridge                          *program // nil where it is to be started later
}

// eachWay makes one subject of each build's way, and one of the face server alone.
func (l *lab) eachWay(ctx context.Context, name, unit string, genuine, carried bool, of func(*way) (subject, error)) ([]subject, error) {
	var subjects []subject
	var first *way
	for _, b := range l.builds {
		w, err := l.startWay(ctx, b, genuine, carried)
		if err != nil {
			return nil, err
		}
		s, err := of(w)
		if err != nil {
			return nil, err
		}
		s.name, s.unit = b.figure(name), unit
		s.beside, s.program = []string{"faces", "bare_insert"}, w.processes
		if unit == "ms" {
			s.beside = []string{"faces"}
		}
		subjects = append(subjects, s)
		if first == nil {
			first = w
		}
	}
	if l.settings.Ref != "" {
		return subjects, nil
	}
	clients := 1
	if unit != "ms" {
		clients = 4
	}
	faces, err := l.identify("faces@"+name, unit, clients, first.faces, first.picture)
	if err != nil {
		return nil, err
	}
	subjects = append(subjects, faces)
	if unit == "ms" {
		return subjects, nil
	}
	bare, err := l.bareInsert(ctx, name, first.database)
	return append(subjects, bare), err
}

func (l *lab) startWay(ctx context.Context, b build, genuine, carried bool) (_ *way, err error) {
	w := &way{lab: l, build: b, real: genuine}
	if w.database, err = l.images(ctx, b, 0); err != nil {
		return nil, err
	}
	if genuine {
		if err := l.realPictures(ctx); err != nil {
			return nil, err
		}
	}
	if w.nsqd, err = l.startNSQD(ctx); err != nil {
		return nil, err
	}
	if genuine {
		w.faces, err = l.startFaceServer(ctx, b, w.database)
	} else {
		w.faces, err = l.start(ctx, l.builds[0], "fixture", "FIXTURE=faces")
	}
	if err != nil {
		return nil, err
	}
	if w.receive, err = l.start(ctx, b, "receive", l.receiveEnvironment(w.database, w.nsqd)...); err != nil {
		return nil, err
	}
	if w.processes, err = l.start(ctx, b, "process", append(l.pictureEnvironment(w.database), "FACE_ADDRESS="+w.faces.address)...); err != nil {
		return nil, err
	}
	if carried {
		err = w.carry(ctx)
	}
	return w, err
}

// carry starts the bridge.
func (w *way) carry(ctx context.Context) (err error) {
	w.bridge, err = w.lab.startBridge(ctx, w.build, w.nsqd, "http://"+w.processes.address)
	return err
}

// alone posts one picture after the other, each when the last one's row is final.
func (w *way) alone() (subject, error) {
	return w.watched(func(ctx context.Context, status *sql.Stmt) (sample, error) {
		s, err := hammer(ctx, 1, w.lab.settings.round(), func(int) func() error { return w.toFinal(ctx, status) })
		s.value = s.p50
		return s, err
	})
}

// watched is a subject that asks for the status of pictures, as awaitFinal does.
func (w *way) watched(measure func(context.Context, *sql.Stmt) (sample, error)) (subject, error) {
	db, err := sql.Open("mysql", w.lab.db.DSN(w.database))
	if err != nil {
		return subject{}, fmt.Errorf("connect to MariaDB: %w", err)
	}
	return subject{before: w.empty, measure: func(ctx context.Context) (sample, error) {
		status, err := db.PrepareContext(ctx, "SELECT status FROM images WHERE id = ?")
		if err != nil {
			return sample{}, fmt.Errorf("ask for a picture's status: %w", err)
		}
		defer status.Close()
		return measure(ctx, status)
	}}, nil
}

// toFinal posts a picture each time, and waits until its row is final.
func (w *way) toFinal(ctx context.Context, status *sql.Stmt) func() error {
	send := sender(w.receive.address, w.request())
	return func() error {
		answer, err := send()
		if err != nil {
			return err
		}
		return awaitFinal(ctx, status, answer)
	}
}

// pairsRounds is how many rounds long beyondFaces measures for one: the face server's time for a picture varies by a tenth.
const pairsRounds = 4

// beyondFaces is how much longer a picture's way takes than the face server alone, asked for another such picture just before
// or after, in turn. What makes the machine slower for a while makes both of a pair slower; medians of separate rounds differ
// by more than this.
func (w *way) beyondFaces(name string) (subject, error) {
	ask, err := asker(w.faces, w.picture)
	if err != nil {
		return subject{}, err
	}
	s, err := w.watched(func(ctx context.Context, status *sql.Stmt) (sample, error) {
		var beyond []time.Duration
		_, err := hammer(ctx, 1, pairsRounds*w.lab.settings.round(), func(int) func() error {
			var way, faces time.Duration
			steps := []func() error{taking(&way, w.toFinal(ctx, status)), taking(&faces, func() error { return ask(ctx) })}
			return func() error {
				slices.Reverse(steps)
				for _, step := range steps {
					if err := step(); err != nil {
						return err
					}
				}
				beyond = append(beyond, way-faces)
				return nil
			}
		})
		return timeOf(beyond), err
	})
	s.name, s.unit = name, "ms"
	return s, err
}

// taking does a thing and puts down how long it took.
func taking(took *time.Duration, do func() error) func() error {
	return func() error {
		start := time.Now()
		err := do()
		*took = time.Since(start)
		return err
	}
}

// drain lets the bridge begin when so many pictures wait, and takes the time until all are final.
func (w *way) drain(pictures int) (subject, error) {
	return subject{before: func(ctx context.Context) error {
		if err := w.empty(ctx); err != nil {
			return err
		}
		return w.fill(pictures)
	}, measure: func(ctx context.Context) (sample, error) {
		start := time.Now()
		if err := w.carry(ctx); err != nil {
			return sample{}, err
		}
		defer w.lab.stop(w.bridge)
		if err := w.awaitAll(ctx, pictures); err != nil {
			return sample{}, err
		}
		return sample{value: float64(pictures) / time.Since(start).Seconds(), done: pictures}, nil
	}}, nil
}
