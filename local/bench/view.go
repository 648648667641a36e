package bench

import (
	"context"
	"net/http"

	"lineup.dev/lineup/pkg/event"
)

// viewRows is how many pictures there are when pages are asked for.
const viewRows = 100_000

// viewGroups are the pages that are asked for most, by four clients.
func viewGroups() (all []group) {
	for _, page := range []struct{ name, path, accept string }{
		{"view.images", "/", "text/html"},
		{"view.image", "/images/50000", "text/html"},
		{"view.people", "/people", "text/html"},
		{"view.api.images", "/api/v1/images?limit=50", "application/json"},
	} {
		all = append(all, group{name: page.name, compare: true, prepare: func(ctx context.Context, l *lab) ([]subject, error) {
			return l.viewPage(ctx, page.name, request{method: http.MethodGet, path: page.path, headers: map[string]string{"Accept": page.accept}})
		}})
	}
	return all
}

func (l *lab) viewPage(ctx context.Context, name string, r request) ([]subject, error) {
	const clients = 4
	var subjects []subject
	for _, b := range l.builds {
		database, err := l.images(ctx, b, viewRows)
		if err != nil {
			return nil, err
		}
		if err := l.count(ctx, b, database); err != nil {
			return nil, err
		}
		view, err := l.start(ctx, b, "view", l.pictureEnvironment(database)...)
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, subject{name: b.figure(name), unit: "pages/s", program: view, beside: []string{"bare_http"}, measure: func(ctx context.Context) (sample, error) {
			return hammer(ctx, clients, l.settings.round(), post(view.address, r))
		}})
	}
	if l.settings.Ref != "" {
		return subjects, nil
	}
	bare, err := l.bareHTTP(ctx, name, clients)
	return append(subjects, bare), err
}

// count pings receive, which counts the rows; so it does once a minute, and pages have the counts.
func (l *lab) count(ctx context.Context, b build, database string) error {
	receive, err := l.start(ctx, b, "receive", l.receiveEnvironment(database, l.nsqd)...)
	if err != nil {
		return err
	}
	defer l.stop(receive)
	_, err = sender(receive.address, request{method: http.MethodPost, path: "/", contentType: "application/json", headers: map[string]string{
		"Ce-Id": "ping", "Ce-Source": "/bench", "Ce-Specversion": "1.0", "Ce-Type": event.TypePing}})()
	return err
}
