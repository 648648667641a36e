package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// assets are the files that the pages use, by a name that changes with their
// content, so that a browser may keep them for ever.
type assets map[string][]byte

func readAssets() (assets, error) {
	files, err := static.ReadDir("static")
	if err != nil {
		return nil, fmt.Errorf("read the assets: %w", err)
	}
	a := assets{}
	for _, file := range files {
		content, err := static.ReadFile("static/" + file.Name())
		if err != nil {
			return nil, fmt.Errorf("read the asset %s: %w", file.Name(), err)
		}
		hash := sha256.Sum256(content)
		kind := path.Ext(file.Name())
		a[strings.TrimSuffix(file.Name(), kind)+"."+hex.EncodeToString(hash[:6])+kind] = content
	}
	return a, nil
}

// url is where the asset of that file name is served.
func (a assets) url(file string) (string, error) {
	kind := path.Ext(file)
	for name := range a {
		if strings.HasPrefix(name, strings.TrimSuffix(file, kind)+".") && strings.HasSuffix(name, kind) {
			return "/assets/" + name, nil
		}
	}
	return "", fmt.Errorf("there is no asset %s", file)
}

func (v *view) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	content, ok := v.assets[name]
	if !ok {
		v.refuse(w, r, *notFound("There is no such asset. Load the page again that uses it."))
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}
