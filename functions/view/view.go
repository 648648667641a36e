package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"lineup.dev/lineup/docs"
	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
	"lineup.dev/lineup/pkg/telemetry"
)

// view answers requests from the database and the picture roots. Between requests it keeps
// nothing but how far everything was a moment ago.
type view struct {
	options  Options
	auth     *auth.Authenticator
	db       *store.Store
	pictures *photo.Roots
	log      *slog.Logger
	assets   assets
	pages    pages
	slots    *photo.Gate // for the pictures in memory
	receive  *handOn
	writes   *http.ServeMux // what is handed on to it
	progress *shared[store.Stats]
}

func newView(o Options, authenticator *auth.Authenticator, db *store.Store, pictures *photo.Roots, log *slog.Logger) (*view, error) {
	assets, err := readAssets()
	if err != nil {
		return nil, err
	}
	receive, err := newHandOn(o, authenticator.NeedsKey(), log)
	if err != nil {
		return nil, err
	}
	pages, err := parsePages(assets, cmp.Or(o.ReceivePublicURL, o.ReceiveURL), receive.allowed)
	if err != nil {
		return nil, err
	}
	v := &view{o, authenticator, db, pictures, log, assets, pages, pictures.Gate(o.PicturesAtOnce), receive, writeRoutes(), nil}
	v.progress = &shared[store.Stats]{age: o.ProgressAge, patience: o.RequestTimeout,
		read: func(ctx context.Context) (store.Stats, error) { return v.db.Progress(ctx) }}
	return v, nil
}

func (v *view) handler() http.Handler {
	pages := http.NewServeMux()
	for pattern, p := range map[string]struct {
		show  func(*http.Request) (page, error)
		forms map[string]form
	}{
		"/{$}":           {v.images, formsOfImages},
		"/images/{id}":   {v.image, formsOfImage},
		"/people":        {v.people, formsOfPeople},
		"/people/{id}":   {v.person, formsOfPerson},
		"/erasures/{id}": {v.erasure, nil},
		"/strangers":     {v.strangers, formsOfPeople},
		"/activity":      {v.activity, formsOfActivity},
		"/add":           {v.adding, formsOfAdding},
		"/search":        {v.search, nil},
		"/folders":       {v.folders, nil},
		"/folders/{id}":  {v.folder, nil},
	} {
		pages.Handle("GET "+pattern, v.timed(v.show(p.show)))
		if p.forms != nil && v.receive.allowed {
			pages.Handle("POST "+pattern, v.answerForm(p.forms))
		}
	}
	pages.Handle("GET /", v.timed(v.show(v.noPage)))
	pages.Handle("GET /images/{id}/picture", v.timed(http.HandlerFunc(v.picture)))
	pages.Handle("GET /originals", http.HandlerFunc(v.originals))
	pages.Handle("GET /status", v.tell(v.status))
	pages.Handle("GET "+derivedPath+"{name}", v.timed(http.HandlerFunc(v.derived)))
	pages.Handle("GET /assets/{name}", v.timed(gzhttp.GzipHandler(http.HandlerFunc(v.asset))))
	pages.Handle("GET /openapi.yaml", v.document(docs.OpenAPI))
	pages.Handle("GET /asyncapi.yaml", v.document(docs.AsyncAPI))
	pages.Handle("GET /schemas/{name}", v.timed(http.HandlerFunc(v.schema)))
	all := http.NewServeMux()
	all.Handle("/", serve.Routed(pages, v.refuse))
	all.Handle(apiPrefix, v.api())
	return v.auth.Guard(telemetry.WithMetrics(all), auth.Exceptions{Uncounted: v.isUncounted}, v.refuse)
}

// show answers with the page that a handler makes, or with its content as JSON.
func (v *view) show(handler func(*http.Request) (page, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, err := handler(r)
		switch {
		case err != nil:
			v.refuse(w, r, v.report(r, problemOf(err), err))
		case p.moved != "":
			w.Header().Add("Vary", "Accept")
			http.Redirect(w, r, p.moved, http.StatusSeeOther)
		case serve.WantsJSON(r) || r.URL.Query().Get("format") == "json":
			w.Header().Add("Vary", "Accept")
			if !serve.WantsJSON(r) { // a person asked for a file
				w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.json"`, p.template))
			}
			serve.JSON(w, http.StatusOK, p.content)
		case p.csv != nil && r.URL.Query().Get("format") == "csv":
			p.csv(w)
		default:
			p.done = v.doneOf(r, p.template)
			v.render(w, r, http.StatusOK, p)
		}
	}
}

func (v *view) noPage(*http.Request) (page, error) {
	return page{}, notFound("There is nothing at this address. The pictures are at /, the people at /people, the folders at /folders.")
}

func (v *view) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	content, ok := v.assets[name]
	if !ok {
		v.refuse(w, r, *notFound("There is no such asset. Reload the page that uses it."))
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}
