package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// page is what a URL shows. Its content is also the URL's JSON; what only the
// page needs stays out of that by its tag.
type page struct {
	template string // without .html
	title    string
	content  any
	csv      func(http.ResponseWriter) // answers with it as a table, nil where it is none
	moved    string                    // the page that is shown instead; empty for this one
	done     *done                     // what a form that led here did, nil where none did
}

//go:embed templates/*.html
var templates embed.FS

// pages are the templates by name, each within the layout.
type pages map[string]*template.Template

func parsePages(a assets, receiveURL string, writes bool) (pages, error) {
	receiveURL = strings.TrimRight(receiveURL, "/")
	layout, err := template.New("layout.html").Funcs(template.FuncMap{
		"asset":       a.url,
		"receive":     func() string { return receiveURL },
		"writes":      func() bool { return writes },
		"advice":      advice,
		"tiny":        isTiny,
		"decision":    decision,
		"did":         did,
		"didWhom":     didWhom,
		"isWrong":     isWrong,
		"undoable":    undoable,
		"happened":    happened,
		"person":      personName,
		"calledIn":    calledIn,
		"isolated":    isolated,
		"summary":     summarize,
		"picture":     pictureURL,
		"noThumbnail": noThumbnail,
		"statusClass": statusClass,
		"plain":       plain,
		"labels":      labels,
		"thumbnail":   thumbnailOf,
		"dir":         func(path string) string { return plain(path[:strings.LastIndex(path, "/")+1]) },
		"base":        func(path string) string { return plain(path[strings.LastIndex(path, "/")+1:]) },
		"initial":     initial,
		"percent":     func(fraction float64) string { return strconv.FormatFloat(100*fraction, 'f', 2, 64) + "%" },
		"shortName":   shortName,
		"likeness":    likeness,
		"utc":         func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05 UTC") },
		"day":         dayOf,
		"ago":         ago,
		"rfc3339":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"shell":       shell,
		"ordinal":     func(index int) int { return index + 1 },
		"pictures":    pictureCount,
		"portrait":    portraitOf,
		"notCounting": notCounting,
		"quality":     quality,
		"photoWord":   photoWord,
		"photoClass":  photoClass,
		"isCover":     isCover,
		"scripts":     a.scripts,
	}).ParseFS(templates, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("parse the layout: %w", err)
	}
	parsed := pages{}
	for _, name := range []string{"images", "image", "people", "person", "erasure", "strangers", "activity", "add", "search", "folders", "folder", "problem"} {
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

// policy lets a page use only this program's own styles, scripts and pictures, post only to
// it, and be framed by no other page.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// unTagged stands in a page for its tag until that is known.
const unTagged = "the tag of this page"

// render answers with the page, whole or, if its template fails, not at all; and with 304
// to whoever has it already.
func (v *view) render(w http.ResponseWriter, r *http.Request, status int, p page) {
	layout := struct {
		Page, Title, Query, Tag string
		Done                    *done
		Content                 any
	}{p.template, p.title, r.URL.Query().Get("q"), unTagged, p.done, p.content}
	var html bytes.Buffer
	if err := v.pages[p.template].Execute(&html, layout); err != nil {
		v.log.Error("page not rendered", "url", r.URL.Path, "page", p.template, "error", err)
		http.Error(w, "The page cannot be shown. The log of view says why.", http.StatusInternalServerError)
		return
	}
	hash := sha256.Sum256(html.Bytes())
	tag := `"` + hex.EncodeToString(hash[:8]) + `"`
	body := bytes.Replace(html.Bytes(), []byte(unTagged), []byte(template.HTMLEscapeString(tag)), 1)
	w.Header().Add("Vary", "Accept")
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if status == http.StatusOK {
		w.Header().Set("Cache-Control", "private, no-cache")
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}
