package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"path"
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
		content, err := static.ReadFile("static/" + file.Name())
		if err != nil {
			return nil, fmt.Errorf("read the asset %s: %w", file.Name(), err)
		}
		hash := sha256.Sum256(content)
		extension := path.Ext(file.Name())
		a[strings.TrimSuffix(file.Name(), extension)+"."+hex.EncodeToString(hash[:6])+extension] = content
	}
	return a, nil
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
