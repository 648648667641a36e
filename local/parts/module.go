package parts

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ModuleRoot is the folder of this module's go.mod, at or above the working folder.
func ModuleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	for {
		content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(content), "module lineup.dev/lineup\n") {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("find the module: this is not a folder of Lineup's: go into the one that was cloned")
		}
		dir = filepath.Dir(dir)
	}
}

// ModelsFolder is where the module's face server finds its models.
func ModelsFolder(root string) string { return filepath.Join(root, "face-server", "kodata") }
