package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

//go:embed static
var static embed.FS

// assets are the files that the pages use, by a name with a hash of the content, so
// that a browser may cache them for ever.
type assets map[string][]byte

func readAssets() (assets, error) {
	files, err := static.ReadDir("static")
	if err != nil {
		return nil, fmt.Errorf("read the assets: %w", err)
	}
	a := assets{}
	for _, file := range files {
		if _, err := a.add(file.Name()); err != nil {
			return nil, fmt.Errorf("read the asset %s: %w", file.Name(), err)
		}
	}
	return a, nil
}

// imported is what a script imports: the name of a file beside it.
var imported = regexp.MustCompile(`from "\./([a-z]+\.js)"`)

// add reads a file and gives the name that it has with its hash. What a script imports is
// added before it, as its text then names the hash.
func (a assets) add(file string) (name string, err error) {
	content, err := static.ReadFile("static/" + file)
	if err != nil {
		return "", err
	}
	if path.Ext(file) == ".js" {
		content = imported.ReplaceAllFunc(content, func(match []byte) []byte {
			other, failed := a.add(string(imported.FindSubmatch(match)[1]))
			err = errors.Join(err, failed)
			return fmt.Appendf(nil, "from %q", "./"+other)
		})
	}
	hash := sha256.Sum256(content)
	extension := path.Ext(file)
	name = strings.TrimSuffix(file, extension) + "." + hex.EncodeToString(hash[:6]) + extension
	a[name] = content
	return name, err
}

// url is where the asset of that file name is served.
func (a assets) url(file string) (string, error) {
	extension := path.Ext(file)
	for name := range a {
		if strings.HasPrefix(name, strings.TrimSuffix(file, extension)+".") && strings.HasSuffix(name, extension) {
			return "/assets/" + name, nil
		}
	}
	return "", fmt.Errorf("there is no asset %s", file)
}

// scripts are where the modules are served, in the order of their names.
func (a assets) scripts() []string {
	var urls []string
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if strings.HasSuffix(name, ".js") && !strings.Contains(name, ".min.") {
			urls = append(urls, "/assets/"+name)
		}
	}
	return urls
}
