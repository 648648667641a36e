package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/serve"
)

// page is what a URL shows. Its content is also the URL's JSON; what only the
// page needs stays out of that by its tag.
type page struct {
	template  string // without .html
	title     string
	refreshes bool // it loads again after Options.Refresh
	content   any
}

//go:embed templates/*.html
var templates embed.FS

// pages are the templates by name, each within the layout.
type pages map[string]*template.Template

func parsePages(a assets, receiveURL string) (pages, error) {
	receiveURL = strings.TrimRight(receiveURL, "/")
	layout, err := template.New("layout.html").Funcs(template.FuncMap{
		"asset":       a.url,
		"receive":     func() string { return receiveURL },
		"summary":     summarize,
		"picture":     pictureURL,
		"statusClass": statusClass,
		"plain":       plain,
		"dir":         func(path string) string { return plain(path[:strings.LastIndex(path, "/")+1]) },
		"base":        func(path string) string { return plain(path[strings.LastIndex(path, "/")+1:]) },
		"initial":     initial,
		"shows":       shows,
		"percent":     func(fraction float64) string { return strconv.FormatFloat(100*fraction, 'f', 2, 64) + "%" },
		"twoDigits":   twoDigits,
		"utc":         func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05 UTC") },
		"rfc3339":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"shell":       shell,
		"ordinal":     func(index int) int { return index + 1 },
	}).ParseFS(templates, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("parse the layout: %w", err)
	}
	parsed := pages{}
	for _, name := range []string{"images", "image", "people", "person", "folders", "folder", "problem"} {
		own, err := layout.Clone()
		if err == nil {
			own, err = own.ParseFS(templates, "templates/"+name+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("parse the page %s: %w", name, err)
		}
		parsed[name] = own
	}
	return parsed, nil
}

// plain is a path as a page shows it: a character that turns the direction of what follows,
// so that one name looks like another, is seen as one that cannot be shown.
func plain(path string) string {
	return strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Bidi_Control, c) {
			return unicode.ReplacementChar
		}
		return c
	}, path)
}

// shows tells whether every browser shows the picture, as far as its name promises.
func shows(path string) bool {
	format, is := photo.FormatByName(path)
	return !is || format.Browsers
}

// policy lets a page use only this program's own styles and pictures, run no script,
// and be framed by no other page.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// render answers with the page, whole or, if its template fails, not at all.
func (v *view) render(w http.ResponseWriter, r *http.Request, status int, p page) {
	layout := struct {
		Page, Title string
		Refresh     string // seconds, empty for never
		Content     any
	}{Page: p.template, Title: p.title, Content: p.content}
	if p.refreshes {
		layout.Refresh = serve.Seconds(v.options.Refresh)
	}
	var html bytes.Buffer
	if err := v.pages[p.template].Execute(&html, layout); err != nil {
		v.log.Error("page not rendered", "url", r.URL.Path, "page", p.template, "error", err)
		http.Error(w, "The page cannot be shown. The log of view says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Add("Vary", "Accept")
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(html.Len()))
	w.WriteHeader(status)
	w.Write(html.Bytes())
}
