package bench

import (
	"context"
	"fmt"
)

// How many clients post at once, and how many rows there are before they do.
var (
	clientCounts = []int{1, 16, 64, 256}
	rowCounts    = []struct {
		name  string
		count int
	}{{"", 0}, {".rows100k", 100_000}, {".rows1m", 1_000_000}}
)

// receiveGroups are receive with one picture a request.
func receiveGroups() (all []group) {
	for _, rows := range rowCounts {
		for _, clients := range clientCounts {
			if rows.count == 100_000 && clients != 16 {
				continue
			}
			g := group{name: fmt.Sprintf("receive.single.c%d%s", clients, rows.name), compare: true}
			if rows.count == 1_000_000 {
				g.lengths = []string{"standard", "all"}
			}
			g.prepare = func(ctx context.Context, l *lab) ([]subject, error) {
				return l.receiveSingle(ctx, g.name, clients, rows.count)
			}
			all = append(all, g)
		}
	}
	return all
}

// longestOriginal is how many rows the clients of the original way may look through at once: with more, each picture takes
// it minutes.
const longestOriginal = 16 * 1_000_000

func (l *lab) receiveSingle(ctx context.Context, name string, clients, rows int) ([]subject, error) {
	subjects, err := l.receiveBy(ctx, name, "pictures/s", clients, rows, 1, l.single())
	if err != nil || l.settings.Ref != "" {
		return subjects, err
	}
	if rows*clients <= longestOriginal {
		original, err := l.originalWay(ctx, name, clients, rows)
		if err != nil {
			return nil, err
		}
		subjects[0].beside = append(subjects[0].beside, "original_way")
		subjects = append(subjects, original)
	}
	bare, err := l.bareHTTP(ctx, name, clients)
	if err != nil {
		return nil, err
	}
	subjects[0].beside = append(subjects[0].beside, "bare_http")
	subjects = append(subjects, bare)
	if rows == 0 {
		return subjects, nil
	}
	empty, err := l.receiveBy(ctx, "receive_empty@"+name, "pictures/s", clients, 0, 1, l.single())
	if err != nil {
		return nil, err
	}
	subjects[0].beside = append(subjects[0].beside, "receive_empty")
	return append(subjects, empty[0]), nil
}

// receiveBy measures receive, of each build, by one sort of request that has so many pictures, beside the bare INSERT.
func (l *lab) receiveBy(ctx context.Context, name, unit string, clients, rows, pictures int, r request) ([]subject, error) {
	var subjects []subject
	for _, b := range l.builds {
		database, err := l.images(ctx, b, rows)
		if err != nil {
			return nil, err
		}
		receive, err := l.start(ctx, b, "receive", l.receiveEnvironment(database, l.nsqd)...)
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, subject{name: b.figure(name), unit: unit, program: receive, beside: []string{"bare_insert"}, before: func(ctx context.Context) error {
			if rows > 0 {
				return nil
			}
			return l.empty(ctx, database)
		}, measure: func(ctx context.Context) (sample, error) {
			measured, err := hammer(ctx, clients, l.settings.round(), post(receive.address, r))
			measured.value, measured.done = measured.value*float64(pictures), measured.done*pictures
			return measured, err
		}})
	}
	if l.settings.Ref != "" {
		return subjects, nil
	}
	database, err := l.images(ctx, l.builds[0], rows)
	if err != nil {
		return nil, err
	}
	bare, err := l.bareInsert(ctx, name, database)
	return append(subjects, bare), err
}

// otherReceiveGroups are the other ways of sending pictures, by 16 clients.
func otherReceiveGroups() (all []group) {
	const clients = 16
	for _, way := range []struct {
		name     string
		pictures int
		request  func(*lab) (request, error)
	}{
		{"batch100", 100, func(l *lab) (request, error) { return l.batch(100), nil }},
		{"event.binary", 1, func(l *lab) (request, error) { return l.binaryEvent(), nil }},
		{"event.structured", 1, func(l *lab) (request, error) { return l.structuredEvents(1), nil }},
		{"event.batch100", 100, func(l *lab) (request, error) { return l.structuredEvents(100), nil }},
		{"upload100k", 1, (*lab).upload},
	} {
		name := fmt.Sprintf("receive.%s.c%d", way.name, clients)
		all = append(all, group{name: name, compare: true, prepare: func(ctx context.Context, l *lab) ([]subject, error) {
			r, err := way.request(l)
			if err != nil {
				return nil, err
			}
			return l.receiveBy(ctx, name, "pictures/s", clients, 0, way.pictures, r)
		}})
	}
	return all
}
