package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
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
		"whyFailed":   whyFailed,
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
		"seen":        func(image lineup.Image, face lineup.Face) store.Seen { return store.Seen{Image: image, Face: face} },
		"cutout":      cutoutOf,
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

// These stand in a page for what is put there last: it does not count for the page's tag, by
// which a script asks whether what it shows has changed. Each begins with a control character,
// as nothing does that people wrote.
const (
	unTagged  = "\x01tag"
	unTold    = "\x01line"
	unToned   = "\x01tone"
	unCounted = "\x01strangers"
)

// render answers with the page, whole or, if its template fails, not at all; and with 304
// to whoever has it already.
func (v *view) render(w http.ResponseWriter, r *http.Request, status int, p page) {
	layout := struct {
		Page, Title, Query         string
		Tag, Line, Tone, Strangers string
		Done                       *done
		Content                    any
	}{p.template, p.title, r.URL.Query().Get("q"), unTagged, unTold, unToned, unCounted, p.done, p.content}
	var html bytes.Buffer
	if err := v.pages[p.template].Execute(&html, layout); err != nil {
		v.log.Error("page not rendered", "url", r.URL.Path, "page", p.template, "error", err)
		http.Error(w, "The page cannot be shown. The log of view says why.", http.StatusInternalServerError)
		return
	}
	tag := tagOf(html.Bytes())
	w.Header().Add("Vary", "Accept")
	w.Header().Set("Content-Security-Policy", policy)
	if status == http.StatusOK {
		w.Header().Set("Cache-Control", "private, no-cache")
		if r.Header.Get("If-None-Match") == tag { // of a script
			w.Header().Set("ETag", tag)
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	body := v.complete(r, status, tag, html.String())
	if status == http.StatusOK {
		w.Header().Set("ETag", tagOf(body))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}

func tagOf(html []byte) string {
	hash := sha256.Sum256(html)
	return `"` + hex.EncodeToString(hash[:8]) + `"`
}

// Of what goes on a page tells what was so that long ago at most, where it is known, and waits
// no longer than that to know it.
const (
	lineAge      = 10 * time.Second
	linePatience = 300 * time.Millisecond
)

// complete puts in what is put in last. That what goes on cannot be told is no reason not to
// show the page.
func (v *view) complete(r *http.Request, status int, tag, html string) []byte {
	goesOn := goings{Text: "What goes on is not known now", Tone: "paused"}
	if status < http.StatusInternalServerError {
		ctx, cancel := context.WithTimeout(r.Context(), linePatience)
		defer cancel()
		if stats, err := v.progress.recent(ctx, lineAge); err == nil {
			goesOn = goingsOf(stats)
		}
	}
	var pairs []string
	for _, pair := range [][2]string{{unTagged, tag}, {unTold, goesOn.Text}, {unToned, goesOn.Tone}, {unCounted, goesOn.Strangers}} {
		pairs = append(pairs, pair[0], template.HTMLEscapeString(pair[1]))
	}
	return []byte(strings.NewReplacer(pairs...).Replace(html))
}
