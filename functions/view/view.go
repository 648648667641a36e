package main

import (
	"bytes"
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// view answers requests from the database and the picture roots. It has no state
// between requests.
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
}

func newView(o Options, authenticator *auth.Authenticator, db *store.Store, pictures *photo.Roots, log *slog.Logger) (*view, error) {
	assets, err := readAssets()
	if err != nil {
		return nil, err
	}
	pages, err := parsePages(assets, cmp.Or(o.ReceivePublicURL, o.ReceiveURL))
	if err != nil {
		return nil, err
	}
	receive, err := newHandOn(o, authenticator.NeedsKey(), log)
	if err != nil {
		return nil, err
	}
	return &view{o, authenticator, db, pictures, log, assets, pages, pictures.Gate(o.PicturesAtOnce), receive}, nil
}

func (v *view) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/{$}", v.show(v.images))
	mux.Handle("/images/{id}", v.show(v.image))
	mux.HandleFunc("/images/{id}/picture", v.picture)
	mux.Handle("/people", v.show(v.people))
	mux.Handle("/people/{id}", v.show(v.person))
	mux.Handle("/folders", v.show(v.folders))
	mux.Handle("/folders/{id}", v.show(v.folder))
	mux.HandleFunc("/assets/{name}", v.asset)
	mux.HandleFunc(derivedPath+"{name}", v.derived)
	mux.Handle("/", v.show(v.noPage))
	all := http.NewServeMux()
	all.Handle("/", v.timed(v.readOnly(mux)))
	all.Handle(apiPrefix, v.api())
	return v.auth.Guard(all, auth.Exceptions{Uncounted: v.isUncounted}, v.refuse)
}

// readOnly refuses all methods but GET and HEAD.
func (v *view) readOnly(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			v.refuse(w, r, serve.Problem{Status: http.StatusMethodNotAllowed, Detail: "This address can only be read: use GET or HEAD."})
			return
		}
		h.ServeHTTP(w, r)
	})
}

// show answers with the page that a handler makes, or with its content as JSON.
func (v *view) show(handler func(*http.Request) (page, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, err := handler(r)
		switch {
		case err != nil:
			v.refuse(w, r, v.report(r, problemOf(err), err))
		case serve.WantsJSON(r):
			w.Header().Add("Vary", "Accept")
			serve.JSON(w, http.StatusOK, p.content)
		default:
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
